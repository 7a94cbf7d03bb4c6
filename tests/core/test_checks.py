"""Arrays at the border: what is no table, column or weight is one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fivesigma._core import checks
from fivesigma._core.errors import FivesigmaError, InputError, WrongTypeError


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        (np.zeros(3), InputError, "for a single feature pass"),
        (np.zeros((0, 2)), InputError, "X is empty"),
        (np.array([["a"]]), WrongTypeError, "expected real numbers"),
        (np.array([[{}]], dtype=object), WrongTypeError, "not real numbers"),
        (np.zeros((2, 1), dtype="M8[D]"), WrongTypeError, "datetime64"),
    ],
)
def test_what_is_no_table(values: Any, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        checks.as_table(values)


def test_a_table_is_not_copied_without_need() -> None:
    X = np.zeros((3, 2))
    assert checks.as_table(X) is X
    assert checks.as_table([[1, None]]).tolist()[0][0] == 1.0


@pytest.mark.parametrize(
    ("w", "words"),
    [
        ([1, None, 1], "1 of 3 weights are missing .first in row 1"),
        ([1, np.inf, 1], "infinite"),
        ([1, -1, 1], "negative"),
        ([0, 0, 0], "sum to zero"),
        ([1, 2], "expected .3,."),
        (["1", "2", "3"], "not numbers .text."),
        ([None] * 3, "3 of 3 weights are missing"),
    ],
)
def test_what_is_no_weight(w: Any, words: str) -> None:
    with pytest.raises(FivesigmaError, match=words):
        checks.as_weights(w, 3)


def test_rows_are_numbered_as_in_the_input() -> None:
    rows = np.array([7, 9])
    with pytest.raises(InputError, match="first in row 9"):
        checks.as_weights([1.0, -1.0], 2, rows=rows)
    with pytest.raises(InputError, match=r"feature 'a b' has 1 infinite values .*row 9.*isfinite.`a b`"):
        checks.refuse_infinite(np.array([[1.0], [np.inf]]), ["a b"], rows=rows)
    with pytest.raises(InputError, match="number 1"):
        checks.refuse_infinite(np.array([[1.0, np.inf]]), ["a"])
