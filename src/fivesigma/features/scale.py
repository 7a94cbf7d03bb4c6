"""Where numbers lie and how far they spread, found so that their unit has no say in a single digit.

A column ``a x + b`` gives the scores of ``x``: bit by bit where ``a`` is a power of two and nothing is rounded by
``b``, to a few units in the last place otherwise, for any ``a`` and ``b`` that float64 can hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.saved_state import TINY, SavedState

Floats = NDArray[np.float64]

_LARGEST = 1000  # exponent of a power of two that may multiply any float64 in one step
_ROWS = 2**14
_GRID, _FINEST, _FAR = 2.0**36, 45, 1e300


@dataclass(frozen=True, eq=False)
class Scale:
    """Standard scores ``((x / unit - origin) / width - mean) / spread`` of the columns of one table.

    ``unit`` and ``width`` are powers of two, so that dividing by them rounds nothing and squares stay in range, and
    the origin is a value of the column, so that an offset is gone before anything is summed.

    Attributes
    ----------
    unit, origin, width, mean, spread : (p,); ``spread`` is 0 for a column without any
    """

    unit: Floats
    origin: Floats
    width: Floats
    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, table: Floats, w: Floats | None = None) -> Self:
        """Return the scale of ``table`` (n, p), NaN left out, with weights ``w`` (n,) of which none is 0.

        >>> Scale.of(np.array([[1e200], [3e200]])).scores(np.array([[2e200], [3e200]])).ravel()
        array([0., 1.])
        """
        lowest, highest = table.min(axis=0), table.max(axis=0)
        gappy = bool(np.isnan(lowest).any())
        if gappy:
            lowest, highest = (ends.reduce(table, axis=0) for ends in (np.fmin, np.fmax))
            lowest, highest = (np.where(np.isnan(each), 0.0, each) for each in (lowest, highest))
        unit = _power(np.maximum(np.abs(lowest), np.abs(highest)))
        origin = lowest / unit
        width = _power(highest / unit - origin)
        share = np.full(len(table), 1.0 / len(table)) if w is None else w / w.sum()
        places = cls(unit, origin, width, np.zeros(len(unit)), np.ones(len(unit)))
        mean, variance = _moments(table, places, share, gappy=gappy)
        return replace(places, mean=mean, spread=np.where(highest > lowest, np.sqrt(variance), 0.0))

    @classmethod
    def told(cls, mean: Floats, deviation: Floats) -> Self:
        """Return the scale of which mean and deviation (p,) are known, as of a model that keeps no more."""
        ones = np.ones(len(mean))
        return cls(ones, np.zeros(len(mean)), ones, np.asarray(mean), np.asarray(deviation))

    def scores(self, table: Floats) -> Floats:
        """Return the standard scores (n, p); 0 in a column whose fitted values were all equal, NaN for NaN."""
        scores = np.empty(np.shape(table))
        flat = self.spread == 0
        spread = np.where(flat, 1.0, self.spread)
        for some in _blocks(len(table)):
            placed = self._placed(table[some], scores[some])
            placed -= self.mean
            if flat.any():
                placed[:, flat] *= 0.0
            placed /= spread
        return scores

    def _placed(self, table: Floats, out: Floats) -> Floats:
        """Set ``out`` to where the values of ``table`` (n, p) lie in the width: what rounds is the origin alone."""
        np.multiply(table, 1.0 / self.unit, out=out)  # powers of two, as the width is
        out -= self.origin
        out *= 1.0 / self.width
        return out

    def values(self, scores: Floats) -> Floats:
        """Return the values whose `scores` these are: (n, p)."""
        placed = (scores * self.spread + self.mean) * self.width
        return np.asarray((placed + self.origin) * self.unit)

    def together(self) -> Self:
        """Return the scale that divides all columns by one number, the root of their mean variance."""
        deviation = self.deviation
        largest = float(deviation.max(initial=0.0)) or 1.0
        common = largest * float(np.sqrt(np.mean((deviation / largest) ** 2))) or 1.0
        with np.errstate(over="ignore"):
            return replace(self, spread=np.minimum(common / self.width / self.unit, _FAR))

    @property
    def units(self) -> Floats:
        """(p,) what the columns are divided by: their deviation, 1 for a constant one."""
        return np.where(self.spread > 0, self.deviation, 1.0)

    @property
    def centre(self) -> Floats:
        """(p,) weighted mean of each column."""
        return np.asarray((self.mean * self.width + self.origin) * self.unit)

    @property
    def deviation(self) -> Floats:
        """(p,) standard deviation of each column, 0 for a constant one."""
        return np.asarray(self.spread * self.width * self.unit)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = len(state.floats("unit", (None,), low=TINY))
        state.floats("width", (p,), low=TINY)
        state.floats("spread", (p,), low=0.0)
        for name in ("origin", "mean"):
            state.floats(name, (p,))


def _power(size: Floats) -> Floats:
    """Return the power of two at or above ``size`` (p,), 1 for 0."""
    exponent = np.clip(np.frexp(size)[1], -_LARGEST, _LARGEST)
    return np.where(size > 0, np.ldexp(1.0, exponent), 1.0)


def _blocks(n: int) -> Iterator[slice]:
    """Yield the rows of a table, so few at a time that a cache holds what is worked out on the way."""
    for begin in range(0, n, _ROWS):
        yield slice(begin, begin + _ROWS)


def _moments(table: Floats, places: Scale, share: Floats, *, gappy: bool) -> tuple[Floats, Floats]:
    """Return weighted mean and variance (p,) of the places of columns in [0, 1], NaN left out, in two passes."""
    room = np.empty((min(_ROWS, len(table)), table.shape[1]))
    total = np.zeros(table.shape[1]) if gappy else np.ones(table.shape[1])
    mean, variance = np.zeros(table.shape[1]), np.zeros(table.shape[1])
    for some in _blocks(len(table)):
        placed = places._placed(table[some], room[: len(table[some])])
        if gappy:
            gaps = np.isnan(placed)
            placed[gaps] = 0.0
            total += share[some] @ ~gaps
        mean += share[some] @ placed
    mean /= np.maximum(total, np.finfo(float).tiny)
    for some in _blocks(len(table)):
        deviation = places._placed(table[some], room[: len(table[some])])
        deviation -= mean
        if gappy:
            deviation[np.isnan(deviation)] = 0.0
        variance += share[some] @ np.square(deviation, out=deviation)
    return mean, variance / np.maximum(total, np.finfo(float).tiny)


@dataclass(frozen=True, eq=False)
class TargetScale:
    """The scale of one target, in plain numbers: what a fit divides by and a prediction multiplies with."""

    scale: Scale

    @classmethod
    def of(cls, y: Floats, w: Floats | None = None) -> Self:
        """Return the scale of ``y`` (n,), with weights (n,); of a constant target the deviation counts as 1.

        >>> target = TargetScale.of(np.array([10.0, 20.0, 30.0, 20.0]))
        >>> target.values(target.scores(np.array([30.0])))
        array([30.])
        """
        kept = None if w is None else w > 0
        if kept is not None and not kept.all():
            y, w = y[kept], w[kept] if w is not None else None
        return cls(Scale.of(y[:, None], w))

    def scores(self, y: Floats) -> Floats:
        """Return the standard scores (n,) of ``y``."""
        return np.asarray(self.scale.scores(y[:, None])[:, 0])

    def rounded(self, y: Floats) -> Floats:
        """Return the standard scores (n,) on a grid of 2⁻³⁶: of what a unit has rounded nothing is left."""
        return np.asarray(np.round(self.scores(y) * _GRID) / _GRID)

    def places(self, y: Floats) -> Floats:
        """Return where the targets (n,) lie above the least one, in a power of two that spans them: in [0, 1].

        On a grid so coarse that any sum over them is exact: cuts that divide the same rows gain alike to the last
        bit in every unit, and no rounding decides which of them a tree takes. Targets of 12 digits stay as they are.
        """
        scale = self.scale
        grid = 2.0 ** min(_FINEST, 53 - len(y).bit_length())
        placed = (y / scale.unit[0] - scale.origin[0]) / scale.width[0]
        return np.asarray(np.round(placed * grid) / grid)

    def at(self, places: Floats) -> Floats:
        """Return the targets that lie at these `places`, in any shape."""
        scale = self.scale
        return np.asarray((places * scale.width[0] + scale.origin[0]) * scale.unit[0])

    def values(self, scores: Floats) -> Floats:
        """Return the targets whose `scores` these are, in any shape."""
        return np.asarray(self.scale.values(np.asarray(scores)[..., None])[..., 0])

    @property
    def mean(self) -> float:
        """Weighted mean of the target."""
        return float(self.scale.centre[0])

    @property
    def deviation(self) -> float:
        """Standard deviation of the target, 0 where it is constant."""
        return float(self.scale.deviation[0])

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        scale = state.part("scale", Scale)
        state.expect(np.shape(scale.unit) == (1,), "scale", "the scale of one target")


def refuse_other_scale(state: SavedState, p: int) -> None:
    """Refuse a loaded ``_scale`` that is not one of ``p`` columns; a model of version 0.1.0 has none."""
    if state.has("_scale"):
        scale = state.part("_scale", Scale)
        state.expect(np.shape(scale.unit) == (p,), "_scale", f"the scale of {p} columns")
