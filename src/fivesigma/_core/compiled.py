"""How loops are compiled: at their first call, cached, without the interpreter's lock, sums in the order written.

Other distributions may teach Numba types of theirs (``numba_extensions``), and it asks all of them before it compiles
anything: a second of CPU in every process where awkward and vector are installed. Our loops take numbers and arrays,
so nobody is asked for them; who compiles loops of their own has the extensions as ever.

A loop that is kept in the cache is machine code and its signature. Numba makes all its own types and operations known
before it looks there, 0.16 s of CPU in every process; ours are looked for first, and where one has to be compiled, the
compiler makes them known itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from fivesigma._core.probed import hidden

# Numba imports coverage to see whether lines of loops are counted, and yaml for settings in a file
with hidden("coverage", *([] if Path(".numba_config.yaml").exists() else ["yaml"])):
    import numba
    from numba.core import entrypoints
    from numba.core.caching import FunctionCache
    from numba.core.runtime import rtsys
    from numba.cpython import hashing  # noqa: F401  # puts the symbols in place that loops with sets ask for

    from fivesigma._core.kept_loops import keep

Function = TypeVar("Function", bound=Callable[..., Any])


def _njit(*signatures: Any, **options: Any) -> Any:
    def decorate(function: Any) -> Any:
        with _unasked():  # what has a signature is compiled here
            return _plain(numba.njit(*signatures, **options)(function))

    return decorate


njit: Any = _njit
"""Numba's own decorator, whose functions ask nobody."""


def compiled(function: Function) -> Function:
    """Compile ``function`` at its first call."""
    made: Function = njit(cache=True, nogil=True, error_model="numpy")(function)
    return made


def borrowing(function: Function) -> Function:
    """Compile a function that makes no arrays: nobody counts who holds those that it is given, or parts of them.

    Such a call takes a small part of the time: Numba makes an object that counts for each array it is handed.
    """
    made: Function = njit(cache=True, nogil=True, error_model="numpy", _nrt=False)(function)
    return made


def inlined(function: Function) -> Function:
    """Compile ``function`` into each function that calls it."""
    made: Function = njit(cache=True, nogil=True, error_model="numpy", inline="always")(function)
    return made


def _plain(made: Any) -> Any:
    """Let a function of numbers and arrays be compiled without asking for the types of others."""
    compile_for = made._compile_for_args

    def compile_plainly(*arguments: Any, **options: Any) -> Any:
        with _unasked():
            return compile_for(*arguments, **options)

    made._compile_for_args = compile_plainly
    if isinstance(made._cache, FunctionCache):
        keep(made)
        made._cache.load_overload = partial(_kept, made._cache)
    return made


def _kept(cache: FunctionCache, signature: Any, context: Any) -> Any:
    """Return what the cache holds for a signature, or None, as Numba does less its preparations."""
    rtsys.initialize(context)  # counts the references to what a loop returns
    with cache._guard_against_spurious_io_errors():
        return cache._load_overload(signature, context)


class _Aside(threading.local):
    """What Numba is told where it looks whether the extensions were asked: yes, in a thread that compiles our loops.

    So a thread of the user's asks them at the same time, and what it was told stays.
    """

    depth = 0

    def __bool__(self) -> bool:
        return self.depth > 0


_aside = _Aside()
if not entrypoints._already_initialized:
    entrypoints._already_initialized = _aside


@contextmanager
def _unasked() -> Iterator[None]:
    """Compile as if the extensions had been asked; afterwards it is as before."""
    _aside.depth += 1
    try:
        yield
    finally:
        _aside.depth -= 1
