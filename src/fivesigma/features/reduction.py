"""Steps that leave fewer columns: what a study says of one, and the transformer that follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fivesigma._core.errors import InputError, one_of

COMPONENTS = ("pca", "nmf")
SELECTIONS = ("f-test", "mutual-information", "rfe", "l1")
LEARNED = ("autoencoder", "network")
"""Made by networks, of which this floor knows nothing: what makes them is handed down (decision 0046)."""
KINDS = (*COMPONENTS, *LEARNED, *SELECTIONS)
RANKS = ("linear", "forest")
MOST_UNITS = 10_000
"""Of a layer that is learnt, which may be wider than the table."""
Learner = Callable[[int, bool | None, int], Any]
"""(columns to make, whether the target has classes, seed) -> the unfitted transformer."""


@dataclass(frozen=True)
class Reduction:
    """One step.

    Parameters
    ----------
    kind : one of `KINDS`
    n : columns that are left; for "pca" also a share of the variance in (0, 1); a pair (low, high), or "tuned"
        for all that is possible: chosen with the model's other settings
    rank : what "rfe" goes by, "linear" or "forest"

    Raises
    ------
    InputError
        For what a step cannot be.

    Examples
    --------
    >>> Reduction("pca", 0.95).left(18), Reduction("rfe", 4).left(18), Reduction("l1", "tuned").span(18)
    (18, 4, (1, 18))
    """

    kind: str
    n: int | float | str | tuple[int, int]
    rank: str = "linear"

    def __post_init__(self) -> None:
        one_of(self.kind, KINDS, "kind of reduction")
        one_of(self.rank, RANKS, "rank")
        if self.rank != "linear" and self.kind != "rfe":
            raise InputError(f"{self.kind}: 'rank' belongs to rfe; remove it.")
        if not self._possible():
            share = ", a share of the variance in (0, 1)" if self.kind == "pca" else ""
            raise InputError(
                f"{self.kind}: n = {self.n!r} is no number of columns; expected a whole number from 1{share}, "
                "[low, high] or 'tuned'."
            )
        if (
            self.kind == "network"
            and not isinstance(self.n, str)
            and max(self.n if isinstance(self.n, tuple) else (self.n,)) > MOST_UNITS
        ):
            raise InputError(f"network: n = {self.n} is more than {MOST_UNITS} units; lower it.")

    def _possible(self) -> bool:
        if isinstance(self.n, tuple):
            return len(self.n) == 2 and all(_whole(each) for each in self.n) and self.n[0] < self.n[1]
        if isinstance(self.n, str):
            return self.n == "tuned"
        return _whole(self.n) or (self.kind == "pca" and not isinstance(self.n, bool) and 0 < self.n < 1)

    @property
    def selects(self) -> bool:
        """Whether the columns that are left are some of those that came."""
        return self.kind in SELECTIONS

    @property
    def tuned(self) -> bool:
        """Whether ``n`` is to be chosen."""
        return isinstance(self.n, tuple | str)

    def span(self, width: int) -> tuple[int, int]:
        """Return between which numbers of columns ``n`` is to be chosen, of ``width`` columns."""
        low, high = self.n if isinstance(self.n, tuple) else (1, width)
        return low, min(high, width)

    def left(self, width: int) -> int:
        """Return how many of ``width`` columns are left, at most."""
        if isinstance(self.n, int):
            return self.n if self.makes_any else min(self.n, width)
        return self.span(width)[1] if self.tuned else width

    @property
    def makes_any(self) -> bool:
        """Whether it makes any number of columns, of however few."""
        return self.kind == "network"

    def refuse_too_many(self, width: int) -> None:
        """Raise `InputError` where more columns are to be left than there are, or all are."""
        if self.makes_any:
            return
        low = self.n if isinstance(self.n, int) else self.span(width)[0] if self.tuned else 0
        if low > width:
            raise InputError(f"{self.kind}: n = {low} of {width} columns; expected at most {width}.")

    def step(
        self,
        width: int,
        *,
        standardise: bool,
        classification: bool | None,
        learners: Mapping[str, Learner] | None = None,
        seed: int = 0,
    ) -> Any:
        """Return the unfitted transformer of ``width`` columns; where ``n`` is to be chosen, at its upper end.

        ``learners`` make those of `LEARNED`, by kind, and the trees that "rfe" goes by, by the rank; ``seed`` is of
        their randomness.
        """
        from fivesigma.features.components import NonNegativeParts, PrincipalComponents
        from fivesigma.features.selection import L1Selection, RecursiveElimination, Univariate

        n: Any = self.span(width)[1] if self.tuned else self.n
        if self.kind in LEARNED:
            return (learners or {})[self.kind](n, classification, seed)
        if self.kind == "pca":
            return PrincipalComponents(n, standardise=standardise)
        if self.kind == "nmf":
            return NonNegativeParts(n)
        if self.kind == "rfe":
            made = (learners or {}).get(self.rank)
            rank = self.rank if made is None else made(n, classification, seed)
            return RecursiveElimination(n, rank, classification=classification)
        if self.kind == "l1":
            return L1Selection(n, classification)
        measure = "f" if self.kind == "f-test" else self.kind
        return Univariate(n, measure, classification)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def steps_of(reduce: Sequence[Mapping[str, Any]]) -> tuple[Reduction, ...]:
    """Return the steps that a study file or a plan names.

    >>> steps_of([{"kind": "pca", "n": [2, 8]}])
    (Reduction(kind='pca', n=(2, 8), rank='linear'),)
    """
    return tuple(
        Reduction(**{**each, "n": tuple(each["n"]) if isinstance(each["n"], list) else each["n"]})
        for each in reduce
    )
