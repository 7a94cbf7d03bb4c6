"""From a table to the rows that a network is trained on: copies counted once, columns and targets of one scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.saved_state import SavedState
from fivesigma.features.scale import Scale, TargetScale
from fivesigma.models.folds import inner_folds
from fivesigma.models.neural.member import Rows
from fivesigma.risk.row_hashes import row_hash
from fivesigma.risk.splits import in_order_of_rows

Array = NDArray[Any]

_GRID = 2.0**30  # of what a unit, or the order of a sum, has rounded nothing is left


@dataclass(frozen=True, eq=False)
class Counted:
    """Different rows and how much each weighs: a row of weight k and k copies of it are one and the same.

    Attributes
    ----------
    X, y : (n, p), or `Pixels` of n events; (n,) or (n, t)
    w : (n,) sums of the weights of equal rows, none of which is 0
    groups : (n,) or None
    """

    X: Any
    y: Array
    w: Array
    groups: Array | None = None

    @classmethod
    def of(cls, X: Any, y: Array, w: Array, groups: Array | None = None) -> Counted:
        """Return the different rows of X, y in the order in which they first come.

        >>> one = Counted.of(np.array([[1.0], [2.0], [1.0]]), np.array([0, 1, 0]), np.ones(3))
        >>> one.X.ravel().tolist(), one.w.tolist()
        ([1.0, 2.0], [2.0, 1.0])
        """
        codes = y if y.dtype.kind in "fiu" else np.unique(y, return_inverse=True)[1]
        beside = [codes] if groups is None else [codes, np.unique(groups, return_inverse=True)[1]]
        keys = row_hash(np.column_stack([_known_by(X), *beside]))
        unit, first = in_order_of_rows(np.unique(keys, return_inverse=True)[1])
        total = np.bincount(unit, weights=w)
        kept = total != 0
        first, total = first[kept], total[kept]
        return cls(X[first], y[first], total, None if groups is None else groups[first])

    def at(self, rows: Array) -> Counted:
        """Return some of the rows."""
        groups = None if self.groups is None else self.groups[rows]
        return Counted(self.X[rows], self.y[rows], self.w[rows], groups)

    def parted(self, share: float, *, classification: bool, seed: int) -> tuple[Counted, Counted | None]:
        """Return nearly all rows, and about a ``share`` of them held out: of each class, groups on one side.

        A class all of whose rows were held out is fitted to instead. None is held out of one group, or where all
        rows have equal columns.
        """
        known_by = _known_by(self.X)
        units = row_hash(known_by) if self.groups is None else np.asarray(self.groups)
        if len(np.unique(units)) < 2:
            return self, None
        held = (
            inner_folds(
                known_by,
                self.y,
                n_folds=max(2, round(1.0 / share)),
                groups=self.groups,
                classification=classification,
                seed=seed,
                each_has_all=False,
            )
            == 0
        )
        if classification:
            held &= np.isin(self.y, self.y[~held])
        return (self.at(~held), self.at(held)) if held.any() else (self, None)


def _known_by(X: Any) -> Array:
    """Return numbers (n, m) that are equal where rows are: those of the table, or of events that know their own."""
    return np.asarray(getattr(X, "identity", X))


@dataclass(frozen=True, eq=False)
class InputScale:
    """Standard scores of the columns, on a grid, in the precision of a training."""

    scale: Scale
    dtype: str

    def rows(self, X: Array) -> Array:
        """Return the inputs (n, p) of a network; `InputError` where one is beyond the precision."""
        with np.errstate(over="ignore", invalid="ignore"):
            scores = np.round(self.scale.scores(X) * _GRID) / _GRID
            rows = scores.astype(self.dtype)
        if not np.isfinite(rows).all():
            raise InputError(
                f"a row lies so far outside that {self.dtype} cannot hold its standardised columns; rescale the "
                "column, or drop what lies far outside."
            )
        return rows

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.part("scale", Scale)
        state.word("dtype", "float32", "float64")


@dataclass(frozen=True, eq=False)
class OutputScale:
    """The scale of each of several targets."""

    each: list[TargetScale]

    @classmethod
    def of(cls, y: Array, w: Array) -> OutputScale:
        """Return the scales of the columns of y (n, t)."""
        return cls([TargetScale.of(column, w) for column in y.T])

    def scores(self, y: Array) -> Array:
        """Return the standard scores (n, t)."""
        return np.column_stack([scale.rounded(column) for scale, column in zip(self.each, y.T, strict=True)])

    def values(self, scores: Array) -> Array:
        """Return the values (..., t) whose scores these are."""
        found = [scale.values(scores[..., j]) for j, scale in enumerate(self.each)]
        return np.stack(found, axis=-1)

    @property
    def deviations(self) -> Array:
        """(t,) what one standard deviation of each target is, 1 of a constant one."""
        return np.array([scale.deviation or 1.0 for scale in self.each])

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.parts("each", TargetScale)


def trained_on(inputs: Any, counted: Counted, targets: Array, mean_weight: float) -> Rows:
    """Return ``counted`` rows as a training takes them, with ``targets`` (n, t) and weights of mean 1."""
    X = inputs.rows(counted.X)
    return Rows(X, targets.astype(inputs.dtype), (counted.w / mean_weight).astype(inputs.dtype))
