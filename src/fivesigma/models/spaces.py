"""Where a parameter may lie: a range or a list of choices."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from fivesigma._core.errors import InputError


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

    def __str__(self) -> str:
        high = "" if math.isinf(self.high) else f" to {self.high:g}"
        words = "".join(f" or {word or 'none'}" for word in self.also)
        what = "a whole number" if self.integer else "a number"
        return f"{what} from {self.low:g}{high}{words}"


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

    def __str__(self) -> str:
        return f"one of {', '.join(str(option) for option in self.options)}"


Space = Range | Choice
