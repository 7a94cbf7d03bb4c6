"""Proton–proton collisions with two leptons: Pythia 8, anti-kt jets, a parametrised detector, and the truth.

Pythia 8.317 (arXiv:2203.11601) at leading order with its shower. What this is not: cross-sections are
Pythia's leading-order ones (shapes, not rates); Pythia has no non-resonant HH, so ``hh`` is a spin-0
resonance whose mass is scanned over 260–1000 GeV, so that no narrow peak gives it away; two jets beside gg →
H come from the shower only; t t̄ carries **no spin correlation** in Pythia's default (the truth columns hold
the lepton directions that a later weight needs); multi-parton interactions are off unless ``mpi`` says
otherwise (they cost a factor of 4–7).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np

from fivesigma._core.errors import InputError, one_of, require
from fivesigma.simulate import detector as d
from fivesigma.simulate import dilepton, ntuple
from fivesigma.simulate.system import Array, System, Table, count

_LEPTONIC_W = ("24:onMode = off", "24:onIfAny = 11 13")
_LEPTONIC_Z = ("23:onMode = off", "23:onIfAny = 11 13", "23:mMin = 20.")
_RESONANCE = ("Higgs:useBSM = on", "HiggsBSM:gg2H2 = on", "35:onMode = off", "35:onIfMatch = 25 25")

#: Pythia's settings of each process; leptons are electrons and muons, and the cross-section holds the
#: branching.
PROCESSES: Mapping[str, tuple[str, ...]] = {
    "ttbar": ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on", *_LEPTONIC_W),
    "HWW": ("HiggsSM:gg2H = on", "25:m0 = 125.", "25:onMode = off", "25:onIfMatch = 24 -24", *_LEPTONIC_W),
    "Zjets": (
        "WeakBosonAndParton:qqbar2gmZg = on",
        "WeakBosonAndParton:qg2gmZq = on",
        "PhaseSpace:pTHatMin = 20.",
        *_LEPTONIC_Z,
    ),
    "WW": ("WeakDoubleBoson:ffbar2WW = on", *_LEPTONIC_W),
    "Wjets": (
        "WeakBosonAndParton:qqbar2Wg = on",
        "WeakBosonAndParton:qg2Wq = on",
        "PhaseSpace:pTHatMin = 20.",
        *_LEPTONIC_W,
    ),
    "HH": (*_RESONANCE, "25:onMode = off", "25:onIfMatch = 5 -5", "25:onIfMatch = 24 -24", *_LEPTONIC_W),
}
RESONANCE_MASSES = np.arange(260.0, 1001.0, 20.0)  #: GeV; the natural width below smears the grid
MOST_IN_VAIN = 20_000  #: generated events for one that passes, after which it is taken for impossible
RESONANCE_WIDTH = 0.05  #: of the mass

TRUTH = ("top", "antitop", "higgs", "higgs_bb", "lepton_plus", "lepton_minus", "neutrino", "antineutrino")
SPIN = tuple(f"truth_{s}_{a}" for s in ("plus", "minus") for a in "krn")


@dataclass(frozen=True)
class Collider(System):
    """Events of one or several processes in equal numbers, with two opposite-sign leptons and ≥ 2 jets.

    Parameters
    ----------
    processes : names of `PROCESSES`
    energy : centre-of-mass energy [GeV]
    mpi : multi-parton interactions
    truth : keep the truth columns
    fake_rate : chance that a jet is taken for a lepton. A ``Wjets`` event has one lepton only: one of its
        jets, drawn
        evenly, is taken for the second and the event weighs ``fake_rate n_jets / 2`` (half the charges are
        opposite)
    luminosity : the weights of a process sum to cross-section × filter efficiency × this [1/fb]
    batch : events generated before a selection is made
    columns : ``dilepton`` for the 26 features of two leptons and two jets (`dilepton.FEATURES`), ``ntuple`` for the
        leptons and the leading four jets in p_T, η, φ with what is made of them (`ntuple.FEATURES`)

    Raises
    ------
    MissingExtraError
        from `sample` where the extra ``collider`` is not installed
    InputError
        for an unknown process
    """

    block: ClassVar[int] = 500
    default_n: ClassVar[int] = 2_000

    processes: tuple[str, ...] = ("ttbar", "HWW")
    energy: float = 13_000.0
    mpi: bool = False
    truth: bool = True
    fake_rate: float = 1e-3
    luminosity: float = 1.0
    batch: int = 200
    columns: Literal["dilepton", "ntuple"] = "dilepton"
    detector: d.Detector = field(default_factory=d.Detector)

    def __post_init__(self) -> None:
        for name in self.processes:
            one_of(name, PROCESSES, "process")
        if not self.processes:
            raise InputError(f"processes is empty; give one or more of {', '.join(PROCESSES)}.")

    def sample(self, n: int, rng: np.random.Generator) -> Any:
        """Return ``n`` selected events as an awkward array: leptons and jets jagged, hardest first.

        The first processes take one event more where ``n`` does not divide evenly.
        """
        ak = require("awkward", "collider")
        share, more = divmod(count(n), len(self.processes))
        streams = rng.integers(2**62, size=len(self.processes))
        asked = [(name, share + (i < more), int(streams[i])) for i, name in enumerate(self.processes)]
        return ak.concatenate([self._process(name, k, np.random.default_rng(s)) for name, k, s in asked if k])

    def table(self, n: int, rng: np.random.Generator) -> Table:
        """Return the features of ``columns``, process, weights and, if asked, the truth."""
        return self._flat(self.sample(n, rng))

    def merge(self, parts: Sequence[Table]) -> Table:
        """Join blocks; cross-section, efficiency and weights of a sample are those of all its blocks."""
        ak = require("awkward", "collider")
        events = ak.concatenate([part.jagged for part in parts])
        return self._flat(_normalised(events, self.luminosity))

    def _process(self, name: str, n: int, rng: np.random.Generator) -> Any:
        ak = require("awkward", "collider")
        chosen: list[Any] = []
        generated, selected, last = 0, 0, None
        for run in self._batches(name, rng):
            events = self._select(run.particles, name, rng)
            events = ak.with_field(events, run.mass, "resonance_mass")
            chosen.append(events)
            generated, selected, last = generated + self.batch, selected + len(events), run
            if selected >= n:
                break
            if generated >= MOST_IN_VAIN * max(selected, 1):
                raise InputError(
                    f"{selected} of {generated} events of {name} pass; loosen the detector's cuts."
                )
        events = ak.concatenate(chosen)[:n]
        sample = list(PROCESSES).index(name)
        constants = {"sample": sample, "cross_section": last.cross_section if last else np.nan}
        # n_run: the generated events that the kept ones stand for
        constants |= {"n_run": generated * n / selected, "n_kept": float(n)}
        for key, value in constants.items():
            events = ak.with_field(events, value, key)
        return _normalised(events, self.luminosity)

    def _batches(self, name: str, rng: np.random.Generator) -> Iterator[_Run]:
        """Generated batches without end; a new resonance mass for each where the process is ``HH``."""
        masses = rng.permutation(RESONANCE_MASSES) if name == "HH" else np.array([np.nan])
        pythia = None
        for i in range(10**9):
            mass = float(masses[i % len(masses)])
            if pythia is None or name == "HH":
                # the hook lives as long as its name does: Pythia holds no reference that Python counts
                pythia, _hook = self._pythia(name, mass, int(rng.integers(1, 900_000_000)))
            particles = pythia.nextBatch(self.batch).prt
            yield _Run(particles, mass, pythia.infoPython().sigmaGen() * 1e9)

    def _pythia(self, name: str, mass: float, seed: int) -> tuple[Any, Any]:
        hook = None
        pythia = require("pythia8mc", "collider").Pythia("", False)
        lines = [
            "Print:quiet = on",
            f"Beams:eCM = {self.energy}",
            "Random:setSeed = on",
            f"Random:seed = {seed}",
        ]
        lines += [f"PartonLevel:MPI = {'on' if self.mpi else 'off'}", *PROCESSES[name]]
        if name == "HH":
            width = RESONANCE_WIDTH * mass
            lines += [f"35:m0 = {mass}", f"35:mWidth = {width}", "35:doForceWidth = on"]
            lines += [f"35:mMin = {max(252.0, mass - 3 * width)}", f"35:mMax = {mass + 3 * width}"]
            hook = _one_of_each_higgs()
            pythia.setUserHooksPtr(hook)
        wrong = [line for line in lines if not pythia.readString(line)]
        if wrong or not pythia.init():
            raise InputError(f"Pythia does not start with energy = {self.energy}, process {name} ({wrong}).")
        return pythia, hook

    def _select(self, prt: Any, name: str, rng: np.random.Generator) -> Any:
        """Detector, overlap removal and selection of one batch."""
        ak = require("awkward", "collider")
        kept = {k: prt[k] for k in ("id", "status", "mother1", "daughter1")}
        prt = ak.zip(kept | {"p": d.momentum(prt.p)}, depth_limit=2)
        visible = _visible(prt)
        leptons = d.leptons(visible, self.detector, rng)
        jets = d.jets(visible, _heavy_hadrons(prt), self.detector, rng)
        leptons, jets = d.without_overlap(leptons, jets)
        met = d.missing(visible, (leptons, jets), self.detector, rng)
        weight = np.ones(len(prt))
        if name == "Wjets":
            leptons, jets, weight = self._with_fake(leptons, jets, rng)
        events = _record(leptons, jets, met) | {"weight": weight}
        if self.truth:
            events |= _truth(prt)
        return ak.zip(events, depth_limit=1)[_passes(leptons, jets)]

    def _with_fake(self, leptons: Any, jets: Any, rng: np.random.Generator) -> tuple[Any, Any, Array]:
        """Take one jet of each event for a lepton of the opposite charge; the weight is the chance of it."""
        ak = require("awkward", "collider")
        counts = ak.to_numpy(ak.num(jets))
        taken = np.floor(rng.random(len(counts)) * counts).astype(int)
        here = ak.local_index(jets) == taken
        fake = jets[
            here & (jets.pt > self.detector.lepton_pt) & (np.abs(jets.eta) < self.detector.lepton_eta)
        ]
        sign = -np.sign(ak.fill_none(ak.firsts(leptons.id), 11))
        flavour = np.where(rng.random(len(counts)) < 0.5, 11, 13)
        fake_id = ak.broadcast_arrays(sign * flavour, fake.pt)[0]
        fake = ak.with_field(fake[["px", "py", "pz", "E", "pt", "eta", "phi", "true"]], fake_id, "id")
        both = ak.concatenate([leptons, fake], axis=1)
        both = both[ak.argsort(both.pt, ascending=False, stable=True)]
        return both, jets[~here], self.fake_rate * counts / 2

    def _flat(self, events: Any) -> Table:
        """The rectangular table of selected events, which stay beside it as ``jagged``."""
        made, layout = (_features, dilepton) if self.columns == "dilepton" else (_ntuple, ntuple)
        columns = made(events) | _constants(events)
        units = layout.UNITS | {"cross_section": "pb", "resonance_mass": "GeV"}
        if self.truth:
            columns |= {
                k: _numpy(events[k]).astype(np.float32) for k in events.fields if k.startswith("truth_")
            }
            units |= {key: "GeV" for key in columns if key.startswith("truth_") and key not in SPIN}
        if "HH" not in self.processes:
            columns.pop("resonance_mass")
        return Table(columns, units, target="process", features=layout.FEATURES, jagged=events)


@dataclass(frozen=True)
class _Run:
    particles: Any
    mass: float
    cross_section: float  # pb, with the branching of the forced decays


def _visible(prt: Any) -> Any:
    """What the detector sees: final particles that are not neutrinos, |η| < 4.9."""
    kind = np.abs(prt.id)
    neutrino = (kind == 12) | (kind == 14) | (kind == 16)
    return prt[(prt.status > 0) & ~neutrino & (np.abs(prt.p.eta) < 4.9)]


def _heavy_hadrons(prt: Any) -> Any:
    """Hadrons with a b or else a c quark and p_T > 5 GeV, with their flavour."""
    ak = require("awkward", "collider")
    kind = np.abs(prt.id)
    digits = [(kind // 100) % 10, (kind // 1000) % 10]
    b, c = ((digits[0] == q) | (digits[1] == q) for q in (5, 4))
    keep = (b | c) & (prt.p.pt > 5.0) & (kind > 100) & (kind < 10_000)
    return ak.zip({"p": prt.p[keep], "flavour": ak.where(b, 5, 4)[keep]}, depth_limit=2)


def _one_of_each_higgs() -> Any:
    """A hook that keeps, before the shower, what has one Higgs boson in b b̄ and the other in W W."""

    class OneOfEachHiggs(require("pythia8mc", "collider").UserHooks):  # type: ignore[misc]
        def canVetoProcessLevel(self) -> bool:
            return True

        def doVetoProcessLevel(self, process: Any) -> bool:
            bosons = (process[i] for i in range(process.size()) if process[i].id() == 25)
            children = {abs(process[boson.daughter1()].id()) for boson in bosons}
            return not {5, 24} <= children

    return OneOfEachHiggs()


def _passes(leptons: Any, jets: Any) -> Any:
    """Exactly two leptons of opposite sign and at least two jets."""
    ak = require("awkward", "collider")
    return (ak.num(leptons) == 2) & (ak.sum(np.sign(leptons.id), axis=1) == 0) & (ak.num(jets) >= 2)


def _record(leptons: Any, jets: Any, met: Mapping[str, Array]) -> dict[str, Any]:
    momenta = {f"lepton_{k}": leptons[k] for k in (*dilepton.COMPONENTS, "id")}
    momenta |= {f"jet_{k}": jets[k] for k in dilepton.COMPONENTS}
    return momenta | {"jet_tag": jets.tag, "jet_flavour": jets.flavour} | dict(met)


def _truth(prt: Any) -> dict[str, Array]:
    """Four-momenta at the end of the shower and before decay; NaN where the process has no such particle."""
    ak = require("awkward", "collider")
    parent, child = np.abs(prt.id[prt.mother1]), np.abs(prt.id[prt.daughter1])
    boson = ((parent == 24) | (parent == 23)) & (prt.mother1 > 0)
    decays = (prt.id == 25) & (child != 25)
    masks: dict[str, Any] = {
        "top": (prt.id == 6) & (child != 6),
        "antitop": (prt.id == -6) & (child != 6),
        "higgs": decays & (child == 24),
        "higgs_bb": decays & (child == 5),
        "lepton_plus": boson & ((prt.id == -11) | (prt.id == -13)),
        "lepton_minus": boson & ((prt.id == 11) | (prt.id == 13)),
        "neutrino": boson & ((prt.id == 12) | (prt.id == 14)),
        "antineutrino": boson & ((prt.id == -12) | (prt.id == -14)),
    }
    momenta = {name: ak.firsts(prt.p[mask]) for name, mask in masks.items()}
    columns = {f"truth_{name}_{k}": _numpy(p[k]) for name, p in momenta.items() for k in dilepton.COMPONENTS}
    four = [_four(columns, name) for name in ("top", "antitop", "lepton_plus", "lepton_minus")]
    with np.errstate(invalid="ignore"):
        return columns | dict(dilepton.spin_directions(*four))


def _four(columns: Mapping[str, Array], name: str) -> Array:
    return np.stack([columns[f"truth_{name}_{k}"] for k in dilepton.COMPONENTS], axis=1)


def _numpy(values: Any) -> Array:
    ak = require("awkward", "collider")
    return np.asarray(ak.to_numpy(ak.fill_none(values, np.nan)))


def _normalised(events: Any, luminosity: float) -> Any:
    """Set ``cross_section`` [pb], ``filter_efficiency``, ``sum_weights`` and ``event_weight`` of each sample.

    ``event_weight = weight σ L ε / Σ weight`` of the kept events, where ε = kept / generated, so that a
    sample's weights sum to the events expected in ``luminosity`` [1/fb] (times the mean fake weight for
    ``Wjets``).
    """
    ak = require("awkward", "collider")
    sample, weight = ak.to_numpy(events.sample), ak.to_numpy(events.weight)
    out = {
        key: np.zeros(len(sample))
        for key in ("cross_section", "filter_efficiency", "sum_weights", "event_weight")
    }
    for s in np.unique(sample):
        rows = sample == s
        per_event = 1 / ak.to_numpy(events.n_kept)[rows]  # sums over the rows of a block to one per block
        n_run = float((ak.to_numpy(events.n_run)[rows] * per_event).sum())
        sigma = (
            float(
                (ak.to_numpy(events.cross_section)[rows] * ak.to_numpy(events.n_run)[rows] * per_event).sum()
            )
            / n_run
        )
        out["cross_section"][rows] = sigma
        out["filter_efficiency"][rows] = rows.sum() / n_run
        out["sum_weights"][rows] = n_run
        out["event_weight"][rows] = weight[rows] * sigma * 1e3 * luminosity / n_run
    for key, column in out.items():
        if key != "cross_section":
            events = ak.with_field(events, column, key)
    return ak.with_field(events, out["cross_section"], "sample_cross_section")


def _features(events: Any) -> dict[str, Array]:
    def four(kind: str, i: int) -> Array:
        return np.stack([_numpy(events[f"{kind}_{k}"][:, i]) for k in dilepton.COMPONENTS], axis=1)

    ak = require("awkward", "collider")
    met = np.stack([_numpy(events.met_px), _numpy(events.met_py)], axis=1)
    n_jets = _numpy(ak.num(events.jet_px)).astype(float)
    pairs = ((four("lepton", 0), four("lepton", 1)), (four("jet", 0), four("jet", 1)))
    columns = dilepton.features(*pairs, met, n_jets=n_jets, HT=_numpy(_scalar(events)))
    return {name: column.astype(np.float32) for name, column in columns.items()}


def _ntuple(events: Any) -> dict[str, Array]:
    ak = require("awkward", "collider")

    def four(kind: str, n: int, order: Any = None) -> Array:
        parts = (
            events[f"{kind}_{k}"] if order is None else events[f"{kind}_{k}"][order]
            for k in dilepton.COMPONENTS
        )
        return np.stack([_leading(part, n) for part in parts], axis=2)

    tag = events.jet_tag
    best = ak.argsort(
        tag, axis=1, ascending=False, stable=True
    )  # tagged jets first, the hardest of them first
    met = np.stack([_numpy(events.met_px), _numpy(events.met_py)], axis=1)
    known = {f"lep{i}_muon": _numpy(np.abs(events.lepton_id[:, i]) == 13) for i in (0, 1)}
    known |= {f"jet{i}_btag": column for i, column in enumerate(_leading(tag, ntuple.LEADING).T)}
    known |= {
        "n_jets": _numpy(ak.num(tag)),
        "n_btags": _numpy(ak.sum(tag, axis=1)),
        "HT": _numpy(_scalar(events)),
    }
    momenta = four("lepton", 2), four("jet", ntuple.LEADING), four("jet", 2, best)
    columns = ntuple.features(*momenta, met, known)
    return {name: column.astype(np.float32) for name, column in columns.items()}


def _leading(values: Any, n: int) -> Array:
    """Return the first ``n`` of each event's list, NaN where it is shorter: (events, n)."""
    ak = require("awkward", "collider")
    return _numpy(ak.pad_none(values, n, axis=1, clip=True)).astype(float)


def _scalar(events: Any) -> Any:
    """Return the scalar sum of the p_T of leptons and jets."""
    ak = require("awkward", "collider")
    return sum(ak.sum(np.hypot(events[f"{k}_px"], events[f"{k}_py"]), axis=1) for k in ("lepton", "jet"))


def _constants(events: Any) -> dict[str, Array]:
    ak = require("awkward", "collider")
    names = np.array(list(PROCESSES), dtype=object)
    columns: dict[str, Array] = {"process": names[_numpy(events.sample)], "sample": _numpy(events.sample)}
    columns["n_tags"] = _numpy(ak.sum(events.jet_tag, axis=1)).astype(np.int8)
    columns["weight"] = _numpy(events.event_weight)
    columns["cross_section"] = _numpy(events.sample_cross_section)
    columns |= {key: _numpy(events[key]) for key in ("filter_efficiency", "sum_weights", "resonance_mass")}
    return columns
