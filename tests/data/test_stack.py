"""Tables under each other and parts of tables: which rows come from where, and what does not fit together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fivesigma._core.columns import Gapped, objects
from fivesigma._core.errors import InputError
from fivesigma._core.jagged import Jagged
from fivesigma.data.readers.block_table import BlockTable
from fivesigma.data.readers.table import WholeTable, let_go, looks, tiles
from fivesigma.data.stack import Stack, Window, stacked, window

FILES = [Path("one"), Path("two"), Path("three")]


def _stack(**marks: Any) -> Stack:
    parts = [
        WholeTable(
            {"x": np.arange(n) + first, "s": objects([f"w{first + i}" for i in range(n)])},
            {"x": "GeV"} if n == 2 else {},
            {"jets": Jagged.of([[float(first + i)] * i for i in range(n)])},
        )
        for n, first in ((3, 0), (1, 3), (2, 4))
    ]
    return Stack(parts, FILES, marks)


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


def test_any_rows_of_a_stack_are_those_of_the_whole() -> None:
    stack = _stack(file=[0, 1, 2], part=["", "a", None])
    assert (stack.n_rows, stack.names, stack.jagged, stack.units) == (
        6,
        ("x", "s", "file", "part"),
        ("jets",),
        {"x": "GeV"},
    )
    whole = stack.columns(stack.names)
    lists = stack.lists(["jets"])["jets"]
    assert whole["file"].tolist() == [0, 0, 0, 1, 2, 2]
    assert whole["part"].tolist() == ["", "", "", "a", None, None]
    for start in range(7):
        for stop in (*range(start, 7), None):
            some = stack.columns(stack.names, start, stop)
            assert all(some[name].tolist() == whole[name][start:stop].tolist() for name in stack.names)
            if start < (6 if stop is None else stop):
                assert np.array_equal(
                    stack.lists(["jets"], start, stop)["jets"].counts, lists.counts[start:stop]
                )


@pytest.mark.parametrize("rows", [(0, 6), (2, 5), (3, 4), (4, 9)])
@pytest.mark.parametrize("together", [1, 2, 5])
def test_tiles_cover_each_value_once_in_order(rows: tuple[int, int], together: int) -> None:
    part = Window(_stack(file=[0, 1, 2]), *rows)
    seen: dict[str, list[Any]] = {name: [] for name in ("file", "s", "x")}
    for start, stop, names in tiles(part, sorted(seen), together):
        for name, column in part.columns(names, start, stop).items():
            assert len(seen[name]) == start
            seen[name] += column.tolist()
    whole = part.columns(list(seen))
    assert {name: column.tolist() for name, column in whole.items()} == seen
    assert part.numbers().tolist() == list(range(*slice(*rows).indices(6)))
    assert looks(part, ["x"])["x"].dtype.kind == "i"
    assert part.units == {"x": "GeV"}


def test_rows_after_a_window_keep_their_numbers() -> None:
    both = Stack([Window(_stack(), 2, 4), _stack()], FILES[:2])
    assert both.numbers().tolist() == [2, 3, 6, 7, 8, 9, 10, 11]
    assert both.n_input == 12


def test_a_table_that_is_read_by_rows_is() -> None:
    class ByRows(WholeTable):
        row_blocks = ((0, 2), (2, 3))

    table = ByRows({"x": np.arange(3), "y": np.arange(3)})
    assert list(tiles(table, ("x", "y"), 1)) == [(0, 2, ("x", "y")), (2, 3, ("x", "y"))]


@pytest.mark.parametrize(("rows", "n"), [((0, 3), 3), ((1, 3), 2), ((3, 4), 1), ((4, 6), 2), ((2, 2), 0)])
def test_what_a_file_is_marked_with_takes_no_memory_a_row(rows: tuple[int, int], n: int) -> None:
    stack = _stack(part=["", "test", None], file=[7, 8, 9])
    marks = stack.columns(["part", "file"], *rows)
    of = 0 if n == 0 else [0, 0, 0, 1, 2, 2][rows[0]]
    for name, values in (("part", ["", "test", None]), ("file", [7, 8, 9])):
        assert marks[name].tolist() == [values[of]] * n
        assert marks[name].strides == (0,) or n < 2
    assert marks["part"].dtype == object
    assert stack.columns(["file"])["file"].tolist() == [7, 7, 7, 8, 9, 9]


def test_marks_and_ranges_that_do_not_fit() -> None:
    with pytest.raises(InputError, match="column 'x' would be taken for what is known of the file"):
        _stack(x=[1, 2, 3])
    with pytest.raises(InputError, match="column 'jets' is not in both"):
        Stack([_stack(), WholeTable({"x": np.arange(2), "s": objects(["a", "b"])})], FILES[:2])
    assert window(_stack(), None).n_rows == 6
    with pytest.raises(InputError, match="is no range of rows"):
        window(_stack(), (3, 3))
    with pytest.raises(InputError, match="begins beyond the 6 rows"):
        window(_stack(), (6, 9))


def test_rows_are_let_go_of_through_a_stack_and_a_window():
    def table(first):
        values = np.arange(first, first + 4.0).reshape(1, 4)
        return BlockTable({"x": np.dtype(float)}, [values[:, :2].copy(), values[:, 2:].copy()])

    parts = [table(0), table(4)]
    window = Window(Stack(parts, [Path("a"), Path("b")]), 2, 8)
    for start, stop, names in tiles(window, ["x"], 1):
        assert window.columns(names, start, stop)["x"].tolist() == list(range(start + 2, stop + 2))
        let_go(window, start, stop)
    assert [[block is None for block in part.blocks] for part in parts] == [[False, True], [True, True]]
