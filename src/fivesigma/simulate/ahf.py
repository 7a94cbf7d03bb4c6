"""Haloes as a catalogue of Amiga's Halo Finder (Knollmann & Knebe 2009, arXiv:0904.3662), in its units.

Masses in Msun/h, lengths in comoving kpc/h, velocities in km/s. Mvir and Rvir are those of 200 times the
critical density. What the population does not determine (spin, shape, orientation, position) is drawn from
stated distributions: spins log-normal about 0.035 with 0.55 in ln, axis ratios Gaussian, orientation and
place isotropic.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fivesigma.data.readers.ahf import UNITS
from fivesigma.simulate.hydrostatic import nfw_mass, nfw_radius
from fivesigma.simulate.system import Array, Table

Vector = NDArray[np.float64]
G = 4.30091727e-6  #: kpc (km/s)² / Msun
PARTICLE = 1.5e9  #: mass of a dark-matter particle [Msun/h]
GAS_PARTICLE = 2.4e8  #: mass of a gas or star particle [Msun/h]
BOX = 1.0e6  #: side of the box [comoving kpc/h]

_AXES = tuple(f"E{axis}{k}" for axis in "abc" for k in "xyz")
_SHAPE = ("lambda", "lambdaE", "Lx", "Ly", "Lz", "b", "c", *_AXES)
_DARK = (
    *(
        "ID",
        "hostHalo",
        "numSubStruct",
        "Mvir",
        "npart",
        "Xc",
        "Yc",
        "Zc",
        "VXc",
        "VYc",
        "VZc",
        "Rvir",
        "Rmax",
        "r2",
    ),
    *("mbp_offset", "com_offset", "Vmax", "v_esc", "sigV", *_SHAPE),
    *("ovdens", "nbins", "fMhires", "Ekin", "Epot", "SurfP", "Phi0", "cNFW"),
)


def _part(name: str) -> tuple[str, ...]:
    return (f"n_{name}", f"M_{name}", *(f"{column}_{name}" for column in (*_SHAPE, "Ekin", "Epot")))


COLUMNS: tuple[str, ...] = (*_DARK, *_part("gas"), *_part("star"))
HEADER = "#" + "\t".join(f"{name}({i})" for i, name in enumerate(COLUMNS, 1))
__all__ = ["COLUMNS", "HEADER", "UNITS", "catalogue", "catalogue_text", "companion"]

WHOLE = ("ID", "hostHalo", "numSubStruct", "npart", "nbins", "n_gas", "n_star")


def catalogue(halos: Mapping[str, Vector], z: float, rng: np.random.Generator) -> dict[str, Array]:
    """Return the 83 columns, each (n,), of haloes with M_500, R_500, c_500, offset, M_gas_500, M_star_500."""
    M500, R500, c500 = halos["M_500"], halos["R_500"], halos["c_500"]
    n = len(M500)
    x = nfw_radius(0.4, c500)
    Mvir, Rvir = M500 * nfw_mass(x, c500), R500 * x
    physical = Rvir / (1 + z)
    ratio, concentration = Mvir / M500, c500 * x
    columns: dict[str, Array] = {
        # an ID that no other block has, and that a float still holds exactly
        "ID": rng.integers(1, 2**53, n),
        "hostHalo": np.zeros(n, np.int64),
        "numSubStruct": rng.poisson(Mvir / 2e13),
        "Mvir": Mvir,
        "npart": (Mvir / PARTICLE).astype(np.int64),
    }
    columns |= dict(zip(("Xc", "Yc", "Zc"), BOX * rng.random((3, n)), strict=True))
    columns |= dict(zip(("VXc", "VYc", "VZc"), 300 * rng.standard_normal((3, n)), strict=True))
    columns |= {"Rvir": Rvir} | _profile(Mvir, Rvir, physical, concentration)
    columns |= {"com_offset": halos["offset"] * R500, "mbp_offset": halos["offset"] * R500 * rng.random(n)}
    columns |= _shape("", Mvir * physical * np.sqrt(G * Mvir / physical), rng)
    columns |= {"ovdens": np.full(n, 200.0), "nbins": rng.integers(20, 35, n), "fMhires": np.ones(n)}
    columns |= _energies("", Mvir, physical, concentration, rng) | {"cNFW": concentration}
    # gas for H0 = 70 as a fraction of the mass: 1 Msun/h is 1/0.7 Msun there
    masses = {"gas": 0.7 * halos["M_gas_500"] * ratio, "star": halos["M_star_500"] * ratio}
    for name, mass in masses.items():
        columns |= {f"n_{name}": (mass / GAS_PARTICLE).astype(np.int64), f"M_{name}": mass}
        columns |= _shape(f"_{name}", mass * physical * np.sqrt(G * Mvir / physical), rng)
        both = _energies(f"_{name}", mass, physical, concentration, rng)
        columns |= {f"{key}_{name}": both[f"{key}_{name}"] for key in ("Ekin", "Epot")}
    return {name: columns[name] for name in COLUMNS}


def _profile(M: Vector, R: Vector, physical: Vector, c: Vector) -> dict[str, Vector]:
    """Rmax = 2.163 r_s, r2 = r_s, Vmax, v_esc(R) and σ_V of an NFW halo."""
    vir = np.sqrt(G * M / physical)
    m = np.log1p(c) - c / (1 + c)
    return {
        "Rmax": 2.163 * R / c,
        "r2": R / c,
        "Vmax": vir * np.sqrt(0.2162 * c / m),
        "v_esc": vir * np.sqrt(2 * np.log1p(c) / m),
        "sigV": vir * np.sqrt(1.5 / 2) * (1 + 0.02 * (c - 4)),
    }


def _energies(
    part: str, M: Vector, physical: Vector, c: Vector, rng: np.random.Generator
) -> dict[str, Vector]:
    """``E_pot = −G M²/(2R) f(c)`` of NFW, also for a part with its own mass, and 2 E_kin ≈ |E_pot|."""
    m = np.log1p(c) - c / (1 + c)
    factor = c * (1 - 1 / (1 + c) ** 2 - 2 * np.log1p(c) / (1 + c)) / (2 * m**2)
    Epot = -factor * G * M**2 / physical
    Ekin = 0.5 * np.abs(Epot) * (1.1 + 0.1 * rng.standard_normal(len(M)))
    rest = {"SurfP": 0.2 * Ekin, "Phi0": -G * M / physical * c / m}
    return {f"Ekin{part}": Ekin, f"Epot{part}": Epot} | {f"{key}{part}": value for key, value in rest.items()}


def _shape(part: str, scale: Vector, rng: np.random.Generator) -> dict[str, Vector]:
    """Spin, angular momentum direction (unit vector), axis ratios 1 > b > c and orthonormal axes."""
    n = len(scale)
    spin = 0.035 * np.exp(0.55 * rng.standard_normal(n))
    direction = rng.standard_normal((n, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    b = np.clip(0.80 + 0.08 * rng.standard_normal(n), 0.3, 0.99)
    c = b * np.clip(0.85 + 0.06 * rng.standard_normal(n), 0.3, 0.99)
    axes = np.linalg.qr(rng.standard_normal((n, 3, 3)))[0].reshape(n, 9)
    columns = {"lambda": spin, "lambdaE": spin * np.exp(0.05 * rng.standard_normal(n)), "b": b, "c": c}
    columns |= dict(zip(("Lx", "Ly", "Lz"), direction.T, strict=True)) | dict(zip(_AXES, axes.T, strict=True))
    return {f"{name}{part}": column for name, column in columns.items()}


def catalogue_text(table: Table) -> str:
    """Return the catalogue as text: one header line, one line a halo."""
    formats = [_whole if name in WHOLE else _number for name in COLUMNS]
    columns = [list(map(form, table.columns[name])) for form, name in zip(formats, COLUMNS, strict=True)]
    return "\n".join([HEADER, *("\t".join(row) for row in zip(*columns, strict=True))]) + "\n"


def _whole(value: int) -> str:
    return str(int(value))


def _number(value: float) -> str:
    return f"{value:.8g}"


def companion(table: Table) -> Table:
    """Return what is not a column of AHF, with the ID to join it by."""
    columns = {name: column for name, column in table.columns.items() if name == "ID" or name not in COLUMNS}
    units = {name: unit for name, unit in table.units.items() if name in columns}
    return Table(columns, units, table.target, features=table.features)
