"""Collisions: kinematics by hand, and, where the extra is installed, events against what is known."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.simulate import dilepton


def momentum(px, py, pz, m):
    return np.array([[px, py, pz, np.sqrt(px**2 + py**2 + pz**2 + m**2)]])


def test_twenty_six_features_of_a_hand_made_event():
    leptons = momentum(30, 0, 0, 0), momentum(0, 40, 0, 0)
    jets = momentum(-50, 0, 10, 5), momentum(0, -60, 20, 8)
    values = dilepton.features(
        leptons, jets, np.array([[3.0, 4.0]]), n_jets=np.array([2.0]), HT=np.array([180.0])
    )
    assert tuple(values) == dilepton.FEATURES
    assert len(dilepton.FEATURES) == 26
    assert values["m_ll"] == pytest.approx(np.sqrt(2 * 30 * 40))
    assert values["dphi_ll"] == pytest.approx(np.pi / 2)
    assert values["met"] == pytest.approx(5)
    # m_T: E_T(ll) = |p_T| ⊕ m = 50 ⊕ √2400 = 70, so m_T² = (70 + 5)² − (33² + 44²)
    assert values["m_T"] == pytest.approx(np.sqrt(75**2 - 33**2 - 44**2))


def test_boost_to_rest_and_invariance():
    rng = np.random.default_rng(0)
    p, frame = (np.concatenate([momentum(*rng.normal(0, 50, 3), m) for _ in range(20)]) for m in (3.0, 170.0))
    assert dilepton.mass(dilepton.boosted(p, frame)) == pytest.approx(np.full(20, 3.0), rel=1e-6)
    rest = dilepton.boosted(frame, frame)
    assert rest[:, :3] == pytest.approx(np.zeros((20, 3)), abs=1e-9)


def test_spin_axes_are_orthonormal():
    rng = np.random.default_rng(1)
    top, antitop = (
        np.concatenate([momentum(*rng.normal(0, 100, 3), 173.0) for _ in range(30)]) for _ in "ab"
    )
    plus, minus = (np.concatenate([momentum(*rng.normal(0, 40, 3), 0.0) for _ in range(30)]) for _ in "ab")
    c = dilepton.spin_directions(top, antitop, plus, minus)
    for side in ("plus", "minus"):
        assert sum(c[f"truth_{side}_{axis}"] ** 2 for axis in "krn") == pytest.approx(np.ones(30))


@pytest.fixture(scope="module")
def events():
    for name in ("pythia8mc", "fastjet", "vector", "awkward", "uproot"):
        pytest.importorskip(
            name, reason=f"EXTRA ABSENT: {name} is not installed (pip install 'fivesigma[collider]')"
        )
    from fivesigma.simulate.tables import draw

    return draw("collider", n=240, seed=5)


def test_process_weights_sum_to_the_expected_yield(events):
    c = events.columns
    for name in ("ttbar", "HWW"):
        rows = c["process"] == name
        assert rows.sum() == 120
        sigma, efficiency = c["cross_section"][rows][0], c["filter_efficiency"][rows][0]
        assert c["weight"][rows].sum() == pytest.approx(1000 * sigma * efficiency)  # of 1/fb
        assert len(np.unique(c["cross_section"][rows])) == 1


def test_known_physics_of_the_two_processes(events):
    c = events.columns
    top, higgs = c["process"] == "ttbar", c["process"] == "HWW"
    # leading order: σ(t t̄) × 0.0470 for e, μ from both W (each 0.2168)
    assert c["cross_section"][top][0] == pytest.approx(23, rel=0.15)
    assert c["m_ll"][higgs].mean() < 50 < 90 < c["m_ll"][top].mean()
    assert c["dphi_ll"][higgs].mean() < 1.1 < 1.6 < c["dphi_ll"][top].mean()
    assert c["n_tags"][higgs].mean() < 0.3 < 0.8 < c["n_tags"][top].mean()
    assert np.nanmax(c["m_ll"][higgs]) < 125


def truth(c, name, rows):
    return np.stack([c[f"truth_{name}_{k}"][rows].astype(float) for k in dilepton.COMPONENTS], axis=1)


def test_truth_is_consistent(events):
    c = events.columns
    top, higgs = c["process"] == "ttbar", c["process"] == "HWW"
    mass = dilepton.mass(truth(c, "top", top))
    assert np.median(mass) == pytest.approx(172.5, abs=1.5)
    H = truth(c, "higgs", higgs)
    assert np.median(dilepton.mass(H)) == pytest.approx(125, abs=0.1)
    decay = sum(truth(c, name, higgs) for name in ("lepton_plus", "lepton_minus", "neutrino", "antineutrino"))
    assert np.median(np.abs(dilepton.mass(decay) - 125)) < 1.0
    assert np.isnan(c["truth_top_px"][higgs]).all()
    # no spin correlation in Pythia's default: cos φ is even, its standard deviation 1/√3
    cos = sum(c[f"truth_plus_{a}"][top] * c[f"truth_minus_{a}"][top] for a in "krn")
    assert abs(cos.mean()) < 4 / np.sqrt(3 * top.sum())


def test_met_points_to_the_neutrinos(events):
    c = events.columns
    higgs = c["process"] == "HWW"
    nu = truth(c, "neutrino", higgs) + truth(c, "antineutrino", higgs)
    assert np.corrcoef(np.hypot(nu[:, 0], nu[:, 1]), c["met"][higgs])[0, 1] > 0.6


def test_root_file_is_jagged_and_the_same_bytes(events, tmp_path):
    import awkward as ak
    import uproot

    from fivesigma.simulate.jagged import write_root

    files = [tmp_path / f"{i}.root" for i in (1, 2)]
    for file in files:
        write_root(events.jagged, file, "5")
    assert files[0].read_bytes() == files[1].read_bytes()
    with uproot.open(files[0]) as file:
        pt = np.hypot(file["events"]["jet_px"].array(), file["events"]["jet_py"].array())
    assert ak.all(ak.num(pt) >= 2)
    assert ak.to_numpy(ak.num(pt)) == pytest.approx(events.columns["n_jets"])


@pytest.mark.parametrize("process", ["HH", "Wjets"])
def test_other_processes(events, process):
    from fivesigma.simulate.collider import Collider

    table = Collider(processes=(process,)).table(12, np.random.default_rng(0))
    c = table.columns
    assert len(table) == 12
    if process == "HH":
        assert dilepton.mass(truth(c, "higgs_bb", slice(None))) == pytest.approx(np.full(12, 125.0), abs=1.0)
        assert ((c["resonance_mass"] >= 260) & (c["resonance_mass"] <= 1000)).all()
    else:
        assert len(np.unique(c["weight"])) > 1
