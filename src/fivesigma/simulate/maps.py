"""Maps of clusters: the projected pressure and density of their gas, as a telescope with a beam and noise sees them.

**Pressure** is the generalised NFW profile of Arnaud et al. (2010, A&A 517 A92, eqs 11 and 12; γ, α, β = 0.3081,
1.0510, 5.4905, c₅₀₀ = 1.177), whose integral inside R500 is that of the halo's Y_X: ``Y = 0.924 C Y_X`` with ``C =
σ_T / (m_e c² μ_e m_p) = 1.416e-19 Mpc²/(Msun keV)`` (their sections 5 and 6). The map is of Compton's y.

**Density** is a β-model, ``ρ ∝ (1 + (r/r_c)²)^(−3β/2)`` (Cavaliere & Fusco-Femiano 1976, A&A 49 137), whose integral
inside R500 is the halo's gas mass; the map is of surface density.

The scatter of the shapes, the clump of a disturbed halo, the beam and the noise are stated defaults of this package
without a source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gamma

from fivesigma._core.errors import InputError
from fivesigma.features.images.psf import Psf, blur
from fivesigma.simulate.system import positive

Vector = NDArray[np.float64]
Images = NDArray[np.float32]
HUBBLE = 0.7
"""Of observables: a length of 1 kpc/h is 1/0.7 kpc."""
COMPTON = 0.924 * 1.416e-19
"""Integrated Compton parameter inside R500 over Y_X [Mpc²/(Msun keV)]."""
C_500 = 1.177
SLOPES = (0.3081, 1.0510, 5.4905)
UNITS = {"pressure": "1e-6", "density": "Msun/pc2"}


@dataclass(frozen=True)
class ClusterMaps:
    """How clusters are mapped.

    Attributes
    ----------
    size : pixels a side
    width : side of a map [Mpc]
    beam : FWHM of the Gaussian beam [Mpc]
    noise_pressure : noise of a pixel of the pressure map [1e-6 of Compton's y]
    noise_density : noise of a pixel of the density map [Msun/pc²]
    shape_scatter : scatter of concentration and core radius from halo to halo [ln]
    elongation : axis ratios are even between this and one
    """

    size: int = 32
    width: float = 5.0
    beam: float = 0.35
    noise_pressure: float = 2.0
    noise_density: float = 2.0
    shape_scatter: float = 0.25
    elongation: float = 0.7

    def __post_init__(self) -> None:
        positive(self.width, "maps.width")
        positive(self.beam, "maps.beam")
        if not (
            self.size >= 8
            and self.noise_pressure >= 0
            and self.noise_density >= 0
            and self.shape_scatter >= 0
            and 0 < self.elongation <= 1
        ):
            raise InputError(
                f"maps: size = {self.size}, noise = {self.noise_pressure} and {self.noise_density}, "
                f"shape_scatter = {self.shape_scatter}, elongation = {self.elongation}: expected at least 8 "
                "pixels, numbers of at least 0, and a ratio in (0, 1]."
            )

    def draw(self, halos: Mapping[str, Any], rng: np.random.Generator) -> dict[str, Images]:
        """Return ``pressure`` and ``density``, (n, size, size), of haloes with their columns of `Halos.sample`.

        A clump with the share ``f_sub`` of the gas lies beside the main halo, which is off the middle by
        ``offset`` R500.
        """
        R = np.asarray(halos["R_500"]) / HUBBLE / (1 + np.asarray(halos["z"])) / 1000  # Mpc
        main, clump = self._parts(R, np.asarray(halos["offset"]), np.asarray(halos["f_sub"]), rng)
        scatter = np.exp(self.shape_scatter * rng.standard_normal((2, len(R))))
        of: dict[str, tuple[Pressure | Density, Vector]] = {
            "pressure": (Pressure(C_500 * scatter[0]), COMPTON * np.asarray(halos["Y_X"]) * 1e6),
            "density": (Density(0.15 * scatter[1]), np.asarray(halos["M_gas_500"]) / 1e12),
        }
        noise = {"pressure": self.noise_pressure, "density": self.noise_density}
        beam = Psf(self.beam / self.width * self.size, None)
        found = {}
        for name, (profile, amount) in of.items():
            image = np.zeros((len(R), self.size, self.size), np.float32)
            for part in (main, clump):
                image += self._projected(part, profile, amount)
            white = rng.standard_normal(image.shape, dtype=np.float32)
            found[name] = blur(image, beam) + np.float32(noise[name]) * white
        return found

    def _parts(self, R: Vector, offset: Vector, share: Vector, rng: np.random.Generator) -> tuple[Part, Part]:
        """Return the main halo and its clump: where they lie, how wide they are, and what share they hold."""
        n = len(R)
        towards, beside, turn = rng.uniform(0, 2 * np.pi, (3, n))
        ratio = rng.uniform(self.elongation, 1, n)
        x, y = offset * R * np.cos(towards), offset * R * np.sin(towards)
        away = R * rng.uniform(0.3, 1.0, n)
        clump = Part(
            x + away * np.cos(beside), y + away * np.sin(beside), R * np.cbrt(share), np.ones(n), turn, share
        )
        return Part(x, y, R, ratio, turn, 1 - share), clump

    def _projected(self, part: Part, profile: Pressure | Density, amount: Vector) -> Images:
        """Return the noiseless image of one part, (n, size, size), averaged over four points a pixel."""
        at = ((np.arange(2 * self.size) + 0.5) / (2 * self.size) - 0.5) * self.width
        found = np.empty((len(amount), self.size, self.size), np.float32)
        for i in range(len(amount)):
            dx, dy = at[None, :] - part.x[i], at[:, None] - part.y[i]
            c, s, q = np.cos(part.angle[i]), np.sin(part.angle[i]), part.ratio[i]
            r = np.hypot((c * dx + s * dy) * np.sqrt(q), (c * dy - s * dx) / np.sqrt(q)) / part.R[i]
            surface = profile.surface(i, r) * part.share[i] * amount[i] / part.R[i] ** 2
            found[i] = surface.reshape(self.size, 2, self.size, 2).mean(axis=(1, 3))
        return found


@dataclass(frozen=True, eq=False)
class Part:
    """Parts of haloes, each (n,): place and R500 [Mpc], axis ratio, angle [rad], and the share of the whole held."""

    x: Vector
    y: Vector
    R: Vector
    ratio: Vector
    angle: Vector
    share: Vector


@dataclass(frozen=True, eq=False)
class Pressure:
    """Pressure profiles of concentrations ``c`` (n,), of one unit inside R500."""

    c: Vector

    def surface(self, i: int, x: Vector) -> Vector:
        """Return the projection of profile ``i`` at radii ``x`` over R500: ``c² G(c x) / ∫₀ᶜ p 4π w² dw``."""
        w, projected, inside = _pressure_table()
        log_w = np.log(w)
        G = np.exp(np.interp(np.log(np.maximum(self.c[i] * x, w[0])), log_w, np.log(projected)))
        return np.asarray(self.c[i] ** 2 * G / np.interp(np.log(self.c[i]), log_w, inside))


@dataclass(frozen=True, eq=False)
class Density:
    """β-models of core radii ``core`` (n,) over R500, of one unit inside R500."""

    core: Vector
    beta: float = 0.75

    def surface(self, i: int, x: Vector) -> Vector:
        """Return the projection of profile ``i`` at radii ``x`` over R500.

        ``√π k Γ(a − ½)/Γ(a) (1 + x²/k²)^(½ − a)`` with k the core radius and a = 3β/2, over the integral inside.
        """
        k, a = self.core[i], 1.5 * self.beta
        u = (np.arange(400) + 0.5) / 400
        inside = np.mean((1 + (u / k) ** 2) ** -a * 4 * np.pi * u**2)
        height = np.sqrt(np.pi) * k * gamma(a - 0.5) / gamma(a)
        return np.asarray(height * (1 + (x / k) ** 2) ** (0.5 - a) / inside)


@cache
def _pressure_table() -> tuple[Vector, Vector, Vector]:
    """Return radii ``w = c r/R500``, the profile projected there, and its integral over the ball inside."""
    w = np.geomspace(1e-3, 60.0, 600)
    g, a, b = SLOPES

    def p(u: Vector) -> Vector:
        return np.asarray(u**-g * (1 + u**a) ** ((g - b) / a))

    along = np.concatenate([[0.0], np.geomspace(1e-4, 60.0, 2000)])
    values = p(np.hypot(w[:, None], along))
    projected = (values[:, 1:] + values[:, :-1]) @ np.diff(along)
    shells = p(w) * 4 * np.pi * w**3  # over d ln w
    inside = np.concatenate([[0.0], np.cumsum(0.5 * (shells[1:] + shells[:-1]) * np.diff(np.log(w)))])
    return w, projected, inside
