"""The band of a law of one column is that of its coefficients."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.models.linear.errors import correlation, errors
from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.coefficients import CoefficientErrors, CoefficientsRecord
from fivesigma.report.coefficients.curve import over, powers

MODEL = ModelRecord(name="line", kind="linear", status="ok")


def law(x: np.ndarray, y: np.ndarray, link: str) -> tuple[CoefficientsRecord, np.ndarray]:
    """Return a parabola's law with the errors of the textbook in all places, and its covariance."""
    A = np.column_stack([x, x**2, np.ones_like(x)])
    G = np.linalg.inv(A.T @ A)
    theta = G @ A.T @ y
    C = G * np.sum((y - A @ theta) ** 2) / (len(x) - 3)
    each = tuple(errors(C))
    limits = {"low": tuple(theta - 2 * errors(C)), "high": tuple(theta + 2 * errors(C))}
    kept = CoefficientErrors(classical=each, robust=each, bootstrap=each)
    together = tuple(map(tuple, correlation(C)))
    found = CoefficientsRecord(
        names=("t", "t²"), values=tuple(theta[:2]), intercept=theta[2], errors=kept, correlation=together, link=link,
        **limits,
    )  # fmt: skip
    return found, C


@pytest.mark.parametrize(("link", "given"), [("identity", lambda eta: eta), ("log", np.exp)])
def test_the_band_is_that_of_the_covariance_of_the_coefficients(link, given):
    rng = np.random.default_rng(4)
    x = rng.uniform(1.0, 3.0, 80)
    found, C = law(x, 1 + 0.3 * x**2 + 0.2 * rng.normal(size=80), link)
    drawn = over(MODEL, found, "t", x)
    terms = np.column_stack([drawn.x, drawn.x**2, np.ones_like(drawn.x)])
    eta = terms @ [*found.values, found.intercept]
    reach = 2 * np.sqrt(np.einsum("gi,ij,gj->g", terms, C, terms))
    assert (drawn.x[0], drawn.x[-1]) == (x.min(), x.max())
    assert drawn.y == pytest.approx(given(eta))
    assert drawn.low == pytest.approx(given(eta - reach), rel=1e-6)
    assert drawn.high == pytest.approx(given(eta + reach), rel=1e-6)


def test_a_law_without_errors_has_no_band():
    bare = CoefficientsRecord(names=("t",), values=(2.0,), intercept=1.0, spread=(0.1, 0.1))
    drawn = over(MODEL, bare, "t", np.array([0.0, np.nan, 4.0]))
    assert (drawn.low, drawn.high) == (None, None)
    assert drawn.y[-1] == pytest.approx(9.0)


def test_a_product_of_two_columns_is_no_power_of_one():
    both = CoefficientsRecord(names=("t", "t × u"), values=(1.0, 2.0), intercept=0.0)
    assert powers(both, "t") is None
