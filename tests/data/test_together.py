"""Files of the same columns are stacked, one of others is joined by a key that finds its rows' partners."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from fivesigma._core.errors import InputError
from fivesigma.data.together import together

BIG = 2**53 + np.arange(6)


def written(folder, name, columns):
    pl.DataFrame(columns).write_csv(folder / f"{name}.csv")
    return str(folder / f"{name}.csv")


def test_files_of_the_same_columns_are_one_table(tmp_path):
    one, two = (
        written(tmp_path, "a", {"x": [1, 2], "y": [3, 4]}),
        written(tmp_path, "b", {"y": [6], "x": [5]}),
    )
    found = together([one, two])
    assert (found.paths, found.beside) == ((one, two), "")
    assert found.columns["x"].tolist() == [1, 2, 5]


def test_another_file_is_joined_by_the_column_that_tells_its_rows_apart(tmp_path):
    halos = written(tmp_path, "halos", {"ID": BIG, "snap": [1] * 6, "Mvir": range(6)})
    seen = written(tmp_path, "seen", {"T": [7, 8, 9], "ID": BIG[[4, 0, 2]]})
    found = together([halos, seen])
    assert (found.paths, found.beside, found.key) == ((halos,), seen, "ID")
    assert found.columns["ID"].tolist() == BIG[[0, 2, 4]].tolist(), "rows without a partner are left out"
    assert found.columns["T"].tolist() == [8, 9, 7]


def test_files_that_do_not_go_together_say_why(tmp_path):
    one = written(tmp_path, "a", {"x": [1, 2], "k": [1, 1]})
    with pytest.raises(InputError, match=r"none by which each row finds its one partner .they share k"):
        together([one, written(tmp_path, "b", {"k": [1, 1], "z": [1, 2]})])
    with pytest.raises(InputError, match="they share no column"):
        together([one, written(tmp_path, "c", {"z": [1, 2]})])
    with pytest.raises(InputError, match="one table can be joined"):
        together([one, written(tmp_path, "d", {"z": [1]}), written(tmp_path, "e", {"u": [1]})])
