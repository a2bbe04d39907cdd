"""Layer 1 in real processes: what reaches for the seal dies with exit code 86 and names its line."""

import json
import os
import socket
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from agent.guard import landlock
from agent.guard.absence import EXIT_LEAK, Fence, FileId, fence_off, read_leak, seal_permissions
from agent.guard.denied import told
from blocks.errors import DataError, LabelLeakError, WorkspaceError

SECRET = "the-types-are-in-here"

BOOTSTRAP = """
import json, sys
from pathlib import Path
from agent.guard.absence import Fence, FileId, fence_off
from agent.guard.denied import told

given = json.loads(sys.argv[1])
ids = [FileId(*pair) for pair in given["ids"]]
fence = Fence(
    workspace=ids[0], sealed=frozenset(ids[1:]),
    readable=tuple(map(Path, given["readable"])), writable=tuple(map(Path, given["writable"])),
    report=Path(given["report"]),
)
fence_off(fence)
namespace = {"__name__": "strategy", "observations": Path(given["readable"][0]), "names": given["names"]}
source = Path(given["script"])
with told(fence):
    exec(compile(source.read_text(), str(source), "exec"), namespace)
"""


@dataclass
class Site:
    """A workspace with a sealed folder, one run's folders, another run's, and a script outside of it."""

    root: Path

    def __post_init__(self) -> None:
        self.workspace = self.root / "workspace"
        self.observations = self.workspace / "datasets" / "a" / "observations"
        self.seal = self.workspace / "sealed" / "types.npz"
        self.out = self.workspace / "runs" / "1"
        self.other = self.workspace / "runs" / "2"
        self.pictures = self.workspace / "pictures" / "e" / "000002"
        for folder in (self.observations, self.seal.parent, self.out, self.other, self.pictures):
            folder.mkdir(parents=True)
        np.save(self.observations / "frames.npy", np.ones((3, 2, 8)))
        np.savez(self.seal, types=np.array([0, 1]))
        (self.other / "parameters.bin").write_text(SECRET)
        (self.pictures / "embedding.png").write_text(SECRET)
        (self.workspace / "memory.md").write_text(SECRET)
        (self.workspace / "progress").mkdir()
        self.progress = self.workspace / "progress" / "1.json"
        self.report = self.out / "leak.json"
        self.script = self.root / "my_strategy.py"

    def fence(self) -> Fence:
        return Fence(
            workspace=FileId.of(self.workspace),
            sealed=frozenset((FileId.of(self.seal), FileId.of(self.seal.parent))),
            readable=(self.observations,),
            writable=(self.out, self.progress),
            report=self.report,
        )

    def run(self, code: str, *, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Runs the code behind the fence. `names` tells it where things are, as a clever guess would."""
        self.script.write_text(dedent(code))
        fence = self.fence()
        ids = [fence.workspace, FileId.of(self.seal), FileId.of(self.seal.parent)]
        given = {
            "ids": [[one.device, one.inode] for one in ids if one],
            "readable": [str(path) for path in fence.readable],
            "writable": [str(path) for path in fence.writable],
            "report": str(fence.report),
            "script": str(self.script),
            "names": {
                "seal": str(self.seal),
                "memory": str(self.workspace / "memory.md"),
                "other": str(self.other / "parameters.bin"),
                "pictures": str(self.pictures),
                "workspace": str(self.workspace),
            },
        }
        clean = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
        return subprocess.run(
            [sys.executable, "-c", BOOTSTRAP, json.dumps(given)],
            env={**clean, **(env or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


REACHES = {
    "builtin open": "open(names['seal'], 'rb').read()",
    "numpy load": "import numpy\nnumpy.load(names['seal'])",
    "os.open": "import os\nos.read(os.open(names['seal'], os.O_RDONLY), 9)",
    "Path.read_bytes": "from pathlib import Path\nPath(names['seal']).read_bytes()",
    "a bytes path": "open(names['seal'].encode(), 'rb')",
    "io.FileIO": "import io\nio.FileIO(names['seal'])",
    "io.open_code": "import io\nio.open_code(names['seal'])",
    "a str subclass that lies": """
        class Lie(str):
            def __str__(self): return '/dev/null'
            def __fspath__(self): return '/dev/null'
            def startswith(self, *_): return False
        open(Lie(names['seal']), 'rb')""",
    "a path object that lies the second time": """
        import io
        class Lie:
            asked = 0
            def __fspath__(self):
                self.asked += 1
                return names['seal'] if self.asked == 1 else '/dev/null'
        io.FileIO(Lie())""",
    "a symbolic link": "import os\nos.symlink(names['seal'], 'harmless.npz')\nopen('harmless.npz', 'rb')",
    "a hard link": "import os\nos.link(names['seal'], 'harmless.npz')\nopen('harmless.npz', 'rb')",
    "a rename": "import os\nos.rename(names['seal'], 'harmless.npz')",
    "a relative path through the observations": "open(observations / '../../../sealed/types.npz', 'rb')",
    "a relative path from the output folder": "open('../../sealed/types.npz', 'rb')",
    "dir_fd": """
        import os
        folder = os.open(observations, os.O_RDONLY)
        os.open('../../../sealed/types.npz', os.O_RDONLY, dir_fd=folder)""",
    "a folder's descriptor under /proc": """
        import os
        folder = os.open(observations, os.O_RDONLY)
        open(f'/proc/self/fd/{folder}/../../../sealed/types.npz', 'rb')""",
    "the working directory under /proc": "open('/proc/self/cwd/../../sealed/types.npz', 'rb')",
    "changing directory first": """
        import os
        os.chdir(names['workspace'] + '/sealed')
        open('types.npz', 'rb')""",
    "a swallowed error": "try:\n    open(names['seal'], 'rb')\nexcept BaseException:\n    pass",
    "a thread": """
        import threading
        thread = threading.Thread(target=lambda: open(names['seal'], 'rb'))
        thread.start(); thread.join()""",
    "patched builtins": """
        import builtins, os, agent.guard.watch as watch, agent.guard.absence as absence
        builtins.isinstance = lambda *_: False
        os._exit = os.stat = watch.stat = watch.build = watch._exit = absence.fence_off = lambda *_: None
        watch.PATHS.clear(); watch.WHAT.clear()
        open(names['seal'], 'rb')""",
    "an audit hook of one's own": "import sys\nsys.addaudithook(lambda *_: None)",
    "cat": "import subprocess\nsubprocess.run(['cat', names['seal']])",
    "the shell": "import os\nos.system('cat ' + names['seal'])",
    "a fork": "import os\nos.fork()",
    "fork_exec without an audit event": """
        import _posixsubprocess
        _posixsubprocess.fork_exec([b'/bin/cat'], [b'/bin/cat'])""",
    "fork_exec imported anew": """
        import sys
        del sys.modules['_posixsubprocess']
        import _posixsubprocess""",
    "posix_spawn": "import os\nos.posix_spawn('/bin/cat', ['cat', names['seal']], {})",
    "exec": "import os\nos.execv('/bin/cat', ['cat', names['seal']])",
    "ctypes": "import ctypes\nctypes.CDLL(None).fopen(names['seal'].encode(), b'rb')",
    "a database": "import sqlite3\nsqlite3.connect(names['seal'])",
    "another interpreter": "import _xxsubinterpreters\n_xxsubinterpreters.create()",
    "the guard's closure": "import gc\ngc.get_objects()",
    "the arguments of the parent": "import os\nopen(f'/proc/{os.getppid()}/cmdline')",
    "the environment at start": "open('/proc/self/environ')",
    "listing the sealed folder": "import os\nos.listdir(names['workspace'] + '/sealed')",
    "listing the workspace": "import os\nos.scandir(names['workspace'])",
    "the working memory": "open(names['memory'])",
    "another run": "open(names['other'])",
    "a picture, which may show the truth": "open(names['pictures'] + '/embedding.png', 'rb')",
    "listing the pictures": "import os\nos.listdir(names['pictures'])",
    "writing among the pictures": "open(names['pictures'] + '/forged.png', 'wb')",
    "a new file among the observations": "open(observations / 'new', 'w')",
    "a copy": "import shutil\nshutil.copyfile(names['seal'], 'copy')",
}


@pytest.mark.parametrize("code", [pytest.param(code, id=name) for name, code in REACHES.items()])
def test_reaching_out_of_the_fence_ends_the_process_and_names_the_line(site: Site, code: str) -> None:
    lines = dedent(code).strip().splitlines()
    marker = "\nopen('survived', 'w').write('yes')\n"
    done = site.run("\n".join(lines) + marker)
    assert done.returncode == EXIT_LEAK, done.stderr
    assert not (site.out / "survived").exists()
    leak = read_leak(site.report)
    assert isinstance(leak, LabelLeakError)
    record = json.loads(site.report.read_text())
    assert record["file"] == str(site.script)
    assert 1 <= record["line"] <= len(lines)
    assert f"my_strategy.py:{record['line']} " in str(leak)
    assert f"LabelLeakError: {leak}" in done.stderr
    assert "sealed/types.npz" not in str(leak)


def test_the_reported_line_is_the_users_and_not_a_librarys(site: Site) -> None:
    site.run("import numpy\n\ndef loss():\n    return numpy.load(names['seal'])\n\nloss()\n")
    assert json.loads(site.report.read_text())["line"] == 4


def test_a_talk_with_another_process_ends_the_run(site: Site) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        done = site.run(f"import socket\nsocket.create_connection(('127.0.0.1', {server.getsockname()[1]}))")
    assert done.returncode == EXIT_LEAK


def test_a_run_reads_its_observations_and_writes_its_output(site: Site) -> None:
    done = site.run(
        f"""
        import json, os, shutil, tempfile
        from pathlib import Path
        import numpy
        frames = numpy.load(observations / 'frames.npy', mmap_mode='r')
        assert [entry.name for entry in observations.iterdir()] == ['frames.npy']
        assert Path.cwd() == Path({str(site.out)!r})
        numpy.save('parameters.npy', frames[:, :, 3])
        Path('deep/er').mkdir(parents=True)
        Path('deep/er/loss.json').write_text(json.dumps([1.0]))
        shutil.rmtree('deep')
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, 'scratch').write_text('x')
        os.open(observations, os.O_RDONLY)
        Path('again.npy').write_bytes(b'')
        Path({str(site.progress)!r}).write_text('1 of 3')
        """
    )
    assert done.returncode == 0, done.stderr
    assert np.load(site.out / "parameters.npy").shape == (3, 2)
    assert site.progress.read_text() == "1 of 3"
    assert read_leak(site.report) is None


def test_a_torch_training_works_behind_the_fence(site: Site) -> None:
    done = site.run(
        """
        import warnings
        import numpy, scipy.linalg, torch
        from torch import nn
        frames = torch.from_numpy(numpy.load(observations / 'frames.npy'))
        c = frames[:, :, 3].float()
        model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
        optimisers = torch.optim.Adam(model.parameters(), fused=True), torch.optim.SGD(model.parameters())
        for optimiser in optimisers:
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 10)
            for _ in range(2):
                loss = (model(c) - c).square().mean()
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimiser.step()
                schedule.step()
        torch.linalg.lstsq(torch.rand(5, 3), torch.rand(5, 1))
        scipy.linalg.lstsq(numpy.eye(3), numpy.ones(3))
        torch.save(model.state_dict(), 'model.pt')
        torch.load('model.pt')
        torch.func.vmap(lambda row: row * 2)(c)
        """
    )
    assert done.returncode == 0, done.stderr
    assert (site.out / "model.pt").exists()


def test_environment_and_arguments_lose_what_leads_into_the_workspace(site: Site) -> None:
    done = site.run(
        "import os, sys\nopen('seen', 'w').write(repr((dict(os.environ), sys.argv, sys.orig_argv)))",
        env={
            "SETPOINT_WORKSPACE": "somewhere",
            "HINT": f"--data={site.seal}",
            "MANY": f"/usr{os.pathsep}{site.workspace}/sealed",
            "HARMLESS": "kept-as-it-is",
        },
    )
    assert done.returncode == 0, done.stderr
    seen = (site.out / "seen").read_text()
    assert "kept-as-it-is" in seen
    for gone in ("SETPOINT_WORKSPACE", "HINT", "MANY", "types.npz"):
        assert gone not in seen


def test_a_fence_gives_away_no_path_of_the_seal(site: Site) -> None:
    assert "sealed/types" not in repr(site.fence())
    assert FileId.of(site.seal) in site.fence().sealed


def test_a_report_outside_of_the_writable_folders_is_refused(site: Site) -> None:
    fence, report = site.fence(), site.root / "leak.json"
    with pytest.raises(WorkspaceError, match="must lie inside its writable folders"):
        fence_off(Fence(fence.workspace, fence.sealed, fence.readable, fence.writable, report))


def test_a_damaged_report_still_counts_as_a_leak(tmp_path: Path) -> None:
    report = tmp_path / "leak.json"
    assert read_leak(report) is None
    for text in ("", "{", "[]", '{"line": 3}'):
        report.write_text(text)
        assert isinstance(read_leak(report), LabelLeakError)


def test_a_seal_is_closed_to_everybody_but_its_owner(site: Site) -> None:
    seal_permissions(site.seal)
    assert stat.S_IMODE(site.seal.stat().st_mode) == 0o400
    assert stat.S_IMODE(site.seal.parent.stat().st_mode) == 0o700


def test_a_missing_seal_is_an_error_that_names_it(tmp_path: Path) -> None:
    for ask in (FileId.of, seal_permissions):
        with pytest.raises(DataError, match=r"nowhere\.npz"):
            ask(tmp_path / "nowhere.npz")


needs_landlock = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")

COMPILED = """
    import torch
    for name in ("seal", "other"):
        try:
            torch.from_file(names[name], size=4, dtype=torch.uint8)
        except RuntimeError as error:
            print("refused" if "denied" in str(error) else error)
        else:
            print("read", names[name])
"""


@needs_landlock
def test_compiled_code_cannot_open_the_seal_where_the_kernel_holds_the_fence(site: Site) -> None:
    (site.root / "shortcut").symlink_to(site.workspace / "sealed")  # nor by a link beside the workspace
    result = site.run(COMPILED)
    assert result.stdout.split() == ["refused", "refused"], result.stderr


@needs_landlock
def test_what_the_kernel_refuses_to_compiled_code_is_told_as_a_leak(site: Site) -> None:
    result = site.run("import torch\ntorch.from_file(names['seal'], size=4, dtype=torch.uint8)\n")
    said = "Ground truth must not be read while training, but my_strategy.py:2 reaches for the sealed labels."
    assert f"LabelLeakError: {said}" in result.stderr


@pytest.mark.parametrize(
    ("path", "did"),
    [
        ("workspace/sealed/types.npz", "reaches for the sealed labels"),
        ("workspace/runs/2/parameters.bin", "reaches for a part of the workspace"),
        ("workspace/no such file", "reaches for a part of the workspace"),
        ("workspace/runs/1/own.bin", None),
        ("elsewhere", None),
    ],
)
def test_an_error_by_the_kernel_is_a_leak_where_it_names_what_is_closed(
    site: Site, path: str, did: str | None
) -> None:
    for error in (
        PermissionError(13, "Permission denied", str(site.root / path)),
        RuntimeError(f"unable to open file <{site.root / path}> in read-only mode: Permission denied (13)"),
    ):
        with pytest.raises(type(error) if did is None else LabelLeakError, match=did), told(site.fence()):
            raise error


@needs_landlock
def test_the_kernel_lets_a_run_read_its_observations_and_write_its_output(site: Site) -> None:
    result = site.run(
        """
        import ctypes, torch, numpy
        frames = numpy.load(observations / "frames.npy", mmap_mode="r")
        torch.save(torch.ones(3), "trained.pt")
        print(len(frames), torch.from_file("trained.pt", size=4, dtype=torch.uint8).numel())
        import xml.dom.minidom, sim.formulas
        """
    )
    assert result.stdout.split() == ["3", "4"], result.stderr
    assert result.returncode == 0, result.stderr
    assert (site.out / "trained.pt").exists()
