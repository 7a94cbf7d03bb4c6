"""A look over a table: what each kind of column holds, and which part it may play."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fivesigma._core.columns import Gapped, objects
from fivesigma._core.errors import InputError
from fivesigma.data.inspection import guess, inspect, inspected, look, parts, ranked_targets


@pytest.mark.parametrize(
    ("values", "kind", "missing", "distinct"),
    [
        (objects([2**70, None, 2**70]), "whole number", 1, 1),
        (np.array([2**63 + 1, 5], dtype=np.uint64), "whole number", 0, 2),
        (Gapped(np.array([1.0, np.nan, 2.0])), "whole number", 1, 2),
        (np.array([0.5, np.inf]), "number", 0, 2),
        (np.array([True, False]), "true/false", 0, 2),
        (np.array(["a", "", None], dtype=object), "text", 2, 1),
        (np.array(["a", "b"]), "text", 0, 2),
        (np.zeros((4, 1, 2, 2)), "array", 0, 0),
        (np.full(3, np.nan), "number", 3, 0),
    ],
)
def test_columns_of_every_kind(values: np.ndarray, kind: str, missing: int, distinct: int) -> None:
    column = look("c", values)
    assert (column.kind, column.n_missing, column.n_distinct) == (kind, missing, distinct)
    assert column.numeric == (kind not in ("text", "array"))


def test_a_code_is_the_lowest_value_far_below_the_others() -> None:
    assert look("m", np.array([-999.0, -999.0, 1.0])).code == -999.0
    assert look("m", np.array([-999.0, 1.0, 2.0])).code is None
    assert look("m", np.array([-999.0, -999.0])).code is None


def test_arrays_and_empty_columns_are_no_features(tmp_path: Path) -> None:
    images = np.random.default_rng(0).normal(size=(40, 1, 3, 3))
    np.savez(
        tmp_path / "a.npz", img=images, x=images[:, 0, 0, 0], gone=np.full(40, np.nan), y=np.arange(40) % 2
    )
    found = inspect(tmp_path / "a.npz").guesses
    assert (found.target, found.features, found.spectators) == ("y", ("x",), ("gone",))


def test_the_target_that_is_said_and_those_that_are_likely() -> None:
    rng = np.random.default_rng(0)
    table = {
        "x": rng.normal(size=60),
        "y": np.arange(60) % 2,
        "kind": objects(["a", "b"] * 30),
        "w": np.ones(60),
    }
    columns = [look(name, values) for name, values in table.items()]
    assert ranked_targets(columns, 60)[:2] == ["y", "kind"]
    assert ranked_targets([], 0) == []
    assert guess(columns, 60, "kind").classes == ("a", "b")
    assert guess(columns, 60).weight == "w"
    assert guess(columns[:1], 60, "x").features == ()


def test_an_unknown_target_is_one_sentence(tmp_path: Path) -> None:
    pl.DataFrame({"x": [1.0, 2.0]}).write_csv(tmp_path / "t.csv")
    with pytest.raises(InputError, match="'z' is not a column of the table"):
        inspect(tmp_path / "t.csv", "z")


def test_lists_units_and_what_is_left_out_are_seen_and_several_tables_listed(tmp_path: Path) -> None:
    fits, uproot, awkward = (pytest.importorskip(name) for name in ("astropy.io.fits", "uproot", "awkward"))
    lists = {"jet": awkward.Array([[1.5, 2.5], [], [3.5, 1.0]])}
    deep = {"deep": awkward.Array([[[1.0]], [], [[2.0]]])}
    with uproot.recreate(tmp_path / "t.root") as file:
        file.mkrntuple("events", {"w": np.array([1.0, 1, 2], "f4"), **lists, **deep})
        file.mktree("other", {"x": np.arange(2)})
    assert dict(parts(tmp_path / "t.root")) == {"events": "3 rows", "other": "2 rows"}
    assert parts(tmp_path / "t.root", {"tree": "other"}) == {}
    seen = inspect(tmp_path / "t.root", options={"tree": "events"})
    assert [(each.name, each.dtype, each.mean_members) for each in seen.lists] == [("jet", "float64", 4 / 3)]
    assert seen.left_out == {"deep": "it holds var * var * float64"}
    assert seen.columns[0].dtype == "float32"
    assert seen.n_effective is None, "the only column is the target"
    column = fits.Column("v", format="D", array=np.arange(3), unit="km/s")
    fits.BinTableHDU.from_columns([column]).writeto(tmp_path / "t.fits")
    assert [column.unit for column in inspect(tmp_path / "t.fits").columns] == ["km/s"]
    assert parts(tmp_path / "t.fits") == parts(tmp_path / "absent.fits") == {}
    pl.DataFrame({"w": [1.0, 1, 2], "x": [1.5, 2, 1], "y": [0, 1, 1]}).write_csv(tmp_path / "t.csv")
    assert inspect(tmp_path / "t.csv", "y").n_effective == pytest.approx(16 / 6)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "EvtNum",
            "eventNumber",
            "event",
            "evt",
            "RunNum",
            "run",
            "LumiBlockNum",
            "luminosityBlock",
            "lumi",
            "bx",
        ),
        *(
            "orbitNumber",
            "bunchCrossing",
            "halo_id",
            "sourceId",
            "CLUSTER_ID",
            "event_no",
            "mcChannelNumber",
            "entry",
        ),
    ],
)
def test_what_numbers_events_runs_or_objects_is_neither_target_nor_feature(name: str) -> None:
    rng = np.random.default_rng(0)
    for last in (True, False):
        numbers = {name: rng.permutation(500) // 3}
        rest = {"pt": rng.normal(size=500), "met": rng.normal(size=500)}
        found = inspected("t.csv", rest | numbers if last else numbers | rest)
        assert found.guesses.target in ("pt", "met")
        assert name in found.guesses.spectators


def test_a_column_of_few_labels_called_like_an_object_may_be_the_target() -> None:
    rng = np.random.default_rng(0)
    for name in ("cluster", "halo", "source"):
        table = {"pt": rng.normal(size=300), name: rng.integers(0, 3, 300)}
        assert inspected("t.csv", table).guesses.target == name


def test_a_real_event_number_is_no_target(shared_data: Path) -> None:
    found = inspect(shared_data / "nano/treemaker.root")
    assert found.guesses.target != "EvtNum"
    assert {"EvtNum", "RunNum", "LumiBlockNum"} <= set(found.guesses.spectators)
