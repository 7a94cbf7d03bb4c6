"""The flat ntuple: objects by hand, gaps where a jet is absent, the b candidates; real events where the extra is."""

from __future__ import annotations

import json

import numpy as np
import polars
import pytest

from fivesigma.simulate import ntuple
from fivesigma.simulate.dilepton import mass
from fivesigma.study.spec.shipped import FOLDER

TABLE = FOLDER / "processes" / "processes.parquet"


def momentum(px, py, pz, m):
    return np.array([px, py, pz, np.sqrt(px**2 + py**2 + pz**2 + m**2)])


LEPTONS = np.array([[momentum(30, 0, 0, 0), momentum(0, 40, 0, 0)]])
JETS = np.array([[momentum(-50, 0, 10, 5), momentum(0, -60, 20, 8), [np.nan] * 4, [np.nan] * 4]])
KNOWN = {name: np.array([1.0]) for name in ntuple.FEATURES if name.endswith(("muon", "btag"))} | {
    name: np.array([2.0]) for name in ("n_jets", "n_btags", "HT")
}


@pytest.fixture
def columns():
    return ntuple.features(LEPTONS, JETS, JETS[:, :2], np.array([[3.0, 4.0]]), KNOWN)


def test_an_event_by_hand(columns):
    assert tuple(columns) == ntuple.FEATURES
    assert [columns[f"lep{i}_pt"][0] for i in (0, 1)] == pytest.approx([30, 40])
    assert columns["jet1_m"] == pytest.approx(8)
    assert columns["jet0_eta"] == pytest.approx(np.arcsinh(10 / 50))
    assert columns["jet0_phi"] == pytest.approx(np.pi)
    assert columns["m_ll"] == pytest.approx(np.sqrt(2 * 30 * 40))
    assert columns["pt_ll"] == pytest.approx(50)
    assert columns["dR_ll"] == pytest.approx(np.pi / 2)
    assert columns["m_bb"] == pytest.approx(mass(JETS[:, 0] + JETS[:, 1]))
    assert columns["pt_bb"] == pytest.approx(np.hypot(50, 60))
    assert (columns["met"][0], columns["met_phi"][0]) == pytest.approx((5, np.arctan2(4, 3)))


def test_a_jet_that_is_absent_is_a_gap_and_nothing_else_is(columns):
    absent = [name for name, values in columns.items() if np.isnan(values).any()]
    assert absent == [f"jet{i}_{k}" for i in (2, 3) for k in ("pt", "eta", "phi", "m")]


def test_a_separation_goes_the_short_way_round():
    a, b = (np.array([momentum(np.cos(phi), np.sin(phi), 0.0, 0.0)]) for phi in (3.0, -3.0))
    assert ntuple.separation(a, b) == pytest.approx(2 * np.pi - 6)


def test_every_column_with_a_dimension_has_its_unit():
    bare = {name for name in ntuple.FEATURES if name not in ntuple.UNITS}
    assert bare == {name for name in ntuple.FEATURES if name.endswith(("eta", "muon", "btag"))} | {
        "n_jets", "n_btags", "dR_ll", "dR_bb",
    }  # fmt: skip


def test_real_events_have_it_and_the_b_candidates_are_the_tagged_jets():
    for name in ("pythia8mc", "fastjet", "vector", "awkward", "uproot"):
        pytest.importorskip(
            name, reason=f"EXTRA ABSENT: {name} is not installed (pip install 'fivesigma[collider]')"
        )
    from fivesigma.simulate.tables import draw

    c = draw(
        "collider", n=60, seed=3, settings={"columns": "ntuple", "processes": "ttbar", "truth": "no"}
    ).columns
    jets = np.stack([c[f"jet{i}_pt"] for i in range(ntuple.LEADING)], axis=1)
    assert (np.isfinite(jets).sum(axis=1) == np.minimum(c["n_jets"], ntuple.LEADING)).all()
    assert (np.diff(np.nan_to_num(jets), axis=1) <= 0).all()
    tags = np.stack([c[f"jet{i}_btag"] for i in range(ntuple.LEADING)], axis=1)
    whole = c["n_jets"] <= ntuple.LEADING
    assert (np.nansum(tags, axis=1)[whole] == c["n_btags"][whole]).all()
    first = (tags[:, 0] == 1) & (tags[:, 1] == 1) & (c["n_btags"] == 2)
    px, py = (
        sum(c[f"jet{i}_pt"][first] * turn(c[f"jet{i}_phi"][first]) for i in (0, 1))
        for turn in (np.cos, np.sin)
    )
    assert first.any()
    assert c["pt_bb"][first] == pytest.approx(np.hypot(px, py), rel=1e-4)


def test_the_shipped_table_is_balanced_small_and_names_its_command():
    assert TABLE.stat().st_size <= 8_000_000
    frame = polars.read_parquet(TABLE)
    counts = dict(frame["process"].value_counts().iter_rows())
    assert set(counts) == {"ttbar", "Zjets", "HH"}
    assert max(counts.values()) - min(counts.values()) < 0.01 * frame.height
    about = json.loads(polars.read_parquet_metadata(TABLE)["fivesigma"])
    settings = " ".join(f"--set {key}={value}" for key, value in about["settings"].items())
    text = (FOLDER / "processes" / "README.md").read_text(encoding="utf-8")
    command = (
        f"fivesigma simulate collider -o processes.parquet --n {about['n']} --seed {about['seed']} {settings}"
    )
    assert command in " ".join(text.replace("\\\n", " ").split())
