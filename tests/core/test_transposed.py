"""A table's columns are those of its transpose, copied."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.transposed import transposed


@pytest.mark.parametrize("n", [0, 1, 1023, 1024, 1025, 5000])
@pytest.mark.parametrize("dtype", [np.float64, np.uint8, np.uint16])
def test_columns_are_copied_whole_and_in_a_row(n, dtype) -> None:
    table = np.random.default_rng(n).integers(0, 200, (n, 3)).astype(dtype)
    for each in (table, np.asfortranarray(table)):
        found = transposed(each)
        assert found.flags.c_contiguous
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, table.T)
