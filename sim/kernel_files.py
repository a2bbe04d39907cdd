"""When the kernels' files were last changed: what is kept of a compiled kernel holds as long as none does.

Apart from the kernels, since code that trains reads no file.
"""

from pathlib import Path
from typing import Final

CHANGED: Final = tuple(
    (status.st_mtime, status.st_size)
    for status in (path.stat() for path in sorted((Path(__file__).parent / "kernels").glob("*.py")))
)
"""Time of the last change and size in bytes of each file, by its name."""
