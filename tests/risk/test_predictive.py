"""Laws by their quantiles: closed forms against sums, steps, and the two metrics made of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from fivesigma._core.errors import InputError
from fivesigma.models.trees.distributions import Normal, StudentT
from fivesigma.models.trees.predictive import PredictiveLaw
from fivesigma.models.trees.recalibration import Recalibration
from fivesigma.risk.metrics import metric
from fivesigma.risk.predictive import KNOTS, LEVELS, QuantileLaw

LAW = settings(deadline=None, max_examples=30, derandomize=True)


def recalibrated(family, n: int = 300, seed: int = 0):
    rng = np.random.default_rng(seed)
    parameters = np.column_stack([rng.normal(size=n), 0.3 * rng.normal(size=n)])
    law = PredictiveLaw(family, parameters, Recalibration.of(1.4 * rng.standard_t(4, size=4000), family))
    return law, law.sample(1, rng)[:, 0]


def test_a_recalibrated_gaussian_is_kept_exactly() -> None:
    law, y = recalibrated(Normal())
    kept = QuantileLaw(law.quantile(LEVELS))
    np.testing.assert_allclose(kept.logpdf(y), law.logpdf(y), atol=1e-9)
    np.testing.assert_allclose(kept.cdf(y), law.cdf(y), atol=1e-12)
    np.testing.assert_allclose(kept.crps(y), law.crps(y), atol=1e-3)
    np.testing.assert_allclose(kept.interval(0.95), law.interval(0.95), atol=1e-9)


def test_a_student_t_is_kept_nearly() -> None:
    law, y = recalibrated(StudentT(5.0))
    kept = QuantileLaw(law.quantile(LEVELS))
    assert abs(kept.logpdf(y).mean() - law.logpdf(y).mean()) < 0.01
    assert abs(kept.crps(y).mean() - law.crps(y).mean()) < 1e-3


def test_crps_of_a_gaussian_is_the_textbook_formula() -> None:
    y, s = np.linspace(-9, 9, 31), 1.7
    z = (y - 0.3) / s
    expected = s * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    np.testing.assert_allclose(QuantileLaw.gaussian(np.full(31, 0.3), s).crps(y), expected, atol=1e-12)


def test_an_event_far_outside_its_law_costs_what_the_gaussian_says() -> None:
    z = np.array([-1e4, -60.0, 39.0, 60.0, 1e4])
    law = QuantileLaw.gaussian(np.zeros(5), 1.0)
    np.testing.assert_allclose(law.logpdf(z), norm.logpdf(z), rtol=1e-12)
    np.testing.assert_allclose(law.crps(z), np.abs(z) - 1 / np.sqrt(np.pi), rtol=1e-12)


@given(seed=st.integers(0, 10**6))
@LAW
def test_crps_is_the_integral_of_its_definition_also_with_steps(seed) -> None:
    rng = np.random.default_rng(seed)
    q = np.sort(np.round(2 * rng.normal(size=13)) / (1 + rng.integers(2)))
    y = float(rng.normal() * 3)
    z = np.linspace(-9, 9, 20_001)
    x = np.interp(z, KNOTS, q)
    x = np.where(z < -3, q[0] + (z + 3) * (q[1] - q[0]) * 2, x)
    x = np.where(z > 3, q[-1] + (z - 3) * (q[-1] - q[-2]) * 2, x)
    p = norm.pdf(z) / norm.pdf(z).sum()
    spread = p * (2 * np.cumsum(p) - p - 1)
    expected = np.abs(x - y) @ p - x @ spread
    assert QuantileLaw(q[None]).crps(np.array([y]))[0] == pytest.approx(expected, abs=2e-3)


def test_a_law_with_steps_has_no_density_and_a_transform_inside_the_unit_interval() -> None:
    law = QuantileLaw(np.array([[0.0] * 6 + [1.0] * 7]))
    assert np.isnan(law.logpdf(np.array([0.5]))).all()
    assert (np.abs(law.cdf(np.array([-5.0])) - 0) < 1e-6).all()
    assert (np.abs(law.cdf(np.array([5.0])) - 1) < 1e-6).all()
    assert law.crps(np.array([5.0]))[0] > 3


def test_metrics_of_laws_take_quantiles() -> None:
    law, y = recalibrated(Normal())
    w = np.random.default_rng(0).uniform(0, 2, len(y))
    found = metric("nll").value(y, law.quantile(LEVELS), w)
    assert found == pytest.approx(np.average(-law.logpdf(y), weights=w))
    assert metric("crps").cut(y, law.quantile(LEVELS)) is None
    with pytest.raises(InputError, match="expected quantiles \\(n, 13\\), or values"):
        metric("crps").value(y, law.quantile(LEVELS[:12]), w)


def test_a_value_alone_has_a_width_from_other_rows_or_no_score() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=400)
    width = metric("crps").cut(y, np.zeros(400))
    assert width == pytest.approx(np.sqrt(np.mean(y**2)))
    assert metric("nll").value(y, np.zeros(400), cut=width) == pytest.approx(-norm.logpdf(y, 0, width).mean())
    assert np.isnan(metric("nll").value(y, np.zeros(400)))
    counts = rng.poisson(1.0, (3, 400))
    got = metric("crps").resampled(y, np.zeros(400), None, counts, cut=width)
    again = [metric("crps").value(y, np.zeros(400), c.astype(float), cut=width) for c in counts]
    np.testing.assert_allclose(got, again)


def test_the_crps_is_proper_and_scales_with_the_unit() -> None:
    y = np.random.default_rng(1).normal(size=4000)
    scores = [metric("crps").value(y, np.zeros(4000), cut=width) for width in (0.5, 1.0, 2.0)]
    assert scores[1] == min(scores)
    assert metric("crps").value(10 * y, np.zeros(4000), cut=10.0) == pytest.approx(10 * scores[1])


def test_another_shape_is_refused() -> None:
    with pytest.raises(InputError, match="expected quantiles"):
        metric("crps").value(np.zeros(3), np.zeros((3, 2)))
