"""How far a run is: bars on a terminal, a line now and then in a log, one updated line in a notebook."""

from __future__ import annotations

import html
import importlib
import os
import sys
import time
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichBars


class Progress(Protocol):
    """What a run tells while it works: costs are in the units of ``total``."""

    def start(self, total: float, label: str) -> None:
        """A stage of work begins."""
        ...

    def advance(self, cost: float, message: str = "", left: float | None = None) -> None:
        """A piece of the stage is done; ``left`` are the seconds until all of the run is, where they are foretold."""
        ...

    def finish(self) -> None:
        """The stage is over, however it ended."""
        ...


class Silent:
    """Says nothing."""

    def start(self, total: float, label: str) -> None:
        """Ignore it."""

    def advance(self, cost: float, message: str = "", left: float | None = None) -> None:
        """Ignore it."""

    def finish(self) -> None:
        """Ignore it."""


class Meter:
    """What is done of a stage and how long the rest will take, by the cost of the work.

    >>> meter = Meter("fits", 4.0, clock=iter([0.0, 10.0]).__next__)
    >>> meter.advance(1.0)
    >>> meter.line()
    'fits: 25 %, 10 s, about 30 s left'
    """

    def __init__(self, label: str, total: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.label, self.total, self.done = label, total, 0.0
        self.foretold: float | None = None
        self._clock, self._began = clock, clock()

    def advance(self, cost: float, left: float | None = None) -> None:
        """Add a piece of work, never more than there was; ``left`` is what is foretold of all of the run."""
        self.done = min(self.done + cost, self.total)
        self.foretold = left

    @property
    def fraction(self) -> float:
        """Part of the work that is done, 0 to 1."""
        return self.done / self.total if self.total > 0 else 1.0

    def line(self) -> str:
        """Return the state in words."""
        spent = self._clock() - self._began
        left = spent * (1 / self.fraction - 1) if self.fraction > 0 else None
        if self.foretold is not None:
            left = self.foretold
        over = self.fraction >= 1 and self.foretold is None
        rest = "" if left is None or over else f", about {duration(left)} left"
        return f"{self.label}: {self.fraction:.0%}, {duration(spent)}{rest}".replace("%", " %")


def duration(seconds: float) -> str:
    """Return a time as people say it.

    >>> duration(7.4), duration(200), duration(8000)
    ('7 s', '3 min 20 s', '2 h 13 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class Plain:
    """A line on stderr at the start, at the end, and at most one every few seconds between."""

    def __init__(self, stream: TextIO | None = None, every: float = 5.0) -> None:
        self._stream, self._every = stream, every
        self._meter: Meter | None = None
        self._said = 0.0

    def start(self, total: float, label: str) -> None:
        """Name the stage."""
        self._meter = Meter(label, total)
        self._said = time.monotonic()
        self._say(f"{label} ...")

    def advance(self, cost: float, message: str = "", left: float | None = None) -> None:
        """Say how far it is, if the last line is old enough."""
        if self._meter is None:
            return
        self._meter.advance(cost, left)
        if time.monotonic() - self._said >= self._every:
            self._said = time.monotonic()
            self._say(self._meter.line() + (f" ({message})" if message else ""))

    def finish(self) -> None:
        """Say how long it took."""
        if self._meter is not None:
            self._say(self._meter.line())
        self._meter = None

    def _say(self, line: str) -> None:
        print(line, file=self._stream or sys.stderr, flush=True)


class Rich:
    """A bar on the terminal with the time left."""

    def __init__(self, file: IO[str] | None = None) -> None:
        self._file = file
        self._bars: RichBars | None = None
        self._task: Any = None

    def start(self, total: float, label: str) -> None:
        """Draw the bar of a stage."""
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        self.finish()
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]}"),
            TextColumn("{task.fields[message]}"),
            console=Console(file=self._file or sys.stderr),
            transient=True,
        )
        self._task = self._bars.add_task(escape(label), total=total, message="", left="")
        self._bars.start()

    def advance(self, cost: float, message: str = "", left: float | None = None) -> None:
        """Move the bar."""
        from rich.markup import escape

        if self._bars is not None:
            said = "" if left is None else f"about {duration(left)} left"
            self._bars.update(self._task, advance=cost, message=escape(message), left=said)

    def finish(self) -> None:
        """Take the bar away."""
        if self._bars is not None:
            self._bars.stop()
        self._bars = None


class Notebook:
    """One line of HTML with a bar, updated in place."""

    def __init__(self, every: float = 0.3) -> None:
        self._every = every
        self._meter: Meter | None = None
        self._handle: Any = None
        self._said = 0.0

    def start(self, total: float, label: str) -> None:
        """Show the bar of a stage."""
        self._meter = Meter(label, total)
        ipython = importlib.import_module("IPython.display")
        self._handle = ipython.display(ipython.HTML(self._markup()), display_id=True)

    def advance(self, cost: float, message: str = "", left: float | None = None) -> None:
        """Move the bar."""
        if self._meter is None:
            return
        self._meter.advance(cost, left)
        if time.monotonic() - self._said >= self._every:
            self._said = time.monotonic()
            self._show()

    def finish(self) -> None:
        """Leave the last state."""
        if self._meter is not None:
            self._show()
        self._meter = None

    def _show(self) -> None:
        if self._handle is not None:
            self._handle.update(importlib.import_module("IPython.display").HTML(self._markup()))

    def _markup(self) -> str:
        if self._meter is None:
            return ""
        bar = f'<progress max="1" value="{self._meter.fraction:.3f}"></progress>'
        return f"{bar} {html.escape(self._meter.line())}"


def choose(quiet: bool = False) -> Progress:
    """Return the progress that suits where the program runs.

    >>> type(choose(quiet=True)).__name__
    'Silent'
    """
    if quiet:
        return Silent()
    if in_notebook():
        return Notebook()
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return Rich()
    return Plain()


def in_notebook() -> bool:
    """Whether this is a Jupyter kernel; IPython is asked only if somebody has imported it already."""
    shell = sys.modules.get("IPython")
    if shell is None:
        return False
    return type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"
