"""Laws of the numbers that the page writes, over the whole family of formatters."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fivesigma.record.results import ErrorBudget, Score
from fivesigma.report.metrics.lines import shown
from fivesigma.report.rounding import (
    MINUS,
    compact,
    decimals_of,
    fixed,
    interval,
    interval_text,
    signed,
    value_with_error,
)

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_WHOLE = {
    "fixed": lambda value, error: fixed(value, decimals_of(error)),
    "signed": lambda value, error: signed(value, decimals_of(error)),
    "value_with_error": lambda value, error: value_with_error(Score(value, error=ErrorBudget(stat=error))),
    "compact": compact,
    "interval": lambda value, error: interval(value, value + 4 * error, decimals_of(error)),
    "interval_text": lambda value, error: interval_text(value, value - 2 * error, value + 2 * error),
    "shown": lambda value, error: shown(Score(value, value - 2 * error, value + 2 * error)).value,
}
"""Every formatter that takes its decimals from an error or an interval, the value first in what it writes."""

sizes = st.floats(-5.0, 5.0).map(lambda exponent: 10.0**exponent)
signs = st.sampled_from([-1.0, 1.0])


def first(text: str) -> float:
    found = _NUMBER.match(text.replace(MINUS, "-"))
    assert found is not None, text
    return float(found[0])


@pytest.mark.parametrize("name", _WHOLE)
@given(size=sizes, sign=signs, error=sizes)
@example(size=12.3, sign=1.0, error=1650.0)
@example(size=1800.0, sign=1.0, error=3e5)
@example(size=0.00046, sign=-1.0, error=0.012)
@example(size=1.0, sign=1.0, error=1e5)
@example(size=1e-5, sign=-1.0, error=1e5)
def test_no_value_reads_as_nothing_however_wide_its_error(name, size, sign, error) -> None:
    value = sign * size
    text = _WHOLE[name](value, error)
    read = first(text)
    assert read != 0.0
    assert (read > 0) == (value > 0)
    assert abs(read - value) <= 0.55 * max(10.0 ** -decimals_of(error), 1e-3 * size)


@given(size=sizes, sign=signs, error=sizes)
def test_a_signed_number_has_the_sign_that_it_has(size, sign, error) -> None:
    text = signed(sign * size, decimals_of(error))
    assert text[0] == ("+" if sign > 0 else MINUS)


@pytest.mark.parametrize("nothing", [0.0, -0.0, 1e-18, -1e-18])
def test_zero_and_what_the_arithmetic_leaves_of_it_have_no_sign(nothing) -> None:
    assert signed(nothing, 3) == fixed(nothing, 3) == "0.000"


def test_an_interval_of_the_arithmetic_does_not_set_the_digits() -> None:
    assert interval_text(0.5, 0.5 - 4e-12, 0.5 + 4e-12) == "0.5000 [0.5000, 0.5000]"
