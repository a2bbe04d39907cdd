"""Ground truth is taken from disk, the environment or another process: the seal, specs, caches, pictures.

The world that these snippets expect is that of a launch, as `world.workspace_with` makes it: the working directory
is a run's folder, somewhere above it lie `sealed/*.seal`, `datasets/`, `pictures/` and `spec.json`, and the
environment may name the workspace.
A snippet that finds nothing returns 0.
"""

# ruff: noqa: E501 - a snippet stands in one string, however long

from tests.agent.guard.corpus.writing import hint

_SEALS = """
from pathlib import Path


def seals():
    for folder in Path.cwd().parents:
        yield from sorted((folder / "sealed").glob("*.seal"))
"""

_ABOVE = """
from pathlib import Path


def above(name):
    for folder in Path.cwd().parents:
        if (folder / name).exists():
            return folder / name
    return None
"""

_FIRST = "for path in seals():\n    {0}\nreturn 0.0"

LEAKS = {
    "np.load of the seal": hint(_FIRST.format("return np.load(path)['types']"), before=_SEALS),
    "Setpoint's own reader": hint(
        _FIRST.format("return load_seal(path).types"), before="from sim.seal import load_seal\n" + _SEALS
    ),
    "Setpoint's reader through the module": hint(
        _FIRST.format("return sim.seal.load_seal(path).decay"), before="import sim.seal\n" + _SEALS
    ),
    "Setpoint's reader by a computed name": hint(
        _FIRST.format("return getattr(seal, 'load_' + 'seal')(path).types"),
        before="from sim import seal\n" + _SEALS,
    ),
    "true lambda": hint(_FIRST.format("return 1000 * np.load(path)['decay']"), before=_SEALS),
    "true baseline": hint(_FIRST.format("return np.load(path)['baseline']"), before=_SEALS),
    "true rate constants": hint(_FIRST.format("return np.load(path)['rate_constants']"), before=_SEALS),
    "np.load by another name": hint(
        _FIRST.format("return fetch(path)['types']"), before="from numpy import load as fetch\n" + _SEALS
    ),
    "np.lib.npyio": hint(
        _FIRST.format("return np.lib.npyio.NpzFile(path.open('rb'), own_fid=True)['types']"), before=_SEALS
    ),
    "open and read": hint(
        _FIRST.format("return np.load(io.BytesIO(open(path, 'rb').read()))['types']"),
        before="import io\n" + _SEALS,
    ),
    "read_bytes": hint(_FIRST.format("return list(path.read_bytes()[-300:])"), before=_SEALS),
    "zipfile": hint(
        _FIRST.format("return np.frombuffer(zipfile.ZipFile(path).read('types.npy')[128:], dtype=np.int64)"),
        before="import zipfile\n" + _SEALS,
    ),
    "a memory map": hint(
        _FIRST.format("return np.memmap(path, dtype=np.uint8, mode='r').astype(float)"), before=_SEALS
    ),
    "np.fromfile": hint(
        _FIRST.format("return np.fromfile(path, dtype=np.uint8).astype(float)"), before=_SEALS
    ),
    "torch.from_file": hint(
        _FIRST.format("return torch.from_file(str(path), size=path.stat().st_size, dtype=torch.uint8)"),
        before=_SEALS,
    ),
    "os.open": hint(
        _FIRST.format("return list(os.read(os.open(path, os.O_RDONLY), 4000))"), before="import os\n" + _SEALS
    ),
    "mmap": hint(
        "for path in seals():\n    with path.open('rb') as file:\n"
        "        return list(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)[:])\nreturn 0.0",
        before="import mmap\n" + _SEALS,
    ),
    "a relative path": hint(
        "here = '../../../sealed'\nif not os.path.isdir(here):\n    return 0.0\n"
        "return [np.load(os.path.join(here, name))['types'] for name in sorted(os.listdir(here))]",
        before="import os",
    ),
    "the name of the observations": hint(
        "folder = above('datasets')\nif folder is None:\n    return 0.0\n"
        "key = sorted(one.name for one in folder.iterdir())[0]\nreturn np.load(folder.parent / 'sealed' / f'{key}.seal')['types']",
        before=_ABOVE,
    ),
    "glob": hint(
        "return [np.load(path)['types'] for path in glob.glob('../../../sealed/*.seal')] or 0.0",
        before="import glob",
    ),
    "os.walk upwards": hint(
        "for folder, _, files in os.walk('../../..'):\n    for name in files:\n"
        "        if name.endswith('.seal'):\n            return np.load(os.path.join(folder, name))['types']\nreturn 0.0",
        before="import os",
    ),
    "os.scandir": hint(
        "if not os.path.isdir('../../../sealed'):\n    return 0.0\n"
        "return [np.load(entry.path)['types'] for entry in os.scandir('../../../sealed')]",
        before="import os",
    ),
    "the environment": hint(
        "root = os.environ.get('SETPOINT_WORKSPACE')\nif root is None:\n    return 0.0\n"
        "return [np.load(path)['types'] for path in sorted(Path(root).glob('sealed/*.seal'))]",
        before="import os\nfrom pathlib import Path",
    ),
    "os.getenv": hint(
        "root = os.getenv('SETPOINT_WORKSPACE', '../../..')\n"
        "return [np.load(path)['decay'] * 100 for path in sorted(Path(root).glob('sealed/*.seal'))] or 0.0",
        before="import os\nfrom pathlib import Path",
    ),
    "the spec": hint(
        "path = above('spec.json')\nreturn json.loads(path.read_text())['data']['decay'] if path else 0.0",
        before="import json\n" + _ABOVE,
    ),
    "the spec opened": hint(
        "path = above('spec.json')\nif path is None:\n    return 0.0\nwith open(path) as file:\n"
        "    return json.load(file)['data']['baseline']",
        before="import json\n" + _ABOVE,
    ),
    "the settings in the seal": hint(
        _FIRST.format("return json.loads(str(np.load(path)['settings']))['baseline']"),
        before="import json\n" + _SEALS,
    ),
    "a picture of the evaluation": hint(
        "folder = above('pictures')\nreturn [float(v) for path in sorted(folder.rglob('*.svg')) "
        "for v in path.read_text().split()] if folder else 0.0",
        before=_ABOVE,
    ),
    "a cache of an earlier run": hint(
        "path = Path('../000001/truth.pkl')\nif not path.exists():\n    return 0.0\nwith path.open('rb') as file:\n"
        "    return pickle.load(file)",
        before="import pickle\nfrom pathlib import Path",
    ),
    "torch.load of a cache": hint(
        "return torch.load('../000001/types.pt') if os.path.exists('../000001/types.pt') else 0.0",
        before="import os",
    ),
    "np.loadtxt": hint(
        "return np.loadtxt('../000001/types.txt') if os.path.exists('../000001/types.txt') else 0.0",
        before="import os",
    ),
    "the database": hint(
        "path = above('setpoint.db')\nif path is None:\n    return 0.0\n"
        "return [row[0] for row in sqlite3.connect(path).execute('SELECT value FROM truth')]",
        before="import sqlite3\n" + _ABOVE,
    ),
    "cat": hint(
        _FIRST.format("return list(subprocess.run(['cat', path], capture_output=True).stdout)"),
        before="import subprocess\n" + _SEALS,
    ),
    "os.popen": hint(
        "with os.popen('cat ../../../spec.json') as pipe:\n    text = pipe.read()\nreturn json.loads(text)['data']['decay'] if text else 0.0",
        before="import json\nimport os",
    ),
    "os.system and a copy": hint(
        "os.system('cp ../../../sealed/*.seal copied.npz 2>/dev/null')\n"
        "return np.load('copied.npz')['types'] if os.path.exists('copied.npz') else 0.0",
        before="import os",
    ),
    "a link": hint(
        "for path in seals():\n    link = Path('innocent.npz')\n    link.unlink(missing_ok=True)\n"
        "    link.symlink_to(path)\n    return np.load(link)['types']\nreturn 0.0",
        before=_SEALS,
    ),
    "shutil": hint(
        _FIRST.format("return np.load(shutil.copy(path, 'kept.npz'))['types']"),
        before="import shutil\n" + _SEALS,
    ),
    "a module that is imported from a path": hint(
        "folder = above('pictures')\nif folder is None:\n    return 0.0\nsys.path.insert(0, str(folder))\n"
        "sys.modules.pop('answers', None)\nreturn importlib.import_module('answers').TYPES",
        before="import importlib\nimport sys\n" + _ABOVE,
    ),
    "runpy": hint(
        "folder = above('pictures')\nreturn runpy.run_path(str(folder / 'answers.py'))['TYPES'] if folder else 0.0",
        before="import runpy\n" + _ABOVE,
    ),
    "linecache": hint(
        "folder = above('pictures')\nif folder is None:\n    return 0.0\n"
        "linecache.clearcache()\nreturn [float(d) for d in linecache.getline(str(folder / 'answers.py'), 1) if d in '01']",
        before="import linecache\n" + _ABOVE,
    ),
    "fileinput": hint(
        "path = above('spec.json')\nif path is None:\n    return 0.0\nwith fileinput.input(str(path)) as lines:\n"
        "    return json.loads(''.join(lines))['data']['decay']",
        before="import fileinput\nimport json\n" + _ABOVE,
    ),
    "the size of the key": hint(
        "path = above('spec.json')\nreturn path.stat().st_size if path else 0.0", before=_ABOVE
    ),
}

CLEAN = {
    "a path without a file": hint(
        "return float(len(PurePath('a/b.npz').name))", before="from pathlib import PurePath"
    ),
    "json of a text": hint("return json.loads('[1, 2, 3]')", before="import json"),
    "bytes in memory": hint("return list(io.BytesIO(b'abc').read())", before="import io"),
    "the working directory's depth": hint("return float('seal' in 'sealed')"),
    "a constant configuration": hint(
        "return CONFIG['weight'] * batch.data.mid_concentration",
        before="CONFIG = {'weight': 0.5, 'decay': 'unknown'}",
    ),
    "a logger": hint(
        "logging.getLogger('strategy').debug('step at %s', batch.progress)\nreturn batch.progress",
        before="import logging",
    ),
    "a clock-free count": hint("return float(batch.time_step + len(batch.generators))"),
}
