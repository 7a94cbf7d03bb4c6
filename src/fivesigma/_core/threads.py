"""One thread for the libraries that sum in several, and several for calls that have nothing to do with one another.

Either way the digits are the same on any number of cores.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import lru_cache, partial
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


def side_by_side(calls: Sequence[Callable[[], Any]], n_threads: int) -> list[Any]:
    """Return what each of the ``calls`` gives, made so many at a time; of one that fails the error, and no more begin.

    >>> side_by_side([lambda: 1, lambda: 2, lambda: 3], 2)
    [1, 2, 3]
    """
    if min(n_threads, len(calls)) < 2:
        return [call() for call in calls]
    pool = ThreadPoolExecutor(n_threads)
    within = [partial(copy_context().run, call) for call in calls]  # what NumPy ignores here it ignores there
    with warnings.catch_warnings():  # which calls may set too, and give back in no order
        try:
            return list(pool.map(lambda call: call(), within))
        finally:
            pool.shutdown(cancel_futures=True)
