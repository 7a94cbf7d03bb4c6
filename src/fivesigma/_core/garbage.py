"""How often Python looks for cycles among objects: seldom in a process that is ours alone.

An object made by importing stays, and there are a million of them: looking through all of them every 700 takes a sixth
of the CPU time of starting up, and an eighth of a page's.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS = 100_000
"""New objects between two looks at the young ones: some ten megabytes, which a process has free after its imports."""


def collect_seldom() -> None:
    """Look for cycles once in many objects, from now on."""
    gc.set_threshold(_OBJECTS, 10, 20)


def end_at_once() -> None:
    """Look for no more cycles when this process ends, after all that others do then.

    Python looks through all objects several times before it lets go of them, a tenth of the CPU time of a small study;
    the system takes the memory of a process in any case.
    """
    atexit.register(gc.freeze)


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for cycles once in many objects within; afterwards it is as before.

    >>> with seldom_collected():
    ...     pass
    """
    before = gc.get_threshold()
    collect_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*before)
