"""The prior of a Gaussian mixture, in the units of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.saved_state import TINY, SavedState
from fivesigma.features.scale import Scale

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NormalInverseWishart:
    """``w ~ Dirichlet(α)``, ``Σ ~ IW(ν, Ψ)``, ``μ | Σ ~ N(m, Σ/κ)``; what is not said comes from the data.

    The defaults are those of Fraley & Raftery (2007), doi:10.1007/s00357-007-0004-5, §3. For diagonal and
    spherical components a variance has the law of a diagonal element of ``IW(ν, Ψ)``: ``Ψ_rr / χ²(ν − d + 1)``
    (spherical: Ψ_rr averaged over features); for tied ones a single Σ is shared.

    Parameters
    ----------
    mean : (d,), optional
        m, in the units of the features; default: the mean of the data.
    strength : float
        κ > 0, how many events the prior mean is worth.
    degrees : float, optional
        ν > d − 1; default d + 2.
    scale : (d, d) or (d,), optional
        Ψ, in the squared units of the features, or its diagonal; default: the covariance of the data / K^(2/d).
    concentration : float
        α > 0, the same for each component.

    Raises
    ------
    InputError
        If a value lies outside its range or a shape does not fit the data.

    >>> NormalInverseWishart().resolve(np.array([[0.0], [2.0]]), 1).mean
    array([1.])
    """

    mean: ArrayLike | None = None
    strength: float = 0.01
    degrees: float | None = None
    scale: ArrayLike | None = None
    concentration: float = 1.0

    def resolve(self, X: Array, n_components: int) -> Resolved:
        """Return the prior with every value in place for this table."""
        d = X.shape[1]
        degrees = float(d + 2 if self.degrees is None else self.degrees)
        mean = Scale.of(X).centre if self.mean is None else np.asarray(self.mean, dtype=np.float64)
        scale = _scale_of(X) / n_components ** (2.0 / d) if self.scale is None else _square(self.scale, d)
        positive = np.isfinite([self.strength, self.concentration]).all()
        if not positive or min(self.strength, self.concentration) <= 0 or degrees <= d - 1:
            raise InputError(
                f"prior has strength {self.strength}, concentration {self.concentration}, degrees {degrees}; "
                f"expected positive finite numbers, and more than d - 1 = {d - 1} degrees."
            )
        if mean.shape != (d,):
            raise InputError(f"prior mean has shape {mean.shape}; expected ({d},), one number a feature.")
        return Resolved(mean, float(self.strength), degrees - d + 1.0, scale, float(self.concentration))


@dataclass(frozen=True, eq=False)
class Resolved:
    """m (d,), κ, ``degrees = ν − d + 1``, Ψ (d, d) and α."""

    mean: Array
    strength: float
    degrees: float
    scale: Array
    concentration: float

    def moved(self, centre: Array, unit: Array) -> Resolved:
        """Return the same prior for ``(x − centre) / unit``."""
        scale = self.scale / np.outer(unit, unit)
        return Resolved((self.mean - centre) / unit, self.strength, self.degrees, scale, self.concentration)

    def for_kind(self, spherical: bool) -> Resolved:
        """Return the prior with Ψ averaged over features if the components are spherical."""
        if not spherical:
            return self
        scale = np.eye(len(self.mean)) * np.trace(self.scale) / len(self.mean)
        return Resolved(self.mean, self.strength, self.degrees, scale, self.concentration)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        d = len(state.floats("mean", (None,)))
        state.floats("scale", (d, d))
        for name in ("strength", "degrees", "concentration"):
            state.number(name, low=TINY)


def _scale_of(X: Array) -> Array:
    """Covariance of the data, lifted by a millionth of its diagonal so that it can be inverted."""
    scale = Scale.of(X)
    unit, centred = scale.units, scale.scores(X)
    correlation = centred.T @ centred / len(X) + 1e-6 * np.eye(X.shape[1])
    constant = np.diag(correlation) < 1e-3
    correlation[constant, constant] = 1.0
    return np.asarray(correlation * np.outer(unit, unit), dtype=np.float64)


def _square(scale: Any, d: int) -> Array:
    values = np.asarray(scale, dtype=np.float64)
    matrix = np.diag(values) if values.ndim == 1 else values
    if matrix.shape != (d, d) or not np.allclose(matrix, matrix.T) or np.linalg.eigvalsh(matrix)[0] <= 0:
        raise InputError(
            f"prior scale has shape {values.shape}; expected a positive definite ({d}, {d}) or its diagonal."
        )
    return matrix
