"""How loops are compiled: at their first call, cached, without the interpreter's lock, sums in the order written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile ``function`` at its first call."""
    made: Function = njit(cache=True, nogil=True, error_model="numpy")(function)
    return made


def inlined(function: Function) -> Function:
    """Compile ``function`` into each function that calls it."""
    made: Function = njit(cache=True, nogil=True, error_model="numpy", inline="always")(function)
    return made
