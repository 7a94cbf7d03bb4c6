"""The 26 features of an event with two leptons, two jets and missing momentum, and the spin axes of its tops.

Four-momenta are arrays of shape (n, 4) in the order px, py, pz, E, in GeV.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
COMPONENTS = ("px", "py", "pz", "E")
MOMENTA = tuple(f"{name}_{k}" for name in ("lep0", "lep1", "jet0", "jet1") for k in COMPONENTS)
DERIVED = ("n_jets", "HT", "met", "m_jj", "m_lljj", "m_lj", "m_T", "m_ll", "dphi_jj", "dphi_ll")
FEATURES = MOMENTA + DERIVED
UNITS = dict.fromkeys((*MOMENTA, "HT", "met", "m_jj", "m_lljj", "m_lj", "m_T", "m_ll"), "GeV") | {
    "dphi_jj": "rad",
    "dphi_ll": "rad",
}


def mass(p: Vector) -> Vector:
    """``m = √(E² − p²)``, 0 where rounding makes it negative: (n, 4) -> (n,), GeV.

    >>> mass(np.array([[3.0, 0.0, 0.0, 5.0]]))
    array([4.])
    """
    return np.asarray(np.sqrt(np.maximum(p[:, 3] ** 2 - (p[:, :3] ** 2).sum(1), 0.0)))


def delta_phi(a: Vector, b: Vector) -> Vector:
    """Azimuthal angle between two momenta, in [0, π]: (n, 4), (n, 4) -> (n,), rad."""
    gap = np.abs(np.arctan2(a[:, 1], a[:, 0]) - np.arctan2(b[:, 1], b[:, 0]))
    return np.asarray(np.minimum(gap, 2 * np.pi - gap))


def transverse_mass(ll: Vector, met: Vector) -> Vector:
    """``m_T² = (E_T^ll + E_T^miss)² − |p_T^ll + p_T^miss|²`` with ``E_T^ll = √(p_T² + m_ll²)``: (n,), GeV."""
    energy = np.sqrt((ll[:, :2] ** 2).sum(1) + mass(ll) ** 2) + np.hypot(met[:, 0], met[:, 1])
    return np.asarray(np.sqrt(np.maximum(energy**2 - ((ll[:, :2] + met) ** 2).sum(1), 0.0)))


def lepton_jet_mass(leptons: tuple[Vector, Vector], jets: tuple[Vector, Vector]) -> Vector:
    """Smaller over both pairings of the larger lepton–jet mass: below √(m_t² − m_W²) = 153 GeV for tops."""
    (a, b), (c, d) = leptons, jets
    straight = np.maximum(mass(a + c), mass(b + d))
    crossed = np.maximum(mass(a + d), mass(b + c))
    return np.asarray(np.minimum(straight, crossed))


def features(
    leptons: tuple[Vector, Vector], jets: tuple[Vector, Vector], met: Vector, *, n_jets: Vector, HT: Vector
) -> dict[str, Vector]:
    """Return the 26 features by name (`FEATURES`), each of shape (n,); ``met`` is (n, 2)."""
    (l0, l1), (j0, j1) = leptons, jets
    named = zip(("lep0", "lep1", "jet0", "jet1"), (l0, l1, j0, j1), strict=True)
    columns = {f"{name}_{k}": p[:, i] for name, p in named for i, k in enumerate(COMPONENTS)}
    return columns | {
        "n_jets": n_jets,
        "HT": HT,
        "met": np.hypot(met[:, 0], met[:, 1]),
        "m_jj": mass(j0 + j1),
        "m_lljj": mass(l0 + l1 + j0 + j1),
        "m_lj": lepton_jet_mass(leptons, jets),
        "m_T": transverse_mass(l0 + l1, met),
        "m_ll": mass(l0 + l1),
        "dphi_jj": delta_phi(j0, j1),
        "dphi_ll": delta_phi(l0, l1),
    }


def boosted(p: Vector, frame: Vector) -> Vector:
    """Boost ``p`` into the rest frame of ``frame``: (n, 4), (n, 4) -> (n, 4)."""
    m = mass(frame)[:, None]
    beta_gamma, gamma = frame[:, :3] / m, frame[:, 3:] / m
    along = (p[:, :3] * beta_gamma).sum(1, keepdims=True)
    energy = gamma * p[:, 3:] - along
    momentum = p[:, :3] + beta_gamma * (along / (gamma + 1) - p[:, 3:])
    return np.concatenate([momentum, energy], axis=1)


def _unit(v: Vector) -> Vector:
    return np.asarray(v / np.linalg.norm(v, axis=1, keepdims=True))


def spin_directions(top: Vector, antitop: Vector, plus: Vector, minus: Vector) -> Mapping[str, Vector]:
    """Lepton directions in their tops' rest frames along the helicity axes k, r, n: six columns (n,).

    k is the top's direction in the t t̄ frame, r = (p − (k·p) k)/|…| with the beam p = z, n = r × k, one set
    of axes for both leptons. The basis is that of Bernreuther, Heisler & Si (arXiv:1508.05271) without its
    sign flips for Bose symmetry. ``−3 <cos φ> = D`` where φ is the angle between the two directions.
    """
    pair = top + antitop
    top, antitop, plus, minus = (boosted(p, pair) for p in (top, antitop, plus, minus))
    k = _unit(top[:, :3])
    r = _unit(np.array([0.0, 0.0, 1.0]) - k[:, 2:] * k)
    n = np.cross(r, k)
    directions = {"plus": _unit(boosted(plus, top)[:, :3]), "minus": _unit(boosted(minus, antitop)[:, :3])}
    axes = {"k": k, "r": r, "n": n}
    return {f"truth_{s}_{a}": (d * axis).sum(1) for s, d in directions.items() for a, axis in axes.items()}
