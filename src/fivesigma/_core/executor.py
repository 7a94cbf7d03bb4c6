"""One interface to carry out a list of independent tasks: in this process, or in worker processes.

A task is a key; what it means, and where its result is kept, is the business of the ``work`` function (serial) or of
the command that each worker process runs. A worker reads one key a line on its standard input and answers one JSON
line ``{"key": …, "seconds": …, "error": …}``. It ends when its input ends, so no worker outlives its parent, and no
pickle travels.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


@dataclass(frozen=True)
class Outcome:
    """What became of one task: its key, the seconds it took, and why it failed, if it did."""

    key: str
    seconds: float
    error: str | None = None


class Executor(ABC):
    """Carries out tasks and yields their outcomes as they end, in any order."""

    @abstractmethod
    def run(self, keys: Sequence[str]) -> Iterator[Outcome]:
        """Yield one `Outcome` for each of ``keys``."""


def attempt(work: Callable[[str], None], key: str) -> Outcome:
    """Do ``work(key)`` with one thread a library; an exception becomes the outcome's ``error``.

    >>> attempt(lambda key: None, "a").error is None
    True
    >>> attempt(lambda key: int(key), "a").error
    "ValueError: invalid literal for int() with base 10: 'a'"
    """
    start = time.perf_counter()
    error = None
    try:
        work(key)
    except Exception as reason:  # the one border where any failure of a model becomes a record
        error = f"{type(reason).__name__}: {reason}"
    return Outcome(key, time.perf_counter() - start, error)


@dataclass(frozen=True)
class Serial(Executor):
    """Every task in this process, in the order given."""

    work: Callable[[str], None]

    def run(self, keys: Sequence[str]) -> Iterator[Outcome]:
        """Yield outcomes in the order of ``keys``."""
        for key in keys:
            yield attempt(self.work, key)


@dataclass(frozen=True)
class Processes(Executor):
    """Tasks in ``workers`` processes that each run ``command`` with one thread a library.

    A worker that dies (out of memory, a crash in native code) is replaced and its task tried once more, alone on a
    fresh worker; the second death makes that task, and only that task, fail. With ``keep`` the workers wait for the
    next `run` until `close`.
    """

    command: tuple[str, ...]
    workers: int
    keep: bool = False
    _crew: list[_Worker] = field(default_factory=list, init=False, repr=False, compare=False)
    _events: queue.Queue[tuple[_Worker, Outcome | None]] = field(
        default_factory=queue.Queue, init=False, repr=False, compare=False
    )

    def run(self, keys: Sequence[str]) -> Iterator[Outcome]:
        """Yield outcomes as they come."""
        todo, deaths, crew, ended = deque(keys), dict.fromkeys(keys, 0), self._crew, False
        crew += [_Worker(self.command, self._events) for _ in range(min(self.workers, len(keys)) - len(crew))]
        try:
            for worker in crew:
                worker.take(todo)
            open_tasks = len(keys)
            while open_tasks:
                worker, outcome = self._events.get()
                if worker not in crew:  # the last word of one that was ended
                    continue
                if outcome is None:
                    outcome = self._bury(worker, deaths, todo)
                    crew[crew.index(worker)] = worker = _Worker(self.command, self._events)
                worker.take(todo)
                if outcome is not None:
                    open_tasks -= 1
                    yield outcome
            ended = True
        finally:
            if not (ended and self.keep):
                self.close()

    def close(self) -> None:
        """End the workers."""
        while self._crew:
            self._crew.pop().stop()

    @staticmethod
    def _bury(worker: _Worker, deaths: dict[str, int], todo: deque[str]) -> Outcome | None:
        status = worker.stop()
        if worker.task is None:  # it died idle: nothing is lost
            return None
        deaths[worker.task] += 1
        if deaths[worker.task] == 1:
            todo.append(worker.task)
            return None
        return Outcome(
            worker.task, 0.0, f"its worker process died twice (exit status {status}; out of memory?)"
        )


_OWN_GROUP = 0 if os.name == "posix" else None
"""Ctrl-C reaches a whole process group; it is for the parent, which ends its workers."""


class _Worker:
    """One process, and the thread that listens to it."""

    def __init__(self, command: Sequence[str], events: queue.Queue[tuple[_Worker, Outcome | None]]) -> None:
        environment = os.environ | dict.fromkeys(THREAD_VARIABLES, "1")
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment,
            process_group=_OWN_GROUP,
        )
        self.events = events
        self.task: str | None = None
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with contextlib.suppress(ValueError, OSError):  # the pipe was closed by `stop`
            for line in self.process.stdout:
                answer = _parse(line)
                if answer is not None:
                    self.events.put((self, answer))
        self.events.put((self, None))

    def take(self, todo: deque[str]) -> None:
        """Hand this worker the next key, if there is one."""
        self.task = todo.popleft() if todo else None
        if self.task is None:
            return
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):  # it died: the listener says so
            self.process.stdin.write(self.task + "\n")
            self.process.stdin.flush()

    def stop(self) -> int | None:
        """End the process and return its exit status."""
        self.process.kill()
        status = self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        return status


def _parse(line: str) -> Outcome | None:
    """The outcome in one line of a worker, or None for a line that some library printed."""
    try:
        answer = json.loads(line)
        return Outcome(answer["key"], float(answer["seconds"]), answer["error"])
    except (ValueError, KeyError, TypeError):
        return None


def serve(work: Callable[[str], None], source: IO[str] | None = None, sink: IO[str] | None = None) -> None:
    """Be a worker: do ``work`` for each key on ``source`` until it ends, and answer on ``sink``."""
    answers = sink or sys.stdout
    for line in source or sys.stdin:
        outcome = attempt(work, line.strip())
        document = {"key": outcome.key, "seconds": outcome.seconds, "error": outcome.error}
        answers.write(json.dumps(document) + "\n")
        answers.flush()


def available_cores() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
