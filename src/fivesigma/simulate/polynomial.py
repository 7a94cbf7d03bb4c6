"""A polynomial of one variable with noise: the first curve that a network is asked to learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma.simulate.system import System, Table, count

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Polynomial(System):
    """``y = Σ_k c_k x^k + ε``, x even between two ends, ε normal.

    Parameters
    ----------
    coefficients : c_0, c_1, …; the default is x² + 0.5 x
    noise : standard deviation of ε
    low, high : ends of x

    Raises
    ------
    InputError
        for no coefficient, one that is not finite, a noise below 0, or ends that are none

    Examples
    --------
    >>> made = Polynomial((3.0, 0.5, -10.0, -3.0, 2.0), noise=0.0)
    >>> made.curve(np.array([0.0, 1.0, 2.0])).tolist()
    [3.0, -7.5, -28.0]
    """

    block: ClassVar[int] = 10_000
    default_n: ClassVar[int] = 200

    coefficients: tuple[float, ...] = (0.0, 0.5, 1.0)
    noise: float = 1.0
    low: float = 0.0
    high: float = 10.0

    def __post_init__(self) -> None:
        if not self.coefficients or not np.isfinite(self.coefficients).all():
            raise InputError(f"coefficients = {self.coefficients!r}: expected one finite number or more.")
        if not (np.isfinite(self.noise) and self.noise >= 0):
            raise InputError(f"noise = {self.noise!r} is not possible; give a finite number of at least 0.")
        if not (np.isfinite([self.low, self.high]).all() and self.low < self.high):
            raise InputError(f"low = {self.low!r}, high = {self.high!r}: expected finite ends that rise.")

    def curve(self, x: Vector) -> Vector:
        """Return the polynomial itself, without noise: (n,) -> (n,)."""
        return np.asarray(np.polynomial.polynomial.polyval(x, self.coefficients))

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Vector, Vector]:
        """Return x and y, (n,) each."""
        x = rng.uniform(self.low, self.high, count(n))
        return x, self.curve(x) + self.noise * rng.standard_normal(n)

    def table(self, n: int, rng: np.random.Generator) -> Table:
        """Return ``x``, ``y`` and ``truth``, the curve without noise."""
        x, y = self.sample(n, rng)
        return Table({"x": x, "y": y, "truth": self.curve(x)}, target="y", features=("x",))
