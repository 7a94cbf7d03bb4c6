"""Metrics of a selection: what is left of signal and background above a cut on the signal's probability."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.outputs import Output
from fivesigma.risk.classification import probabilities
from fivesigma.risk.counted import rising
from fivesigma.risk.metric import Floats, Moments, Unit, ratio

SERIES_BELOW = 0.02  # there the closed forms of h and g lose digits, and ten terms of their series do not
H_SERIES = [(-1.0) ** k / (k * (k - 1)) for k in range(10, 1, -1)]
G_SERIES = [(-1.0) ** k / k for k in range(10, 1, -1)]
MINIMUM_BACKGROUND = 10.0  # effective background events a chosen cut must leave: fewer fit a fluctuation
_LOST = 1e-14  # of terms that are taken from each other, many times what rounding loses
NODES, NODE_WEIGHTS = (0.5 * (np.polynomial.legendre.leggauss(16)[i] + (1 - i)) for i in (0, 1))


def _h(x: Floats) -> Floats:
    """``h(x) = (1 + x) log(1 + x) - x``, to rounding for any x >= 0."""
    return np.where(x < SERIES_BELOW, x * x * np.polyval(H_SERIES, x), (1 + x) * np.log1p(x) - x)


def _g(x: Floats) -> Floats:
    """``g(x) = x - log(1 + x)``, to rounding for any x >= 0."""
    return np.where(x < SERIES_BELOW, x * x * np.polyval(G_SERIES, x), x - np.log1p(x))


def asimov_significance(s: Any, b: Any, sigma: Any = 0.0) -> Floats:
    """Return the median discovery significance of ``s`` on ``b`` events, b known to ``sigma`` (absolute).

    ``Z² = 2 b [h(s/b) - q h(s/(q b))]`` with ``h(x) = (1 + x) log(1 + x) - x``, ``q = 1 + b/sigma²``:
    eq. 20 of Cowan (2012, "Discovery sensitivity for a counting experiment with background uncertainty")
    rearranged so that nothing cancels; without an error ``Z² = 2 b h(s/b)`` (Cowan et al., arXiv:1007.1727,
    eq. 97). For q near 1 the bracket is computed as ``∫_1^q g(s/(t b)) dt``, ``g(x) = x - log(1 + x)``.

    Parameters
    ----------
    s, b, sigma : (...) yields and the error on b, in events

    Returns
    -------
    (...) significance in sigma: 0 for s <= 0, NaN for b <= 0.

    >>> asimov_significance(10, 100).round(6)
    np.float64(0.983992)
    >>> asimov_significance([50, 5], [100, 1], [10, 0.3]).round(5)
    array([3.17297, 3.11027])
    """
    s, b, sigma = np.broadcast_arrays(*(np.asarray(each, dtype=np.float64) for each in (s, b, sigma)))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        x = np.where(b > 0, np.maximum(s, 0) / b, np.nan)
        r = np.where(sigma > 0, b / sigma**2, np.inf)
        bracket, known, near = np.array(_h(x)), np.isfinite(r), r < 0.5
        away = r[known]
        bracket[known] -= (1 + away) * _h(x[known] / (1 + away))
        bracket[near] = _integral(x[near], r[near])
        Z: Floats = np.sqrt(2 * b * bracket)
    return Z


def _integral(x: Floats, r: Floats) -> Floats:
    """Return ``∫_1^(1+r) g(x/t) dt`` by Gauss-Legendre, one node a row."""
    nodes, weights = (each.reshape(-1, *(1,) * x.ndim) for each in (NODES, NODE_WEIGHTS))
    return np.asarray(r * (weights * _g(x / (1 + r * nodes))).sum(axis=0))


@dataclass(frozen=True)
class Selected:
    """Rows in falling order of the signal's score, and what is left above each distinct score."""

    threshold: Floats
    s: Floats
    b: Floats
    b_squared: Floats

    @classmethod
    def of(cls, y: NDArray[Any], score: Floats, w: Floats) -> Selected:
        """Σw of signal and background, and Σw² of background, with ``score >= threshold``."""
        order = rising(-score)
        last = np.flatnonzero(np.diff(score[order], append=-np.inf))
        signal, background = np.where(y == 1, w, 0.0)[order], np.where(y == 0, w, 0.0)[order]
        b, squared = np.cumsum(background)[last], background**2
        b_squared = b if np.array_equal(squared, background) else np.cumsum(squared)[last]
        return cls(score[order][last], np.cumsum(signal)[last], b, b_squared)


class Selection(Moments):
    """A metric of two classes at a cut, by default one chosen on the scored rows themselves (optimistic)."""

    scores = Output.PROBABILITY
    unit = Unit.NONE
    greater_is_better = True
    binary_only = True

    @abstractmethod
    def chosen(self, rows: Selected, scale: float) -> float:
        """Return the threshold to use, NaN where there is none."""

    def cut(
        self, y: NDArray[Any], prediction: NDArray[Any], w: NDArray[Any] | None = None, *, scale: float = 1.0
    ) -> float | None:
        """Return the threshold chosen on these rows (out-of-fold ones): a row passes at it or above it."""
        return self.chosen(self.selected(y, prediction, w), scale)

    def selected(self, y: NDArray[Any], prediction: NDArray[Any], w: NDArray[Any] | None = None) -> Selected:
        """Return the rows in falling order of the score, which is the same for every metric that chooses a cut."""
        truth, predicted, weight = self.weighed(y, prediction, w)
        return Selected.of(truth, self._score(truth, predicted), weight)

    def with_resamples(
        self,
        y: NDArray[Any],
        prediction: NDArray[Any],
        w: NDArray[Any] | None,
        counts: NDArray[Any],
        *,
        cut: float | None = None,
        scale: float = 1.0,
    ) -> tuple[float, Floats]:
        """See `Metric.with_resamples`; the cut is the same for every resample."""
        threshold = self.cut(y, prediction, w, scale=scale) if cut is None else cut
        return super().with_resamples(y, prediction, w, counts, cut=threshold, scale=scale)

    def terms(self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None) -> Floats:
        """Columns: signal that passes, background that passes, background."""
        threshold = np.nan if cut is None else cut
        score = self._score(y, prediction)
        passes = np.full(y.size, np.nan) if np.isnan(threshold) else np.where(score >= threshold, 1.0, 0.0)
        return np.column_stack([passes * (y == 1), passes * (y == 0), y == 0])

    def _score(self, y: NDArray[Any], prediction: Floats) -> Floats:
        if probabilities(y, prediction).shape[1] != 2:
            raise InputError(
                f"{self.name} needs two classes, the last one the signal, and got {prediction.shape[1]}; "
                "name the two with 'classes'."
            )
        return np.asarray(prediction[:, 1])


@dataclass(frozen=True)
class Rejection(Selection):
    """Background rejection ``1/ε_B`` at the cut that keeps the fraction ``efficiency`` of the signal.

    The cut is the highest score that keeps at least that fraction of the rows it is chosen on. Undefined
    where no background passes: the rejection is then only known to be large.

    >>> p = np.array([0.9, 0.6, 0.7, 0.2, 0.1, 0.3])
    >>> y = np.array([1, 1, 0, 0, 0, 0])
    >>> Rejection("rejection_50", 0.5).value(y, np.column_stack([1 - p, p]), cut=0.6)
    4.0
    """

    name: str
    efficiency: float
    lower, upper = 1.0, None
    averaged = True

    @property
    def label(self) -> str:
        """Names the efficiency."""
        return f"background rejection at {self.efficiency:.0%} signal efficiency".replace("%", " %")

    def chosen(self, rows: Selected, scale: float) -> float:
        """The first threshold whose signal efficiency is enough."""
        if rows.s[-1] <= 0:
            return float("nan")
        enough = rows.s >= self.efficiency * rows.s[-1] * (1 - 1e-12)
        return float(rows.threshold[np.argmax(enough)])

    def terms(self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None) -> Floats:
        """As of any selection; a cut above every score is the highest of them: a constant score rejects nothing."""
        score = self._score(y, prediction)
        if cut is not None and not np.isnan(cut):
            cut = min(cut, float(np.max(score[w != 0], initial=-np.inf)))
        return super().terms(y, prediction, w, cut)

    def combine(self, sums: Floats, scale: float) -> Floats:
        """Background over what passes of it."""
        return np.asarray(ratio(sums[..., 2], sums[..., 1]))


@dataclass(frozen=True)
class Asimov(Selection):
    """Expected discovery significance at the cut (see `asimov_significance`), in sigma.

    ``background_uncertainty`` is relative: 0.1 for a background known to 10 %. Undefined where no background
    passes. The cut is the one of highest significance among those that leave at least ten effective
    background events of the rows it is chosen on.

    >>> p = np.array([0.9, 0.8, 0.2])
    >>> y, w = np.array([1, 0, 0]), np.array([10, 100, 1])
    >>> round(Asimov().value(y, np.column_stack([1 - p, p]), w, cut=0.5), 6)
    0.983992
    """

    name: str = "asimov"
    background_uncertainty: float = 0.0
    lower, upper = 0.0, None
    pure = "σ"
    of_yields = True

    @property
    def assumes(self) -> str:
        """The uncertainty of the background."""
        known = self.background_uncertainty
        return f"σ_b = {known:.3g} b" if known else "σ_b = 0, the background being known exactly"

    @property
    def label(self) -> str:
        """Names the uncertainty of the background."""
        known = (
            f", background known to {100 * self.background_uncertainty:.3g} %"
            if self.background_uncertainty
            else ""
        )
        return f"Asimov significance{known}"

    def chosen(self, rows: Selected, scale: float) -> float:
        """The threshold of highest significance."""
        s, b = scale * rows.s, scale * rows.b
        return highest(rows, s, b, self.background_uncertainty * b)

    def combine(self, sums: Floats, scale: float) -> Floats:
        """Significance of the yields that pass."""
        return self._significance(scale * sums[..., 0], scale * sums[..., 1])

    def _significance(self, s: Floats, b: Floats) -> Floats:
        return asimov_significance(s, b, self.background_uncertainty * b)


@dataclass(frozen=True)
class Ams(Selection):
    """Approximate median significance: the Asimov significance on ``b + b_reg``, of the HiggsML challenge.

    ``AMS = sqrt(2 ((s + b + b_reg) log(1 + s/(b + b_reg)) - s))``, Adam-Bourdarios et al. (2015), eq. 7.

    >>> p = np.array([0.9, 0.8, 0.2])
    >>> y, w = np.array([1, 0, 0]), np.array([10, 90, 1])
    >>> round(Ams().value(y, np.column_stack([1 - p, p]), w, cut=0.5), 6)
    0.983992
    """

    name: str = "ams"
    label = "AMS"
    b_reg: float = 10.0
    lower, upper = 0.0, None
    pure = "σ"
    of_yields = True

    @property
    def assumes(self) -> str:
        """The background that is added in place of an uncertainty."""
        return f"b + {self.b_reg:.3g} in place of b, and σ_b = 0"

    def chosen(self, rows: Selected, scale: float) -> float:
        """The threshold of highest significance."""
        return highest(rows, scale * rows.s, scale * rows.b + self.b_reg)

    def combine(self, sums: Floats, scale: float) -> Floats:
        """Significance of the yields that pass."""
        return asimov_significance(scale * sums[..., 0], scale * sums[..., 1] + self.b_reg)


def highest(rows: Selected, s: Floats, b: Floats, sigma: Any = 0.0) -> float:
    """Return the threshold of highest `asimov_significance` with background enough; the lowest one if none has."""
    able = np.flatnonzero((rows.b**2 >= MINIMUM_BACKGROUND * rows.b_squared) & (rows.b > 0))
    s, b, sigma = s[able], b[able], np.broadcast_to(sigma, b.shape)[able]
    near = _near_highest(s, b, sigma)
    found = np.nan_to_num(asimov_significance(s[near], b[near], sigma[near]), nan=-1.0)
    best = int(np.argmax(found)) if found.size else -1
    return float(rows.threshold[able[near[best]] if best >= 0 and found[best] >= 0 else -1])


def _near_highest(s: Floats, b: Floats, sigma: Floats) -> NDArray[np.intp]:
    """Return the places where `asimov_significance` may be highest: by closed forms, and what these lose by rounding.

    They take a tenth of the time, and of many thresholds a few are left. Where a number is too large, all are.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        x, r = np.maximum(s, 0) / b, np.where(sigma > 0, b / sigma**2, 0.0)
        one, two = (1 + x) * np.log1p(x), (1 + r + x) * np.log1p(x / (1 + r))
        known = sigma > 0
        squared = b * np.where(known, one - two, one - x)
        lost = b * _LOST * (one + np.where(known, two, x))
    if not np.isfinite(squared + lost).all():
        return np.arange(s.size)
    return np.flatnonzero(squared + lost >= np.max(squared - lost, initial=-np.inf))
