"""The target of a linear model without its unit: what is minimised there, and the way back.

With ``y = s z + m`` and ``θ = s φ`` the objective ``Σ w ℓ(f, y) + λ Ω(θ)`` is ``s^d`` times that of z, of the same
family of losses; a λ moves by a factor. Solvers see numbers of order one, so that no tolerance has a hidden unit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fivesigma.features.scale import Scale, TargetScale
from fivesigma.risk.losses import Absolute, Huber, Loss, Poisson, Quantile, Squared
from fivesigma.risk.penalties import L1, L2, ElasticNet, NoPenalty, Penalty
from fivesigma.risk.quantiles import quantiles

Array = NDArray[np.float64]

_DEGREES = {Squared: 2, Huber: 2, Absolute: 1, Quantile: 1}
_QUARTILES = 1.3489795003921634  # a Gaussian's quartiles lie this many standard deviations apart


@dataclass(frozen=True, eq=False)
class TargetUnit:
    """How a problem in the unit of its target hangs together with the one that is solved.

    Attributes
    ----------
    scale : None where the target is used as it is, or (`Poisson`) in units of its mean
    slope : θ and scores of the target over those that are solved for
    shift : of the intercept, beyond what ``scale`` says
    gain : objective of the target over the one that is solved
    loss, loss_of_target : of the problem that is solved, and of the target
    """

    loss: Loss
    loss_of_target: Loss
    scale: TargetScale | None = None
    slope: float = 1.0
    shift: float = 0.0
    gain: float = 1.0
    mean: float = 1.0

    def scores(self, y: Array) -> Array:
        """Return the target (n,) that is solved for; labels are left as they are."""
        if self.scale is not None:
            return self.scale.scores(y)
        return y if self.mean == 1.0 else y / self.mean

    def values(self, intercepts: Array) -> Array:
        """Return intercepts, or predictions, in the unit of the target."""
        return np.asarray(intercepts + self.shift if self.scale is None else self.scale.values(intercepts))

    def of_target(self, predicted: Array) -> Array:
        """Return targets, or predictions through the link, in the unit of the target."""
        if self.scale is not None:
            return self.scale.values(predicted)
        return predicted if self.mean == 1.0 else predicted * self.mean

    @property
    def width(self) -> float:
        """What a difference of two targets is divided by."""
        return self.mean if self.scale is None else self.slope

    def strength(self, penalty: Penalty) -> float:
        """Return what a λ of the target is multiplied with: of an elastic net, that of its first part."""
        power = self.slope**2 if isinstance(penalty, L2) else self.slope
        return 1.0 if isinstance(penalty, NoPenalty) else power / self.gain

    def restated(self, penalty: Penalty) -> tuple[Penalty, float]:
        """Return the penalty of φ that is ``penalty`` of θ, and what its λ is multiplied with."""
        if not isinstance(penalty, ElasticNet):
            return penalty, self.strength(penalty)
        first = penalty.ratio * self.slope / self.gain
        second = (1.0 - penalty.ratio) * self.slope**2 / self.gain
        ratio = first / (first + second)
        made: Penalty = ElasticNet(ratio) if 0 < ratio < 1 else L1() if ratio else L2()
        return made, first + second


def unit_of(loss: Loss, y: Array, w: Array, *, intercept: bool = True) -> TargetUnit:
    """Return the unit of the target ``y`` (n,) with weights (n,), none of them 0, under ``loss``.

    A loss of classes, or of the user's own, takes the target as it is.

    >>> unit = unit_of(Absolute(), np.array([1e50, 3e50]), np.ones(2))
    >>> unit.scores(np.array([3e50])), unit.strength(L1())
    (array([1.]), 1.0)
    """
    if isinstance(loss, Poisson):
        mean = float(w @ (y / y.max()) / w.sum()) * float(y.max())
        return TargetUnit(loss, loss, shift=float(np.log(mean)), gain=mean, mean=mean)
    degree = _DEGREES.get(type(loss))
    if degree is None:
        return TargetUnit(loss, loss)
    scale = TargetScale.of(y, w) if intercept else _without_shift(y, w)
    slope = scale.deviation or 1.0
    if not isinstance(loss, Huber):
        return TargetUnit(loss, loss, scale, slope, gain=slope**degree)
    delta = _spread(scale.scores(y), w) if loss.delta is None else loss.delta / slope
    return TargetUnit(Huber(delta), Huber(delta * slope), scale, slope, gain=slope**degree)


def _without_shift(y: Array, w: Array) -> TargetScale:
    """Return a scale that leaves 0 where it is: the root of the mean square."""
    both = Scale.of(np.concatenate([y, -y])[:, None], np.concatenate([w, w]))
    whole = replace(both, width=both.width * both.unit, unit=np.ones(1), origin=np.zeros(1), mean=np.zeros(1))
    return TargetScale(whole)


def _spread(z: Array, w: Array) -> float:
    """Return the spread of most scores ``z`` (n,): that of a Gaussian with their quartiles, 1 where these agree."""
    low, high = quantiles(z, np.array([0.25, 0.75]), w)
    return float(high - low) / _QUARTILES or 1.0
