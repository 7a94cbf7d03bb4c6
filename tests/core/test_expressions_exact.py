"""Expressions over long whole numbers: every digit, in comparisons and in arithmetic, as Python has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fivesigma._core.columns import integers, objects
from fivesigma._core.errors import InputError
from fivesigma._core.expressions import evaluate

IDS = [10**18 + i for i in range(6)]
COLUMNS: dict[str, np.ndarray] = {
    "ID": np.array(IDS),
    "run": np.array([2**63 + i for i in range(6)], dtype=np.uint64),
    "long": objects([None if i == 2 else -(2**70) + i for i in range(6)]),
    "n": np.arange(6),
    "x": np.arange(6) / 2,
    "kind": objects(list("ababab")),
}
VALUES: dict[str, list[Any]] = {
    "ID % 2 == 0": [v % 2 == 0 for v in IDS],
    "ID // 2 == 500000000000000001": [v // 2 == 500000000000000001 for v in IDS],
    "ID - 1000000000000000000 < 3": [v - 10**18 < 3 for v in IDS],
    "ID - 1000000000000000000 + x > 3": [v - 10**18 + i / 2 > 3 for i, v in enumerate(IDS)],
    "ID + n == 1000000000000000004": [v + i == 10**18 + 4 for i, v in enumerate(IDS)],
    "-ID <= -1000000000000000003": [-v <= -(10**18) - 3 for v in IDS],
    "+ID == 1000000000000000001": [v == 10**18 + 1 for v in IDS],
    "abs(-ID) == 1000000000000000001": [v == 10**18 + 1 for v in IDS],
    "min(ID, 1000000000000000002) == ID": [v <= 10**18 + 2 for v in IDS],
    "max(ID, n, 1000000000000000002) == 1000000000000000002": [v <= 10**18 + 2 for v in IDS],
    "where(x > 1, ID, 0) == 1000000000000000004": [i == 4 for i in range(6)],
    "where(x > 1, long, ID) == ID": [i / 2 <= 1 for i in range(6)],
    "ID in (1000000000000000001, -5, 3.5)": [v == 10**18 + 1 for v in IDS],
    "run not in (9223372036854775809,)": [i != 1 for i in range(6)],
    "9223372036854775808 < run <= 9223372036854775811": [0 < i <= 3 for i in range(6)],
    "run > ID": [True] * 6,
    "run == ID": [False] * 6,
    "ID == 1e18": [i == 0 for i in range(6)],
    "ID > 0.5": [True] * 6,
    "ID < inf": [True] * 6,
    "ID == nan": [False] * 6,
    "ID < x": [False] * 6,
    "isnan(long)": [i == 2 for i in range(6)],
    "isfinite(long)": [i != 2 for i in range(6)],
    "long == -1180591620717411303424": [i == 0 for i in range(6)],
    "long != -1180591620717411303424": [i != 0 for i in range(6)],
    "not isnan(long) and ID > 1000000000000000003": [i > 3 for i in range(6)],
    "log10(ID) > 17.9": [True] * 6,
    "ID / 2 > x": [True] * 6,
    "ID * 1.5 > 0": [True] * 6,
    "ID % 0 == 0": [False] * 6,
    "long ** 2 > 0": [i != 2 for i in range(6)],
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("text", VALUES)
def test_conditions_are_those_of_python(text: str) -> None:
    found = evaluate(text, COLUMNS)
    assert found.dtype == bool
    assert found.tolist() == VALUES[text]


def test_a_long_column_stays_what_it_is() -> None:
    assert evaluate("ID", COLUMNS).tolist() == IDS
    assert evaluate("run + 1", COLUMNS).tolist() == [2**63 + 1 + i for i in range(6)]
    assert evaluate("long * 2", COLUMNS).tolist()[:3] == [-(2**71), -(2**71) + 2, None]
    assert evaluate("ID - 1000000000000000000", COLUMNS).dtype == np.float64
    assert evaluate("n", COLUMNS).dtype == np.float64
    assert evaluate("`ID`", {"ID": integers([2**60, None])}).tolist() == [2**60, None]


@pytest.mark.parametrize("text", ["ID == kind", "kind + ID", "ID and x > 1", "kind > 1000000000000000001"])
def test_what_never_compares_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="refused"):
        evaluate(text, COLUMNS)


def test_an_array_is_no_operand() -> None:
    with pytest.raises(InputError, match=r"'img' is an array \(2, 2\) in each event"):
        evaluate("img > 0", {"img": np.zeros((6, 2, 2)), "x": np.zeros(6)})
    with pytest.raises(InputError, match="'img' is an array"):
        evaluate("img", {"img": np.zeros((6, 2, 2)), "x": np.zeros(6)})


def test_deep_sums_are_walked_once() -> None:
    text = "ID" + " + ID" * 45
    assert evaluate(text, COLUMNS).tolist()[0] == 46 * 10**18
