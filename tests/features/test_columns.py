"""What a transformer is handed: checked arrays, weights, columns that exist, and their names."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from fivesigma._core.errors import InputError
from fivesigma.features.columns import chosen, input_names, labelled, matrix, present, weights


class Holder(BaseEstimator):
    """An estimator with nothing in it."""


def test_gaps_pass_only_where_they_may() -> None:
    assert np.isnan(matrix(Holder(), [[np.nan]], fitting=True, nan=True)).all()
    with pytest.raises(ValueError, match="NaN"):
        matrix(Holder(), [[np.nan]], fitting=True)


def test_a_table_of_other_columns_than_the_fitted_one_is_refused() -> None:
    holder = Holder()
    matrix(holder, [[1.0, 2.0]], fitting=True)
    with pytest.raises(ValueError, match="expecting 2 features"):
        matrix(holder, [[1.0]])


def test_a_numeric_target_is_float_and_a_label_stays_what_it_is() -> None:
    assert labelled(Holder(), [[1.0], [2.0]], [1, 2], numeric=True)[1].dtype == np.float64
    assert labelled(Holder(), [[1.0], [np.nan]], ["a", "b"], nan=True)[1].tolist() == ["a", "b"]


def test_weights_are_ones_by_default_and_refused_where_they_count_nothing() -> None:
    table = np.zeros((2, 1))
    assert weights(None, table).tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match=r"all weights are zero|at least one non-zero"):
        weights([0.0, 0.0], table)
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        weights([1.0, -1.0], table)


def test_rows_of_weight_zero_are_left_out_everywhere() -> None:
    w, x, none = present(np.array([1.0, 0.0]), np.array([5, 6]), None)
    assert (w.tolist(), x.tolist(), none) == ([1.0], [5], None)
    assert present(None, x)[1] is x
    whole = np.ones(1)
    assert present(whole, x) == [whole, x]


def test_columns_must_exist() -> None:
    assert chosen(None, 2).tolist() == [0, 1]
    assert chosen([1], 2).tolist() == [1]
    assert chosen([], 2).size == 0
    for wrong in ([2], [-1]):
        with pytest.raises(InputError, match="do not all exist; the table has 2"):
            chosen(wrong, 2)


def test_names_are_those_given_or_numbers() -> None:
    holder = Holder()
    matrix(holder, [[1.0, 2.0]], fitting=True)
    assert input_names(holder, None) == ["x0", "x1"]
    assert input_names(holder, ["a", "b"]) == ["a", "b"]
