"""The command line: reads, calls, writes; the library does the work."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit status (0 done, 1 a promise failed, 2 input wrong, 3 interrupted).

    Parameters
    ----------
    argv : sequence of str, optional
        The words after ``fivesigma``; default: those of the shell.
    """
    if argv is None:  # the process is this program's
        from fivesigma._core.garbage import collect_seldom, end_at_once

        collect_seldom()
        end_at_once()
    from fivesigma.cli.session import run_verb

    return run_verb(list(sys.argv[1:] if argv is None else argv))
