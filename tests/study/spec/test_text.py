"""A table in place of a study is known to be one, and the sentence says what to call."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fivesigma._core.errors import DataError, StudyError
from fivesigma.study.spec.document import Spec
from fivesigma.study.spec.text import text_of

TABLES = {
    "events.csv": b"a,b\n1,2\n3,4\n",
    "a table.dat": b"a b\n1 2\n3 4\n",
    "box.AHF_halos": b"#ID(1)\thostHalo(2)\n1\t0\n2\t0\n",
    "events.parquet": b"PAR1\x00\x00",
    "events.root": b"root\x00\x00",
    "latin.csv": "größe,b\n1,2\n".encode("latin-1"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_in_place_of_a_study_points_to_init(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(TABLES[name])
    with pytest.raises(
        DataError, match=r"is a table, not a study of one; `fivesigma init '?[^`]*" + re.escape(name)
    ):
        Spec.read(tmp_path / name)


@pytest.mark.parametrize("name", ["study.toml", "study.txt", "study"])
def test_a_study_is_read_whatever_it_is_called_and_a_broken_one_is_mended(name: str, tmp_path: Path) -> None:
    place = tmp_path / name
    place.write_text('[data]\npath = "d.csv"\ntarget = "y"\n')
    assert text_of(place).startswith("[data]")
    place.write_text('[data]\npath = \ntarget = "y"\n')
    with pytest.raises(StudyError, match=r"not TOML: .*line 2"):
        Spec.read(place)
