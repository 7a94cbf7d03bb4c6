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
