"""The AHF reader: names without numbers, units attached, one sentence for what is broken."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import DataError
from fivesigma.data.readers import reader_for
from fivesigma.data.reading import read

TEXT = "#ID(1)\thostHalo(2)\tMvir(4)\tRvir(12)\n7\t0\t2.5e14\t1200.5\n9007199254740993\t0\t1e14\t900\n8\t0\t3e14\t950\n"


def test_names_units_and_whole_identifiers(tmp_path):
    path = tmp_path / "box.AHF_halos"
    path.write_text(TEXT)
    columns = reader_for(path).columns(path, {})
    assert list(columns) == ["ID", "hostHalo", "Mvir", "Rvir"]
    assert columns["ID"].dtype == np.int64
    assert columns["ID"][1] == 9007199254740993
    data = read(path, target="log10(Mvir)", features=["Rvir"])
    assert data.units == ("comoving kpc/h",)
    assert data.target_unit == "dex"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (TEXT.replace("#ID", "ID"), "#ID(1)"),
        (TEXT.replace("Mvir(4)", "Mvir"), "numbers"),
        (TEXT.replace("\t900\n", "\n"), "line 3"),
        (TEXT.replace("900\n", "x\n"), "Rvir"),
        (TEXT.splitlines()[0] + "\n", "no haloes"),
        ("", "first line"),
        (TEXT.replace("Rvir(12)", "Mvir(12)"), "twice"),
    ],
)
def test_damage_is_one_sentence(tmp_path, text, word):
    path = tmp_path / "box.AHF_halos"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        reader_for(path).columns(path, {})
    assert word in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "box.AHF_halos"
    path.write_bytes(b"#ID(1)\n\xff\xfe\n")
    with pytest.raises(DataError):
        reader_for(path).columns(path, {})


@pytest.mark.parametrize(
    ("text", "column", "values"),
    [
        (TEXT.replace("\t0\t", "\t18446744073709551615\t"), "hostHalo", [2**64 - 1] * 3),
        (TEXT.replace("8\t0\t", "8\t18446744073709551615\t"), "hostHalo", [0, 0, 2**64 - 1]),
        (TEXT.replace("8\t0\t", "8\t-1\t"), "hostHalo", [0, 0, -1]),
        (TEXT.replace("\t", "  ").replace("\n", " \n"), "ID", [7, 9007199254740993, 8]),
        (TEXT.replace("\n", "\t\n"), "Rvir", [1200.5, 900.0, 950.0]),
        (TEXT.replace("\n", "\r\n"), "Rvir", [1200.5, 900.0, 950.0]),
        (TEXT + "# the end\n", "Rvir", [1200.5, 900.0, 950.0]),
        (TEXT + "\n", "ID", [7, 9007199254740993, 8]),
        (
            TEXT.replace("hostHalo", "mother").replace("7\t0", "7\t9007199254740995"),
            "mother",
            [2**53 + 3, 0, 0],
        ),
        (TEXT.replace("hostHalo", "npart").replace("7\t0", "7\t0.5"), "npart", [0.5, 0.0, 0.0]),
        (TEXT.replace("hostHalo", "npart").replace("8\t0", "8\t0.5"), "npart", [0.0, 0.0, 0.5]),
        (TEXT.replace("900\n", "nan\n"), "Rvir", [1200.5, None, 950.0]),
        (TEXT.replace("\t900\n", "\t-nan\n"), "Rvir", [1200.5, None, 950.0]),
        (TEXT[:-1], "Rvir", [1200.5, 900.0, 950.0]),
    ],
)
def test_catalogues_as_they_come(tmp_path, text, column, values):
    path = tmp_path / "box.AHF_halos"
    path.write_text(text, newline="")
    found = reader_for(path).columns(path, {})[column].tolist()
    assert [None if value != value else value for value in found] == values


def test_headers_of_newer_versions(tmp_path):
    path = tmp_path / "box.z0.000.catalogue"
    head = "#ID(1)\thostHalo(2)\tnumSubStruct(3)\tMhalo(4)\tnpart(5)\tRhalo(12)\tfMhires(38)\n"
    path.write_text(head + "1\t0\t2\t1.5e14\t8000\t1200.5\t1\n2\t1\t0\t2.5e13\t700\t600.5\t0.998\n")
    data = read(
        path, target="log10(Mhalo)", features=["Rhalo", "fMhires"], select="npart > 10", group="hostHalo"
    )
    assert data.units == ("comoving kpc/h", None)
    assert data.column_units["Mhalo"] == "Msun/h"
