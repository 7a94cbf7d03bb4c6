"""One reading of a table: only what has a part is held, and the identity of rows is that of reading it all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from fivesigma._core.columns import objects
from fivesigma.data.dataset import Dataset
from fivesigma.data.filling import Filling, float_type
from fivesigma.data.readers.table import WholeTable
from fivesigma.data.reading import read
from fivesigma.data.roles import Roles
from fivesigma.data.stack import Stack
from fivesigma.data.tables import read_columns
from fivesigma.risk.row_hashes import table_hashes

N = 200


def _columns() -> dict[str, Any]:
    rng = np.random.default_rng(3)
    return {
        "ID": np.arange(N, dtype=np.uint64) + np.uint64(2**63 + 1),
        "pt": rng.gamma(2.0, 20.0, N),
        "eta": rng.normal(size=N).astype(np.float32),
        "n": rng.integers(-3, 5, N).astype(np.int16),
        "ok": rng.random(N) < 0.5,
        "kind": rng.choice(["s", "b"], N),
        "zz": rng.normal(size=N),
    }


def _npz(path: Path, columns: Mapping[str, Any]) -> None:
    np.savez(path, **columns)


def _structured(path: Path, columns: Mapping[str, Any]) -> None:
    held = {name: column for name, column in columns.items() if name != "kind"}
    kinds = [(name, np.asarray(column).dtype.newbyteorder(">")) for name, column in held.items()]
    array = np.zeros(N, dtype=kinds)
    for name, column in held.items():
        array[name] = column
    np.save(path, array)


def _ahf(path: Path, columns: Mapping[str, Any]) -> None:
    held = [name for name in columns if name not in ("kind", "ok")]
    head = "#" + " ".join(f"{name}({i})" for i, name in enumerate(held, 1))
    rows = zip(*(columns[name].tolist() for name in held), strict=True)
    path.write_text(head + "\n" + "\n".join(" ".join(map(str, row)) for row in rows) + "\n")


WRITERS: dict[str, Callable[[Path, Mapping[str, Any]], None]] = {
    "t.csv": lambda path, columns: pl.DataFrame(columns).write_csv(path),
    "t.parquet": lambda path, columns: pl.DataFrame(columns).write_parquet(path, row_group_size=64),
    "t.npz": _npz,
    "t.npy": _structured,
    "t.AHF_halos": _ahf,
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("roles", [{"features": ["pt"]}, {"features": ["eta", "n"], "missing": -2}, {}])
def test_the_identity_is_that_of_all_columns_read_at_once(
    tmp_path: Path, name: str, roles: dict[str, Any]
) -> None:
    path = tmp_path / name
    WRITERS[name](path, _columns())
    data = read(
        path, target="zz", weight="abs(pt)" if "features" in roles else None, task="regression", **roles
    )
    apart = ["zz", *(["pt"] if "features" in roles else [])]
    identity, as_read = table_hashes(read_columns(path), apart=apart)
    assert np.array_equal(data.row_hashes, identity)
    assert data.as_read is not None
    assert np.array_equal(data.as_read, as_read)


class Spy(WholeTable):
    """A table that remembers how many of its columns were asked for together, and which at their full height."""

    asked: list[tuple[tuple[str, ...], int]]

    def columns(
        self, names: Sequence[str], start: int = 0, stop: int | None = None
    ) -> dict[str, np.ndarray[Any, Any]]:
        """Return some of the columns, and remember it."""
        found = super().columns(names, start, stop)
        self.asked.append((tuple(names), max((len(each) for each in found.values()), default=0)))
        return found


def test_what_has_no_part_is_read_once_and_a_few_columns_at_a_time() -> None:
    wide = {f"x{i:02}": np.arange(N) * (i + 1.0) for i in range(40)} | _columns()
    spy = Spy(wide)
    object.__setattr__(spy, "asked", [])
    roles = Roles(target="zz", features=["pt", "x07"], select="n > -3", spectators=["ID"])
    data = Dataset.from_table(spy, roles, source="a table")
    whole = [names for names, height in spy.asked if height == N]
    assert sorted(name for names in whole for name in names if name.startswith("x")) == [
        f"x{i:02}" for i in range(40)
    ]
    assert max(map(len, whole)) <= 6
    assert data.names == ("pt", "x07")


def test_a_file_in_parts_is_the_file(tmp_path: Path) -> None:
    columns = _columns()
    frame = pl.DataFrame(columns)
    for i in range(3):
        frame.slice(70 * i, 70).write_parquet(tmp_path / f"p{i}.parquet")
    frame.write_parquet(tmp_path / "whole.parquet")
    parts = read(str(tmp_path / "p*.parquet"), target="kind", spectators=["ID"])
    whole = read(tmp_path / "whole.parquet", target="kind", spectators=["ID"])
    assert parts.sha256 == whole.sha256
    assert np.array_equal(parts.row_hashes, whole.row_hashes)
    assert parts.spectators["ID"].tolist() == whole.spectators["ID"].tolist()


SHORT = {"a": np.float32, "b": np.float32}


@pytest.mark.parametrize(
    ("kinds", "dtype"),
    [
        (SHORT, np.float32),
        ({"a": np.float32, "b": np.float64}, np.float64),
        ({"a": np.float32, "b": np.int32}, np.float64),
        ({"a": np.int8, "b": np.int32}, np.float64),
        ({"a": np.float16, "b": np.float32}, np.float32),
    ],
)
def test_float32_stays_where_all_features_are_that(
    tmp_path: Path, kinds: dict[str, Any], dtype: type
) -> None:
    rng = np.random.default_rng(0)
    columns = {name: (10 * rng.normal(size=N)).astype(kind) for name, kind in kinds.items()}
    frame = pl.DataFrame(columns | {"y": rng.normal(size=N)})
    frame.write_parquet(tmp_path / "t.parquet")
    data = read(tmp_path / "t.parquet", target="y")
    assert data.X.dtype == dtype
    wide = Dataset.from_columns(
        {name: frame[name].to_numpy().astype(np.float64) for name in frame.columns},
        Roles(target="y"),
        source="t",
    )
    assert data.sha256 == wide.sha256
    assert data.statistics() == wide.statistics()
    assert data.audit == wide.audit
    assert np.array_equal(data.row_hashes, wide.row_hashes)


def test_a_column_that_is_longer_than_it_looked_widens_the_table() -> None:
    parts = [WholeTable({"x": np.ones(100, np.float32)}), WholeTable({"x": np.full(100, 0.1)})]
    data = Dataset.from_table(Stack(parts, [Path("a"), Path("b")]), Roles(), source="two")
    assert data.X.dtype == np.float64
    filling = Filling({"x": 0}, np.arange(4), np.dtype(np.float32))
    filling.take({"x": np.array([1.0, 2.0], np.float32)})
    filling.take({"x": np.array([0.1, 0.2])}, 2)
    assert filling.values[:, 0].tolist() == [1.0, 2.0, 0.1, 0.2]


def test_text_and_nothing_are_no_float32() -> None:
    assert float_type([objects(["a"])]) == np.float64
    assert float_type([]) == np.float64


def test_rows_and_fraction(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame(_columns()).write_parquet(path)
    some = read(path, target="zz", rows=[50, 120])
    assert some.rows.tolist() == list(range(50, 120))
    whole = read(path, target="zz")
    assert np.array_equal(some.row_hashes, whole.row_hashes[50:120])
    drawn = read(path, target="zz", fraction=0.3)
    assert 30 < drawn.n_samples < 90
    other = read(path, target="pt", features=["n"], fraction=0.3)
    assert other.rows.tolist() == drawn.rows.tolist()
    pl.DataFrame(_columns()).reverse().write_parquet(path)
    assert sorted(N - 1 - read(path, target="zz", fraction=0.3).rows) == drawn.rows.tolist()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"rows": [5]}, "is no range of rows"),
        ({"rows": [5, 5]}, "is no range of rows"),
        ({"rows": [0.0, 5]}, "is no range of rows"),
        ({"rows": [200, 300]}, "begins beyond the 200 rows"),
        ({"fraction": 0}, "is not a part of the rows"),
        ({"fraction": True}, "is not a part of the rows"),
        ({"fraction": 1e-9}, "no row is left"),
    ],
)
def test_parts_that_are_none(tmp_path: Path, words: dict[str, Any], said: str) -> None:
    pl.DataFrame(_columns()).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match=said):
        read(tmp_path / "t.parquet", target="zz", **words)
