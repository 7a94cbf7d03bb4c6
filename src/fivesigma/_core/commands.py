"""What a message tells a user to call, so that it can be pasted into a shell."""

from __future__ import annotations

import shlex


def command(*words: object) -> str:
    """Return a call of the program in backticks; a path with blanks is one word.

    >>> command("resume", "runs/a b")
    "`fivesigma resume 'runs/a b'`"
    """
    return f"`fivesigma {shlex.join(map(str, words))}`"
