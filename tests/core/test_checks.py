"""Arrays at the border: what is right comes in as float64, what is not is a sentence with its place."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.checks import as_column, as_numbers, as_table, as_weights, refuse_infinite
from fivesigma._core.errors import InputError, WrongTypeError


@pytest.mark.parametrize(
    "values", [[[1, 2]], np.ones((1, 2), "f4"), [[True, False]], np.array([[1, 2.5]], object)]
)
def test_numbers_of_any_type_become_float64(values):
    assert as_table(values).dtype == np.float64
    assert as_table(values).shape == (1, 2)


def test_what_is_float64_already_is_not_copied():
    table = np.ones((3, 2))
    assert as_table(table) is table


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ([1.0, 2.0], InputError, r"reshape\(-1, 1\)"),
        (np.empty((0, 3)), InputError, "is empty"),
        (np.empty((3, 0)), InputError, "is empty"),
        ([["a", "b"]], WrongTypeError, "real numbers"),
        ([[1j]], WrongTypeError, "real numbers"),
        (np.array([["a"]], object), WrongTypeError, "not real numbers"),
        (np.array([[{}]], object), WrongTypeError, "not real numbers"),
        (np.array([["2020-01-01"]], "M8[D]"), WrongTypeError, "real numbers"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused_by_its_name(values, error, words):
    with pytest.raises(error, match=f"table .*{words}"):
        as_table(values, what="table")


def test_a_column_may_stand_upright_and_has_one_value_a_row():
    assert as_column([[1], [2]], 2, what="y").tolist() == [1, 2]
    assert as_column(["a", "b"], 2, what="y").tolist() == ["a", "b"]
    for wrong in ([1, 2, 3], [[1, 2]], 5.0):
        with pytest.raises(InputError, match=r"y has shape .*; expected \(2,\)"):
            as_column(wrong, 2, what="y")


def test_numbers_alone_may_have_any_shape():
    assert as_numbers(3, what="x").shape == ()


@pytest.mark.parametrize(
    ("w", "words"),
    [
        ([1.0, np.nan, np.nan], r"2 of 3 weights are missing \(first in row 1\)"),
        ([np.inf, 1.0, 1.0], r"1 of 3 weights are infinite \(first in row 0\)"),
        ([1.0, 1.0, -2.5], r"weights: the weights sum to -0.5; expected a positive sum"),
        ([0.0, 0.0, 0.0], "sum to zero"),
    ],
)
def test_weights_that_are_none_are_counted_and_placed(w, words):
    with pytest.raises(InputError, match=words):
        as_weights(w, 3)


def test_rows_are_numbered_as_in_the_input():
    with pytest.raises(InputError, match="first in row 30"):
        as_weights([1.0, np.nan], 2, rows=np.array([10, 30]))
    X = np.zeros((2, 2))
    X[1, 0] = np.inf
    with pytest.raises(InputError, match=r"feature 'a b' has 1 infinite .*row 30.*isfinite\(`a b`\)"):
        refuse_infinite(X, ["a b", "c"], rows=np.array([10, 30]))


def test_an_infinite_value_is_found_in_any_block_and_any_shape():
    refuse_infinite(np.zeros((5, 2)), ["a", "b"])
    X = np.zeros((20_000, 2, 2))
    X[19_999, 1, 0] = -np.inf
    with pytest.raises(InputError, match=r"feature 'c' has 1 infinite .*row 19999.*isfinite\(c\)"):
        refuse_infinite(X, ["a", "b", "c", "d"])
    with pytest.raises(InputError, match="feature 'number 2'"):
        refuse_infinite(X, ["a", "b"])
