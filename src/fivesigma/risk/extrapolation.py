"""How far events lie beyond the range of the training events, and what an error must be there at least.

Of events beyond every one that was fitted to nothing has been measured. What can be said is how far a relation may have
gone on from the edge: ``d_j`` is the distance beyond the range of column j in its standard deviations, and a straight
relation with uncorrelated columns, whatever it is, changes the target by no more than
``|Σ_j b_j s_j d_j| <= s_y sqrt(Σ_j d_j²)``, by Cauchy and Schwarz, as ``Σ_j b_j² s_j² <= s_y²``. So an interval is
moved outward by that much at either end. A curve may be steeper still: the events are
marked, and no coverage is promised.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROUNDING = 1e-6
"""In standard deviations: what is no further beyond is at the edge, as float32 has it."""
UNSEEN = 1.0
"""The distance of what no training event was like, and has no size: a missing value, another constant."""


@dataclass(frozen=True, eq=False)
class TrainingRange:
    """The range of each column of the training events.

    Attributes
    ----------
    names : the columns.
    low, high : (p,) the least and the greatest value; -inf and inf of a column that has no order, such as text.
    spread : (p,) standard deviation.
    gaps : (p,) whether values were missing.

    Examples
    --------
    >>> X = np.array([[0.0, 1.0], [2.0, 1.0]])
    >>> seen = TrainingRange.of(X.T, ("x", "run"))
    >>> seen.beyond(np.array([[1.0, 1.0], [5.0, 1.0], [-1.0, 2.0], [np.nan, 1.0]])).tolist()
    [[0.0, 0.0], [3.0, 0.0], [1.0, 1.0], [1.0, 0.0]]
    """

    names: tuple[str, ...]
    low: Floats
    high: Floats
    spread: Floats
    gaps: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        columns: Iterable[Floats],
        names: Sequence[str],
        w: Floats | None = None,
        *,
        unordered: Collection[str] = (),
    ) -> Self:
        """Return the range of the ``columns``, (n,) each, of the training events; those of no weight are none.

        ``unordered`` are the columns whose numbers are names, or angles.
        """
        each = [_moments(np.asarray(column, dtype=np.float64), w) for column in columns]
        low, high, spread, gaps = (np.array(found) for found in zip(*each, strict=True))
        free = np.array([name in unordered for name in names])
        return cls(tuple(names), np.where(free, -np.inf, low), np.where(free, np.inf, high), spread, gaps > 0)

    def within(self, names: Sequence[str]) -> Self:
        """Return the range of some of the columns, in the order of ``names``."""
        at = [self.names.index(name) for name in names]
        return type(self)(tuple(names), self.low[at], self.high[at], self.spread[at], self.gaps[at])

    def beyond(self, X: Floats, upto: Floats | None = None) -> Floats:
        """Return how far (n, p) events X (n, p) lie beyond, in standard deviations; 0 within.

        Where a column holds several values of an event, X has the least and ``upto`` the greatest.
        """
        most = X if upto is None else upto
        with np.errstate(invalid="ignore", divide="ignore"):
            far = np.maximum(np.maximum(self.low - X, most - self.high), 0.0) / self.spread
        far = np.where(np.isnan(X), np.where(self.gaps, 0.0, UNSEEN), np.nan_to_num(far, posinf=UNSEEN))
        return np.where(far > ROUNDING, far, 0.0)

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON's own types."""
        return {
            "names": list(self.names),
            "low": [_number(each) for each in self.low],
            "high": [_number(each) for each in self.high],
            "spread": self.spread.tolist(),
            "gaps": self.gaps.tolist(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return what `to_document` wrote.

        >>> one = TrainingRange.of([np.array([0.0, 2.0])], ["x"])
        >>> TrainingRange.from_document(one.to_document()).high
        array([2.])
        """
        low = np.array([-np.inf if each is None else each for each in document["low"]], dtype=np.float64)
        high = np.array([np.inf if each is None else each for each in document["high"]], dtype=np.float64)
        spread, gaps = np.array(document["spread"], dtype=np.float64), np.array(document["gaps"], dtype=bool)
        return cls(tuple(document["names"]), low, high, spread, gaps)


def _moments(column: Floats, w: Floats | None) -> tuple[float, float, float, float]:
    """Return least and greatest value, standard deviation, and the number of gaps."""
    there = ~np.isnan(column) if w is None else ~np.isnan(column) & (w != 0)
    n_gaps = float(len(column) if w is None else np.count_nonzero(w)) - float(there.sum())
    values, weight = column[there], None if w is None else np.abs(w[there])
    if not len(values):
        return -np.inf, np.inf, 0.0, n_gaps
    low, high = float(values.min()), float(values.max())
    off = (values - low) / (high - low) if high > low else np.zeros(len(values))
    middle = np.average(off, weights=weight)
    return low, high, (high - low) * float(np.average((off - middle) ** 2, weights=weight)) ** 0.5, n_gaps


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def distance(beyond: Floats) -> Floats:
    """Return the distance (n,) of events from the training range, of those in each column (n, p): ``sqrt(Σ_j d_j²)``.

    >>> distance(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [5.0, 0.0]
    """
    return np.asarray(np.sqrt(np.sum(beyond**2, axis=1)))


def moved_out(ends: Floats, far: Floats, spread: float) -> Floats:
    """Return intervals (n, 2) with both ends moved outward by ``far`` (n,) times the ``spread`` of the target.

    >>> moved_out(np.array([[1.0, 2.0], [1.0, 2.0]]), np.array([0.0, 3.0]), 10.0).tolist()
    [[1.0, 2.0], [-29.0, 32.0]]
    """
    return np.asarray(ends + np.multiply.outer(far * spread, [-1.0, 1.0]))


def moved_to_ignorance(ends: Floats, far: Floats) -> Floats:
    """Return bands (n, 2) of a probability with the part ``1 - exp(-far)`` of the way to 0 and to 1 gone.

    >>> moved_to_ignorance(np.array([[0.4, 0.6]]), np.array([50.0])).tolist()
    [[0.0, 1.0]]
    """
    part = -np.expm1(-far)
    low, high = ends.T
    return np.column_stack([low * (1 - part), high + (1 - high) * part])
