"""A parametrised detector: from generated particles to isolated leptons, jets, b-tags and missing momentum.

Every number here is a stated default of this package, of the size seen at a general-purpose LHC experiment;
none is a measurement of one. Momenta are in GeV, angles in rad. Records are awkward arrays with the fields
``px, py, pz, E``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fivesigma._core.errors import require

NEUTRINOS = (12, 14, 16)


@dataclass(frozen=True)
class Detector:
    """Acceptance, resolution and efficiencies.

    The energy resolution of electrons and of jets is ``σ/E = a/√E ⊕ b`` (jets: in p_T); of muons
    ``σ/p_T = a ⊕ b p_T``. A lepton is isolated where ``Σ p_T`` of what lies within ``ΔR < 0.3`` of it (itself
    and photons within 0.1 left out) is below ``isolation`` times its own. The soft term of the missing
    momentum has a Gaussian error of ``soft √(Σ p_T / GeV)`` GeV in each of x and y.
    """

    electron: tuple[float, float] = (0.10, 0.007)
    muon: tuple[float, float] = (0.012, 1.0e-4)
    jet: tuple[float, float] = (0.80, 0.05)
    soft: float = 0.30
    lepton_efficiency: float = 0.92
    lepton_pt: float = 15.0
    lepton_eta: float = 2.5
    isolation: float = 0.15
    jet_radius: float = 0.4
    jet_pt: float = 25.0
    jet_eta: float = 4.5
    tag_eta: float = 2.5
    tag_b: float = 0.70
    tag_c: float = 0.15
    tag_light: float = 0.005


def momentum(p: Any) -> Any:
    """Return ``{px, py, pz, E, pt, eta, phi}`` of a record with ``px, py, pz`` and ``E`` or ``e``."""
    ak = require("awkward", "collider")
    energy = p.E if "E" in p.fields else p.e
    pt = np.sqrt(p.px**2 + p.py**2)
    eta = np.arcsinh(p.pz / np.maximum(pt, 1e-9))
    parts = {
        "px": p.px,
        "py": p.py,
        "pz": p.pz,
        "E": energy,
        "pt": pt,
        "eta": eta,
        "phi": np.arctan2(p.py, p.px),
    }
    return ak.zip(parts, depth_limit=2)


def distances(a: Any, b: Any) -> Any:
    """ΔR = √(Δη² + Δφ²) of every pair: (events, a, b)."""
    phi = a.phi[:, :, np.newaxis] - b.phi[:, np.newaxis, :]
    phi = np.abs(phi)
    phi = np.minimum(phi, 2 * np.pi - phi)
    return np.sqrt((a.eta[:, :, np.newaxis] - b.eta[:, np.newaxis, :]) ** 2 + phi**2)


def _draw(like: Any, rng: np.random.Generator, kind: str) -> Any:
    """Standard normal (or uniform) numbers in the jagged shape of ``like``."""
    ak = require("awkward", "collider")
    counts = ak.num(like)
    n = int(ak.sum(counts))
    return ak.unflatten(rng.standard_normal(n) if kind == "normal" else rng.random(n), counts)


def _scaled(p: Any, factor: Any) -> Any:
    """Four-momenta times ``factor`` (bounded to [0.1, 3]), direction kept."""
    ak = require("awkward", "collider")
    factor = np.minimum(np.maximum(factor, 0.1), 3.0)
    scaled = dict(
        zip(
            ("px", "py", "pz", "E", "pt"),
            (factor * p[k] for k in ("px", "py", "pz", "E", "pt")),
            strict=False,
        )
    )
    return ak.zip(scaled | {"eta": p.eta, "phi": p.phi, "true": p}, depth_limit=2)


def leptons(particles: Any, detector: Detector, rng: np.random.Generator) -> Any:
    """Dressed, isolated, found and smeared electrons and muons, hardest first: (events, leptons)."""
    ak = require("awkward", "collider")
    kind = np.abs(particles.id)
    chosen = ((kind == 11) | (kind == 13)) & (particles.p.pt > 0.6 * detector.lepton_pt)
    chosen = chosen & (np.abs(particles.p.eta) < detector.lepton_eta)
    bare, ids = particles.p[chosen], particles.id[chosen]
    gap = distances(bare, particles.p)
    photon = (particles.id == 22)[:, np.newaxis, :] & (gap < 0.1)
    itself = gap < 1e-6
    dressed = {
        k: bare[k] + ak.sum(particles.p[k][:, np.newaxis, :] * photon, axis=2)
        for k in ("px", "py", "pz", "E")
    }
    around = ak.sum(particles.p.pt[:, np.newaxis, :] * ((gap < 0.3) & ~photon & ~itself), axis=2)
    p = momentum(ak.zip(dressed, depth_limit=2))
    keep = (around < detector.isolation * p.pt) & (_draw(p.pt, rng, "uniform") < detector.lepton_efficiency)
    return _smeared_leptons(p[keep], ids[keep], detector, rng)


def _smeared_leptons(p: Any, ids: Any, detector: Detector, rng: np.random.Generator) -> Any:
    ak = require("awkward", "collider")
    (a, b), (c, d) = detector.electron, detector.muon
    sigma = ak.where(np.abs(ids) == 11, np.sqrt(a**2 / p.E + b**2), np.sqrt(c**2 + (d * p.pt) ** 2))
    smeared = _scaled(p, 1 + sigma * _draw(p.pt, rng, "normal"))
    smeared = ak.with_field(smeared, ids, "id")
    smeared = smeared[smeared.pt > detector.lepton_pt]
    return smeared[ak.argsort(smeared.pt, ascending=False, stable=True)]


def jets(particles: Any, hadrons: Any, detector: Detector, rng: np.random.Generator) -> Any:
    """Anti-kt jets (Cacciari, Salam & Soyez, arXiv:0802.1189) of what is visible, smeared, hardest first."""
    ak, fastjet = require("awkward", "collider"), require("fastjet", "collider")
    require("vector", "collider")
    p = particles.p
    inputs = ak.zip({k: p[k] for k in ("px", "py", "pz", "E")}, with_name="Momentum4D")
    fastjet._swig.ClusterSequence.set_fastjet_banner_stream(None)  # standard output belongs to the caller
    algorithm = fastjet.JetDefinition(fastjet.antikt_algorithm, detector.jet_radius)
    found = fastjet.ClusterSequence(inputs, algorithm).inclusive_jets(min_pt=0.5 * detector.jet_pt)
    found = momentum(ak.zip({k: found[k] for k in ("px", "py", "pz", "E")}, depth_limit=2))
    a, b = detector.jet
    factor = 1 + np.sqrt(a**2 / found.pt + b**2) * _draw(found.pt, rng, "normal")
    smeared = ak.with_field(_scaled(found, factor), flavour(found, hadrons), "flavour")
    smeared = ak.with_field(smeared, _tagged(smeared, detector, rng), "tag")
    smeared = smeared[(smeared.pt > detector.jet_pt) & (np.abs(smeared.eta) < detector.jet_eta)]
    return smeared[ak.argsort(smeared.pt, ascending=False, stable=True)]


def flavour(found: Any, hadrons: Any) -> Any:
    """5 where a b hadron (p_T > 5 GeV) lies within ΔR < 0.3 of the jet, else 4 for a c hadron, else 0."""
    ak = require("awkward", "collider")
    near = distances(found, hadrons.p) < 0.3
    b = ak.any(near & (hadrons.flavour == 5)[:, np.newaxis, :], axis=2)
    c = ak.any(near & (hadrons.flavour == 4)[:, np.newaxis, :], axis=2)
    return ak.where(b, 5, ak.where(c, 4, 0))


def _tagged(found: Any, detector: Detector, rng: np.random.Generator) -> Any:
    ak = require("awkward", "collider")
    chance = ak.where(found.flavour == 4, detector.tag_c, detector.tag_light)
    chance = ak.where(found.flavour == 5, detector.tag_b, chance)
    return (_draw(chance, rng, "uniform") < chance) & (np.abs(found.eta) < detector.tag_eta)


def without_overlap(found_leptons: Any, found_jets: Any) -> tuple[Any, Any]:
    """Drop jets within ΔR < 0.2 of a lepton (they are it), then leptons within 0.4 of a jet that is left."""
    ak = require("awkward", "collider")
    kept_jets = found_jets[~ak.any(distances(found_jets, found_leptons) < 0.2, axis=2)]
    kept_leptons = found_leptons[~ak.any(distances(found_leptons, kept_jets) < 0.4, axis=2)]
    return kept_leptons, kept_jets


def missing(
    particles: Any, objects: tuple[Any, ...], detector: Detector, rng: np.random.Generator
) -> dict[str, Any]:
    """Missing momentum: minus what is visible, shifted by each object's mismeasurement and a soft term."""
    ak = require("awkward", "collider")
    noise = detector.soft * np.sqrt(ak.to_numpy(ak.sum(particles.p.pt, axis=1)))
    result = {}
    for k in ("px", "py"):
        shift = sum(ak.to_numpy(ak.sum(o[k] - o.true[k], axis=1)) for o in objects)
        visible = ak.to_numpy(ak.sum(particles.p[k], axis=1))
        result[f"met_{k}"] = -visible - shift + noise * rng.standard_normal(len(noise))
    return result
