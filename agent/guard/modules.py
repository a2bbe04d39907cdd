"""The modules of a project: which file an import leads to, and its syntax tree.

An import is looked for beside the file that imports, in its package, in the folders that are checked, and
among the few installed packages that are followed. Whatever is not found there counts as a library.
"""

import ast
import builtins
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

from agent.guard.contract import FOLLOWED
from agent.guard.engine import Scope
from blocks.errors import DataError


@dataclass(eq=False)
class Module:
    """A file that is read, with the names that its body binds."""

    name: str
    """Dotted where it lies in a package."""

    path: str
    """As it stands in findings."""

    tree: ast.Module
    lines: list[str]
    folder: Path | None = None
    may_read_files: bool = False
    is_evaluation: bool = False
    """Whether labels are open to it; training code may not import it then."""

    scope: Scope = field(init=False)
    is_run: bool = False

    def __post_init__(self) -> None:
        self.scope = Scope(module=self)

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """Names that the module refers to, as such or as an attribute."""
        nodes = list(ast.walk(self.tree))
        return frozenset(node.id for node in nodes if isinstance(node, ast.Name)) | frozenset(
            node.attr for node in nodes if isinstance(node, ast.Attribute)
        )

    @cached_property
    def escaping(self) -> frozenset[str]:
        """Names whose value gets another name somewhere: in a container, an attribute, a call, a return."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            parts: list[ast.expr | None] = []
            match node:
                case (
                    ast.List(elts=elements)
                    | ast.Tuple(elts=elements, ctx=ast.Load())
                    | ast.Set(elts=elements)
                ):
                    parts += elements
                case ast.Dict(values=values):
                    parts += values
                case ast.Call(func=function, args=args, keywords=keywords):
                    if not (isinstance(function, ast.Name) and hasattr(builtins, function.id)):
                        parts += [*args, *(one.value for one in keywords)]
                case ast.Assign(targets=[ast.Attribute() | ast.Subscript(), *_], value=value):
                    parts.append(value)
                case ast.Return(value=value) | ast.Yield(value=value):
                    parts.append(value)
            found |= {part.id for part in parts if isinstance(part, ast.Name)}
        return frozenset(found)

    @property
    def package(self) -> str:
        """The package that relative imports start from; empty where there is none."""
        if Path(self.path).name == "__init__.py":
            return self.name
        return self.name.rpartition(".")[0]


def parse(text: str, path: str) -> ast.Module:
    """The syntax tree of a file.

    Raises:
        DataError: The text is not Python.
    """
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        where = f"line {line}: " if line else ""
        raise DataError(
            f"{path}: {where}is not Python ({getattr(error, 'msg', error)}); mend it first"
        ) from error


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        DataError: It cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: must be UTF-8 text, but byte {error.start} is not; save it as UTF-8"
        ) from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the path") from error


class Project:
    """Files that belong together; each is read once.

    Args:
        roots: Folders in which imports are looked for, beside those of the importing file.
    """

    def __init__(self, roots: Iterable[Path] = ()) -> None:
        self._roots = list(roots)
        self._modules: dict[Path, Module] = {}
        self._found: dict[tuple[str, Path | None], Module | None] = {}
        self._evaluation: set[Path] = set()
        self._loaders: set[Path] = set()

    def mark(self, *, evaluation: Iterable[Path], loaders: Iterable[Path]) -> None:
        """Says which files are evaluation, and which may read files."""
        self._evaluation |= {path.resolve() for path in evaluation}
        self._loaders |= {path.resolve() for path in loaders}

    def load(self, path: Path) -> Module:
        """The module in a file.

        Raises:
            DataError: The file cannot be read, or is not Python.
        """
        place = path.resolve()
        if place not in self._modules:
            text = read_text(path)
            self._modules[place] = Module(
                _dotted(place),
                str(path),
                parse(text, str(path)),
                text.splitlines(),
                folder=place.parent,
                may_read_files=place in self._loaders,
                is_evaluation=place in self._evaluation,
            )
        return self._modules[place]

    def find(self, dotted: str, importer: Module) -> Module | None:
        """The module that an import leads to; None where it is a library, or cannot be read."""
        key = (dotted, importer.folder)
        if key not in self._found:
            self._found[key] = self._look(dotted, importer)
        return self._found[key]

    def _look(self, dotted: str, importer: Module) -> Module | None:
        parts = dotted.split(".")
        package_root = importer.folder
        for _ in range(importer.package.count(".") + bool(importer.package)):
            package_root = package_root.parent if package_root else None
        for root in dict.fromkeys([importer.folder, package_root, *self._roots, _installed(parts[0])]):
            if root is None:
                continue
            place = root.joinpath(*parts)
            for path in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
                if path.is_file():
                    try:
                        return self.load(path)
                    except DataError:
                        return None
        return None


def _dotted(path: Path) -> str:
    """Full name of a module, by the packages that it lies in."""
    parts = [] if path.name == "__init__.py" else [path.stem]
    folder = path.parent
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts) or path.stem


def _installed(top: str) -> Path | None:
    """Folder in which a followed package is installed."""
    if top not in FOLLOWED:
        return None
    spec = PathFinder.find_spec(top) or find_spec(top)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]).parent if places else None
