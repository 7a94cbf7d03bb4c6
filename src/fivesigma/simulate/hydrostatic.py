"""Hydrostatic masses from pressure profiles with a non-thermal part: the bias is an outcome, not a label.

Radii are in units of R500 and masses in units of M500, so that nothing here has a dimension.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def nfw_mass(x: Vector, c: Vector) -> Vector:
    """Mass of an NFW halo (arXiv:astro-ph/9611107) inside ``x = r/R500`` over M500: ``m(c x) / m(c)``.

    ``m(y) = ln(1 + y) − y/(1 + y)``; ``c`` is the concentration R500/r_s.

    >>> float(nfw_mass(np.array(1.0), np.array(2.5)))
    1.0
    """

    def m(y: Vector) -> Vector:
        return np.asarray(np.log1p(y) - y / (1 + y))

    return np.asarray(m(c * x) / m(c))


def nfw_radius(overdensity: float, c: Vector) -> Vector:
    """Radius, over R500, inside which the mean density is ``overdensity`` times that inside R500.

    Solves ``nfw_mass(x) / x³ = overdensity`` by Newton on ln x; 0.4 for R200 from R500.
    """
    x = np.full(np.shape(c), 1.5)
    for _ in range(40):
        value = np.log(nfw_mass(x, c)) - 3 * np.log(x) - np.log(overdensity)
        y = c * x
        slope = (y / (1 + y)) ** 2 / (np.log1p(y) - y / (1 + y)) - 3
        x = x * np.exp(-value / slope)
    return np.asarray(x)


@dataclass(frozen=True)
class PressureProfile:
    """Gas in hydrostatic equilibrium with a part of its pressure in turbulence, seen with noise.

    The numbers are stated defaults of this package; none has a source.

    Attributes
    ----------
    core : core radius of the gas, ``ρ_g ∝ (1 + (x/core)²)^(−3 β/2)``
    beta, beta_scatter : its outer slope and the cluster-to-cluster scatter of it
    nonthermal, nonthermal_scatter : fraction of non-thermal pressure at R500 and its scatter [dex]
    nonthermal_slope : ``f_nt(x) = nonthermal · x^slope``, at most 0.7
    noise : relative error of the pressure in each of ``n_bins`` radial bins over 0.4–1.6 R500
    """

    core: float = 0.15
    beta: float = 0.75
    beta_scatter: float = 0.05
    nonthermal: float = 0.18
    nonthermal_scatter: float = 0.12
    nonthermal_slope: float = 0.8
    noise: float = 0.02
    n_bins: int = 12

    def sample(self, c: Vector, rng: np.random.Generator) -> dict[str, Vector]:
        """Draw one profile a halo and measure it.

        Parameters
        ----------
        c : (n,) concentrations R500/r_s

        Returns
        -------
        ``nonthermal`` (n,), the fraction at R500; ``exact`` (n,), M_HE/M at R500 from the noiseless profile;
        ``measured`` (n,), the same from a fit to the noisy bins.
        """
        n = len(c)
        beta = np.maximum(self.beta + self.beta_scatter * rng.standard_normal(n), 0.4)
        fraction = self.nonthermal * 10 ** (self.nonthermal_scatter * rng.standard_normal(n))
        noise = self.noise * rng.standard_normal((n, self.n_bins))
        x = np.geomspace(0.4, 1.6, self.n_bins)
        p, density = self.thermal(x, c, beta, fraction)
        return {
            "nonthermal": np.minimum(fraction, 0.7),
            "exact": self._mass_ratio(x, p, density),
            "measured": self._mass_ratio(x, p * np.maximum(1 + noise, 0.1), density),
        }

    def thermal(self, x: Vector, c: Vector, beta: Vector, fraction: Vector) -> tuple[Vector, Vector]:
        """Thermal pressure (n, len(x)) and gas density at R500 (n,).

        ``P_tot(x) = ∫_x^10 ρ_g(x') M(x') / x'² dx'`` (units of G M500 ρ/R500) and ``P = (1 − f_nt) P_tot``.
        """
        grid = np.geomspace(x[0], 10.0, 400)
        density = self._density(grid, beta)
        integrand = density * nfw_mass(grid, c[:, None]) / grid  # over d ln x
        step = np.diff(np.log(grid))
        pieces = 0.5 * (integrand[:, 1:] + integrand[:, :-1]) * step
        total = np.concatenate([pieces[:, ::-1].cumsum(1)[:, ::-1], np.zeros((len(c), 1))], axis=1)
        at = np.searchsorted(grid, x).clip(1, len(grid) - 2)
        weight = (np.log(x) - np.log(grid[at - 1])) / (np.log(grid[at]) - np.log(grid[at - 1]))
        log_p = np.log(total[:, at - 1]) * (1 - weight) + np.log(total[:, at]) * weight
        share = np.minimum(fraction[:, None] * x**self.nonthermal_slope, 0.7)
        return np.exp(log_p) * (1 - share), self._density(np.ones(1), beta)[:, 0]

    def _density(self, x: Vector, beta: Vector) -> Vector:
        return np.asarray((1 + (x / self.core) ** 2) ** (-1.5 * beta[:, None]))

    def _mass_ratio(self, x: Vector, p: Vector, density: Vector) -> Vector:
        """``M_HE/M = −(P/ρ_g) dlnP/dlnx`` at x = 1, with ln P a cubic in ln x fitted to the bins."""
        design = np.vander(np.log(x), 4, increasing=True)
        level, slope = (np.linalg.pinv(design) @ np.log(p).T)[:2]
        return np.asarray(-np.exp(level) / density * slope)
