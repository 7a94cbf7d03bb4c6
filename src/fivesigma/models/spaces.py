"""Where a parameter may lie: a range or a list of choices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from fivesigma._core.errors import InputError
from fivesigma._core.saved_state import SavedState

EDGE = 0.02
"""Share of a range that counts as its end."""


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included; whole ones with ``integer``, spread evenly in log with
    ``log``.

    ``also`` holds words that a fixed value may be instead (``None`` for "no limit"); a search never proposes
    them.

    >>> Range(1, 50, integer=True).contains(3), Range(1, 50, integer=True).contains(3.5)
    (True, False)
    """

    low: float
    high: float
    integer: bool = False
    log: bool = False
    also: tuple[str | None, ...] = ()

    def __post_init__(self) -> None:
        if not self.low <= self.high or (self.log and self.low <= 0):
            raise InputError(
                f"[{self.low}, {self.high}] is not a range; expected low <= high (above 0 for a log scale)."
            )

    def contains(self, value: Any) -> bool:
        """Whether ``value`` is a number of this range."""
        if value is None or isinstance(value, str):
            return value in self.also
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not self.low <= value <= self.high
        ):
            return False
        return not self.integer or float(value).is_integer()

    def suggest(self, trial: Any, name: str) -> int | float:
        """Ask an Optuna ``trial`` for a value called ``name``."""
        if self.integer:
            return int(trial.suggest_int(name, int(self.low), int(self.high), log=self.log))
        return float(trial.suggest_float(name, self.low, self.high, log=self.log))

    def clipped(self, value: float) -> int | float:
        """Return the number of this range nearest to ``value``.

        >>> Range(1, 50, integer=True).clipped(0.4)
        1
        """
        inside = min(max(value, self.low), self.high)
        return round(inside) if self.integer else inside

    def start(self, value: Any) -> int | float:
        """Return where a search begins for a fixed setting of ``value``: the nearest number of this range.

        None ("no limit") is nearest to ``high``, a word to the middle.

        >>> Range(2, 30, integer=True).start(None), Range(0.1, 10.0, log=True).start("scale")
        (30, 1.0)
        """
        if value is None:
            return self.clipped(self.high)
        if isinstance(value, str):
            middle = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2
            return self.clipped(middle)
        return self.clipped(value)

    def grid(self, n: int) -> list[int | float]:
        """Return at most ``n`` numbers spread evenly over this range, its ends among them.

        >>> Range(1, 8, integer=True, log=True).grid(4), Range(0.0, 1.0).grid(1)
        ([1, 2, 4, 8], [0.0])
        """
        if self.log:
            ratio = self.high / self.low
            points = [self.low * ratio ** (i / max(n - 1, 1)) for i in range(n)]
        else:
            points = [self.low + (self.high - self.low) * i / max(n - 1, 1) for i in range(n)]
        return list(dict.fromkeys(self.clipped(point) for point in points))

    def drawn(self, rng: np.random.Generator) -> int | float:
        """Return a number of this range, every one (or every equal step in log) as likely as another."""
        pad = 0.5 if self.integer else 0.0
        low, high = self.low - pad, self.high + pad
        if self.log:
            return self.clipped(low * (high / low) ** rng.random())
        return self.clipped(low + (high - low) * rng.random())

    def edge(self, value: float) -> str | None:
        """Return the end ("low" or "high") that ``value`` lies at; None in the inside.

        A whole number lies at an end where it is it, another number within 2 % of the span (in log with
        ``log``).

        >>> Range(2, 30, integer=True).edge(30), Range(0.0, 1.0).edge(0.5)
        ('high', None)
        """
        share = 0.0 if self.integer else EDGE
        low, high, at = (math.log(v) if self.log else v for v in (self.low, self.high, value))
        if at <= low + share * (high - low):
            return "low"
        return "high" if at >= high - share * (high - low) else None

    def __str__(self) -> str:
        high = "" if math.isinf(self.high) else f" to {self.high:g}"
        words = "".join(f" or {word or 'none'}" for word in self.also)
        what = "a whole number" if self.integer else "a number"
        return f"{what} from {self.low:g}{high}{words}"

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.number("low")
        state.number("high")
        state.truth("integer")
        state.truth("log")


@dataclass(frozen=True)
class Choice:
    """One of a list of values.

    >>> Choice(("uniform", "distance")).contains("uniform")
    True
    """

    options: tuple[Any, ...]

    def contains(self, value: Any) -> bool:
        """Whether ``value`` is one of the options."""
        return any(value == option and type(value) is type(option) for option in self.options)

    def suggest(self, trial: Any, name: str) -> Any:
        """Ask an Optuna ``trial`` for a value called ``name``."""
        return trial.suggest_categorical(name, list(self.options))

    def start(self, value: Any) -> Any:
        """Return where a search begins for a fixed setting of ``value``: it, or the first option."""
        return value if self.contains(value) else self.options[0]

    def grid(self, n: int) -> list[Any]:
        """Return all options, however many."""
        return list(self.options)

    def drawn(self, rng: np.random.Generator) -> Any:
        """Return one of the options, each as likely as another."""
        return self.options[int(rng.integers(len(self.options)))]

    def edge(self, value: Any) -> str | None:
        """Return None: a list of choices has no ends.

        >>> Choice((1, 2, 4)).edge(4)
        """
        return None

    def __str__(self) -> str:
        several = "one of " if len(self.options) > 1 else ""
        return f"{several}{', '.join(str(option) for option in self.options)}"

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.part("options", tuple, list)


Space = Range | Choice
