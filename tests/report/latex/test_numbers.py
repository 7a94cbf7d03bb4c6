"""Numbers for siunitx: they read back as what they were, within the error."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fivesigma.report.latex.numbers import interval, number, significance

SIZES = st.floats(-1e30, 1e30, allow_nan=False, allow_infinity=False)
GRAMMAR = re.compile(r"\\num\{(-?\d+(?:\.\d+)?)(?: \\pm (\d+(?:\.\d+)?))?(?: ?e([+-]?\d+))?\}")


def read(text):
    """The value and the error of a ``\\num``, which it must be."""
    value, error, power = GRAMMAR.fullmatch(text).groups()
    scale = 10.0 ** int(power or 0)
    return float(value) * scale, None if error is None else float(error) * scale


@given(SIZES, st.floats(1e-9, 1.0))
def test_a_value_reads_back_within_its_error(value, share):
    """One digit of an error of 3.55 is off by 0.5 at most: a seventh."""
    error = max(abs(value), 1e-20) * share
    found, told = read(number(value, error))
    assert abs(found - value) <= 0.15 * error
    assert told == pytest.approx(error, rel=0.15)


@given(SIZES)
def test_a_value_without_an_error_has_four_digits(value):
    assert read(number(value))[0] == pytest.approx(value, rel=5e-4)


@given(SIZES, st.floats(1e-6, 1e6))
def test_limits_read_back_within_their_width(low, width):
    high = low + width * max(abs(low), 1.0)
    found = [read(each)[0] for each in interval(low, high).split(" to ")]
    assert found == pytest.approx([low, high], abs=0.05 * (high - low))


def test_an_open_side_and_nothing_at_all_are_said():
    assert interval(0.5, None) == r"above \num{0.5}"
    assert interval(None, None) == number(None) == "---"


@pytest.mark.parametrize(("page", "said"), [("> 5σ", "$>$ 5"), ("−0.3σ", "$-$0.3"), ("—", "---")])
def test_a_significance_is_that_of_the_page(page, said):
    assert significance(page) == said
