"""Conformal intervals: laws or values moved outward until other events of the same kind were held at the level.

Units (groups, or single events) are exchangeable, not the events in them; a new event comes from a new unit. The
scores of a unit share its weight, so that an event of weight k is k events of its unit: hierarchical conformal
prediction, Lee, Barber & Willett (2023), arXiv:2306.06342, after Dunn, Wasserman & Ramdas (2023),
doi:10.1080/01621459.2022.2060112.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.later import special
from fivesigma._core.weights import kish
from fivesigma.risk.predictive import KNOTS, LEVELS, QuantileLaw
from fivesigma.risk.quantiles import quantiles

Floats = NDArray[np.float64]

STATED = (1 - 2 * float(LEVELS[4]), 0.95)
"""Levels of the intervals that are given: a Gaussian's ±1σ, and 95 %."""
DENSE = (
    *(0.5, 0.6, 0.68, STATED[0], 0.75, 0.8, 0.85, 0.9, 0.95, 0.9545, 0.97, 0.98, 0.99, 0.995, 0.9973, 0.999),
)
"""Levels close enough for the reach at any between them to be read off a straight line in the normal's quantile."""
NARROWEST = 0.1
"""Widths below this part of the median width count as it: residuals in units of almost nothing say nothing."""


def units_of(w: Floats, groups: NDArray[Any] | None = None) -> float:
    """Return Kish's number of units: of groups, of events where there are none.

    >>> units_of(np.ones(6), np.array([0, 0, 1, 1, 2, 2])), units_of(np.ones(6))
    (3.0, 6.0)
    """
    if groups is None:
        return kish(w)
    return kish(np.asarray(np.bincount(np.unique(groups, return_inverse=True)[1], w), dtype=np.float64))


def refusal(units: float, level: float, *, grouped: bool = False) -> str:
    """Return why so many calibrating units support no interval at ``level``, "" where they do.

    Events must be ``level / (1 - level)``, so that the rank that is asked for is one of theirs; groups one more.

    >>> refusal(12.0, 0.95, grouped=True)
    '12 groups that were not fitted to cannot support level 0.95; expected at least 20: give more, or a lower level.'
    >>> refusal(19.0, 0.95)
    ''
    """
    least = (1.0 if grouped else level) / (1 - level)
    if units >= least * (1 - 1e-9):
        return ""
    noun = "groups" if grouped else "events"
    return (
        f"{units:.0f} {noun} that were not fitted to cannot support level {level:.4g}; expected at least "
        f"{np.ceil(least * (1 - 1e-9)):.0f}: give more, or a lower level."
    )


def reach(scores: Floats, w: Floats, level: float, *, groups: NDArray[Any] | None = None) -> float:
    """Return the score below which ``level (K + 1) / K`` of the weight lies, of K effective units.

    Of n events of equal weight it is the ⌈(n + 1) level⌉-th smallest, Lei et al. (2018).

    Raises
    ------
    InputError
        With too few units (`refusal`).

    >>> reach(np.arange(1.0, 100.0), np.ones(99), 0.9)
    90.0
    >>> reach(np.arange(1.0, 100.0), np.ones(99), 0.9, groups=np.arange(99) // 3)
    92.0
    """
    K = units_of(w, groups)
    if why := refusal(K, level, grouped=groups is not None):
        raise InputError(why)
    order = np.argsort(scores, kind="stable")
    at = np.searchsorted(np.cumsum(w[order]) / w.sum(), level * (K + 1) / K - 1e-12)
    return float(scores[order][min(int(at), len(scores) - 1)])


@dataclass(frozen=True)
class ConformalIntervals:
    """Central intervals of a law, each end moved outward by ``reach`` × half the central 68 % interval.

    Romano, Patterson & Candès (2019), arXiv:1905.03222, eq. 8, in units of the law's own width.

    Attributes
    ----------
    levels : (L,) of the intervals
    reaches : (L,) in units of that half width, below 0 where the law is too wide; None where there is no interval
    floor : the least half width, in the unit of the target; 1 where all predictions are values
    units : effective calibrating units, groups or events

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> narrow, y = QuantileLaw.gaussian(np.zeros(4000), 0.5), rng.normal(size=4000)
    >>> found = ConformalIntervals.calibrated(narrow, y, np.ones(4000))
    >>> [round(width, 1) for width in np.diff(found.of(narrow)[0])[:, 0].tolist()]
    [2.0, 3.9]
    """

    levels: tuple[float, ...]
    reaches: tuple[float | None, ...]
    floor: float
    units: float

    @classmethod
    def calibrated(
        cls,
        law: QuantileLaw,
        y: Floats,
        w: Floats,
        groups: NDArray[Any] | None = None,
        levels: Sequence[float] = STATED,
    ) -> ConformalIntervals:
        """Return the intervals that held ``y`` (n,), with weights ``w``, of models which have not seen these events."""
        units = units_of(w, groups)
        some = cls(tuple(levels), (None,) * len(levels), _floor(law, w), units)
        reaches = [
            None
            if refusal(units, level, grouped=groups is not None)
            else reach(some.scores(law, y, level), w, level, groups=groups)
            for level in levels
        ]
        return cls(some.levels, tuple(reaches), some.floor, units)

    @classmethod
    def of_law(cls, levels: Sequence[float] = STATED) -> ConformalIntervals:
        """Return the law's own intervals."""
        return cls(tuple(levels), (0.0,) * len(levels), 1.0, 0.0)

    def scores(self, law: QuantileLaw, y: Floats, level: float) -> Floats:
        """Return how far (n,) each ``y`` lies beyond its interval, in half widths; below 0 within."""
        low, high = law.interval(level)
        return np.asarray(np.maximum(low - y, y - high) / self._scale(law))

    def of(self, law: QuantileLaw) -> Floats:
        """Return the ends (n, L, 2) of the intervals; NaN where there is none. None turns inside out."""
        scale = self._scale(law)
        ends = np.full((len(law.quantiles), len(self.levels), 2), np.nan)
        for each, (level, out) in enumerate(zip(self.levels, self.reaches, strict=True)):
            if out is not None:
                low, high = law.interval(level)
                middle = (low + high) / 2
                ends[:, each, 0] = np.minimum(low - out * scale, middle)
                ends[:, each, 1] = np.maximum(high + out * scale, middle)
        return ends

    def reach_at(self, level: float) -> float | None:
        """Return the reach at a level between the least and the greatest that has one, None outside of them.

        Straight between two neighbours in the quantile of a normal.

        >>> found = ConformalIntervals((0.5, 0.6827, 0.95), (0.0, 0.1, None), 1.0, 12.0)
        >>> found.reach_at(0.6827), round(found.reach_at(0.6), 3), found.reach_at(0.9)
        (0.1, 0.051, None)
        """
        z = np.asarray(special.ndtri((1 + np.array([*self.levels, level])) / 2), dtype=np.float64)
        near = np.flatnonzero(np.abs(z[:-1] - z[-1]) < 1e-9)
        if len(near):
            return self.reaches[int(near[0])]
        above = int(np.searchsorted(z[:-1], z[-1]))
        ends = self.reaches[max(above - 1, 0) : above + 1]
        if len(ends) < 2 or above == 0 or None in ends:
            return None
        return float(np.interp(z[-1], z[above - 1 : above + 1], np.array(ends, dtype=np.float64)))

    def at(self, law: QuantileLaw, level: float) -> Floats:
        """Return the ends (n, 2) of the intervals at any level that has some; NaN at one that has none."""
        return self.__class__((level,), (self.reach_at(level),), self.floor, self.units).of(law)[:, 0]

    def _scale(self, law: QuantileLaw) -> Floats:
        return np.maximum(_half(law), self.floor)

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON's own types."""
        return {
            "levels": list(self.levels),
            "reaches": list(self.reaches),
            "floor": self.floor,
            "units": self.units,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> ConformalIntervals:
        """Return what `to_document` wrote.

        >>> one = ConformalIntervals.of_law()
        >>> ConformalIntervals.from_document(one.to_document()) == one
        True
        """
        levels, reaches = (tuple(document[name]) for name in ("levels", "reaches"))
        return cls(levels, reaches, float(document["floor"]), float(document["units"]))


def values_as_law(values: Floats) -> QuantileLaw:
    """Return values (n,) as laws without a width."""
    return QuantileLaw(np.repeat(values[:, None], KNOTS.size, axis=1))


def _half(law: QuantileLaw) -> Floats:
    low, high = law.interval(STATED[0])
    return np.asarray((high - low) / 2)


def _floor(law: QuantileLaw, w: Floats) -> float:
    """Return the least width that counts: a part of the median, or the least above 0; 1 where all are 0."""
    half = _half(law)
    middle = float(quantiles(half, [0.5], w)[0])
    if middle > 0:
        return NARROWEST * middle
    return float(half[half > 0].min()) if (half > 0).any() else 1.0
