"""Galaxy clusters: masses from the Tinker mass function, observables from published scaling relations.

**Which h.** Arnaud, Pointecouteau & Pratt (2007, A&A 474 L37, table 2) write h(z) for ``E(z) = H(z)/H₀``; the
h of Msun/h is the Hubble parameter. Their masses are for H₀ = 70 km/s/Mpc, so a mass of m Msun/h is m/0.7
Msun there. Masses of haloes are in Msun/h; observables are for H₀ = 70.

**Which mass.** Theirs are hydrostatic: ``M_HE = (1 − b) M`` with the parameter ``bias``. The hydrostatic mass
of each halo here is separate: it comes out of a simulated pressure profile (`hydrostatic.PressureProfile`).

**Which way.** They give mass at a fixed proxy, ``log₁₀ M = log₁₀ C + α log₁₀(A/A₀) ± σ``; a simulator needs
the proxy at a fixed mass. In a population whose density in ln M falls as ``M^−β``, a proxy drawn as

    log₁₀ A = log₁₀ A₀ + (log₁₀ M − log₁₀ C − β σ² ln 10) / α ± σ/α

gives back exactly their line and their scatter (to first order in the curvature of the mass function).

**Which scatters.** ``Y_X = M_gas T`` identically, so only two of the three are free, and Y_X is the product
of the two. The published scatter of Y_X (0.039) asks for a correlation of 0.62 between T and M_gas at fixed
mass, that of M_gas at fixed T (0.036) for 0.76; the default 0.75 gives 0.040 and 0.037.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma.simulate import maps
from fivesigma.simulate.hydrostatic import PressureProfile
from fivesigma.simulate.maps import ClusterMaps
from fivesigma.simulate.system import System, Table, count

Vector = NDArray[np.float64]
G = 4.30091727e-6  #: kpc (km/s)² / Msun


@dataclass(frozen=True)
class Relation:
    """``E(z)^power M = 10^log_C (A/A0)^alpha`` with ``scatter`` [dex] of M at fixed A; Msun for H₀ = 70."""

    log_C: float
    alpha: float
    scatter: float
    A0: float
    power: float

    def proxy(self, log_M: Vector, log_E: float, slope: Vector) -> Vector:
        """log₁₀ of the proxy, less its scatter, at masses ``log_M`` where the density falls as M^−slope."""
        shift = slope * self.scatter**2 * np.log(10)
        return np.asarray(np.log10(self.A0) + (log_M + self.power * log_E - self.log_C - shift) / self.alpha)


# Arnaud, Pointecouteau & Pratt 2007, table 2: intrinsic scatter
M_T = Relation(14.580, 1.71, 0.039, 5.0, 1.0)
M_Y = Relation(14.556, 0.548, 0.039, 2e14, 0.4)
M_GAS = Relation(14.542, 0.803, 0.044, 4e13, 0.0)


@dataclass(frozen=True)
class Code:
    """How one simulation code differs from the published relations: shifts in dex, and factors."""

    temperature: float = 0.0
    gas: float = 0.0
    scatter: float = 1.0
    nonthermal: float = 1.0


CODES = {"a": Code(), "b": Code(temperature=-0.03, gas=0.05, scatter=1.3, nonthermal=1.5)}


@dataclass(frozen=True)
class Halos(System):
    """Cluster-size haloes at one redshift with gas, galaxies, dynamical state and hydrostatic mass.

    Parameters
    ----------
    z : redshift
    M_min : smallest M500c [Msun/h]
    code : ``a`` follows the published relations; ``b`` is shifted (`CODES`), for tests of covariate shift
    bias : b of the masses in the published relations; the mean of what ``profile`` yields with its defaults
    correlation : of the scatters of log T and log M_gas at fixed mass
    cosmology : a name that colossus knows
    profile : the pressure profile behind the hydrostatic masses
    concentration_scatter : scatter of c500 about Diemer & Joyce 2019 (arXiv:1809.07326) [dex]
    velocity_scatter : of the velocity dispersion about ``√(G M500 / 2 R500)`` [ln]
    offset, substructure : medians of centre offset / R500 and of the mass fraction in substructure
    state_scatter, state_correlation : scatter of the two [dex] and their correlation
    maps : also draw maps of the projected pressure and density (`sky`), columns of images
    sky : how they are drawn (`fivesigma.simulate.maps.ClusterMaps`)
    stars : M_star/M500 at 10¹⁴·⁵ Msun/h, falling as M^−0.3, scatter 0.1 dex

    The last five lines are stated defaults of this package without a source.

    Notes
    -----
    The dynamical state does not enter the hydrostatic bias (none was found by Gianfagna et al.,
    arXiv:2111.01903). L_X(0.1–2.4 keV, < R500) from Y_X: Pratt et al. 2009 (A&A 498 361), table B.2, L given
    Y_X: ``E^(−9/5) L = 2.52e44 erg/s (Y_X / 2e14 Msun keV)^0.84`` with 0.411 ln scatter.
    """

    block: ClassVar[int] = 5_000
    default_n: ClassVar[int] = 5_000

    z: float = 0.0
    M_min: float = 1e14
    code: Literal["a", "b"] = "a"
    bias: float = 0.12
    correlation: float = 0.75
    cosmology: str = "planck18"
    profile: PressureProfile = field(default_factory=PressureProfile)
    concentration_scatter: float = 0.10
    velocity_scatter: float = 0.08
    offset: float = 0.04
    substructure: float = 0.06
    state_scatter: float = 0.30
    state_correlation: float = 0.6
    stars: float = 0.012
    maps: bool = False
    sky: ClusterMaps = field(default_factory=ClusterMaps)

    def __post_init__(self) -> None:
        if not (
            0 <= self.z <= 3
            and 1e11 <= self.M_min <= 5e15
            and 0 <= self.bias < 1
            and abs(self.correlation) < 1
        ):
            raise InputError(
                f"z = {self.z}, M_min = {self.M_min}, bias = {self.bias}, correlation = {self.correlation}: "
                "expected 0 <= z <= 3, 1e11 <= M_min <= 5e15 Msun/h, 0 <= bias < 1, |correlation| < 1."
            )

    def mass_function(self) -> MassFunction:
        """The Tinker et al. 2008 (arXiv:0803.2706) mass function for M500c above ``M_min``."""
        return mass_function(self.cosmology, self.z, self.M_min)

    def sample(self, n: int, rng: np.random.Generator) -> dict[str, Vector]:
        """Return ``n`` haloes as columns of shape (n,), units in `UNITS`."""
        function = self.mass_function()
        M = function.sample(count(n), rng)
        state = self._state(len(M), rng)
        columns = {"M_500": M, "R_500": function.radius(M)}
        columns["c_500"] = self._concentration(M, state["disturbance"], rng)
        columns |= self._gas(function, M, rng) | self._velocity(columns, rng)
        columns |= {key: state[key] for key in ("offset", "f_sub", "relaxed")}
        M_star = self.stars * M * (M / 10**14.5) ** -0.3 * 10 ** (0.1 * rng.standard_normal(len(M)))
        code = CODES[self.code]
        profile = PressureProfile(
            **{**vars(self.profile), "nonthermal": self.profile.nonthermal * code.nonthermal}
        )
        ratios = profile.sample(columns["c_500"], rng)
        columns |= {
            "M_star_500": M_star,
            "M_HE_500": M * ratios["measured"],
            "f_nonthermal": ratios["nonthermal"],
        }
        return columns | {"truth_hydrostatic_bias": 1 - ratios["exact"], "z": np.full(len(M), self.z)}

    def table(self, n: int, rng: np.random.Generator) -> Table:
        """Return the AHF catalogue joined with the observables by ID."""
        from fivesigma.simulate import ahf

        halos = self.sample(n, rng)
        columns: dict[str, NDArray[Any]] = ahf.catalogue(halos, self.z, rng) | halos
        columns |= self.sky.draw(halos, rng) if self.maps else {}
        units = ahf.UNITS | UNITS | maps.UNITS
        return Table(columns, {k: units[k] for k in columns if k in units}, target="M_500", features=PROXIES)

    def _concentration(self, M: Vector, disturbance: Vector, rng: np.random.Generator) -> Vector:
        """Median relation with log-normal scatter, a third of whose variance is the dynamical state's."""
        scatter = np.sqrt(2 / 3) * rng.standard_normal(len(M)) - np.sqrt(1 / 3) * disturbance
        log_c = np.interp(np.log(M), *self.mass_function().concentration)
        return np.asarray(np.exp(log_c) * 10 ** (self.concentration_scatter * scatter))

    def _gas(self, function: MassFunction, M: Vector, rng: np.random.Generator) -> dict[str, Vector]:
        """Temperature, gas mass, their product and luminosity."""
        code = CODES[self.code]
        log_M = np.log10((1 - self.bias) * M / 0.7)
        log_E, slope = float(np.log10(function.E)), function.slope(M)
        a, b = rng.standard_normal((2, len(M)))
        b = self.correlation * a + np.sqrt(1 - self.correlation**2) * b
        log_T = M_T.proxy(log_M, log_E, slope) + code.temperature + code.scatter * M_T.scatter / M_T.alpha * a
        log_gas = M_GAS.proxy(log_M, log_E, slope) + code.gas + code.scatter * M_GAS.scatter / M_GAS.alpha * b
        Y = 10 ** (log_T + log_gas)
        L = 2.52e44 * (Y / 2e14) ** 0.84 * function.E**1.8 * np.exp(0.411 * rng.standard_normal(len(M)))
        return {"T_X": 10**log_T, "M_gas_500": 10**log_gas, "Y_X": Y, "L_X": L}

    def _velocity(self, columns: dict[str, Vector], rng: np.random.Generator) -> dict[str, Vector]:
        """One-dimensional velocity dispersion, self-similar: radii are comoving, so divided by 1 + z."""
        physical = columns["R_500"] / (1 + self.z)
        sigma = np.sqrt(G * columns["M_500"] / (2 * physical))
        return {"sigma_v": sigma * np.exp(self.velocity_scatter * rng.standard_normal(len(sigma)))}

    def _state(self, n: int, rng: np.random.Generator) -> dict[str, Vector]:
        """Offset and substructure fraction, raised by one latent disturbance; ``relaxed``: both small."""
        latent, *own = rng.standard_normal((3, n))
        share = np.sqrt(self.state_correlation)
        scatter = [self.state_scatter * (share * latent + np.sqrt(1 - share**2) * e) for e in own]
        offset, f_sub = self.offset * 10 ** scatter[0], np.minimum(self.substructure * 10 ** scatter[1], 0.6)
        relaxed = ((offset < 0.07) & (f_sub < 0.1)).astype(float)
        return {"disturbance": latent, "offset": offset, "f_sub": f_sub, "relaxed": relaxed}


PROXIES = ("T_X", "M_gas_500", "Y_X", "L_X", "sigma_v", "M_star_500", "M_HE_500", "offset", "f_sub")
UNITS = {
    "M_500": "Msun/h",
    "R_500": "comoving kpc/h",
    "T_X": "keV",
    "M_gas_500": "Msun",
    "Y_X": "Msun keV",
    "L_X": "erg/s",
    "sigma_v": "km/s",
    "M_star_500": "Msun/h",
    "M_HE_500": "Msun/h",
}


@dataclass(frozen=True, eq=False)
class MassFunction:
    """A cumulative mass function on a grid of ln M, and what a halo of each mass is like.

    Attributes
    ----------
    log_M : (k,) ln of M500c [Msun/h]
    density : (k,) dn/dlnM [(h/comoving Mpc)³]
    concentration : two (k,) arrays, ln M and ln c500c
    E : H(z)/H₀
    critical : critical density at z [h² Msun / physical kpc³]
    z : redshift
    """

    log_M: Vector
    density: Vector
    concentration: tuple[Vector, Vector]
    E: float
    critical: float
    z: float

    @property
    def cumulative(self) -> Vector:
        """Number density above the smallest mass and below each of the grid [(h/Mpc)³], by trapezia."""
        step = np.diff(self.log_M)
        return np.concatenate([[0.0], np.cumsum(step * (self.density[1:] + self.density[:-1]) / 2)])

    @property
    def total(self) -> float:
        """Number density of all haloes above the smallest mass [(h/Mpc)³]."""
        return float(self.cumulative[-1])

    def sample(self, n: int, rng: np.random.Generator) -> Vector:
        """Masses [Msun/h] by inversion of the cumulative: (n,)."""
        cumulative = self.cumulative
        return np.asarray(np.exp(np.interp(rng.random(n) * cumulative[-1], cumulative, self.log_M)))

    def slope(self, M: Vector) -> Vector:
        """β = −d ln(dn/dlnM) / d ln M at each mass: (n,)."""
        gradient = -np.gradient(np.log(self.density), self.log_M)
        return np.asarray(np.interp(np.log(M), self.log_M, gradient))

    def radius(self, M: Vector) -> Vector:
        """R500 from ``M = (4π/3) 500 ρ_c(z) R³`` [comoving kpc/h]: (n,)."""
        return np.asarray((3 * M / (4 * np.pi * 500 * self.critical)) ** (1 / 3) * (1 + self.z))


@cache
def mass_function(cosmology: str, z: float, M_min: float) -> MassFunction:
    """Tabulate colossus' Tinker 2008 mass function and Diemer & Joyce 2019 concentrations on 400 masses."""
    with colossus(cosmology) as (model, modules):
        # four decades up in all but number; the density there is far below one halo in the observable
        # universe
        M = np.geomspace(M_min, min(100 * M_min, 1.2e16), 400)
        M = M[M < 1.2e16]
        density = modules["lss.mass_function"].massFunction(
            M, z, mdef="500c", model="tinker08", q_out="dndlnM"
        )
        c = modules["halo.concentration"].concentration(M, "500c", z, model="diemer19")
        E, critical = float(model.Hz(z) / model.H0), float(model.rho_c(z))
    return MassFunction(np.log(M), np.maximum(density, 1e-300), (np.log(M), np.log(c)), E, critical, z)


@contextmanager
def colossus(name: str) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Lend colossus a folder of its own and a cosmology; afterwards its global state is as it was.

    Left alone it makes ``~/.colossus``, even with its persistence off.
    """
    import importlib

    settings: Any = importlib.import_module("colossus.settings")
    before = settings.BASE_DIR, settings.PERSISTENCE
    with tempfile.TemporaryDirectory() as folder:
        settings.BASE_DIR, settings.PERSISTENCE = folder, ""
        try:
            modules = {
                k: importlib.import_module(f"colossus.{k}")
                for k in ("lss.mass_function", "halo.concentration")
            }
            cosmology: Any = importlib.import_module("colossus.cosmology.cosmology")
            current = cosmology.current_cosmo
            if name not in cosmology.cosmologies:
                known = ", ".join(sorted(cosmology.cosmologies))
                raise InputError(f"'{name}' is not a cosmology; expected one of {known}.")
            yield cosmology.setCosmology(name, persistence=""), modules
            cosmology.current_cosmo = current
        finally:
            settings.BASE_DIR, settings.PERSISTENCE = before
