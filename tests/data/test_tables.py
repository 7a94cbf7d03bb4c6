"""Tables out of files: paths and globs, options of their readers, and files under each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fivesigma._core.errors import FivesigmaError, InputError
from fivesigma.data import tables


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i in range(3):
        pl.DataFrame({"a": [i], "s": [f"w{i}"]}).write_csv(tmp_path / f"t{i}.csv")
    return tmp_path


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
