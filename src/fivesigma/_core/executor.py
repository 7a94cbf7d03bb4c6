"""One interface to carry out a list of independent tasks: in this process, or in worker processes.

A task is a key; what it means, and where its result is kept, is the business of the ``work`` function (serial) or of
the module that each worker process opens (see `fivesigma._core.worker`). What the code of a task prints is part of its
outcome, up to a bound: it spoils neither the answers nor what the program says.
"""

from __future__ import annotations

import codecs
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
from dataclasses import dataclass, field, replace

from fivesigma._core.printed import Printed, caught

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)

END_OF_TASK = b"\x1efivesigma: a task ends here\x1e\n"
"""What a worker writes after all that the code of a task has printed."""


@dataclass(frozen=True)
class Outcome:
    """What became of one task: its key, the seconds it took, why it failed, if it did, and what its code printed."""

    key: str
    seconds: float
    error: str | None = None
    printed: str = ""


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
            with caught() as printed:
                outcome = attempt(self.work, key)
            yield replace(outcome, printed=str(printed))


@dataclass(frozen=True)
class Processes(Executor):
    """Tasks in ``workers`` processes with one thread a library, each of which serves ``module``.

    A worker that dies (out of memory, a crash in native code) is replaced and its task tried once more, alone on a
    fresh worker; the second death makes that task, and only that task, fail. With ``keep`` the workers wait for the
    next `run` until `close`.

    Attributes
    ----------
    module : a module with ``open_work(*arguments)``, which returns what does a task
    arguments : what every worker is told
    """

    module: str
    arguments: tuple[str, ...]
    workers: int
    keep: bool = False
    _crew: list[_Worker] = field(default_factory=list, init=False, repr=False, compare=False)
    _events: queue.Queue[tuple[_Worker, Outcome | None]] = field(
        default_factory=queue.Queue, init=False, repr=False, compare=False
    )

    @property
    def command(self) -> tuple[str, ...]:
        """The command of a worker: the current folder holds data, not code, so it is no place to import from."""
        name = "fivesigma._core.worker"
        return (sys.executable, "-P", "-X", "faulthandler", "-m", name, self.module, *self.arguments)

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
        status = worker.stop(patience=_PATIENCE)
        if worker.task is None:  # it died idle: nothing is lost
            return None
        deaths[worker.task] += 1
        if deaths[worker.task] == 1:
            todo.append(worker.task)
            return None
        why = f"its worker process died twice (exit status {status}; out of memory?)"
        return Outcome(worker.task, 0.0, why, worker.printed.rest())


_OWN_GROUP = 0 if os.name == "posix" else None
"""Ctrl-C reaches a whole process group; it is for the parent, which ends its workers."""


class _Worker:
    """One process, and the threads that listen to its answers and to what its tasks print."""

    def __init__(self, command: Sequence[str], events: queue.Queue[tuple[_Worker, Outcome | None]]) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
            process_group=_OWN_GROUP,
        )
        assert self.process.stderr is not None
        self.events, self.printed = events, _PrintedByTask(self.process.stderr.fileno())
        self.task: str | None = None
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with contextlib.suppress(ValueError, OSError):  # the pipe was closed by `stop`
            for line in self.process.stdout:
                answer, marked = _parse(line)
                if answer is not None:
                    self.events.put((self, replace(answer, printed=self.printed.of_task() if marked else "")))
        self.events.put((self, None))

    def take(self, todo: deque[str]) -> None:
        """Hand this worker the next key, if there is one."""
        self.task = todo.popleft() if todo else None
        if self.task is None:
            return
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):  # it died: the listener says so
            self.process.stdin.write(self.task.encode() + b"\n")
            self.process.stdin.flush()

    def stop(self, patience: float = 0.0) -> int | None:
        """End the process and return its exit status; one that is ending of itself has ``patience`` seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        self.process.kill()
        status = self.process.wait()
        self.printed.finish()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        return status


class _PrintedByTask:
    """Reads all that a worker's tasks print, so that none of them ever waits, and keeps the beginning of each."""

    def __init__(self, descriptor: int) -> None:
        self._open, self._ended = Printed(), queue.Queue[str]()
        self._thread = threading.Thread(target=self._read, args=(descriptor,), daemon=True)
        self._thread.start()

    def of_task(self) -> str:
        """Return what the task printed that has just ended."""
        try:
            return self._ended.get(timeout=_PATIENCE)
        except queue.Empty:  # its code has turned the stream elsewhere
            return ""

    def finish(self) -> None:
        """Wait for the last words of a process that has ended; a child of its own may hold the stream open."""
        self._thread.join(_PATIENCE)

    def rest(self) -> str:
        """Return what was printed since the last task ended."""
        return str(self._open)

    def _read(self, descriptor: int) -> None:
        decode, held = codecs.getincrementaldecoder("utf-8")("replace").decode, b""
        with contextlib.suppress(OSError):
            while chunk := os.read(descriptor, 65536):
                *ended, rest = (held + chunk).split(END_OF_TASK)
                for piece in ended:
                    self._open.write(decode(piece))
                    self._ended.put(str(self._open))
                    self._open = Printed()
                ready = max(len(rest) - len(END_OF_TASK), 0)  # the mark may come in two chunks
                self._open.write(decode(rest[:ready]))
                held = rest[ready:]
        self._open.write(decode(held))


_PATIENCE = 1.0
"""Seconds to wait for what must come: the end of what a task printed, the exit status of a worker that has gone."""


def _environment() -> dict[str, str]:
    """The environment of a worker: one thread a library, and no empty place in the path of modules.

    An empty place, as ``PYTHONPATH=$PYTHONPATH:/more`` leaves one, means the current folder.
    """
    environment = os.environ | dict.fromkeys(THREAD_VARIABLES, "1")
    places = [place for place in environment.get("PYTHONPATH", "").split(os.pathsep) if place]
    return environment | {"PYTHONPATH": os.pathsep.join(places)}


def _parse(line: bytes) -> tuple[Outcome | None, bool]:
    """The outcome in one line of a worker and whether the end of its printing is marked; None for any other line."""
    try:
        answer = json.loads(line)
        return Outcome(answer["key"], float(answer["seconds"]), answer["error"]), bool(answer["marked"])
    except (ValueError, KeyError, TypeError):
        return None, False


def available_cores() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
