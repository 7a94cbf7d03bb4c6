"""The law of each prediction as an object: its quantiles, intervals, density and draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.later import special
from fivesigma.risk.predictive import KNOTS, QuantileLaw

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PredictedLaw:
    """What a model says of the target of n events: a value, and the distribution that it is drawn from.

    The law is 13 quantiles, straight in the Gaussian's own variable (`fivesigma.risk.predictive`). As an array it is
    (n, 14), or (n, m, 14) of m targets: the values, then the quantiles.

    Attributes
    ----------
    value : (n,), or (n, m), the prediction, in the unit of the target.
    quantiles : (n, 13), or (n, m, 13).

    Examples
    --------
    >>> law = PredictedLaw(np.zeros(2), np.multiply.outer([1.0, 2.0], KNOTS))
    >>> law.interval(0.95)[1].round(2).tolist(), law.cdf([1.0, 0.0]).round(3).tolist()
    ([1.96, 3.92], [0.841, 0.5])
    >>> law
    PredictedLaw of 2 events
    """

    value: Floats
    quantiles: Floats

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the array: ``(n, 14)``, or ``(n, m, 14)``."""
        return (*self.value.shape, 1 + KNOTS.size)

    def quantile(self, level: float) -> Floats:
        """Return the quantile (n,), or (n, m), at a probability between 0 and 1."""
        return self._as_values(self._flat.quantile(_probability(level)))

    @property
    def median(self) -> Floats:
        """The medians."""
        return self.quantile(0.5)

    def interval(self, level: float = 0.68) -> tuple[Floats, Floats]:
        """Return low and high of the law's own central interval; `FittedModel.predict_interval` is calibrated."""
        return self.quantile((1 - _probability(level)) / 2), self.quantile((1 + level) / 2)

    def cdf(self, y: ArrayLike) -> Floats:
        """Return the probability of a target below ``y``, one an event (and target), or one for all."""
        return self._as_values(self._flat.cdf(self._spread(y)))

    def logpdf(self, y: ArrayLike) -> Floats:
        """Return the log density at ``y``; NaN where quantiles coincide."""
        return self._as_values(self._flat.logpdf(self._spread(y)))

    def crps(self, y: ArrayLike) -> Floats:
        """Return the continuous ranked probability score of ``y``, in the unit of the target."""
        return self._as_values(self._flat.crps(self._spread(y)))

    def sample(self, rng: np.random.Generator, size: int = 1) -> Floats:
        """Return ``size`` draws of each event (size, n), or (size, n, m)."""
        z = special.ndtri(rng.uniform(size=(size, *self.value.shape)))
        at = np.clip(np.searchsorted(KNOTS, z) - 1, 0, KNOTS.size - 2)
        low, high = (
            np.take_along_axis(self.quantiles[None], each[..., None], axis=-1)[..., 0]
            for each in (at, at + 1)
        )
        return np.asarray(low + (high - low) * (z - KNOTS[at]) / (KNOTS[at + 1] - KNOTS[at]))

    @property
    def _flat(self) -> QuantileLaw:
        return QuantileLaw(self.quantiles.reshape(-1, KNOTS.size))

    def _as_values(self, found: Floats) -> Floats:
        return found.reshape(self.value.shape)

    def _spread(self, y: ArrayLike) -> Floats:
        return np.broadcast_to(np.asarray(y, dtype=np.float64), self.value.shape).reshape(-1)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        whole = np.concatenate([self.value[..., None], self.quantiles], axis=-1)
        return whole if dtype is None else whole.astype(dtype)

    def __getitem__(self, at: Any) -> Any:
        return np.asarray(self)[at]

    def __len__(self) -> int:
        return len(self.value)

    def __repr__(self) -> str:
        several = f" and {self.value.shape[1]} targets" if self.value.ndim == 2 else ""
        return f"PredictedLaw of {len(self)} events{several}"


def _probability(level: float) -> float:
    if not 0 < level < 1:
        raise InputError(f"level is {level!r}; expected a probability between 0 and 1.")
    return level
