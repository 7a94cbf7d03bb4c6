"""The law of identifiers: from file to file every digit stays, whatever the format and the type."""

from __future__ import annotations

import gzip
import hashlib
import operator
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import fivesigma as fs
from fivesigma._core.errors import InputError
from fivesigma.data import frames
from fivesigma.data.dataset import Dataset
from fivesigma.data.tables import read_columns
from fivesigma.risk.row_hashes import table_hash
from fivesigma.study.finished.predict import predict
from fivesigma.study.finished.written import write_table

N = 48

IDS: dict[str, tuple[list[Any], Any]] = {
    "small": ([3 * i for i in range(N)], pl.Int32),
    "64 bits": ([10**18 + 1 + 2 * i for i in range(N)], pl.Int64),
    "negative": ([-(10**18) - 1 - 2 * i for i in range(N)], pl.Int64),
    "above 2^63": ([2**63 + 1 + 2 * i for i in range(N)], pl.UInt64),
    "both sides of zero": ([(-1) ** i * (2**63 + 1 + 2 * i) for i in range(N)], pl.Int128),
    "128 bits": ([10**30 + 1 + 2 * i for i in range(N)], pl.Int128),
    "decimal": ([Decimal(10**20 + 1 + 2 * i) for i in range(N)], pl.Decimal(30, 0)),
    "text": ([f"1e{i:03d}-A{10**18 + i}" for i in range(N)], pl.String),
}


def _csv(frame: pl.DataFrame, path: Path, separator: str = ",", missing: str = "") -> None:
    path.write_text(frame.write_csv(separator=separator, null_value=missing))


def _npz(frame: pl.DataFrame, path: Path) -> None:
    if any(str(kind).startswith(("Int128", "Decimal")) for kind in frame.schema.values()):
        pytest.skip("NumPy has no such type")
    columns = {name: frame[name].to_numpy() for name in frame.columns}
    np.savez(path, **{name: c.astype(str) if c.dtype == object else c for name, c in columns.items()})


def _ahf(frame: pl.DataFrame, path: Path) -> None:
    if frame["ID"].dtype == pl.String:
        pytest.skip("AHF numbers its haloes")
    head = "#" + " ".join(f"{name}({i})" for i, name in enumerate(frame.columns, 1))
    rows = ("\t".join(str(value) for value in row) for row in frame.iter_rows())
    path.write_text("\n".join([head, *rows]) + "\n")


def _written(frame: pl.DataFrame, path: Path) -> None:
    if any(str(kind).startswith(("Int128", "Decimal")) for kind in frame.schema.values()):
        pytest.skip("the format has no whole numbers beyond 64 bits")
    write_table(path, frames.consumed(frame.get_columns()))


WRITERS: dict[str, Callable[[pl.DataFrame, Path], None]] = {
    "t.csv": _csv,
    "t.csv.gz": lambda frame, path: path.write_bytes(gzip.compress(frame.write_csv().encode())) and None,
    "t.tsv": lambda frame, path: _csv(frame, path, "\t"),
    "t.dat": lambda frame, path: _csv(frame, path, " ", "NA"),
    "t.parquet": lambda frame, path: frame.write_parquet(path),
    "t.npz": _npz,
    "t.AHF_halos": _ahf,
    "t.root": _written,
    "t.fits": _written,
    "t.h5": _written,
}


def _table(kind: str) -> pl.DataFrame:
    ids, dtype = IDS[kind]
    x = np.random.default_rng(1).normal(size=N)
    hosts = [ids[i // 4] for i in range(N)]
    return pl.DataFrame(
        [pl.Series("ID", ids, dtype=dtype), pl.Series("hostHalo", hosts, dtype=dtype), pl.Series("x", x)]
    ).with_columns(y=2 * pl.col("x") + np.random.default_rng(2).normal(size=N))


def _texts(column: np.ndarray | pl.Series) -> list[str]:
    return [str(value) for value in column]


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("kind", IDS)
def test_what_is_read_selected_and_grouped_has_every_digit(tmp_path: Path, kind: str, name: str) -> None:
    path, ids = tmp_path / name, [str(value) for value in IDS[kind][0]]
    WRITERS[name](_table(kind), path)
    assert _texts(read_columns(path)["ID"]) == ids
    data = fs.read(path, target="y", features=["x"], group="hostHalo", spectators=["ID"], task="regression")
    assert _texts(data.spectators["ID"]) == ids
    assert len(set(data.groups.tolist())) == len(set(data.group_hashes.tolist())) == N // 4
    assert len(set(data.row_hashes.tolist())) == N
    one = f"'{ids[7]}'" if kind == "text" else ids[7]
    for text, kept in ((f"ID == {one}", ids[7:8]), (f"ID not in ({one},)", ids[:7] + ids[8:])):
        some = fs.read(path, features=["x"], spectators=["ID"], select=text, task="clustering")
        assert _texts(some.spectators["ID"]) == kept


RELATIONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "!=": operator.ne}


@pytest.mark.parametrize("kind", [kind for kind in IDS if kind != "text"])
@pytest.mark.parametrize("relation", RELATIONS)
def test_conditions_on_long_numbers_are_exact(tmp_path: Path, kind: str, relation: str) -> None:
    _table(kind).write_parquet(tmp_path / "t.parquet")
    ids = [int(value) for value in IDS[kind][0]]
    for shift in (-1, 0, 1):
        at = ids[7] + shift
        data = fs.read(
            tmp_path / "t.parquet", features=["x"], select=f"ID {relation} {at}", task="clustering"
        )
        true = [i for i, value in enumerate(ids) if RELATIONS[relation](value, at)]
        assert data.rows.tolist() == true


@pytest.mark.parametrize("right", ["t.csv", "t.parquet"])
@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("kind", IDS)
def test_only_equal_identifiers_are_partners(tmp_path: Path, kind: str, name: str, right: str) -> None:
    frame = _table(kind)
    WRITERS[name](frame, tmp_path / name)
    partners = frame.select("ID", z=-pl.col("x")).reverse()
    (tmp_path / "right").mkdir()
    WRITERS[right](partners, tmp_path / "right" / right)
    join = {"path": tmp_path / "right" / right, "on": "ID"}
    data = fs.read(tmp_path / name, target="y", features=["x", "z"], join=join, task="regression")
    np.testing.assert_array_equal(data.X[:, 0], -data.X[:, 1])
    other = _next(partners, kind)
    WRITERS[right](other, tmp_path / "right" / right)
    with pytest.raises(InputError, match="no row of the data has a partner"):
        fs.read(tmp_path / name, target="y", features=["x", "z"], join=join, task="regression")


def _next(frame: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Return the table with identifiers that differ by one from any that is there."""
    ids, dtype = IDS[kind]
    step = (lambda value: f"{value}0") if kind == "text" else (lambda value: value + 1)
    return frame.with_columns(pl.Series("ID", [step(value) for value in ids][::-1], dtype=dtype))


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.dat", "t.parquet"])
@pytest.mark.parametrize("kind", IDS)
def test_gaps_cost_no_digit(tmp_path: Path, kind: str, name: str) -> None:
    frame = _table(kind).with_columns(ID=pl.when(pl.int_range(pl.len()) % 5 > 0).then("ID"))
    WRITERS[name](frame, tmp_path / name)
    ids = [str(value) if i % 5 else "None" for i, value in enumerate(IDS[kind][0])]
    columns = read_columns(tmp_path / name)
    assert _texts(frames.table(columns)["ID"]) == ids
    partners = _table(kind).select("ID", z=-pl.col("x"))
    partners.write_parquet(tmp_path / "right.parquet")
    join = {"path": tmp_path / "right.parquet", "on": "ID"}
    data = fs.read(tmp_path / name, target="y", features=["x", "z"], join=join, task="regression")
    assert data.rows.tolist() == [i for i in range(N) if i % 5]
    np.testing.assert_array_equal(data.X[:, 0], -data.X[:, 1])


@pytest.mark.parametrize(
    "pair", [("64 bits", "above 2^63"), ("negative", "above 2^63"), ("small", "64 bits")]
)
def test_two_files_of_different_integer_types(tmp_path: Path, pair: tuple[str, str]) -> None:
    for name in pair:
        _table(name).write_parquet(tmp_path / f"{name}.parquet")
    column = read_columns([tmp_path / f"{name}.parquet" for name in pair])["ID"]
    assert _texts(column) == [str(value) for name in pair for value in IDS[name][0]]


@pytest.mark.parametrize("library", ["pandas", "polars", "arrow"])
@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("kind", IDS)
def test_frames_keep_every_digit(library: str, kind: str, gaps: bool) -> None:
    frame = _table(kind)
    if gaps:
        frame = frame.with_columns(ID=pl.when(pl.int_range(pl.len()) % 5 > 0).then("ID"))
    if library != "polars" and frame["ID"].dtype == pl.Int128:
        frame = frame.with_columns(pl.col("ID", "hostHalo").cast(pl.Decimal(38, 0)))
    given = {
        "pandas": lambda: frame.to_pandas(use_pyarrow_extension_array=True),
        "polars": lambda: frame,
        "arrow": frame.to_arrow,
    }[library]()
    data = Dataset.from_frame(given, target="y", features=["x"], spectators=["ID"], task="regression")
    ids = [str(value) if i % 5 or not gaps else "None" for i, value in enumerate(IDS[kind][0])]
    assert _texts(frames.table(data.spectators)["ID"]) == ids


STUDY = """
[study]
name = "identifiers"
[data]
path = "{path}"
target = "y"
task = "regression"
features = ["x", "z"]
spectators = ["ID"]
group = "hostHalo"
join = {{ path = "right.parquet", on = "ID" }}
[split]
folds = 2
[evaluate]
bootstrap = 100
refits = 0
claim = "fitted"
[[models]]
kind = "dummy"
[[models]]
kind = "linear"
"""


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("64 bits", "t.csv"),
        ("above 2^63", "t.parquet"),
        ("128 bits", "t.dat"),
        ("text", "t.npz"),
        ("negative", "t.AHF_halos"),
        ("decimal", "t.parquet"),
    ],
)
def test_a_run_and_its_predictions_give_every_identifier_back(tmp_path: Path, kind: str, name: str) -> None:
    WRITERS[name](_table(kind), tmp_path / name)
    _table(kind).select("ID", z=-pl.col("x")).write_parquet(tmp_path / "right.parquet")
    (tmp_path / "s.toml").write_text(STUDY.format(path=name))
    fs.Study.read(tmp_path / "s.toml").run(out=tmp_path / "run", workers=1, progress=False)
    ids = [str(value) for value in IDS[kind][0]]
    written = pl.read_parquet(tmp_path / "run" / "predictions.parquet").sort("row")
    assert written["ID"].cast(pl.String).to_list() == ids
    for out in ("p.csv", "p.parquet", "p.root", "p.fits", "p.h5"):
        predict(tmp_path / "run", tmp_path / name, tmp_path / out, keep=["ID", "hostHalo"])
        assert _texts(read_columns(tmp_path / out)["ID"]) == ids
    text = pl.read_csv(tmp_path / "p.csv", infer_schema=False)
    assert text["ID"].to_list() == ids
    assert text["hostHalo"].to_list() == [ids[i // 4] for i in range(N)]


def test_words_that_look_like_numbers_are_kept_as_they_are_written(tmp_path: Path) -> None:
    words = [f"{i:04d}" for i in range(N)]
    frame = _table("small").with_columns(name=pl.Series(words))
    frame.write_csv(tmp_path / "t.csv")
    frame.select("ID", z=-pl.col("x")).write_parquet(tmp_path / "right.parquet")
    (tmp_path / "s.toml").write_text(STUDY.format(path="t.csv"))
    fs.Study.read(tmp_path / "s.toml").run(out=tmp_path / "run", workers=1, progress=False)
    for out in ("p.csv", "p.parquet"):
        predict(tmp_path / "run", tmp_path / "t.csv", tmp_path / out, keep=["name", "x"])
        found = read_columns(tmp_path / out, as_text=["name"])
        assert found["name"].tolist() == words
        np.testing.assert_array_equal(found["x"], frame["x"].to_numpy())


FROZEN = """id,n,gap,x,flag,kind,y
""" + "".join(
    f"{2**53 - i},{3 * i},{'' if i % 7 == 3 else i - 20},{i / 8},{'true' if i % 3 else 'false'},"
    f"{'' if i == 11 else 'abc'[i % 3]},{i % 2}\n"
    for i in range(40)
)


def _digest(hashes: np.ndarray | None) -> str | None:
    return None if hashes is None else hashlib.sha256(hashes.astype("<u8").tobytes()).hexdigest()[:16]


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_no_sealed_event_moves(tmp_path: Path, name: str) -> None:
    """The hashes are those of version 0.1 at commit 146c5ef, as far as a float64 holds the numbers."""
    (tmp_path / "t.csv").write_text(FROZEN)
    pl.read_csv(tmp_path / "t.csv").write_parquet(tmp_path / "t.parquet")
    one = fs.read(
        tmp_path / name, target="y", group="n", spectators=["id"], select="gap > -15 or x < 3", missing=[-7]
    )
    assert [_digest(one.row_hashes), _digest(one.group_hashes), one.sha256[:16], one.n_samples] == [
        "a00002602b9d15cf", "88b71166dc820fa2", "9461e089cc53be79", 37,
    ]  # fmt: skip
    two = fs.read(tmp_path / name, target="y", group="gap", select="isfinite(gap)")
    assert [_digest(two.row_hashes), _digest(two.group_hashes), two.sha256[:16], two.n_samples] == [
        "eeb638c77932fc02", "751695cc24768cf7", "2d8850005da4831f", 34,
    ]  # fmt: skip


def test_no_event_of_a_frame_moves() -> None:
    frame = pl.read_csv(FROZEN.encode())
    data = Dataset.from_frame(frame, target="y", group="kind", select="isfinite(kind)")
    assert [_digest(data.row_hashes), _digest(data.group_hashes), data.sha256[:16]] == [
        "805b285220250466", "315a3064e3d4958c", "735b73ae7a219109",
    ]  # fmt: skip
    pandas = Dataset.from_frame(frame.to_pandas(), target="y", features=["x", "gap"], spectators=["kind"])
    assert [_digest(pandas.row_hashes), pandas.sha256[:16]] == ["07c220d4128974b4", "dbcb50e081725fce"]


def test_one_identifier_has_one_hash_whatever_its_type() -> None:
    value = 2**62 + 1
    columns = [
        np.array([value]),
        np.array([value], dtype=np.uint64),
        np.array([value, None], dtype=object)[:1],
    ]
    hashes = [int(table_hash({"id": column})[0]) for column in columns]
    assert len(set(hashes)) == 1
    assert hashes[0] != int(table_hash({"id": np.array([value + 1])})[0])
    assert int(table_hash({"id": np.array([2.0**62])})[0]) == int(table_hash({"id": np.array([2**62])})[0])
