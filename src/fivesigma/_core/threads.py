"""One thread for the libraries that sum in several: the same digits on any number of cores."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any


@contextmanager
def single_threaded() -> Iterator[None]:
    """Hold BLAS and OpenMP at one thread, and give them back what they had.

    The libraries are looked for again when modules were imported since: a search takes 8 ms, and a study has hundreds
    of fits and predictions.

    >>> with single_threaded():
    ...     pass
    """
    with _libraries(len(sys.modules)).limit(limits=1):
        yield


@lru_cache(maxsize=1)
def _libraries(n_modules: int) -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
