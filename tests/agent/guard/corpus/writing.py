"""How a snippet is written down: the body of `hint(batch)`, and what stands before it in the module."""

import re
from textwrap import dedent, indent

_LIBRARIES = {"np": "import numpy as np", "torch": "import torch"}


def hint(body: str, *, before: str = "") -> str:
    """The source of a snippet.

    Args:
        body: What `hint(batch)` does; its return value goes into the loss.
        before: Imports, helpers, classes and constants of the module; NumPy and torch are imported by use.
    """
    prelude, inner = dedent(before).strip("\n"), dedent(body).strip("\n")
    imports = [line for mark, line in _LIBRARIES.items() if re.search(rf"\b{mark}\b", prelude + inner)]
    parts = ["\n".join(imports), prelude, f"def hint(batch):\n{indent(inner, '    ')}"]
    return "\n\n\n".join(part for part in parts if part) + "\n"
