"""Roots are SciPy's, digit by digit."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from fivesigma._core.errors import InputError
from fivesigma._core.roots import brent

FAMILY = {
    "line": lambda x, a: x - a,
    "cube": lambda x, a: (x - a) ** 3,
    "fifth root": lambda x, a: math.copysign(abs(x - a) ** 0.2, x - a),
    "exponential": lambda x, a: math.exp(x) - math.exp(a),
    "step": lambda x, a: 1.0 if x > a else -1.0,
    "steep": lambda x, a: math.tanh(50 * (x - a)),
    "wave": lambda x, a: math.sin(3 * x) - math.sin(3 * a) + 0.2 * (x - a),
    "flat": lambda x, a: (x - a) * abs(x - a) ** 8,
}


@pytest.mark.parametrize("name", FAMILY)
@given(
    root=st.floats(-3, 3),
    below=st.floats(1e-3, 10),
    above=st.floats(1e-3, 10),
    xtol=st.sampled_from([1e-12, 1e-6, 4e-16]),
)
def test_a_root_has_the_digits_of_scipy_and_the_steps(name, root, below, above, xtol) -> None:
    asked: list[float] = []

    def of(x: float) -> float:
        asked.append(x)
        return float(FAMILY[name](x, root))

    low, high = root - below, root + above
    if of(low) * of(high) > 0:
        with pytest.raises(InputError, match="one sign"):
            brent(of, low, high, xtol=xtol)
        return
    asked.clear()
    found, own = brent(of, low, high, xtol=xtol), asked.copy()
    asked.clear()
    assert found == optimize.brentq(of, low, high, xtol=xtol, maxiter=10_000)
    assert own == asked[-len(own) :]


def test_an_end_that_is_a_root_is_taken() -> None:
    assert brent(lambda x: x, 0.0, 1.0, xtol=1e-9) == 0.0
    assert brent(lambda x: x - 1, 0.0, 1.0, xtol=1e-9) == 1.0


def test_an_infinite_value_is_beyond_the_root() -> None:
    assert brent(lambda x: math.inf if x > 1 else x - 0.5, 0.0, 2.0, xtol=1e-12) == pytest.approx(0.5)


def test_numbers_of_numpy_are_numbers() -> None:
    assert type(brent(lambda x: np.float64(x - 0.25), np.float64(0), 1, xtol=1e-12)) is float
