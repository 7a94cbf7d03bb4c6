"""Whether probabilities come true as often as they say: a calibration error without its bias, and a test.

Events are put in bins of their stated probability p that hold equal parts of ``Σ w² p (1 - p)``, what the outcomes
should vary by; their number grows with the events, up to ten, so that each bin has enough of it for its mean to be
normal. ``d_b = Σ_b w (y - p) / Σ_b w`` is how far bin b is off, V the covariance of d over test sets, and ``a_b`` the
share of the weight in the bin.

References
----------
Kumar, Liang & Ma (2019), arXiv:1909.10155 (the bias of a squared calibration error, and its removal); Bröcker & Ferro
(2012), Q. J. R. Meteorol. Soc. 138, 1954; Hosmer & Lemeshow (1980), Commun. Stat. A 9, 1043 (χ² over bins; with
probabilities that were not fitted to these events no degree of freedom is lost); Patnaik (1949), Biometrika 36, 202.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import laws
from fivesigma._core.roots import brent
from fivesigma._core.weights import signed
from fivesigma.risk.counted import rising
from fivesigma.risk.findings import Score
from fivesigma.risk.metric import Floats

MOST_BINS = 10
EVENTS_A_BIN = 10.0
"""Effective events that a bin needs, and groups where events come in groups: by the null rate of the test."""
FEWEST_BINS = 2
Index = NDArray[np.intp]


@dataclass(frozen=True)
class Stated:
    """What is stated and what came: of two classes the signal's probability, of more the highest and if it is right.

    Attributes
    ----------
    p, hit, w : (n,) probability, outcome 0 or 1, weight
    groups : (n,) labels of what is not independent, or None
    """

    p: Floats
    hit: Floats
    w: Floats
    groups: NDArray[Any] | None = None

    @classmethod
    def of(
        cls, y: NDArray[Any], prediction: Floats, w: Floats | None = None, groups: NDArray[Any] | None = None
    ) -> Stated:
        """Return it of codes ``y`` (n,) and probabilities ``prediction`` (n, K); events of no weight are left out."""
        binary = prediction.shape[1] == 2
        p = prediction[:, 1] if binary else prediction.max(axis=1)
        hit = y == 1 if binary else prediction.argmax(axis=1) == y
        weight = np.ones(len(y)) if w is None else np.asarray(w, dtype=np.float64)
        some = weight != 0
        kept = None if groups is None else np.unique(groups[some], return_inverse=True)[1]
        return cls(
            p[some], hit[some].astype(np.float64), weight[some] / np.abs(weight).max(initial=0.0), kept
        )

    @property
    def expected(self) -> Floats:
        """``w² p (1 - p)``: the variance of each event's ``w y`` if p is right."""
        return np.asarray(self.w**2 * self.p * (1 - self.p))

    @property
    def n_effective(self) -> float:
        """How many events of even chance they are worth: ``(Σ v)² / Σ E (w (y - p))⁴``, v the variances; or groups."""
        v = self.expected
        fourth = float((self.w**2 * v * (1 - 3 * self.p * (1 - self.p))).sum())
        n = float(v.sum()) ** 2 / fourth if fourth > 0 else 0.0
        if self.groups is not None:
            n = min(n, float(len(np.unique(self.groups))))
        return n

    def n_bins(self) -> int:
        """How many bins the events allow."""
        return int(min(self.n_effective // EVENTS_A_BIN, MOST_BINS))

    def bins(self, n_bins: int) -> Index:
        """Return the bin (n,) of each event; equal p stay together, in the bin of the middle of what they vary by.

        What is said to be certain varies by nothing, and is in the bin of the nearest p that is not.
        """
        order = rising(self.p)
        distinct, number = np.unique(self.p[order], return_inverse=True)
        part = np.bincount(number, self.expected[order], len(distinct))
        open_ = np.flatnonzero(part > 0)
        number = np.clip(number, open_[0], open_[-1])
        middle = np.cumsum(part) - part / 2
        found = np.empty(len(self.p), dtype=np.intp)
        found[order] = np.minimum(middle / max(float(part.sum()), 1e-300) * n_bins, n_bins - 1).astype(
            np.intp
        )[number]
        return np.unique(found, return_inverse=True)[1]


@dataclass(frozen=True)
class CalibrationTest:
    """The test that probabilities are right: p, its statistic and what it is of; None, and why, where it is refused."""

    p: float | None
    statistic: float | None = None
    n_bins: int = 0
    method: str = ""


def calibration_test(stated: Stated) -> CalibrationTest:
    """Return the χ² of the bins' sums of ``w (y - p)``, or Hotelling's T² over groups where there are groups.

    >>> p = np.repeat([0.2, 0.5, 0.8], 40)
    >>> y = np.tile([0, 0, 0, 0, 1, 0, 1, 0, 1, 1], 12)
    >>> found = calibration_test(Stated.of(y, np.column_stack([1 - p, p])))
    >>> found.n_bins, round(found.p, 6)
    (3, 0.0)
    """
    m = stated.n_bins()
    if m < FEWEST_BINS:
        return CalibrationTest(None, method=f"no test: {_few(stated)}")
    bins = stated.bins(m)
    m = int(bins.max()) + 1
    off = stated.w * (stated.hit - stated.p)
    if stated.groups is not None:
        return _by_groups(stated.groups, bins, off, m)
    sums, v = np.bincount(bins, off, m), np.bincount(bins, stated.expected, m)
    x = float((sums**2 / v).sum())
    return CalibrationTest(float(laws.chi2_sf(x, m)), x, m, f"χ² of {_counted(m)}")


def _by_groups(groups: NDArray[Any], bins: Index, off: Floats, m: int) -> CalibrationTest:
    """``F = (G - m) T² / (m (G - 1))`` of the sums of each of G groups in each of m bins."""
    G = int(groups.max()) + 1  # the formula's letter
    table = np.bincount(groups * m + bins, off, G * m).reshape(G, m)
    mean, S = table.mean(axis=0), np.atleast_2d(np.cov(table, rowvar=False))
    T = G * float(mean @ np.linalg.pinv(S) @ mean)
    p = float(laws.f_sf((G - m) / (m * (G - 1)) * T, m, G - m))
    return CalibrationTest(p, T, m, f"Hotelling's T² of {_counted(m)} over {G} groups")


def calibration_error(stated: Stated, *, level: float = 0.95) -> Score:
    """Return the root mean square of how far bins are off, without the bias of a finite sample, and its interval.

    ``θ² = Σ a δ²`` is estimated by ``Q - tr(A V)``, ``Q = Σ a d²``, 0 where that is negative. For a given θ, Q has the
    mean ``tr(A V) + θ²`` and the variance ``2 tr(A V A V) + 4 c θ²`` with ``c = d A V A d / d A d``, and is taken for a
    scaled χ² of these (Patnaik), the variance ``1 + 2 m / n`` times as large with m bins of n effective events; the
    limits are the θ at which the observed Q is at a tail of (1 - level) / 2.

    >>> p = np.repeat([0.2, 0.5, 0.8], 400)
    >>> y = np.tile([0, 0, 0, 0, 1, 0, 1, 0, 1, 1], 120)
    >>> found = calibration_error(Stated.of(y, np.column_stack([1 - p, p])))
    >>> round(found.value, 3), found.low < found.value < found.high
    (0.263, True)
    """
    m = stated.n_bins()
    if signed(stated.w):
        return Score(
            None, None, None, level, "no value: some weights are negative, and so may be that of a bin"
        )
    if m < FEWEST_BINS:
        return Score(None, None, None, level, f"no interval: {_few(stated)}")
    bins = stated.bins(m)
    spread = _Spread.of(stated, bins)
    low, high = (spread.end(tail) for tail in ((1 - level) / 2, (1 + level) / 2))
    method = f"fitted model: {_counted(int(bins.max()) + 1)}, debiased"
    return Score(spread.value, low, high, level, method)


@dataclass(frozen=True)
class _Spread:
    """Q, tr(A V), tr(A V A V) and c; and the factor that few events a bin ask for."""

    Q: float
    mean: float
    square: float
    c: float
    factor: float

    @classmethod
    def of(cls, stated: Stated, bins: Index) -> _Spread:
        m = int(bins.max()) + 1
        weight, off = np.bincount(bins, stated.w, m), stated.w * (stated.hit - stated.p)
        d, a = np.bincount(bins, off, m) / weight, weight / weight.sum()
        V = _covariance(stated, bins, d) / np.outer(weight, weight)
        AV = a[:, None] * V
        Q, slope = float(a @ d**2), a * d
        c = float(slope @ V @ slope) / Q if Q > 0 else 0.0
        factor = 1.0 + 2.0 * m / stated.n_effective
        return cls(Q, float(np.trace(AV)), float(np.trace(AV @ AV)), c, factor)

    @property
    def value(self) -> float:
        """θ, or 0."""
        return float(max(self.Q - self.mean, 0.0) ** 0.5)

    def above(self, square: float) -> float:
        """Return the chance of a Q as large where θ² is ``square``."""
        mean, variance = self.mean + square, self.factor * (2 * self.square + 4 * self.c * square)
        return float(laws.gamma_sf(self.Q, mean**2 / variance, scale=variance / mean))

    def end(self, tail: float) -> float:
        """Return the θ at which a Q as large has the chance ``tail``, 0 where it has more already at 0."""
        if self.mean <= 0 or self.above(0.0) >= tail:
            return 0.0
        top = self.Q + self.mean
        while self.above(top) < tail:
            top *= 2
        return float(brent(lambda square: self.above(square) - tail, 0.0, top, xtol=1e-12) ** 0.5)


def _covariance(stated: Stated, bins: Index, d: Floats) -> Floats:
    """Return the covariance (m, m) of the bins' sums: of events with the chance ``p + d``, or as groups have it.

    A bin whose outcomes are all alike varies too: as one of n units with a pseudo-unit of either kind.
    """
    m = len(d)
    sums, squares, hits = (
        np.bincount(bins, each, m) for each in (stated.w, stated.w**2, stated.w * stated.hit)
    )
    n, found = sums**2 / squares, np.zeros((m, m))
    if stated.groups is None:
        q = np.clip(stated.p + d[bins], 0.0, 1.0)
        np.fill_diagonal(found, np.bincount(bins, stated.w**2 * q * (1 - q), m) * n / np.maximum(n - 1, 1))
    else:
        G, off = int(stated.groups.max()) + 1, stated.w * (stated.hit - stated.p - d[bins])
        table = np.bincount(stated.groups * m + bins, off, G * m).reshape(G, m)
        found = np.asarray(table.T @ table * G / (G - 1))
        n = np.minimum(n, np.bincount(np.unique(stated.groups * m + bins) % m, minlength=m))
    alike = (hits <= 0) | (hits >= sums * (1 - 1e-12))
    least = np.where(alike, sums**2 * (n + 1) / ((n + 2) ** 2 * n), 0.0)
    return found + np.diag(np.maximum(least - np.diag(found), 0.0))


def _counted(m: int) -> str:
    return "1 bin" if m == 1 else f"{m} bins"


def _few(stated: Stated) -> str:
    what = "groups" if stated.groups is not None else "events whose outcome is open"
    return f"fewer than {int(FEWEST_BINS * EVENTS_A_BIN)} {what}"
