"""The law of a prediction as an object: that of SciPy's Gaussian where it is one, and an array as before."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fivesigma._core.errors import InputError
from fivesigma.risk.predictive import KNOTS
from fivesigma.study.finished.predicted_law import PredictedLaw

CENTRE, WIDTH = np.array([0.0, 5.0, -2.0]), np.array([1.0, 0.1, 3.0])
LAW = PredictedLaw(CENTRE, CENTRE[:, None] + np.multiply.outer(WIDTH, KNOTS))
EXACT = stats.norm(CENTRE, WIDTH)


def test_a_gaussian_is_kept_exactly() -> None:
    for level in (0.01, 0.3, 0.9):
        np.testing.assert_allclose(LAW.quantile(level), EXACT.ppf(level))
    np.testing.assert_allclose(LAW.interval(0.9), EXACT.interval(0.9))
    np.testing.assert_allclose(LAW.cdf(1.0), EXACT.cdf(1.0), atol=1e-12)
    np.testing.assert_allclose(LAW.logpdf([0.5, 5.0, 0.0]), EXACT.logpdf([0.5, 5.0, 0.0]))
    np.testing.assert_allclose(LAW.median, CENTRE, atol=1e-12)
    assert LAW.crps(CENTRE).shape == (3,)


def test_draws_have_its_law_and_follow_the_stream() -> None:
    drawn = LAW.sample(np.random.default_rng(0), 4000)
    assert drawn.shape == (4000, 3)
    for j in range(3):
        assert stats.kstest(drawn[:, j], stats.norm(CENTRE[j], WIDTH[j]).cdf).pvalue > 1e-3
    np.testing.assert_array_equal(drawn, LAW.sample(np.random.default_rng(0), 4000))


def test_it_is_an_array_of_values_and_quantiles() -> None:
    assert np.asarray(LAW).shape == LAW.shape == (3, 14)
    np.testing.assert_array_equal(LAW[:, 0], CENTRE)
    two = PredictedLaw(np.column_stack([CENTRE, CENTRE]), np.stack([LAW.quantiles] * 2, axis=1))
    assert two.interval(0.5)[0].shape == two.cdf(0.0).shape == (3, 2)
    assert two.sample(np.random.default_rng(0), 2).shape == (2, 3, 2)
    assert "3 events and 2 targets" in repr(two)


@pytest.mark.parametrize("level", [0.0, 1.0, 68.0])
def test_what_is_no_probability_is_refused(level) -> None:
    with pytest.raises(InputError, match="expected a probability between 0 and 1"):
        LAW.interval(level)
