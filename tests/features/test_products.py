"""Products of pairs and powers: hand-worked, named, and refused where they are not built."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.features.products import Products

NAN = np.nan


def test_products_of_pairs_and_powers_are_of_standard_scores() -> None:
    made = Products(interactions=2, polynomial=3, columns=[0, 2]).fit([[1.0, 9.0, 1.0], [3.0, 9.0, 5.0]])
    made_of = made.transform([[3.0, 9.0, 5.0], [4.0, 9.0, 1.0]])
    np.testing.assert_allclose(made_of, [[3, 9, 5, 1, 1, 1, 1, 1], [4, 9, 1, -2, 4, 1, 8, -1]], rtol=1e-12)
    names = made.get_feature_names_out(["a", "b", "c"]).tolist()
    assert names == ["a", "b", "c", "a × c", "a²", "c²", "a³", "c³"]
    assert np.isnan(made.transform([[NAN, 1.0, 1.0]])[0, 3])


def test_rows_of_weight_zero_have_no_say_in_the_scores() -> None:
    rows, w = [[1.0], [3.0], [99.0]], [1.0, 1.0, 0.0]
    weighed, without = Products(1, 2).fit(rows, sample_weight=w), Products(1, 2).fit(rows[:2])
    np.testing.assert_array_equal(weighed.transform([[7.0]]), without.transform([[7.0]]))


@pytest.mark.parametrize("orders", [{"interactions": 3}, {"polynomial": 0}, {"polynomial": 99}])
def test_orders_that_are_not_built_are_refused(orders) -> None:
    with pytest.raises(InputError, match=r"interactions|polynomial"):
        Products(**orders).fit([[1.0]])


def test_where_nothing_is_asked_for_nothing_is_added() -> None:
    made = Products().fit([[1.0, 2.0]])
    assert made.transform([[3.0, NAN]]).shape == (1, 2)
    assert made.get_feature_names_out(["a", "b"]).tolist() == ["a", "b"]
