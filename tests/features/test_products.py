"""Products of pairs and powers: hand-worked, named, and refused where they are not built."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.features.products import Products

NAN = np.nan


def test_products_of_pairs_and_powers_of_columns() -> None:
    made = Products(interactions=2, polynomial=3, columns=[0, 2]).fit([[2.0, 9.0, 3.0]])
    assert made.transform([[2.0, 9.0, 3.0]]).tolist() == [[2, 9, 3, 6, 4, 9, 8, 27]]
    names = made.get_feature_names_out(["a", "b", "c"]).tolist()
    assert names == ["a", "b", "c", "a × c", "a²", "c²", "a³", "c³"]
    assert np.isnan(made.transform([[NAN, 1.0, 1.0]])[0, 3])


@pytest.mark.parametrize("orders", [{"interactions": 3}, {"polynomial": 0}, {"polynomial": 99}])
def test_orders_that_are_not_built_are_refused(orders) -> None:
    with pytest.raises(InputError, match=r"interactions|polynomial"):
        Products(**orders).fit([[1.0]])


def test_where_nothing_is_asked_for_nothing_is_added() -> None:
    made = Products().fit([[1.0, 2.0]])
    assert made.transform([[3.0, NAN]]).shape == (1, 2)
    assert made.get_feature_names_out(["a", "b"]).tolist() == ["a", "b"]
