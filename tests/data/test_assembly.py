"""From columns and roles to a Dataset: rows that go are counted, identities are of the input alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import fivesigma as fs
from fivesigma._core.columns import Gapped, objects
from fivesigma._core.errors import InputError
from fivesigma.data.assembly import assemble
from fivesigma.data.dataset import Dataset
from fivesigma.data.readers.table import WholeTable
from fivesigma.data.roles import Roles

N = 12


def _table(**more: Any) -> dict[str, np.ndarray]:
    i = np.arange(N)
    ids = objects([None if k == 3 else 2**63 + 1 + k for k in range(N)])
    return {"ID": ids, "x": i / 8, "n": np.where(i == 5, -999, i), "y": i % 2, "w": i + 1.0, **more}


def _made(table: dict[str, np.ndarray] | None = None, **roles: Any) -> Dataset:
    return Dataset(
        **assemble(WholeTable(_table() if table is None else table), Roles(**roles), source="a table")
    )


def test_columns_are_let_go_of_and_remembered_as_they_were_read() -> None:
    table = _table(ok=Gapped(np.ones(N), "truth"), kind=objects(["a", "b"] * 6))
    data = _made(
        table, target="y", features=["ratio", "kind", "ok"], expressions={"ratio": "x / n"}, categorical=True
    )
    assert data.columns == {"x": "number", "n": "number", "kind": "text", "ok": "truth"}
    assert data.categories == {"kind": ("a", "b")}


def test_codes_are_missing_but_not_in_what_is_only_carried() -> None:
    data = _made(target="y", features=["x", "n"], missing=-999)
    assert data.n_missing == 1
    carried = _made(target="y", features=["x"], spectators=["n"], missing=-999)
    assert -999 in carried.spectators["n"]


def test_rows_that_go_are_counted() -> None:
    data = _made(target="log10(x)", features=["n"], select="w > 3", group="w")
    assert data.rows.tolist() == list(range(3, N))
    assert [check for check, _, _ in data.notes] == ["select"]
    undefined = _made(target="log10(x - 0.5)", features=["n"])
    assert ("target", "warning") in [note[:2] for note in undefined.notes]
    assert undefined.rows.tolist() == list(range(5, N))


def test_the_identity_is_of_the_input_and_not_of_the_answer() -> None:
    one, two = _made(target="y", features=["x"]), _made(target="y", features=["n"], missing=-999)
    assert one.row_hashes.tolist() == two.row_hashes.tolist()
    turned = _table(y=1 - np.arange(N) % 2)
    assert _made(turned, target="y", features=["x"]).row_hashes.tolist() == one.row_hashes.tolist()
    other = _table()
    other["ID"][4] += 1
    moved = _made(other, target="y", features=["x"]).row_hashes != one.row_hashes
    assert moved.tolist() == [i == 4 for i in range(N)]
    made = WholeTable({"y": np.arange(N)})
    roles = Roles(target="y", features=["z"], expressions={"z": "y * 1"})
    assert Dataset.from_table(made, roles, source="t").identity is None


def test_an_event_is_known_again_whatever_a_study_makes_of_its_columns(tmp_path: Path) -> None:
    plain = _made(target="y", features=["x"])
    others = [
        _made(target="x", features=["n"], weight="w", missing=-999),
        _made(target="log10(x + 1)", features=["r"], expressions={"r": "x / n"}, spectators=["ID"]),
        _made(task="clustering", features=["x", "n"]),
    ]
    for other in others:
        assert np.array_equal(plain.event_hashes[:, 0], other.event_hashes[:, 0])
    cut = _made(target="y", features=["x"], select="w > 3")
    assert np.array_equal(cut.event_hashes[:, 0], plain.event_hashes[3:, 0])
    assert np.array_equal(plain.take([2, 5]).as_read, plain.as_read[[2, 5]])
    corrected = _made(_table(y=1 - np.arange(N) % 2), target="y", features=["x"])
    assert not np.isin(corrected.event_hashes[:, 0], plain.event_hashes[:, 0]).any()
    assert np.array_equal(corrected.event_hashes[:, 1], plain.event_hashes[:, 1])


def test_copies_of_a_row_are_told_apart_in_their_order() -> None:
    data = Dataset(**assemble(WholeTable({"x": np.array([1.0, 2.0, 1.0])}), Roles(), source="t"))
    assert len(set(data.event_hashes[:, 0].tolist())) == 3
    assert data.as_read[0] == data.as_read[2]


def test_units_of_columns_and_expressions() -> None:
    data = _made(
        target="y", features=["x", "r"], expressions={"r": "x / n"}, units={"x": "GeV", "n": "GeV", "y": "s"}
    )
    assert (data.units[0], data.target_unit) == ("GeV", "s")


def test_a_join_drops_what_has_no_partner(tmp_path: Path) -> None:
    pl.DataFrame({"ID": pl.Series([2**63 + 1, 2**63 + 5], dtype=pl.UInt64), "z": [1.0, 2.0]}).write_parquet(
        tmp_path / "r.parquet"
    )
    data = _made(
        target="w", task="regression", features=["z"], join={"path": tmp_path / "r.parquet", "on": "ID"}
    )
    assert data.rows.tolist() == [0, 4]
    assert data.columns == {"ID": "number", "z": "number"}


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ({"task": "regression"}, "needs a target"),
        ({"classes": ["a"]}, "classes are given, but no target"),
        ({"target": ["x", "n"], "classes": ["a"]}, "several targets"),
        ({"target": "y", "select": "x"}, "is not a condition"),
        ({"target": "y", "select": "x > 99"}, "no row is left"),
        ({"target": "y", "units": {"xx": "GeV"}}, "units: 'xx' is not a column of a table. Did you mean 'x'"),
        ({"target": "y", "expressions": {"x": "n"}}, "'x' is a column already"),
        ({"target": "y", "expressions": {"r": "q + 1"}}, "expressions.r: .*'q' is not a column"),
        ({"target": "y", "weight": "x - 50"}, "the weights sum to -"),
        ({"target": "y", "features": ["x"], "group": "ID"}, "group 'ID' is missing in 1 of 12 rows"),
        (
            {"target": "y", "features": ["f"], "expressions": {"f": "1 / x"}},
            "feature 'f' has 1 infinite value ",
        ),
        (
            {"target": "y", "features": ["f"], "expressions": {"f": "nan * x"}},
            "feature 'f' is missing in all",
        ),
        ({"target": "y", "weight": "y"}, "the weights of class '0' sum to zero"),
    ],
)
def test_what_does_not_fit_is_refused(roles: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        _made(**roles)


def test_an_empty_table() -> None:
    for table in ({}, {"x": np.empty(0)}):
        with pytest.raises(InputError, match="the table is empty"):
            assemble(WholeTable(table), Roles(), source="a table")


def test_expressions_keep_to_the_units_of_the_columns(tmp_path):
    rng = np.random.default_rng(0)
    E, p, M = rng.uniform(1, 9, 40), rng.uniform(1000, 9000, 40), rng.uniform(1e13, 1e15, 40)
    np.savez(tmp_path / "t.npz", E=E, p=p, M=M, y=E + rng.normal(size=40))
    units = {"E": "GeV", "p": "MeV", "M": "Msun/h"}
    asked = {"target": "y", "units": units}
    data = fs.read(
        tmp_path / "t.npz", **asked, features=["s", "q"], expressions={"s": "E + p", "q": "sqrt(s * s)"}
    )
    np.testing.assert_allclose(data.X[:, 0], E + p / 1000)
    assert data.units == ("GeV", "GeV")
    assert fs.read(tmp_path / "t.npz", **asked, select="E > p").n_samples == int((p / 1000 < E).sum())
    for refused in ({"expressions": {"s": "E + M"}}, {"select": "M > E"}, {"target": "log10(M) + E"}):
        with pytest.raises(InputError, match="different dimensions"):
            fs.read(tmp_path / "t.npz", **{**asked, **refused})
    plain = fs.read(tmp_path / "t.npz", target="y", features=["s"], expressions={"s": "E + p"})
    np.testing.assert_allclose(plain.X[:, 0], E + p)
