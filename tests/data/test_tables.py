"""Tables out of files: paths and globs, options of their readers, and files under each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from fivesigma._core.columns import Gapped, objects
from fivesigma._core.errors import DataError, FivesigmaError, InputError
from fivesigma.data import tables
from fivesigma.data.stack import stacked


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i in range(3):
        pl.DataFrame({"a": [i], "s": [f"w{i}"]}).write_csv(tmp_path / f"t{i}.csv")
    return tmp_path


def test_paths_of_every_kind(folder: Path) -> None:
    one, two, three = (folder / f"t{i}.csv" for i in range(3))
    assert tables.paths(one) == [one]
    assert tables.paths(str(folder / "t*.csv")) == [one, two, three]
    assert tables.paths([two, str(folder / "t[0]*.csv")]) == [two, one]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "this is a folder; name a file in it"),
        ("t9.csv", "no such file; check the path. Did you mean 't"),
        ("no/t.csv", "does not exist either"),
        ("*.parquet", "no such file"),
    ],
)
def test_paths_that_lead_nowhere(folder: Path, path: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        tables.paths(folder / path)
    with pytest.raises(InputError, match="empty list"):
        tables.paths([])


def test_files_are_put_under_each_other(folder: Path) -> None:
    found = tables.read_columns(folder / "t*.csv", missing=["w1"], as_text=["a", "absent"])
    assert {name: column.tolist() for name, column in found.items()} == {
        "a": ["0", "1", "2"],
        "s": ["w0", None, "w2"],
    }


def test_options_are_the_readers(folder: Path) -> None:
    with pytest.raises(
        InputError, match=r"'seperator' is not an option of CSV files.*Did you mean 'separator'"
    ):
        tables.read_columns(folder / "t0.csv", seperator=";")
    with pytest.raises(InputError, match="text = 'b' is not a column"):
        tables.read_columns(folder / "t0.csv", text=["b"])
    assert tables.read_columns(folder / "t0.csv", separator=None)["a"].tolist() == [0]
    pl.DataFrame({"a": [1]}).write_parquet(folder / "t.parquet")
    assert tables.read_columns(folder / "t.parquet", missing=["?"], as_text=["a"])["a"].tolist() == [1]


@pytest.mark.parametrize(
    ("format", "path", "like", "found"),
    [
        (None, "b.txt", "a.txt", None),
        ("AHF", "b.txt", "a.txt", "AHF"),
        ("AHF", "b.csv", "a.txt", None),
        ("AHF", "b.out", "a.txt", "AHF"),
        ("AHF", ["b.txt"], ["a.txt", "c.txt"], "AHF"),
    ],
)
def test_a_format_is_that_of_files_named_alike(
    format: str | None, path: Any, like: Any, found: str | None
) -> None:
    assert tables.format_of(path, format, like) == found


STACKED: list[tuple[list[np.ndarray], list[Any]]] = [
    ([np.array([1]), objects([None])], [1, None]),
    ([np.array([2**60 + 1]), objects([None])], [2**60 + 1, None]),
    ([np.array([0.5]), objects([None])], [0.5, None]),
    ([objects(["a"]), objects([None])], ["a", None]),
    ([objects([None]), objects([None])], [None, None]),
    ([np.array([True]), np.array([2])], [1, 2]),
    ([Gapped(np.array([np.nan])), np.array([2**63], dtype=np.uint64)], [None, 2**63]),
]


@pytest.mark.parametrize(("parts", "values"), STACKED)
def test_columns_of_two_files(parts: list[np.ndarray], values: list[Any]) -> None:
    files = [Path("one"), Path("two")]
    found = stacked([{"c": part} for part in parts], files)["c"].tolist()
    assert [None if value is None or value != value else value for value in found] == values


def test_columns_that_do_not_fit() -> None:
    files = [Path("one"), Path("two")]
    with pytest.raises(InputError, match="column 'c' is text in two and numbers in one"):
        stacked([{"c": np.array([1])}, {"c": objects(["a"])}], files)
    with pytest.raises(InputError, match="column 'd' is not in both"):
        stacked([{"c": np.array([1])}, {"c": np.array([1]), "d": np.array([1])}], files)


def test_a_file_that_may_not_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError

    monkeypatch.setattr("fivesigma.data.readers.csv.CsvReader.columns", refused)
    with pytest.raises(FivesigmaError, match="no permission to read this file"):
        tables.read_columns(folder / "t0.csv")


def test_a_reader_from_elsewhere_may_have_no_units(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    class Bare:
        name, suffixes, options = "Bare", (".bare",), ()

    monkeypatch.setattr(tables.readers, "reader_for", lambda path, format=None: Bare())
    assert tables.read_units(folder / "t0.csv") == {}
