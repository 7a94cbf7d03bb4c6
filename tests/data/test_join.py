"""Two tables on a key: partners are equal digit by digit, and the second table's reader has options of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fivesigma as fs
from fivesigma._core.columns import objects
from fivesigma._core.errors import InputError
from fivesigma.data.join import check, joined
from fivesigma.study.study import Study


def _right(folder: Path, text: str = "ID;z\n1;10\n2;20\n") -> Path:
    path = folder / "right.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "keys",
    [
        np.array([1, 2, 3]),
        np.array([1, 2, 3], dtype=np.uint64),
        np.array([1.0, 2.0, np.nan]),
        objects([1, 2, None]),
        np.array([1, 2, 3], dtype=np.int8),
    ],
)
def test_numbers_of_any_type_are_partners(tmp_path: Path, keys: np.ndarray) -> None:
    both, found = joined(
        {"ID": keys, "x": np.zeros(3)}, {"path": _right(tmp_path), "on": "ID", "separator": ";"}
    )
    assert found.tolist() == [True, True, False]
    assert both["z"][:2].tolist() == [10, 20]


def test_a_key_of_text_is_left_as_it_is_written(tmp_path: Path) -> None:
    right = _right(tmp_path, "ID,z\n01,10\n02,20\n")
    left = {"ID": objects(["02", "01"]), "x": np.zeros(2)}
    with pytest.raises(InputError, match="is text in one table and numbers in"):
        joined(left, {"path": right, "on": "ID"})
    both, found = joined(left, {"path": right, "on": "ID"}, as_text=["ID"])
    assert found.all()
    assert both["z"].tolist() == [20, 10]
    again, _ = joined(left, {"path": right, "on": "ID", "text": ["ID"]})
    assert again["z"].tolist() == [20, 10]


@pytest.mark.parametrize(
    ("text", "on", "words"),
    [
        ("ID,z\n1,1\n1,2\n", "ID", "has the value 1 more than once"),
        ("ID,x\n1,1\n", "ID", "column 'x' is in both"),
        ("id,z\n1,1\n", "ID", "'ID' is not a column of .* Did you mean 'id'"),
        ("ID,z\n7,1\n", "ID", "no row of the data has a partner"),
    ],
)
def test_tables_that_do_not_join(tmp_path: Path, text: str, on: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        joined({"ID": np.array([1, 2]), "x": np.zeros(2)}, {"path": _right(tmp_path, text), "on": on})


def test_words_that_are_no_key_of_a_join(tmp_path: Path) -> None:
    path = _right(tmp_path)
    assert check({"path": path, "on": "ID", "separator": ";"}) == "ID"
    with pytest.raises(InputError, match="lacks 'on'"):
        check({"path": path})
    with pytest.raises(InputError, match=r"'seperator' is not a key of join.*Did you mean 'separator'"):
        check({"path": path, "on": "ID", "seperator": ";"})


def test_options_of_both_tables_in_a_study(tmp_path: Path) -> None:
    _right(tmp_path, "ID;z\n" + "".join(f"{i};{i * 0.7 % 1}\n" for i in range(40)))
    (tmp_path / "t.out").write_text("ID|x|y\n" + "".join(f"{i}|{i * 0.37 % 1}|{i % 2}\n" for i in range(40)))
    study = '[data]\npath = "t.out"\nformat = "CSV"\nseparator = "|"\ntarget = "y"\n'
    (tmp_path / "s.toml").write_text(study + 'join = { path = "right.csv", on = "ID", separator = ";" }\n')
    data = Study.read(tmp_path / "s.toml").prepared().data
    assert data.names == ("x", "z")
    assert data.columns == {"ID": "number", "x": "number", "z": "number"}
    same = fs.read(
        tmp_path / "t.out",
        format="CSV",
        separator="|",
        target="y",
        join={"path": tmp_path / "right.csv", "on": "ID", "separator": ";"},
    )
    assert same.sha256 == data.sha256
