"""Images of galaxies: Sérsic profiles, alone or blended, seen through a point-spread function and noise.

Sérsic (Atlas de galaxias australes, 1968); the relations used are in Graham & Driver (2005, PASA 22 118):
``I(R) = I_e exp{−b [(R/R_e)^(1/n) − 1]}`` with ``γ(2n, b) = Γ(2n)/2`` and the flux
``F = 2π n R_e² q I_e e^b b^(−2n) Γ(2n)``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import gamma, gammaincinv

from fivesigma._core.compiled import njit
from fivesigma._core.errors import InputError
from fivesigma.features.images.psf import Psf, blur
from fivesigma.simulate.system import System, Table, count

Vector = NDArray[np.float64]
Images = NDArray[np.float32]
#: Gauss–Legendre rules of 1, 2, 3 and 12 points on [−½, ½]
_RULES = tuple(tuple(part / 2 for part in np.polynomial.legendre.leggauss(k)) for k in (1, 2, 3, 12))
PARAMETERS = ("flux", "R_e", "n", "q", "angle", "x", "y")


@njit(cache=True)
def _render(images, parameters, b, I_e, rules):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Add one galaxy to each image, integrated over each pixel, the finer the nearer to the centre."""
    first, second, third, fine = rules
    for g in range(images.shape[0]):
        _, R_e, n, q, angle, x0, y0 = parameters[g]
        c, s = np.cos(angle), np.sin(angle)
        for row in range(images.shape[1]):
            for column in range(images.shape[2]):
                dx, dy = column - x0, row - y0
                u, v = (c * dx + s * dy), (c * dy - s * dx) / q
                R = np.sqrt(u * u + v * v)
                near = dx * dx + dy * dy < 2.5
                nodes, weights = (
                    fine if near else (third if 2.0 + R_e > R else (second if 5 * R_e > R else first))
                )
                total = 0.0
                for i in range(len(nodes)):
                    ddy = dy + nodes[i]
                    for j in range(len(nodes)):
                        ddx = dx + nodes[j]
                        u, v = (c * ddx + s * ddy), (c * ddy - s * ddx) / q
                        R2 = (u * u + v * v) / (R_e * R_e)
                        total += weights[i] * weights[j] * np.exp(-b[g] * (R2 ** (0.5 / n) - 1.0))
                images[g, row, column] += I_e[g] * total


def render(parameters: Vector, size: int) -> Images:
    """Galaxies without PSF or noise, one an image: (n, 7) in the order of `PARAMETERS` -> (n, size, size).

    Flux is the total one, also where it falls off the image; lengths in pixels; angle in rad from the x axis.
    """
    flux, R_e, n, q = parameters[:, :4].T
    b = gammaincinv(2 * n, 0.5)
    I_e = flux / (2 * np.pi * n * R_e**2 * q * np.exp(b) * b ** (-2 * n) * gamma(2 * n))
    images = np.zeros((len(parameters), size, size), np.float32)
    _render(images, np.ascontiguousarray(parameters, dtype=float), b, I_e, _RULES)
    return images


@dataclass(frozen=True)
class Galaxies(System):
    """Images of one galaxy or of two that overlap, with the truth.

    Parameters
    ----------
    size : side of the image [pixel]
    blended : chance of a second galaxy
    separation : largest distance of the second from the first [pixel]
    psf : the point-spread function
    noise : standard deviation of the Gaussian noise in a pixel
    flux : fluxes are even in ln between the two
    R_e : half-light radii likewise [pixel]
    sersic : Sérsic indices are even between the two
    truth_images : also give the first galaxy alone, blurred and without noise

    Examples
    --------
    >>> Galaxies(size=16).sample(2, np.random.default_rng(0)).shape
    (2, 16, 16)
    """

    block: ClassVar[int] = 500
    default_n: ClassVar[int] = 1_000
    behind: ClassVar[tuple[str, str] | None] = ("truth_images", "truth_image")

    size: int = 64
    blended: float = 0.5
    separation: float = 12.0
    psf: Psf = field(default_factory=Psf)
    noise: float = 1.0
    flux: tuple[float, float] = (500.0, 10_000.0)
    R_e: tuple[float, float] = (2.0, 8.0)
    sersic: tuple[float, float] = (0.5, 4.0)
    truth_images: bool = False

    def __post_init__(self) -> None:
        if self.size < 8 or not 0 <= self.blended <= 1 or not self.noise >= 0:
            raise InputError(
                f"size = {self.size}, blended = {self.blended}, noise = {self.noise}: expected at least 8, "
                "a chance between 0 and 1, and at least 0."
            )
        for name in ("flux", "R_e", "sersic"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise InputError(
                    f"{name} = {low}, {high} is not possible; give two numbers, 0 < low <= high."
                )

    def sample(self, n: int, rng: np.random.Generator) -> Images:
        """Return images: (n, size, size) float32."""
        return self._draw(n, rng)[0]

    def table(self, n: int, rng: np.random.Generator) -> Table:
        """Return images, ``kind`` (single or blended), parameters of both galaxies (NaN for no second)."""
        images, alone, first, second = self._draw(n, rng)
        both = np.isfinite(second[:, 0])
        columns = {"kind": np.where(both, "blended", "single").astype(object)}
        for number, parameters in enumerate((first, second), 1):
            columns |= {f"{name}_{number}": parameters[:, i] for i, name in enumerate(PARAMETERS)}
        columns |= {"image": images} | ({"truth_image": alone} if self.truth_images else {})
        units = {f"{name}_{number}": "pixel" for name in ("R_e", "x", "y") for number in (1, 2)}
        return Table(columns, units | {"angle_1": "rad", "angle_2": "rad"}, target="kind")

    def _draw(self, n: int, rng: np.random.Generator) -> tuple[Images, Images, Vector, Vector]:
        middle = (self.size - 1) / 2
        first = self._parameters(count(n), rng)
        first[:, 5:] = middle + rng.uniform(-2, 2, (n, 2))
        second = self._parameters(n, rng)
        distance = self.separation * np.sqrt(rng.random(n))
        towards = rng.uniform(0, 2 * np.pi, n)
        second[:, 5:] = first[:, 5:] + distance[:, None] * np.stack(
            [np.cos(towards), np.sin(towards)], axis=1
        )
        both = rng.random(n) < self.blended
        second[~both] = np.nan
        alone = render(first, self.size)
        clean = alone.copy()
        clean[both] += render(second[both], self.size)
        noise = rng.standard_normal(clean.shape, dtype=np.float32) * np.float32(self.noise)
        seen = blur(alone, self.psf) if self.truth_images else alone
        return blur(clean, self.psf) + noise, seen, first, second

    def _parameters(self, n: int, rng: np.random.Generator) -> Vector:
        """Draw flux, R_e, n, axis ratio (0.4–1) and angle; the place is set by the caller."""
        flux, R_e = (np.exp(rng.uniform(np.log(low), np.log(high), n)) for low, high in (self.flux, self.R_e))
        rest = [rng.uniform(*self.sersic, n), rng.uniform(0.4, 1, n), rng.uniform(0, np.pi, n)]
        return np.stack([flux, R_e, *rest, np.zeros(n), np.zeros(n)], axis=1)
