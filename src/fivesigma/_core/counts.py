"""How many of what, in words that agree: one event, two events."""

from __future__ import annotations


def noun(n: float, one: str, more: str = "") -> str:
    """Return the noun that goes with ``n`` of it: ``one``, else ``more`` (with an s unless said).

    >>> noun(1, "event"), noun(0, "event"), noun(2, "boundary", "boundaries")
    ('event', 'events', 'boundaries')
    """
    return one if n == 1 else more or f"{one}s"


def counted(n: int, one: str, more: str = "") -> str:
    """Return a number with its noun, thousands parted by commas.

    >>> counted(1, "feature"), counted(12345, "event"), counted(0, "refit")
    ('1 feature', '12,345 events', '0 refits')
    """
    return f"{n:,} {noun(n, one, more)}"
