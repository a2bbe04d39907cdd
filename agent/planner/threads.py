"""One thread for linear algebra of a few hundred rows.

A library that finds more cores wakes a thread for each, which takes longer than such work itself, and many
times as long where the cores are busy with training. On one thread the digits do not depend on the machine's
cores either.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import LibController, ThreadpoolController


@contextmanager
def on_one_thread() -> Iterator[None]:
    """The linear algebra of this process runs on one thread; afterwards as before."""
    numbers = ((library, library.get_num_threads()) for library in _libraries())
    others = [(library, n_threads) for library, n_threads in numbers if n_threads != 1]
    for library, _ in others:
        library.set_num_threads(1)
    try:
        yield
    finally:
        for library, n_threads in others:
            library.set_num_threads(n_threads)


@cache
def _libraries() -> tuple[LibController, ...]:
    """The libraries that are loaded when this is asked first: those of NumPy and SciPy."""
    return tuple(ThreadpoolController().select(user_api="blas").lib_controllers)
