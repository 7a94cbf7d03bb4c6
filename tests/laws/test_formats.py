"""The law of formats: what is written is what is read, in every type, whichever format stands between."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as some

from fivesigma._core import columns as kinds
from fivesigma._core.errors import InputError
from fivesigma.data.readers import reader_for
from fivesigma.data.tables import read_columns, read_units
from fivesigma.data.writers import writer_for, writers
from fivesigma.study.finished.written import write_table

Columns = dict[str, np.ndarray]
DTYPES = ("int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "bool")
WRITTEN = (".parquet", ".root", ".fits", ".h5")


def _ntuple(columns: Columns) -> bytes:
    awkward, uproot = pytest.importorskip("awkward"), pytest.importorskip("uproot")
    texts = {n: awkward.Array(c.tolist()) if c.dtype.kind == "O" else c for n, c in columns.items()}
    with tempfile.TemporaryDirectory() as folder:
        with uproot.recreate(f"{folder}/t.root") as file:
            file.mkrntuple("events", texts)
        return Path(folder, "t.root").read_bytes()


def _npz(columns: Columns) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **{n: c.astype(str) if c.dtype.kind == "O" else c for n, c in columns.items()})
    return buffer.getvalue()


FORMATS: dict[str, Callable[[Columns], bytes]] = {
    **{suffix: lambda columns, s=suffix: writer_for(Path(f"t{s}")).content(columns, {}, {}) for suffix in WRITTEN},
    ".ntuple.root": _ntuple,
    ".npz": _npz,
}  # fmt: skip


@st.composite
def _tables(draw: st.DrawFn) -> Columns:
    n = draw(st.integers(1, 9))
    found = {dtype: draw(some.arrays(dtype, n)) for dtype in DTYPES}
    letters = st.characters(min_codepoint=33, max_codepoint=0x2FFF, exclude_categories=("Cs", "Zs"))
    words = draw(st.lists(st.text(letters, min_size=1, max_size=7), min_size=n, max_size=n))
    return found | {"text": kinds.objects(words)}


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=12)
@given(table=_tables())
def test_what_is_written_is_read_in_its_type_and_to_the_last_bit(
    format: str, table: Columns, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("law") / f"t{format}"
    path.write_bytes(FORMATS[format](table))
    found = read_columns(path)
    assert set(found) == set(table)
    for name, values in table.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)


@pytest.mark.parametrize("suffix", writers())
def test_gaps_are_read_as_gaps_and_cost_no_digit(suffix: str, tmp_path: Path) -> None:
    table = {
        "few": kinds.integers([1, None, 3, -5]),
        "long": kinds.integers([2**53 + 1, None, -(2**62) - 1, 0]),
        "unsigned": kinds.integers([2**63 + 1, None, 2**64 - 1, 0]),
        "x": np.array([0.1, np.nan, -1e-300, 3]),
        "flag": kinds.gapped(np.array([True, False, False, True]), np.array([False, True, False, False])),
        "word": kinds.texts(["größe", None, "a b", "c"]),
    }
    write_table(tmp_path / f"t{suffix}", table)
    found = read_columns(tmp_path / f"t{suffix}")
    assert list(found) == list(table)
    for name, values in table.items():
        assert kinds.missing(found[name]).tolist() == [False, True, False, False]
        if name == "flag":  # formats without a gap among truth values have the numbers 0 and 1
            np.testing.assert_array_equal(kinds.numbers(found[name]), kinds.numbers(values))
        else:
            assert kinds.words(found[name]) == kinds.words(values), name


@pytest.mark.parametrize("suffix", writers())
def test_names_of_predictions_and_units_come_back(suffix: str, tmp_path: Path) -> None:
    table = {
        "my forest, 100 trees:s": np.array([0.25, 0.5]),
        "z[0].pt": np.array([1.5, 2.5]),
        "A": np.arange(2),
    }
    units = {"z[0].pt": "GeV", "A": "Msun/h"}
    write_table(tmp_path / f"t{suffix}", table, units)
    assert list(read_columns(tmp_path / f"t{suffix}")) == list(table)
    assert read_units(tmp_path / f"t{suffix}") == ({} if suffix in (".csv", ".root") else units)


@pytest.mark.parametrize("suffix", writers())
def test_what_a_format_cannot_hold_is_one_sentence_and_nothing_is_written(
    suffix: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"'cells' is an array \(2,\) in each event"):
        write_table(tmp_path / f"t{suffix}", {"cells": np.zeros((3, 2))})
    names = {".root": ("a/b", "no '/' in its name"), ".fits": ("größe", "names in FITS are of ASCII")}
    if suffix in names:
        with pytest.raises(InputError, match=names[suffix][1]):
            write_table(tmp_path / f"t{suffix}", {names[suffix][0]: np.zeros(3)})
    assert not list(tmp_path.iterdir())


def test_another_suffix_is_refused() -> None:
    with pytest.raises(InputError, match=r"t\.xlsx: the table to write is named \*\.csv, .* or \*\.hdf5"):
        writer_for(Path("t.xlsx"))


def test_the_libraries_of_the_field_read_what_is_written(tmp_path: Path) -> None:
    fits, h5py, uproot = (pytest.importorskip(name) for name in ("astropy.table", "h5py", "uproot"))
    ids = kinds.integers([2**63 + 1, 2**53 + 1])
    table: Columns = {
        "id": ids,
        "x": np.array([0.5, 2]),
        "s": kinds.texts(["mu", "e"]),
        "b": np.array([True, False]),
    }
    for suffix in (".fits", ".h5", ".root"):
        write_table(tmp_path / f"t{suffix}", table, {"x": "GeV"})
    read: Any = fits.Table.read(tmp_path / "t.fits", hdu=1)
    assert (read["id"].tolist(), str(read["x"].unit)) == (ids.tolist(), "GeV")
    assert (read["s"].tolist(), read["b"].tolist()) == (["mu", "e"], [True, False])
    with h5py.File(tmp_path / "t.h5") as file:
        rows = file["events"][:]
    assert (rows["id"].tolist(), rows["s"].tolist()) == (ids.tolist(), [b"mu", b"e"])
    with uproot.open(tmp_path / "t.root") as file:
        assert file["events"]["id"].array().tolist() == ids.tolist()
        assert file.classnames() == {"events;1": "TTree"}


def test_every_format_that_is_written_is_known_by_its_bytes(tmp_path: Path) -> None:
    for suffix in (".parquet", ".root", ".fits", ".h5"):
        write_table(tmp_path / f"t{suffix}", {"x": np.arange(3)})
        (tmp_path / "t.dat").write_bytes((tmp_path / f"t{suffix}").read_bytes())
        assert reader_for(tmp_path / "t.dat") == reader_for(f"t{suffix}")
