"""What code that is not ours prints while it works: kept up to a bound, so that it fills neither disk nor memory."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator

MOST_PRINTED = 4000
"""Characters that are kept of what one task prints."""


class Printed(io.TextIOBase):
    """A text stream that keeps its beginning and counts the rest.

    >>> printed = Printed(limit=5)
    >>> printed.write("no newline")
    10
    >>> str(printed)
    'no ne... (5 more characters)'
    """

    def __init__(self, limit: int = MOST_PRINTED) -> None:
        self._limit, self._kept, self._left_out = limit, "", 0

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str) -> int:
        """Keep what fits of ``text``; return its length, as every stream does."""
        room = self._limit - len(self._kept)
        self._kept += text[:room]
        self._left_out += max(len(text) - room, 0)
        return len(text)

    def __str__(self) -> str:
        more = f"... ({self._left_out:,} more characters)" if self._left_out else ""
        return self._kept + more


@contextlib.contextmanager
def caught() -> Iterator[Printed]:
    """While it is open, what Python code of this process prints to either stream goes to a `Printed`.

    >>> with caught() as printed:
    ...     print("hello")
    >>> str(printed)
    'hello\\n'
    """
    printed = Printed()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        yield printed
