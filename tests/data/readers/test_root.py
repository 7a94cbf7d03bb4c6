"""ROOT: trees of both kinds, their numbers, lists, arrays and texts, and what is left out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fivesigma as fs
from fivesigma._core.columns import Gapped
from fivesigma._core.errors import DataError, InputError, MissingExtraError, WrongTypeError
from fivesigma.data.readers import opened, reader_for
from fivesigma.data.readers import root as ours
from fivesigma.data.tables import read_columns

awkward = pytest.importorskip("awkward")
uproot = pytest.importorskip("uproot")

KINDS = ("mktree", "mkrntuple")
IDS = np.array([2**63 + 1, 2**53 + 1, 3], dtype=np.uint64)


def _columns() -> dict[str, Any]:
    return {
        "id": IDS,
        "run": np.array([-(2**62) - 1, 0, 5]),
        "small": np.array([1, 2, 255], dtype=np.uint8),
        "pt": np.array([1.5, np.nan, 3.25], dtype=np.float32),
        "x": np.array([0.1, -1e300, 2.0]),
        "flag": np.array([True, False, True]),
        "cells": np.arange(12.0).reshape(3, 2, 2),
    }


LISTS = {"jet": awkward.Array([[1.5, 2.5], [], [3.5]]), "hits": awkward.Array([[1], [2, 3], []])}
WORDS = {"name": awkward.Array(["muon", "", "größe"])}


def _write(path: Path, kind: str, name: str = "events", **more: Any) -> Path:
    with uproot.recreate(path) as file:
        getattr(file, kind)(name, _columns() | LISTS | WORDS | more)
    return path


@pytest.fixture(params=KINDS)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return _write(tmp_path / "t.root", request.param)


def test_numbers_keep_their_type_and_every_digit(file: Path) -> None:
    found = read_columns(file)
    for name, values in _columns().items():
        assert found[name].dtype == values.dtype
        assert found[name].dtype.isnative
        np.testing.assert_array_equal(found[name], values)
    assert found["name"].tolist() == ["muon", None, "größe"]
    assert found["id"].tolist() == IDS.tolist()


def test_lists_are_jagged_and_read_as_such(file: Path) -> None:
    with opened(file, reader_for(file), {}) as table:
        assert table.n_rows == 3
        assert set(table.jagged) == {"jet", "hits"}
        assert {*_columns(), "name"} <= set(table.names)
        lists = table.lists(["hits", "jet"])
        assert (lists["jet"].values.tolist(), lists["jet"].counts.tolist()) == ([1.5, 2.5, 3.5], [2, 0, 1])
        assert lists["hits"].values.dtype == np.int64
        with pytest.raises(InputError, match=r"t\.root: column 'jet' holds a list in each row"):
            table.columns(["jet"])
        with pytest.raises(InputError, match=r"has no column 'flog'\. Did you mean 'flag'"):
            table.columns(["flog"])


@pytest.mark.parametrize(("start", "stop"), [(0, 2), (1, 3), (1, 2), (2, 2), (-1, None), (0, 99)])
def test_a_range_of_rows_is_that_range_of_all(file: Path, start: int, stop: int | None) -> None:
    whole = read_columns(file)
    with opened(file, reader_for(file), {}) as table:
        part, lists = table.columns(table.names, start, stop), table.lists(["jet"], start, stop)["jet"]
    for name, values in whole.items():
        np.testing.assert_array_equal(part[name], values[start:stop])
    assert lists.counts.tolist() == [2, 0, 1][start:stop]


def test_a_damaged_branch_does_not_hurt_the_others(tmp_path: Path) -> None:
    marks = np.full(3, 1.2345678e123)
    with uproot.recreate(tmp_path / "t.root", compression=None) as file:
        file.mktree("events", {"good": np.arange(3.0), "bad": marks})
    raw = (tmp_path / "t.root").read_bytes()
    at = raw.index(marks.astype(">f8").tobytes())
    (tmp_path / "t.root").write_bytes(raw[: at - 60] + b"\xff" * 40 + raw[at - 20 :])
    with opened(tmp_path / "t.root", reader_for("t.root"), {}) as table:
        assert table.columns(["good"])["good"].tolist() == [0, 1, 2]
        with pytest.raises(DataError, match=r"t\.root: not readable as ROOT .*; get the file again"):
            table.columns(["bad"])


def test_one_of_several_trees_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a:b.root"
    with uproot.recreate(path) as file:
        file.mktree("Events", {"x": np.arange(3.0)})
        file.mkrntuple("deep/Runs", {"x": np.arange(4.0)})
    with uproot.update(path) as file:
        file.mktree("Events", {"x": np.arange(5.0)})
    two = r"holds 'Events' \(5 rows\), 'deep/Runs' \(4 rows\)"
    with pytest.raises(InputError, match=rf"a:b\.root: {two}; say which: tree = 'Events'"):
        read_columns(path)
    with pytest.raises(InputError, match=r"holds no tree 'Event'.* Did you mean 'Events'"):
        read_columns(path, tree="Event")
    with pytest.raises(WrongTypeError, match="tree = 3 is no name"):
        read_columns(path, tree=3)
    heights = {
        name: len(read_columns(path, tree=name)["x"])
        for name in ("Events", "Events;1", "Events;2", "deep/Runs")
    }
    assert heights == {"Events": 5, "Events;1": 3, "Events;2": 5, "deep/Runs": 4}
    assert dict(reader_for(path).parts(path)) == {"Events": "5 rows", "deep/Runs": "4 rows"}  # type: ignore[attr-defined]


def test_a_file_without_a_tree_or_without_a_row_is_one_sentence(tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "h.root") as file:
        file["h"] = np.histogram(np.arange(5.0))
    with pytest.raises(DataError, match=r"h\.root: holds no table"):
        read_columns(tmp_path / "h.root")
    with uproot.recreate(tmp_path / "e.root") as file:
        file.mktree("events", {"x": "float64"})
    with pytest.raises(DataError, match=r"e\.root: this table holds 0 rows"):
        read_columns(tmp_path / "e.root")


def test_records_and_missing_values_of_an_ntuple(tmp_path: Path) -> None:
    more = {
        "muon": awkward.Array([[{"pt": 1.5, "q": 1}], [], [{"pt": 2.5, "q": -1}, {"pt": 0.5, "q": 1}]]),
        "met": awkward.Array([{"x": 1.0, "y": 2}, {"x": 3.0, "y": 4}, {"x": 5.0, "y": 6}]),
        "gap": awkward.Array([2**53 + 1, None, 5]),
        "few": awkward.Array([1, None, 3]),
        "deep": awkward.Array([[[1.0]], [], [[2.0], []]]),
        "words": awkward.Array([["a"], [], ["b", "c"]]),
    }
    path = _write(tmp_path / "t.root", "mkrntuple", **more)
    with opened(path, reader_for(path), {}) as table:
        assert table.left_out == {  # type: ignore[attr-defined]
            "deep": "it holds var * var * float64",
            "words": "it holds var * string",
        }
        found = table.columns(["met.x", "met.y", "gap", "few"])
        lists = table.lists(["muon.q", "muon.pt"], 1)
        with pytest.raises(InputError, match=r"column 'deep' cannot be read \(it holds var"):
            table.columns(["deep"])
    assert found["met.x"].tolist() == [1, 3, 5]
    assert found["met.y"].dtype == np.int64
    assert found["gap"].tolist() == [2**53 + 1, None, 5]
    assert isinstance(found["few"], Gapped)
    assert (lists["muon.q"].values.tolist(), lists["muon.q"].counts.tolist()) == ([-1, 1], [0, 2])
    assert lists["muon.pt"].values.tolist() == [2.5, 0.5]


class _Leaves:
    """A branch of two leaves, as ``tree->Branch("hit", &hit, "n/I:e/D")`` makes, which uproot does not write."""

    name, branches, num_entries = "hit", (), 2
    interpretation = uproot.AsDtype([("n", ">i4"), ("e", ">f8")])
    typename = "struct {int32_t n; double e;}"

    def array(self, *, entry_start: int, entry_stop: int, **_: Any) -> Any:
        return np.array([(1, 0.5), (2, 1.5)], dtype=[("n", "i4"), ("e", "f8")])[entry_start:entry_stop]


def test_leaves_of_one_branch_are_columns() -> None:
    plan = ours._Plan(2)
    ours._branch(plan, "hit", _Leaves())
    assert {name: plan.branches[name](0, 2).tolist() for name in plan.names} == {
        "hit.n": [1, 2],
        "hit.e": [0.5, 1.5],
    }


def test_a_branch_of_another_length_is_left_out() -> None:
    plan = ours._Plan(3)
    ours._branch(plan, "hit", _Leaves())
    assert plan.left_out == {"hit": "it has 2 of 3 entries"}


def test_a_file_that_claims_too_much_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.root", "mktree")
    with opened(path, reader_for(path), {}) as table:
        object.__setattr__(table, "n_rows", 2**40)
        with pytest.raises(DataError, match=r"declares 8192\.0 GiB"):
            table.columns(["x"])


def test_without_uproot_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path / "t.root", "mktree")
    monkeypatch.setitem(sys.modules, "uproot", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'fivesigma\[root\]'"):
        fs.read(path, task="clustering")


@pytest.mark.parametrize(
    ("name", "tree", "rows", "left_out"),
    [
        ("hzz/uproot-HZZ.root", None, 2421, 0),
        ("hzz/uproot-HZZ-objects.root", None, 2421, 0),
        ("hzz/nanoAOD_2015_CMS_Open_Data_ttbar.root", None, 200, 0),
        ("nano/nano_dy.root", "Events", 40, 0),
        ("nano/nano_dimuon.root", "Events", 40, 0),
        ("nano/treemaker.root", None, 10, 0),
    ],
)
def test_real_files_open(shared_data: Path, name: str, tree: str | None, rows: int, left_out: int) -> None:
    path = shared_data / name
    with opened(path, reader_for(path), {} if tree is None else {"tree": tree}) as table:
        assert (table.n_rows, len(table.left_out)) == (rows, left_out)  # type: ignore[attr-defined]
        lists = table.lists(table.jagged[:20])
        assert all(len(each) == rows for each in lists.values())
        assert all(len(each) == rows for each in table.columns(table.names[:20]).values())


def test_the_jets_of_a_real_file(shared_data: Path) -> None:
    path = shared_data / "hzz/nanoAOD_2015_CMS_Open_Data_ttbar.root"
    data = fs.read(path, features=["nJet"], task="clustering")
    assert (data.n_samples, round(float(data.X.mean()), 3)) == (200, 2.685)
    with opened(path, reader_for(path), {}) as table:
        np.testing.assert_array_equal(table.lists(["Jet_pt"])["Jet_pt"].counts, data.X[:, 0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["genEventSumw", "genEventSumw_"])
def test_what_was_generated_is_the_sum_over_the_runs(tmp_path: Path, kind: str, name: str) -> None:
    path = _write(tmp_path / "t.root", kind)
    with uproot.update(path) as file:
        getattr(file, kind)("Runs", {"run": np.array([1, 2]), name: np.array([1.5e10, -2e9])})
    with opened(path, reader_for(path), {"tree": "events"}) as table:
        assert table.sum_w() == 1.3e10  # type: ignore[attr-defined]
        assert table.n_rows == 3


@pytest.mark.parametrize("runs", [None, {"run": [1]}, {"run": [], "genEventSumw": []}])
def test_a_file_that_does_not_say_what_was_generated_says_none(tmp_path: Path, runs: Any) -> None:
    path = _write(tmp_path / "t.root", "mktree")
    if runs is not None:
        with uproot.update(path) as file:
            file.mktree("Runs", {name: np.array(values, dtype=float) for name, values in runs.items()})
    with opened(path, reader_for(path), {"tree": "events"}) as table:
        assert table.sum_w() is None  # type: ignore[attr-defined]


@pytest.mark.parametrize(("name", "sum_w"), [("nano_dy", 15166686735.858717), ("nano_dimuon", None)])
def test_real_files_say_what_was_generated(shared_data: Path, name: str, sum_w: float | None) -> None:
    path = shared_data / f"nano/{name}.root"
    with opened(path, reader_for(path), {"tree": "Events"}) as table:
        assert table.sum_w() == sum_w  # type: ignore[attr-defined]


def test_vectors_of_root_are_their_members_and_make_objects(shared_data):
    path = shared_data / "hzz" / "uproot-HZZ-objects.root"
    said = {"prefix": "muonp4.", "momentum": ["fP.fX", "fP.fY", "fP.fZ", "fE"], "sort": "pt"}
    data = fs.read(
        path,
        objects={"muon": said},
        cuts={"two_muons": "count(muon) >= 2"},
        observables=["mass(muon[0] + muon[1])"],
        features=["MET.fX", "MET.fY"],
    )
    pair = data.X[:, data.names.index("mass(muon[0] + muon[1])")]
    assert (data.n_samples, round(float(np.median(pair)), 2)) == (1413, 90.85)
    assert int(((pair > 80) & (pair < 100)).sum()) == 1189
