"""A noisy polynomial: the curve by hand, the noise that is asked for, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.simulate.catalogue import system
from fivesigma.simulate.polynomial import Polynomial


def test_the_curve_is_the_polynomial():
    x = np.array([-1.0, 0.0, 2.5])
    assert Polynomial((3.0, 0.5, -10.0, -3.0, 2.0)).curve(x) == pytest.approx(
        2 * x**4 - 3 * x**3 - 10 * x**2 + 0.5 * x + 3
    )


def test_the_noise_is_as_wide_as_asked():
    table = Polynomial(noise=2.0, low=-3.0, high=4.0).table(20_000, np.random.default_rng(0))
    r = table.columns["y"] - table.columns["truth"]
    assert abs(r.mean()) < 4 * 2.0 / np.sqrt(20_000)
    assert r.std() == pytest.approx(2.0, rel=4 / np.sqrt(40_000))
    assert (table.columns["x"].min() >= -3.0) & (table.columns["x"].max() <= 4.0)
    assert (table.target, table.features) == ("y", ("x",))


def test_settings_are_read_from_text():
    assert system("polynomial", {"coefficients": "1,2"}).coefficients == (1.0, 2.0)


@pytest.mark.parametrize(
    "wrong", [{"coefficients": ()}, {"coefficients": (np.nan,)}, {"noise": -1.0}, {"low": 2.0, "high": 2.0}]
)
def test_refusals(wrong):
    with pytest.raises(InputError):
        Polynomial(**wrong)
