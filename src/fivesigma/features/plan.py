"""What a study says of its features, and the pipeline steps that follow from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from fivesigma._core.errors import InputError, one_of
from fivesigma.features.members import Members
from fivesigma.features.reduction import Learner, Reduction

_Step = tuple[str, bool, Callable[[], Any]]
"""A step that may be wanted: its name, whether it is, and what makes it."""

MISSING = ("native", "impute", "drop")


@dataclass(frozen=True)
class FeaturePlan:
    """The columns a model gets and what is made of them.

    Parameters
    ----------
    names : the columns of ``X``, in order
    categories : labels of codes 0, 1, ... for each column of category codes, by name
    missing : "native" (kept where the model can, else as "impute"), "impute" (median of the fitted rows and
        an
        indicator column) or "drop" (the caller has dropped the rows; a NaN met later is then an error)
    interactions : 2 for the products of pairs of numeric columns
    polynomial : highest power of each numeric column
    standardise : True, False, or None for "where the model wants it"
    reductions : steps that leave fewer columns, in order
    classification : whether the target has classes, which selections ask; None: as it looks
    learners : what makes the steps that networks learn, by their kind, and the trees that "rfe" goes by, as "forest"
    angles : half the period of each column that is an angle, by name; the model sees its sine and cosine
    symmetries : of the events, by their names in `fivesigma.features.symmetries`, for models that know what to do
    members : where the features of the members of a set stand, for the same
    kind : what an event is; of others than a "table" nothing is made: the model takes them as they are

    Raises
    ------
    InputError
        For an unknown policy or an order that is not in this version.

    Examples
    --------
    >>> FeaturePlan(("a", "b"), interactions=2, polynomial=3).width
    7
    """

    names: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: str = "native"
    interactions: int | None = None
    polynomial: int | None = None
    standardise: bool | None = None
    reductions: tuple[Reduction, ...] = ()
    classification: bool | None = None
    kind: str = "table"
    angles: Mapping[str, float] = field(default_factory=dict)
    learners: Mapping[str, Learner] = field(default_factory=dict)
    symmetries: tuple[str, ...] = ()
    members: Members = field(default_factory=Members)

    def __post_init__(self) -> None:
        self._refuse_steps()
        one_of(self.missing, MISSING, "missing-value policy")
        if self.interactions not in (None, 1, 2):
            raise InputError(
                f"interactions = {self.interactions!r} is not in this version; expected 2 (pairs)."
            )
        kinds = [each.kind for each in self.reductions]
        if twice := sorted({kind for kind in kinds if kinds.count(kind) > 1}):
            raise InputError(f"reduce has {twice[0]!r} twice; keep one of the two steps.")
        if self.polynomial is not None and not 1 <= self.polynomial <= 20:
            raise InputError(
                f"polynomial = {self.polynomial!r} is out of range; expected a degree from 1 to 20."
            )

    def _refuse_steps(self) -> None:
        """Refuse what is made of columns where there are none."""
        made = {
            "missing = 'impute'": self.missing == "impute",
            "interactions": self.interactions == 2,
            "polynomial": (self.polynomial or 1) > 1,
            "reduce": bool(self.reductions),
        }
        if self.kind != "table" and (asked := [name for name, is_asked in made.items() if is_asked]):
            raise InputError(
                f"{asked[0]} is of the columns of a table, and an event is of kind '{self.kind}'; remove it."
            )

    @property
    def coded(self) -> dict[int, tuple[str, ...]]:
        """Column number -> labels, for the columns of category codes."""
        return {
            j: tuple(self.categories[name]) for j, name in enumerate(self.names) if name in self.categories
        }

    @property
    def halves(self) -> dict[int, float]:
        """Column number -> half the period, for the columns that are angles."""
        return {j: self.angles[name] for j, name in enumerate(self.names) if name in self.angles}

    @property
    def numeric(self) -> tuple[int, ...]:
        """Numbers of the columns that hold numbers, the cosines of angles behind all others."""
        behind = range(len(self.names), len(self.names) + len(self.halves))
        return (*(j for j, name in enumerate(self.names) if name not in self.categories), *behind)

    @property
    def width(self) -> int:
        """Columns the model sees at most, without indicators: what a cost law asks for."""
        width = self.made
        for each in self.reductions:
            width = each.left(width)
        return width

    @property
    def made(self) -> int:
        """Columns there are before any reduction, without indicators."""
        q = len(self.numeric)
        pairs = q * (q - 1) // 2 if self.interactions == 2 else 0
        return q + pairs + q * ((self.polynomial or 1) - 1) + sum(len(v) for v in self.coded.values())

    @property
    def tuned(self) -> dict[str, tuple[int, int]]:
        """Between which ends the number of columns that a step leaves is to be chosen, by kind of step."""
        found: dict[str, tuple[int, int]] = {}
        width = self.made
        for each in self.reductions:
            if each.tuned:
                found[each.kind] = each.span(width)
            width = each.left(width)
        return found

    def refuse_too_many(self) -> None:
        """Raise `InputError` where a step is to leave more columns than come to it."""
        width = self.made
        for each in self.reductions:
            each.refuse_too_many(width)
            width = each.left(width)

    def steps(
        self, *, native: bool, standardise: bool, ranks: bool = False, seed: int = 0
    ) -> list[tuple[str, Any]]:
        """Return the pipeline steps before the model.

        ``native`` says that the model takes NaN, ``standardise`` that it wants columns of one scale, ``ranks`` that
        their order is all that it looks at, ``seed`` is of what steps draw.
        Sines and cosines of angles, impute, then products and powers of the numeric columns, then one-hot, then
        reductions (which take no
        gaps), then the z-score, or the ranks.
        """
        from fivesigma.features.angles import SineCosine
        from fivesigma.features.impute import MedianImputer
        from fivesigma.features.onehot import OneHot
        from fivesigma.features.products import Products
        from fivesigma.features.ranks import RankCodes
        from fivesigma.features.standard import StandardScores

        if self.kind != "table":
            return []
        numeric, native = list(self.numeric), native and not self.reductions
        filled = self.missing == "impute" or (self.missing == "native" and not native)
        multiplied = self.interactions == 2 or (self.polynomial or 1) > 1
        products = partial(Products, self.interactions or 1, self.polynomial or 1, columns=numeric)
        before: list[_Step] = [
            ("angles", bool(self.halves), partial(SineCosine, self.halves)),
            ("impute", bool(numeric) and filled, partial(MedianImputer, columns=numeric)),
            ("products", multiplied, products),
            ("onehot", bool(self.coded), partial(OneHot, self.coded)),
        ]
        scaled = standardise if self.standardise is None else self.standardise
        after: list[_Step] = [("standardise", scaled, StandardScores), ("ranks", ranks, RankCodes)]
        return [*_wanted(before), *self._reducing(seed), *_wanted(after)]

    def _reducing(self, seed: int) -> list[tuple[str, Any]]:
        """Return the steps that leave fewer columns, each named by its kind."""
        steps, width = [], self.made
        for each in self.reductions:
            made = each.step(
                width,
                standardise=self.standardise is not False,
                classification=self.classification,
                learners=self.learners,
                seed=seed,
            )
            steps.append((each.kind, made))
            width = each.left(width)
        return steps


def _wanted(steps: Sequence[_Step]) -> list[tuple[str, Any]]:
    """Return the steps that are wanted, made."""
    return [(name, make()) for name, wanted, make in steps if wanted]
