"""The worker process of `fivesigma._core.executor`: one key a line in, one JSON line out, on a channel of its own.

``python -P -m fivesigma._core.worker MODULE ARGUMENT...`` calls ``MODULE.open_work(*arguments)`` once, and what that
returns for each key. Standard input and output are put aside for the protocol before anything else is imported; what
the code of a task prints goes to the standard error, which the executor reads up to a bound. The process ends when its
input ends, even in the middle of a task, so no worker outlives its parent, and no pickle travels.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import IO

from fivesigma._core.executor import END_OF_TASK, attempt
from fivesigma._core.garbage import collect_seldom


def take_channel() -> tuple[IO[str], IO[str]]:
    """Return where keys come from and answers go to, and leave neither of them to the code of a task."""
    keys = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return keys, answers


def serve(work: Callable[[str], None], keys: Iterable[str], answers: IO[str]) -> None:
    """Do ``work`` for each of ``keys`` until they end, and answer each with one line.

    The line begins anew: what somebody printed into the channel before it was put aside spoils no answer.
    """
    for line in keys:
        outcome = attempt(work, line.strip())
        document = {"key": outcome.key, "seconds": outcome.seconds, "error": outcome.error, "marked": _mark()}
        answers.write("\n" + json.dumps(document) + "\n")
        answers.flush()


def _mark() -> bool:
    """Say in what is printed that a task ends here; False where its code has closed the stream."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # the code of a task may have put anything there
            stream.flush()
    try:
        os.write(2, END_OF_TASK)
    except OSError:
        return False
    return True


def until_the_parent_ends(lines: Iterable[str]) -> Iterator[str]:
    """Yield ``lines`` as they come, and end this process when they end: then nobody waits for an answer."""
    waiting: queue.Queue[str] = queue.Queue()

    def listen() -> None:
        for line in lines:
            waiting.put(line)
        os._exit(1)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        yield waiting.get()


def end_with_parent() -> None:
    """Let the kernel end this process with its parent: a thread cannot while native code holds the interpreter."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):  # no C library that knows prctl
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def main(module: str, *arguments: str) -> None:
    """Carry out the tasks of ``module`` until the standard input ends."""
    keys, answers = take_channel()
    collect_seldom()
    end_with_parent()
    lines = until_the_parent_ends(keys)
    serve(importlib.import_module(module).open_work(*arguments), lines, answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
