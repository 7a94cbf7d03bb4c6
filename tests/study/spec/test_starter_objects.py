"""A starter study of a table with lists has the sections of its objects, and can be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fivesigma.study.preparation.events import read
from fivesigma.study.spec.document import Spec
from fivesigma.study.spec.starter import write_starter
from fivesigma.study.spec.starter_objects import objects_in

N = 120


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Write events with jets, muons, a list that is no object and a class."""
    rng = np.random.default_rng(1)
    columns: dict[str, object] = {"met": rng.exponential(30, N), "signal": rng.integers(0, 2, N)}
    for prefix, words in (
        ("Jet_", ("pt", "eta", "phi", "mass", "btag")),
        ("Muon_", ("Px", "Py", "Pz", "E", "Charge")),
    ):
        counts = rng.poisson(2, N)
        columns |= {f"{prefix}{word}": [rng.random(k).tolist() for k in counts] for word in words}
    columns["Tau_pt"], columns["Tau_eta"] = [[1.0]] * N, [[1.0]] * N
    path = tmp_path / "events.parquet"
    pl.DataFrame(columns).write_parquet(path)
    return path


def test_objects_are_found_in_the_lists_of_a_table(table: Path) -> None:
    assert [(each.name, each.fields) for each in objects_in(table)] == [
        ("jet", ("btag",)),
        ("muon", ("Charge",)),
    ]


def test_lists_whose_lengths_differ_are_no_object(tmp_path: Path) -> None:
    lists = {
        f"Jet_{word}": [[1.0] * (k + (word == "phi")) for k in range(4)]
        for word in ("pt", "eta", "phi", "mass")
    }
    pl.DataFrame({"x": np.arange(4.0)} | lists).write_parquet(tmp_path / "odd.parquet")
    assert objects_in(tmp_path / "odd.parquet") == ()


def test_the_starter_has_the_sections_and_reads_the_events(table: Path, tmp_path: Path) -> None:
    place = write_starter(table, tmp_path / "study.toml", target="signal")
    text = place.read_text(encoding="utf-8")
    assert (
        '[objects.jet]\nprefix = "Jet_"\nmomentum = ["pt", "eta", "phi", "mass"]\nfields = ["btag"]' in text
    )
    on = text.replace("# observables", "observables").replace("# [cuts]", "[cuts]").replace("# two", "two")
    place.write_text(on, encoding="utf-8")
    events = read(Spec.read(place))
    assert "mass(jet[0] + jet[1])" in events.names
    assert [line["name"] for line in events.cut_flow] == ["events read", "two"]


def test_a_table_without_lists_has_no_objects(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "\n".join(f"{i * 7 % 61 / 2},{i % 2}" for i in range(60)), encoding="utf-8")
    assert objects_in(path) == ()
    assert "objects" not in write_starter(path, tmp_path / "s.toml", target="y").read_text(encoding="utf-8")


def test_what_the_study_says_of_objects_and_cuts_is_written_back() -> None:
    said = """
        [data]
        path = "t.root"
        task = "clustering"
        [objects.muon]
        prefix = "Muon_"
        momentum = ["Px", "Py", "Pz", "E"]
        fill = -1
        away_from = { jet = 0.4 }
        [objects.jet]
        fields = ["Jet_pt"]
        [cuts]
        "two muons" = "count(muon) >= 2"
        [features]
        fourvectors = { l0 = ["a_pt", "a_eta", "a_phi", "a_m"] }
        observables = ["mass(l0)"]
        angles = ["phi"]
    """
    spec = Spec.from_toml(said)
    assert Spec.from_toml(spec.to_toml()) == spec
    assert list(spec.objects or {}) == ["muon", "jet"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ('[objects.muon]\nmomentun = ["a"]', "objects.muon.momentun: unknown key. Did you mean 'momentum'?"),
        ('[objects.muon]\nprefix = "Muon_"', "objects.muon has no list"),
        ('[objects.muon]\nmomentum = ["a", "b"]', "are no components of a four-vector"),
        ('[objects.muon]\nfields = ["q"]\nmass = -1', "objects.muon.mass: got -1, expected 0 or more"),
        ('[objects."my muon"]\nfields = ["q"]', "cannot stand in an expression"),
        ('[objects]\nmuon = "Muon_"', "objects.muon"),
        ('[cuts]\nselect = "x > 1"', "cuts.select: the cut flow has a line of that name"),
        ("[cuts]\na = 3", "cuts.a: got 3, expected text in quotes"),
    ],
)
def test_a_wrong_key_is_refused_at_its_place(said: str, words: str) -> None:
    with pytest.raises(ValueError, match="study") as caught:
        Spec.from_toml(f'[data]\npath = "t.root"\ntask = "clustering"\n{said}')
    assert words in str(caught.value)
