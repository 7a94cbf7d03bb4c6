"""Predictive laws as numbers beside a prediction, and the scores, transforms and intervals they give.

A law is 13 quantiles, at the probabilities that a Gaussian has from -3σ to 3σ by halves. Between them it is straight
in the Gaussian's own variable, ``y = Q(z), P(Y < Q(z)) = Φ(z)``, and goes on straight at both ends: a Gaussian law is
one straight line, and is kept exactly. So scores can be computed again from what is stored. Where a model has no law
its values stand for a Gaussian about them, of a width that was found on other rows (out of fold).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.checks import refuse_extreme
from fivesigma._core.errors import InputError
from fivesigma._core.later import special
from fivesigma._core.outputs import Output
from fivesigma.risk.metric import Floats, Metric, Moments, Unit, ratio

KNOTS = np.arange(-3.0, 3.25, 0.5)
_BELOW = (
    *(0.0013498980316300933, 0.006209665325776132, 0.022750131948179195, 0.06680720126885807),
    *(0.15865525393145707, 0.3085375387259869, 0.5, 0.6914624612740131, 0.8413447460685429),
    *(0.9331927987311419, 0.9772498680518208, 0.9937903346742238, 0.9986501019683699),
)
LEVELS = np.array(_BELOW)  # the normal law below the knots, written out: to import it costs more than a check
_HALF_LOG_2PI = 0.5 * float(np.log(2 * np.pi))
_FARTHEST = 1e100
"""Normal scores beyond it are cut, so that their squares are numbers."""


@dataclass(frozen=True, eq=False)
class QuantileLaw:
    """The laws of n events by their quantiles (n, 13) at `KNOTS`.

    Examples
    --------
    >>> law = QuantileLaw.gaussian(np.zeros(1), 2.0)
    >>> law.crps(np.zeros(1)).round(6), law.logpdf(np.zeros(1)).round(6), law.cdf(np.array([2.0])).round(6)
    (array([0.46739]), array([-1.612086]), array([0.841345]))
    """

    quantiles: Floats

    @classmethod
    def gaussian(cls, centre: Floats, width: float | Floats) -> QuantileLaw:
        """Return Gaussians about ``centre`` (n,) of standard deviation ``width``, one or (n,)."""
        return cls(centre[:, None] + np.multiply.outer(np.broadcast_to(width, centre.shape), KNOTS))

    @classmethod
    def of(cls, prediction: Floats, width: float | None = None) -> QuantileLaw | None:
        """Return the laws of quantiles (n, 13), or Gaussians about values (n,); None for values without a ``width``."""
        if prediction.ndim == 2:
            return cls(np.maximum.accumulate(prediction, axis=1))
        return None if width is None or not width > 0 else cls.gaussian(prediction, width)

    def quantile(self, level: float) -> Floats:
        """Return the quantile (n,) at a probability in (0, 1)."""
        z = float(special.ndtri(level))
        j = int(np.clip(np.searchsorted(KNOTS, z, side="right") - 1, 0, KNOTS.size - 2))
        share = (z - KNOTS[j]) / (KNOTS[j + 1] - KNOTS[j])
        return np.asarray(self.quantiles[:, j] * (1 - share) + self.quantiles[:, j + 1] * share)

    def interval(self, level: float) -> tuple[Floats, Floats]:
        """Return the ends (n,) of the central interval that holds y with probability ``level``."""
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)

    def cdf(self, y: Floats) -> Floats:
        """Return the probability integral transform (n,) of ``y``; on a step of the law, its middle."""
        return np.asarray(special.ndtr(self._z(y)))

    def logpdf(self, y: Floats) -> Floats:
        """Return the log density (n,) at ``y``; NaN where quantiles coincide, so that there is no density."""
        z, slope = self._z(y), self._slope(y)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = -0.5 * z * z - _HALF_LOG_2PI - np.log(slope)
        return np.where((np.diff(self.quantiles, axis=1) > 0).all(axis=1), found, np.nan)

    def crps(self, y: Floats) -> Floats:
        """Return the continuous ranked probability score (n,), in the unit of y: ``∫ (F(x) - 1[x >= y])² dx``.

        Gneiting & Raftery (2007), eq. 20. In each straight piece ``dx = s dz`` and ``∫ Φ² dz = A(z)``, where
        ``A(z) = z Φ(z)² + 2 Φ(z) φ(z) - Φ(√2 z)/√π``.
        """
        slopes = np.diff(self.quantiles, axis=1) / np.diff(KNOTS)
        s = np.column_stack([slopes[:, :1], slopes, slopes[:, -1:]])
        low, high = np.r_[-np.inf, KNOTS], np.r_[KNOTS, np.inf]
        z = self._z(y)[:, None]
        at = np.clip(z, low, high)
        below = _area(at) - _area(low)
        above = _area(-at) - _area(-high)
        beyond = np.where(slopes[:, 0] == 0, np.maximum(self.quantiles[:, 0] - y, 0), 0) + np.where(
            slopes[:, -1] == 0, np.maximum(y - self.quantiles[:, -1], 0), 0
        )
        return np.asarray((np.where(s > 0, s * (below + above), 0.0)).sum(axis=1) + beyond)

    def _piece(self, y: Floats) -> NDArray[np.int64]:
        inner = self.quantiles[:, 1:-1]
        return np.asarray((inner <= y[:, None]).sum(axis=1), dtype=np.int64)

    def _slope(self, y: Floats) -> Floats:
        rows, j = np.arange(len(y)), self._piece(y)
        return np.asarray((self.quantiles[rows, j + 1] - self.quantiles[rows, j]) / (KNOTS[j + 1] - KNOTS[j]))

    def _z(self, y: Floats) -> Floats:
        """Return the normal score (n,) of ``y`` in its law, finite also where the law has steps."""
        rows, j, slope = np.arange(len(y)), self._piece(y), self._slope(y)
        q = self.quantiles[rows, j]
        with np.errstate(divide="ignore", invalid="ignore"):
            straight = KNOTS[j] + (y - q) / slope
        middle = np.where(y < q, KNOTS[0] - 5, np.where(y > q, KNOTS[-1] + 5, (KNOTS[j] + KNOTS[j + 1]) / 2))
        return np.clip(np.where(slope > 0, straight, middle), -_FARTHEST, _FARTHEST)


def _area(z: Any) -> Floats:
    """``A(z) = ∫_{-∞}^z Φ(t)² dt``, 0 at -∞; at +∞ never asked for but as the mirror of it."""
    t = np.maximum(np.asarray(z, dtype=np.float64), -40.0)  # below, the area is less than the least number
    Phi, phi = special.ndtr(t), np.exp(-0.5 * np.minimum(t, 40.0) ** 2 - _HALF_LOG_2PI)
    return np.asarray(t * Phi**2 + 2 * Phi * phi - special.ndtr(np.sqrt(2) * t) / np.sqrt(np.pi))


class _OfLaw(Moments):
    """A weighted mean over events of a score of their predictive laws: quantiles, or values and a width (`cut`)."""

    scores = Output.LAW
    unit = Unit.TARGET
    greater_is_better = False
    additive = True
    steps: ClassVar[bool] = True
    """Whether a law with steps has a score."""

    def terms(self, y: NDArray[Any], prediction: Floats, w: Floats, cut: float | None) -> Floats:
        """Columns: the score of each event, 1; NaN where the prediction is a value without a width."""
        if prediction.shape[1:] not in ((), KNOTS.shape):
            raise InputError(
                f"a prediction has shape {prediction.shape}; expected quantiles (n, {KNOTS.size}), or values (n,)."
            )
        refuse_extreme(np.asarray(y, dtype=np.float64), what="y")
        law = QuantileLaw.of(prediction, cut)
        each = np.full(len(y), np.nan) if law is None else self.each(law, np.asarray(y, dtype=np.float64))
        return np.column_stack([np.where(w != 0, each, 0.0), np.ones(len(y))])

    @abstractmethod
    def each(self, law: QuantileLaw, y: Floats) -> Floats:
        """Return the score (n,) of each event."""

    def combine(self, sums: Floats, scale: float) -> Floats:
        """Σ w l / Σ w."""
        return np.asarray(ratio(sums[..., 0], sums[..., 1]))

    def cut(
        self, y: NDArray[Any], prediction: NDArray[Any], w: NDArray[Any] | None = None, *, scale: float = 1.0
    ) -> float | None:
        """Return the root mean square residual of these (out-of-fold) rows; None of laws, and where it has none."""
        given = np.asarray(prediction, dtype=np.float64)
        refuse_extreme(np.asarray(y, dtype=np.float64), what="y")
        if given.ndim != 1:
            return None
        if w is not None and not np.sum(w) > 0:
            return None
        square = float(np.average((given - y) ** 2, weights=w))
        return float(np.sqrt(square)) if square >= 0 else None


@dataclass(frozen=True)
class NegativeLogLikelihood(_OfLaw):
    """``-Σ w log p(y) / Σ w`` of the predictive laws, in nats.

    >>> y = np.array([0.0, 1.0])
    >>> round(NegativeLogLikelihood().value(y, np.zeros(2), cut=1.0), 6)
    1.168939
    """

    name: str = "nll"
    label = "negative log-likelihood"
    unit = Unit.LOG_TARGET
    steps = False

    def each(self, law: QuantileLaw, y: Floats) -> Floats:
        """-log p(y)."""
        return -law.logpdf(y)


@dataclass(frozen=True)
class ContinuousRankedProbability(_OfLaw):
    """``Σ w ∫ (F(x) - 1[x >= y])² dx / Σ w`` of the predictive laws, in the unit of the target; 0 is best.

    >>> round(ContinuousRankedProbability().value(np.array([0.0]), np.zeros(1), cut=1.0), 6)
    0.233695
    """

    name: str = "crps"
    label = "CRPS"
    lower = 0.0

    def each(self, law: QuantileLaw, y: Floats) -> Floats:
        """The integral."""
        return law.crps(y)


def scores_law(metric: Metric, *, dense: bool) -> bool:
    """Whether a metric scores predictive laws: ``nll`` those that are ``dense``, and have no steps.

    >>> scores_law(NegativeLogLikelihood(), dense=False), scores_law(ContinuousRankedProbability(), dense=False)
    (False, True)
    """
    return isinstance(metric, _OfLaw) and (dense or metric.steps)
