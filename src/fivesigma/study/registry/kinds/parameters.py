"""What a setting may be and where tuning looks, in a few words: the vocabulary of the tables of kinds."""

from __future__ import annotations

from typing import Any

from fivesigma.models.spaces import Choice, Range
from fivesigma.study.registry.kind import Parameter

BOTH = ("classification", "regression")
CLASSIFICATION = ("classification",)
REGRESSION = ("regression",)
ALL = (*BOTH, "clustering")
INF = float("inf")
NO_MINIMUM = dict.fromkeys(BOTH, "a risk with negative weights has no minimum")
"""Why a fit cannot have negative weights, by task."""
NO_FRACTION = dict.fromkeys(
    BOTH, "in a leaf whose weights cancel there is neither a class fraction nor a mean"
)


def real(
    default: float | None, low: float, high: float, search: tuple[float, float] | None = None
) -> Parameter:
    """A positive number, searched evenly in log."""
    space = None if search is None else Range(*search, log=True)
    return Parameter(default, Range(low, high, log=low > 0, also=(None,) * (default is None)), space)


def whole(
    default: int | None,
    low: int,
    high: float = 10**6,
    search: tuple[int, int] | None = None,
    log: bool = False,
) -> Parameter:
    """A whole number; None may stand for no bound where it is the default."""
    space = None if search is None else Range(*search, integer=True, log=log)
    return Parameter(default, Range(low, high, integer=True, also=(None,) * (default is None)), space)


def choice(default: Any, *options: Any, search: bool = False) -> Parameter:
    """One of a few values; searched where ``search`` says so."""
    choice = Choice(options)
    return Parameter(default, choice, choice if search else None)
