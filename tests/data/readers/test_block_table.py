"""Tables in blocks of rows: any rows of any columns, until they are let go of."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.data.readers.block_table import BlockTable, given_back, taken


def _table():
    values = np.arange(20.0).reshape(2, 10)
    values[1] = np.arange(2**62, 2**62 + 10).view(np.float64)
    blocks = [values[:, a:b].copy() for a, b in ((0, 3), (3, 3), (3, 7), (7, 10))]
    return BlockTable({"x": np.dtype(np.float64), "id": np.dtype(np.int64)}, blocks)


@pytest.mark.parametrize("start", range(11))
@pytest.mark.parametrize("stop", [*range(11), None])
def test_any_rows_are_those_of_the_whole(start, stop):
    found = _table().columns(["id", "x"], start, stop)
    assert found["x"].tolist() == list(range(10))[start:stop]
    assert found["id"].tolist() == list(range(2**62, 2**62 + 10))[start:stop]


def test_rows_that_were_let_go_of_are_not_given_twice():
    table = _table()
    table.let_go(0, 7)
    assert table.columns(["x"], 7)["x"].tolist() == [7, 8, 9]
    with pytest.raises(AssertionError):
        table.columns(["x"], 2, 4)


def test_what_is_taken_is_all_and_nothing_is_held_after():
    table = _table()
    found = taken(table)
    assert found["x"].tolist() == list(range(10))
    assert found["id"].dtype == np.int64
    assert table.blocks == [None] * 4


def test_memory_that_is_given_back_can_be_empty():
    assert given_back(3, 0).shape == (3, 0)
    assert not given_back(2, 5).any()
