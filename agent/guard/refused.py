"""What training code may not name: ways to files, to other processes, to code that cannot be read.

Training gets its data as arguments, so nothing in here is needed for it. A module that holds ground
truth is a leak; a way that could lead anywhere is undecidable.
"""

from collections.abc import Iterable
from functools import cache
from typing import Final, NamedTuple

from agent.guard.contract import FOLLOWED, SCIENCE, TRUTH_MODULES, TRUTH_NAMES
from agent.guard.findings import Verdict


class Refusal(NamedTuple):
    """Why a name is refused, and what to do instead."""

    verdict: Verdict
    what: str
    remedy: str


TRUTH: Final = Refusal(
    Verdict.LEAK,
    "reaches the module or the object that holds ground truth",
    "Leave it to the evaluator: training needs observations.concentration and the stoichiometry alone.",
)
CODE: Final = Refusal(
    Verdict.UNDECIDABLE,
    "runs or reaches code that the guard cannot read",
    "Write the code out, or import it by name.",
)
FILE: Final = Refusal(
    Verdict.UNDECIDABLE,
    "reads a file, which may hold ground truth",
    "Take data from the arguments (observations.concentration); constants can stand in the module.",
)
MEMORY: Final = Refusal(
    Verdict.UNDECIDABLE,
    "reaches the memory behind a tensor, beyond the columns that it holds",
    "Index the columns that are needed: a part of a frame shares the memory of the whole.",
)
PRIVATE: Final = Refusal(
    Verdict.UNDECIDABLE,
    "reaches a private attribute of what training is given, which may lead to frames",
    "Use the public attributes: their documentation says what they hold.",
)
PATCH: Final = Refusal(
    Verdict.UNDECIDABLE,
    "changes something that was imported, so that what it does is no longer what was read",
    "Write a function of your own, and call that.",
)
GUARD: Final = Refusal(
    Verdict.UNDECIDABLE,
    "reaches the guard itself, or a way to see or change what it sees",
    "Training needs nothing of it: compute with what the hook is given.",
)
PROCESS: Final = Refusal(
    Verdict.UNDECIDABLE,
    "starts or talks to another process",
    "Training is one process; do the work in it, or before the launch.",
)


def _words(text: str) -> list[str]:
    return text.split()


_CODE: Final = tuple(
    _words("""
    _ctypes _pickle _xxsubinterpreters builtins.__builtins__ builtins.__import__ builtins.breakpoint
    builtins.compile builtins.eval builtins.exec builtins.globals builtins.locals cPickle cffi cloudpickle
    code codeop
    copyreg ctypes dill gc imp importlib inspect joblib marshal numpy.ctypeslib numpy.f2py pickle runpy
    shelve sys._current_frames sys._getframe sys.addaudithook sys.modules sys.setprofile sys.settrace
    torch.hub torch.jit.load torch.ops.load_library torch.package torch.utils.cpp_extension
    types.CodeType types.FunctionType zipimport
""")
)
_FILE: Final = tuple(
    _words("""
    _io builtins.input builtins.open bz2 codecs.open configparser.ConfigParser dask dbm fileinput glob
    gzip h5py importlib.resources io.FileIO io.open io.open_code linecache lzma matplotlib.image.imread
    mmap netCDF4 numpy.DataSource numpy.fromfile numpy.fromregex numpy.genfromtxt numpy.lib.format
    numpy.lib.npyio numpy.lib.npyio.DataSource numpy.load numpy.loadtxt numpy.memmap os.environ
    os.fdopen os.fwalk os.getenv os.link os.listdir os.open os.pread os.read os.readlink os.rename os.stat
    os.lstat os.path.getsize
    os.replace os.scandir os.symlink os.walk pandas.read_csv pandas.read_excel pandas.read_feather
    pandas.read_hdf pandas.read_json pandas.read_parquet pandas.read_pickle pandas.read_sql
    pandas.read_table pkgutil polars posix pyarrow scipy.io shutil sim.arrays.read_arrays sim.artifacts
    sqlite3 tarfile tempfile
    tokenize.open torch.FloatStorage torch.TypedStorage torch.UntypedStorage torch._C torch.from_file
    torch.load torch.serialization xarray zarr zipfile
""")
)
_PROCESS: Final = tuple(
    _words("""
    _posixsubprocess aiohttp asyncio.subprocess concurrent.futures.ProcessPoolExecutor ftplib http httpx
    multiprocessing os.execl os.execle os.execlp os.execv os.execve os.execvp os.execvpe os.fork
    os.forkpty os.popen os.posix_spawn os.posix_spawnp os.spawnl os.spawnlp os.spawnv os.spawnvp
    os.system pebble pty requests socket socketserver subprocess torch.distributed torch.multiprocessing
    urllib
""")
)
_GUARD: Final = tuple(
    _words("""
    sim.auditing sim.guarding sim.kernels.gate.gates torch._dispatch torch._dynamo torch._functorch
    torch._inductor torch._library torch._ops torch._python_dispatcher torch._subclasses torch.compiler
    torch.library torch.overrides torch.utils._python_dispatch
""")
)
"""A runtime layer that can be switched off, or an audit that can be recognised, promises nothing."""

_HARMLESS: Final = frozenset(("zipfile.BadZipFile", "sqlite3.Error", "shutil.Error"))
_REFLECTION: Final = frozenset(
    _words("""
    __builtins__ __closure__ __code__ __getattribute__ __globals__ __loader__ __reduce__ __reduce_ex__
    __spec__ __subclasses__ f_back f_globals f_locals gi_frame
""")
)
_MEMORY: Final = frozenset(
    _words("""
    __array_interface__ __array_struct__ __cuda_array_interface__ _base as_strided as_strided_ data_ptr
    resize_ set_ untyped_storage
""")
)
_MEMORY_OF_A_VIEW: Final = frozenset(("base", "storage", "ctypes", "__dlpack__"))
_READERS: Final = frozenset(
    ("read_text", "read_bytes", "open", "iterdir", "rglob", "glob", "lstat", "stat", "tofile")
)


_LIBRARIES: Final = frozenset(
    _words("np numpy torch os sys io json shutil zipfile pickle subprocess Path pathlib")
)
"""What modules import; through another module's name they are reached by nobody with good intentions."""


@cache
def refused_symbol(dotted: str) -> Refusal | None:
    """What is wrong with naming an imported or built-in thing; None if nothing is."""
    if dotted in _HARMLESS:
        return None
    last = dotted.rpartition(".")[2]
    if _is_under(dotted, TRUTH_MODULES) or (_is_under(dotted, (SCIENCE,)) and last in TRUTH_NAMES):
        return TRUTH
    if _is_under(dotted, FOLLOWED) and not _LIBRARIES.isdisjoint(dotted.split(".")[2:]):
        return CODE
    for names, refusal in ((_GUARD, GUARD), (_CODE, CODE), (_FILE, FILE), (_PROCESS, PROCESS)):
        if _is_under(dotted, names):
            return refusal
    if last in _MEMORY:
        return MEMORY
    return CODE if last in _REFLECTION else None


def refused_of_source(name: str) -> Refusal | None:
    """What is wrong with an attribute of an object of the science: its private ones lead anywhere."""
    is_private = name.startswith("_") and not name.endswith("__")
    return PRIVATE if is_private else refused_attribute(name)


def refused_attribute(name: str, *, of_a_view: bool = False) -> Refusal | None:
    """What is wrong with an attribute of a value whose type is not known, or of a part of a frame."""
    if name in _MEMORY or (of_a_view and name in _MEMORY_OF_A_VIEW):
        return MEMORY
    return CODE if name in _REFLECTION else None


def refused_method(name: str) -> Refusal | None:
    """What is wrong with calling a method of a value whose type is not known: it may be a path."""
    return FILE if name in _READERS else None


def _is_under(dotted: str, names: Iterable[str]) -> bool:
    return any(dotted == name or dotted.startswith(f"{name}.") for name in names)
