"""How many steps Python takes for a call: what a promise of speed is judged by, since no clock of a busy machine is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def steps(call: Callable[[], Any]) -> int:
    """Return the number of functions, of Python and of C, that ``call`` enters; work inside an array is one step."""
    entered = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal entered
        entered += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        call()
    finally:
        sys.setprofile(before)
    return entered
