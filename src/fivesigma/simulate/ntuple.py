"""The flat ntuple of an event with two leptons and jets: its objects in pT, η, φ, and what is made of them.

Four-momenta are arrays of shape (n, k, 4) in the order px, py, pz, E, in GeV, NaN where an event has no such object.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fivesigma.simulate.dilepton import mass, transverse_mass

Vector = NDArray[np.float64]
LEADING = 4
"""Jets that have columns of their own."""
LEPTONS = tuple(f"lep{i}_{k}" for i in (0, 1) for k in ("pt", "eta", "phi", "muon"))
JETS = tuple(f"jet{i}_{k}" for i in range(LEADING) for k in ("pt", "eta", "phi", "m", "btag"))
DERIVED = (
    "met",
    "met_phi",
    "n_jets",
    "n_btags",
    "HT",
    "m_ll",
    "pt_ll",
    "dR_ll",
    "m_bb",
    "pt_bb",
    "dR_bb",
    "m_T",
)
FEATURES = LEPTONS + JETS + DERIVED
_GEV = ("pt", "m", "met", "HT", "m_ll", "pt_ll", "m_bb", "pt_bb", "m_T")
UNITS = {name: "GeV" for name in FEATURES if name.split("_", 1)[-1] in _GEV or name in _GEV} | {
    name: "rad" for name in FEATURES if name.endswith("phi")
}


def polar(p: Vector) -> dict[str, Vector]:
    """Return ``pt``, ``eta``, ``phi`` and ``m`` of four-momenta: (..., 4) -> (...).

    >>> {name: round(float(value), 3) for name, value in polar(np.array([3.0, 4.0, 0.0, 13.0])).items()}
    {'pt': 5.0, 'eta': 0.0, 'phi': 0.927, 'm': 12.0}
    """
    pt = np.hypot(p[..., 0], p[..., 1])
    return {
        "pt": pt,
        "eta": np.arcsinh(p[..., 2] / np.maximum(pt, 1e-9)),
        "phi": np.arctan2(p[..., 1], p[..., 0]),
        "m": mass(p.reshape(-1, 4)).reshape(p.shape[:-1]),
    }


def separation(a: Vector, b: Vector) -> Vector:
    """``ΔR = √(Δη² + Δφ²)`` of two objects of each event: (n, 4), (n, 4) -> (n,)."""
    one, other = polar(a), polar(b)
    phi = np.abs(one["phi"] - other["phi"])
    return np.asarray(np.hypot(one["eta"] - other["eta"], np.minimum(phi, 2 * np.pi - phi)))


def features(
    leptons: Vector, jets: Vector, candidates: Vector, met: Vector, known: Mapping[str, Vector]
) -> dict[str, Vector]:
    """Return the columns of `FEATURES`, each of shape (n,).

    Parameters
    ----------
    leptons : (n, 2, 4), the hardest first
    jets : (n, `LEADING`, 4), the hardest first, NaN where absent
    candidates : (n, 2, 4), the two jets that are taken for those of b quarks
    met : (n, 2), missing transverse momentum
    known : the columns that no momentum tells: ``lep0_muon`` and so on, ``jet0_btag`` and so on, ``n_jets``,
        ``n_btags``, ``HT``
    """
    columns = dict(known)
    for kind, objects in (("lep", leptons), ("jet", jets)):
        for name, values in polar(objects).items():
            columns |= {f"{kind}{i}_{name}": values[:, i] for i in range(objects.shape[1])}
    ll, bb = leptons.sum(axis=1), candidates.sum(axis=1)
    columns |= {"met": np.hypot(met[:, 0], met[:, 1]), "met_phi": np.arctan2(met[:, 1], met[:, 0])}
    columns |= {"m_ll": mass(ll), "m_bb": mass(bb), "m_T": transverse_mass(ll, met)}
    columns |= {"pt_ll": np.hypot(ll[:, 0], ll[:, 1]), "pt_bb": np.hypot(bb[:, 0], bb[:, 1])}
    columns["dR_ll"] = separation(leptons[:, 0], leptons[:, 1])
    columns["dR_bb"] = separation(candidates[:, 0], candidates[:, 1])
    return {name: columns[name] for name in FEATURES}
