"""Divisions that a column makes: folds of its values, blocks of its times; what the record and the reader are told."""

from __future__ import annotations

import numpy as np
import polars
import pytest

from fivesigma._core.errors import FivesigmaError
from fivesigma.record.sections.columns import GivenFoldsRecord, TimeRecord
from fivesigma.study.plan import Sample
from fivesigma.study.preparation.prepare import prepare
from fivesigma.study.preparation.splitting import sections
from fivesigma.study.spec.document import Spec

N = 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    rng = np.random.default_rng(0)
    day = np.arange(N) * 86400
    table = {
        "x": rng.normal(size=N),
        "y": rng.normal(size=N),
        "run": np.array(["a", "b", "c", "d"])[np.arange(N) % 4],
        "fold": np.where(np.arange(N) == 7, None, np.arange(N) % 3),
        "mjd": 60000.0 + np.arange(N),
        "date": [str(np.datetime64(int(each), "s")) for each in day],
        "word": np.array(["x1", "x2"])[np.arange(N) % 2],
        "group": np.arange(N) % 5,
    }
    path = tmp_path_factory.mktemp("split")
    polars.DataFrame({k: list(v) for k, v in table.items()}, strict=False).write_parquet(path / "t.parquet")
    return path


def made(folder, split, more=""):
    text = f'[data]\npath = "t.parquet"\ntarget = "y"\nfeatures = ["x"]\n{more}[split]\n{split}\n'
    (folder / "s.toml").write_text(text + '[[models]]\nkind = "dummy"\n[[models]]\nkind = "linear"\n')
    return prepare(Spec.read(folder / "s.toml"))


def test_folds_of_a_column_are_its_values(folder):
    prepared = made(folder, 'folds = { column = "run" }')
    split = prepared.split
    np.testing.assert_array_equal(split.folds, split.train % 4)
    assert set(split.tests) == {"test"}
    kept = sections(prepared.spec, split)["given_folds"]
    assert isinstance(kept, GivenFoldsRecord)
    assert (kept.column, kept.crossing, sum(kept.rows)) == ("run", 0, len(split.train))
    assert "run" not in prepared.data.names


def test_groups_that_cross_folds_of_a_column_are_said(folder):
    notes = made(folder, 'folds = { column = "run" }', 'group = "group"\n').notes
    assert [(check, status) for check, status, _ in notes] == [("folds", "warning")]
    assert "5 groups" in notes[0][2] or "4 groups" in notes[0][2]


@pytest.mark.parametrize("column", ["mjd", "date"])
def test_blocks_of_time_leave_a_gap_that_no_fit_sees(folder, column):
    prepared = made(folder, f'time = "{column}"\ngap = 5\nfolds = 4')
    split, shared = prepared.split, prepared.fit_data
    np.testing.assert_array_equal(split.tests["test"], np.arange(160, N))
    np.testing.assert_array_equal(split.train, np.arange(156))
    for k in range(4):
        rows = shared.rows(Sample("fold", k), 0)
        held = split.train[split.folds == k]
        assert np.abs(rows[:, None] - held).min() == 5
    kept = sections(prepared.spec, split)["time"]
    assert isinstance(kept, TimeRecord)
    assert (kept.left_out, kept.left_out_of_folds) == (4, (4, 8, 8, 4))
    [(check, status, message)] = prepared.notes
    assert (check, status) == ("time", "ok")
    assert "forecast" in message
    assert "4 events are left out" in message


def test_learning_curves_have_no_more_rows_than_the_smallest_block_leaves(folder):
    prepared = made(folder, 'time = "mjd"\ngap = 5\nfolds = 4\n[curves]\nlearning = ["linear"]')
    fewest = min(len(prepared.split.fold(k)[0]) for k in range(4))
    assert len(prepared.fit_data.rows(Sample("fold", 1, fewest), 0)) == fewest


@pytest.mark.parametrize(
    ("split", "more", "said"),
    [
        ('folds = { column = "fold" }', "", "1 of 200 events have no fold"),
        ('folds = { column = "mjd" }\ntest = 0', "", None),
        ('folds = { column = "nowhere" }', "", "'nowhere' is not a column"),
        ('time = "word"', "", "'x1' in word is no time"),
        ('time = "mjd"\ngap = -1', "", "gap"),
        ("gap = 3", "", "split.gap is a gap in time"),
        ('time = "mjd"\ngap = 90', "", "has no events to fit to"),
        ('time = "mjd"', 'group = "group"\n', "5 groups have events in two blocks"),
        ('time = "mjd"\nfolds = { column = "run" }', "", "keep one"),
        ('time = "mjd"\ntest = { column = "run", value = "a" }', "", "give split.test as a fraction"),
        ('time = "mjd"\n[scan]\n"split.stratify" = [true, false]', "", "a column divides them"),
        ('folds = { column = "run" }\nvalidation = 0.2', "", "keep one"),
    ],
)
def test_what_a_column_cannot_divide_is_one_sentence(folder, split, more, said):
    if said is None:
        assert made(folder, split, more).split.n_folds == N
        return
    with pytest.raises(FivesigmaError, match=said) as caught:
        made(folder, split, more)
    assert "\n" not in str(caught.value)


def test_a_study_given_back_reads_the_same(folder):
    spec = made(folder, 'time = "mjd"\ngap = 5').spec
    assert (spec.split.time, spec.split.gap, spec.split.n_folds) == ("mjd", 5.0, 5)


def catalogue(folder, n=600, seed=0):
    """Write events of two classes with a column of few values, a unique one, and ten copies of whole rows."""
    rng = np.random.default_rng(seed)
    columns = {
        "njet": rng.integers(0, 5, n),
        "pt": rng.exponential(30, n),
        "met": rng.exponential(30, n),
        "w": rng.uniform(0.5, 1.5, n),
        "kind": np.array(["b", "s"])[(rng.random(n) < 0.3).astype(int)],
    }
    at = np.concatenate([np.arange(n), np.arange(10)])
    polars.DataFrame({name: column[at] for name, column in columns.items()}).write_parquet(
        folder / "c.parquet"
    )


def sides(folder, features, more="", sections=""):
    """Return which rows of the table are sealed, of those that are left, and the rows of each fold."""
    named = ", ".join(f'"{name}"' for name in features)
    text = (
        f'[data]\npath = "c.parquet"\ntarget = "kind"\nweight = "w"\nfeatures = [{named}]\n{more}{sections}\n'
    )
    (folder / "c.toml").write_text(text + '[[models]]\nkind = "dummy"\n')
    prepared = prepare(Spec.read(folder / "c.toml"))
    rows, split = prepared.data.rows, prepared.split
    folds = dict(zip(rows[split.train].tolist(), split.folds.tolist(), strict=True))
    return set(rows.tolist()), set(rows[split.tests["test"]].tolist()), folds, split


def test_no_choice_of_features_moves_an_event_across_the_seal(tmp_path):
    catalogue(tmp_path)
    found = [sides(tmp_path, each)[1:3] for each in (("njet",), ("pt", "met"), ("njet", "pt", "met"))]
    assert found[0] == found[1] == found[2]
    sealed, folds = found[0]
    assert all((i in sealed) == (600 + i in sealed) and folds.get(i) == folds.get(600 + i) for i in range(10))


@pytest.mark.parametrize(
    ("more", "sections"),
    [
        ("", '[cuts]\nhard = "pt > 20"'),
        ("", '[cuts]\nhard = "pt > 20"\nfew = "njet < 3"'),
        ("rows = [100, 450]\n", ""),
        ("fraction = 0.5\n", '[cuts]\nsoft = "met < 40"'),
    ],
)
def test_neither_cuts_nor_a_range_of_rows_move_an_event_across_the_seal(tmp_path, more, sections):
    catalogue(tmp_path)
    _, whole, _, _ = sides(tmp_path, ("pt",), sections='[cuts]\nall = "pt > -1"')
    left, sealed, _, split = sides(tmp_path, ("njet", "met"), more, sections)
    assert sealed == whole & left
    assert 0.1 < len(sealed) / len(left) < 0.3
    assert split.held(split.tests["test"], prevalence="random", test=True) is None
    assert split.held(split.train, prevalence="random", test=False) is not None
