"""An installed library, as far as the static layer can tell, that reads its caller's frames."""

import sys
from typing import Any


def weights() -> Any:
    """The label column of whoever calls this."""
    return sys._getframe(1).f_locals["batch"].frames[..., 6]
