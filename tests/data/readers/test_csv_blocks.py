"""Text tables of plain numbers in blocks: the same columns as when all lines are looked at together, or None."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from fivesigma.data.readers import csv_blocks, reader_for
from fivesigma.data.readers.block_table import BlockTable
from fivesigma.data.readers.csv import READER
from fivesigma.data.readers.frame_table import FrameTable
from fivesigma.data.reading import read

N = 500


def _frame():
    rng = np.random.default_rng(1)
    whole = {"n": rng.integers(-(2**62), 2**62, N), "k": np.arange(N)}
    return pl.DataFrame({"x": rng.normal(size=N), **whole, "y": rng.normal(size=N) * 1e-100})


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(csv_blocks, "_FIRST", 700)
    monkeypatch.setattr(csv_blocks, "_BLOCK", 500)


PLAIN = {
    "as written": lambda text: text,
    "no line end": lambda text: text.rstrip("\n"),
    "carriage returns": lambda text: text.replace("\n", "\r\n"),
    "semicolons": lambda text: text.replace(",", ";"),
    "comments above": lambda text: "# one\n# two\n" + text,
    "comments between": lambda text: text + "# here\n1.0,1,2,3.0\n",
    "no names": lambda text: text.split("\n", 1)[1],
}
ODD = {
    "text at the end": lambda text: text + "nan?,1,2,3\n",
    "a real number among whole ones": lambda text: text + "1.5,1.5,2,3\n",
    "a word that means missing": lambda text: text + "NA,1,2,3.0\n",
    "a whole number missing": lambda text: text + "1.0,,2,3.0\n",
    "the first value missing": lambda text: text + ",1,2,3.0\n",
    "a whole number of 65 bits": lambda text: text + "1.0,36893488147419103232,2,3.0\n",
    "quotes": lambda text: text + '"1.0",1,2,3.0\n',
    "an empty line": lambda text: text + "\n1.0,1,2,3.0\n",
}


def _columns(table):
    return table.columns(table.names)


@pytest.mark.parametrize("name", [*PLAIN, *ODD])
@pytest.mark.usefixtures("small_blocks")
def test_columns_are_those_of_all_lines_together(tmp_path, name):
    path = tmp_path / "t.csv"
    path.write_text((PLAIN | ODD)[name](_frame().write_csv()), newline="")
    expected = READER.columns(path, {})
    with READER.open(path, {}) as table:
        assert isinstance(table, BlockTable if name in PLAIN else FrameTable)
        found = _columns(table)
    assert list(found) == list(expected)
    for each, values in expected.items():
        assert found[each].dtype == values.dtype
        np.testing.assert_array_equal(found[each], values)


@pytest.mark.usefixtures("small_blocks")
def test_a_missing_real_number_is_a_gap(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("k,x,y\n" + "".join(f"{i},{'' if i % 7 == 0 else i / 8},{i}\n" for i in range(N)))
    with reader_for(path).open(path, {}) as table:
        assert isinstance(table, BlockTable)
        assert np.isnan(_columns(table)["x"]).sum() == len(range(0, N, 7))


@pytest.mark.usefixtures("small_blocks")
def test_a_dataset_is_the_same_and_lets_go_of_what_it_took(tmp_path):
    frame, path = _frame(), tmp_path / "t.csv"
    frame.write_csv(path)
    frame.write_parquet(tmp_path / "t.parquet")
    one, other = (read(tmp_path / f"t.{kind}", target="x", spectators=["n"]) for kind in ("csv", "parquet"))
    np.testing.assert_array_equal(one.X, other.X)
    np.testing.assert_array_equal(one.identity, other.identity)
    np.testing.assert_array_equal(one.spectators["n"], other.spectators["n"])
    assert one.sha256 == other.sha256
