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
