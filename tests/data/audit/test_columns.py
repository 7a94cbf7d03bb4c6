"""What is said of columns does not depend on how large their numbers are."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.data.audit import audit
from fivesigma.data.dataset import Dataset


def collinear(columns: dict[str, np.ndarray]) -> list[tuple[str, ...]]:
    y = np.random.default_rng(1).normal(size=len(columns["a"]))
    data = Dataset.from_arrays(np.column_stack(list(columns.values())), y, names=list(columns))
    return [each.columns for each in audit(data) if each.check == "collinear"]


@pytest.mark.parametrize("exponent", [-1000, -500, 0, 500, 1000])
def test_a_column_that_others_make_up_is_found_and_no_other_in_numbers_of_any_size(exponent):
    a, b, c = np.random.default_rng(0).normal(size=(3, 200))
    scaled = np.ldexp(c, exponent)
    assert collinear({"a": a, "b": b, "c": scaled}) == []
    [found] = collinear({"a": a, "b": scaled, "c": a - np.ldexp(scaled, -exponent)})
    assert sorted(found) == ["a", "b", "c"]
