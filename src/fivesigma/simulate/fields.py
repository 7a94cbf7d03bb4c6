"""Gaussian random density fields of a given power spectrum, at high and low resolution.

On a periodic box of side L in d dimensions ``δ(x) = Σ_k δ_k e^{ikx}`` with ``<|δ_k|²> = P(k)/L^d``; the
variance is ``Σ_k P(k)/L^d`` (Peacock, Cosmological Physics, 1999, sect. 16.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from fivesigma._core.errors import InputError
from fivesigma.simulate.system import System, Table, count, positive

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class PowerLaw:
    """``P(k) = amplitude (k/k₀)^index exp(−(k/cutoff)²)`` with k₀ = 0.1 h/Mpc; [(Mpc/h)^d]; P(0) = 0."""

    amplitude: float = 20.0
    index: float = -1.5
    cutoff: float = 2.0

    def __call__(self, k: Vector) -> Vector:
        """Power at wave numbers ``k`` [h/Mpc]."""
        with np.errstate(divide="ignore", invalid="ignore"):
            power = self.amplitude * (k / 0.1) ** self.index * np.exp(-((k / self.cutoff) ** 2))
        return np.asarray(np.where(k > 0, power, 0.0))


@dataclass(frozen=True)
class Fields(System):
    """Periodic Gaussian fields, and the same fields averaged over cells of ``factor`` pixels a side.

    Parameters
    ----------
    size : pixels a side, divisible by ``factor``
    factor : ratio of the two resolutions
    box : side of the box [Mpc/h]
    dimensions : 2 or 3
    power : the power spectrum

    Examples
    --------
    >>> low, high = Fields(size=16, factor=4).sample(3, np.random.default_rng(0))
    >>> low.shape, high.shape
    ((3, 4, 4), (3, 16, 16))
    """

    block: ClassVar[int] = 500
    default_n: ClassVar[int] = 500

    size: int = 64
    factor: int = 4
    box: float = 100.0
    dimensions: int = 2
    power: PowerLaw = PowerLaw()

    def __post_init__(self) -> None:
        positive(self.box, "box")
        if self.dimensions not in (2, 3) or self.size < 2 or self.factor < 1 or self.size % self.factor:
            raise InputError(
                f"size = {self.size}, factor = {self.factor}, dimensions = {self.dimensions}: expected a "
                "size that the factor divides, in 2 or 3 dimensions."
            )

    def wave_numbers(self) -> Vector:
        """|k| of the modes of a real transform [h/Mpc]: (size, …, size//2 + 1)."""
        full = 2 * np.pi * np.fft.fftfreq(self.size, self.box / self.size)
        half = 2 * np.pi * np.fft.rfftfreq(self.size, self.box / self.size)
        axes = np.meshgrid(*[full] * (self.dimensions - 1), half, indexing="ij")
        return np.asarray(np.sqrt(sum(axis**2 for axis in axes)))

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Vector, Vector]:
        """Return (low, high): (n, size/factor, …) and (n, size, …)."""
        shape = (self.size,) * self.dimensions
        axes = tuple(range(1, self.dimensions + 1))
        white = fft.rfftn(rng.standard_normal((count(n), *shape)), axes=axes)
        # <|white|²> is the number of pixels N; the transform of δ has N² P/V
        scale = np.sqrt(
            self.power(self.wave_numbers()) * self.size**self.dimensions / self.box**self.dimensions
        )
        high = fft.irfftn(white * scale, s=shape, axes=axes)
        return self.coarse(high), np.asarray(high)

    def coarse(self, fields: Vector) -> Vector:
        """Average over cells of ``factor`` pixels a side: (n, size, …) -> (n, size/factor, …)."""
        cells = (self.size // self.factor, self.factor) * self.dimensions
        return np.asarray(
            fields.reshape(len(fields), *cells).mean(tuple(range(2, 2 * self.dimensions + 1, 2)))
        )

    def spectrum(self, fields: Vector) -> Vector:
        """``L^d |δ_k|²`` of each mode: (n, size, …) -> (n, *modes), in the order of `wave_numbers`."""
        axes = tuple(range(1, self.dimensions + 1))
        delta = fft.rfftn(fields, axes=axes) / self.size**self.dimensions
        return np.asarray(np.abs(delta) ** 2 * self.box**self.dimensions)

    def table(self, n: int, rng: np.random.Generator) -> Table:
        """Return the pair as float32 columns ``low`` and ``high``."""
        low, high = self.sample(n, rng)
        return Table({"low": low.astype(np.float32), "high": high.astype(np.float32)}, target=None)
