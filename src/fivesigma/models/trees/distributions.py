"""Families of predictive laws ``y = g(μ + s e)`` with two parameters a row, θ = (μ, log s), and their geometry.

``e`` follows a fixed base law; g is the identity or the exponential. Each family gives the slope of the negative
log-likelihood and Fisher's information, which is diagonal for all of them because the base laws are symmetric.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import special

from fivesigma._core.errors import InputError
from fivesigma._core.saved_state import SavedState

Array = NDArray[np.float64]
_LOG_2PI = float(np.log(2 * np.pi))


class Distribution(ABC):
    """A location-scale family of ``t = inverse(y)``; the laws of y follow from those of t.

    Parameters are (n, 2): μ and log s, in the unit of t.
    """

    logarithmic: ClassVar[bool] = False

    @abstractmethod
    def slope(self, z: Array) -> tuple[Array, Array]:
        """Return ``s ∂nll/∂μ`` and ``∂nll/∂log s`` at ``z = (t - μ)/s``."""

    @property
    @abstractmethod
    def information(self) -> tuple[float, float]:
        """Fisher's information: of μ, in units of 1/s², and of log s."""

    @abstractmethod
    def log_density(self, z: Array) -> Array:
        """Return the log density of the base law."""

    @abstractmethod
    def to_normal(self, z: Array) -> Array:
        """Return Φ⁻¹(F(z)), F being the base law: z itself for a Gaussian."""

    @abstractmethod
    def from_normal(self, x: Array) -> Array:
        """Return F⁻¹(Φ(x)), the inverse of `to_normal`."""

    def inner(self, y: Array) -> Array:
        """Return t, on which the family is of location and scale."""
        return y

    def outer(self, t: Array) -> Array:
        """Return y, the inverse of `inner`."""
        return t

    def log_jacobian(self, y: Array) -> Array:
        """Return log |dt/dy|."""
        return np.zeros_like(y)

    def refuse(self, y: Array) -> None:
        """Raise `InputError` for a target that the family cannot have; by default it can have any."""
        del y

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.expect(not vars(self), "__class__", "a law without settings")


@dataclass(frozen=True)
class Normal(Distribution):
    """``log p = -z²/2 - log s - ½ log 2π``.

    >>> float(Normal().log_density(np.zeros(1))[0].round(6))
    -0.918939
    """

    def slope(self, z: Array) -> tuple[Array, Array]:
        """-z and 1 - z²."""
        return -z, 1 - z * z

    @property
    def information(self) -> tuple[float, float]:
        """1/s² and 2."""
        return 1.0, 2.0

    def log_density(self, z: Array) -> Array:
        """-z²/2 - ½ log 2π."""
        return -0.5 * z * z - 0.5 * _LOG_2PI

    def to_normal(self, z: Array) -> Array:
        """Z."""
        return z

    def from_normal(self, x: Array) -> Array:
        """X."""
        return x


@dataclass(frozen=True)
class LogNormal(Normal):
    """Log y is normal; y > 0.

    >>> float(LogNormal().outer(np.zeros(1))[0])
    1.0
    """

    logarithmic = True

    def inner(self, y: Array) -> Array:
        """Log y; -inf where y is not positive."""
        return np.log(np.where(y > 0, y, np.nan))

    def outer(self, t: Array) -> Array:
        """Return exp t."""
        return np.exp(t)

    def log_jacobian(self, y: Array) -> Array:
        """-log y."""
        return -self.inner(y)

    def refuse(self, y: Array) -> None:
        """Refuse y <= 0."""
        if (y <= 0).any():
            raise InputError(
                f"y has {int((y <= 0).sum())} values that are not positive; a log-normal law needs y > 0: "
                "choose another distribution, or drop them."
            )


@dataclass(frozen=True)
class StudentT(Distribution):
    """Student's t of ``degrees`` ν > 2: ``log p = c - ½ (ν+1) log(1 + z²/ν) - log s``. Lange et al. (1989).

    >>> StudentT(5.0).information
    (0.75, 1.25)
    """

    degrees: float = 5.0

    def __post_init__(self) -> None:
        if not self.degrees > 2:
            raise InputError(
                f"degrees is {self.degrees!r}; expected more than 2, below which std is infinite."
            )

    def slope(self, z: Array) -> tuple[Array, Array]:
        """-(ν+1) z/(ν+z²) and 1 - (ν+1) z²/(ν+z²)."""
        v = self.degrees
        pull = (v + 1) * z / (v + z * z)
        return -pull, 1 - pull * z

    @property
    def information(self) -> tuple[float, float]:
        """(ν+1)/(ν+3)/s² and 2ν/(ν+3)."""
        v = self.degrees
        return (v + 1) / (v + 3), 2 * v / (v + 3)

    def log_density(self, z: Array) -> Array:
        """log Γ((ν+1)/2) - log Γ(ν/2) - ½ log νπ - ½ (ν+1) log(1 + z²/ν)."""
        v = self.degrees
        c = special.gammaln((v + 1) / 2) - special.gammaln(v / 2) - 0.5 * np.log(v * np.pi)
        return np.asarray(c - (v + 1) / 2 * np.log1p(z * z / v))

    def to_normal(self, z: Array) -> Array:
        """Φ⁻¹(F(z)), from the lower tail, where no digits are lost."""
        return np.asarray(-np.sign(z) * special.ndtri(special.stdtr(self.degrees, -np.abs(z))))

    def from_normal(self, x: Array) -> Array:
        """F⁻¹(Φ(x)), from the lower tail."""
        return np.asarray(-np.sign(x) * special.stdtrit(self.degrees, special.ndtr(-np.abs(x))))

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.number("degrees", low=2.0 + 1e-12, high=1e12)


NAMED: dict[str, Distribution] = {"normal": Normal(), "log-normal": LogNormal(), "student-t": StudentT()}
