"""The laws have the bits of `scipy.stats`."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fivesigma._core import laws

Q = np.array([0.0, 1e-12, 0.025, 0.3, 0.5, 0.975, 1 - 1e-12, 1.0])
X = np.array([0.0, 1e-3, 0.7, 1.0, 2.5, 9.0, 40.0])
DOF = (0.5, 1.0, 2.5, 3.0, 99.0, 1e6)

PAIRS = [
    (laws.norm_cdf, stats.norm.cdf, X, ()),
    (laws.norm_sf, stats.norm.sf, X, ()),
    (laws.norm_ppf, stats.norm.ppf, Q, ()),
    (laws.norm_isf, stats.norm.isf, Q, ()),
    (laws.kolmogorov_sf, stats.kstwobign.sf, X, ()),
    *((laws.t_ppf, stats.t.ppf, Q, (k,)) for k in (*DOF, np.inf)),
    *((laws.t_sf, stats.t.sf, np.append(-X, X), (k,)) for k in (*DOF, np.inf)),
    *((laws.t_isf, stats.t.isf, Q, (k,)) for k in DOF),
    *((laws.chi2_sf, stats.chi2.sf, X, (k,)) for k in DOF),
    *((laws.chi2_ppf, stats.chi2.ppf, Q, (k,)) for k in DOF),
    *((laws.f_sf, stats.f.sf, X, (k, 7.0)) for k in DOF),
    *((laws.beta_ppf, stats.beta.ppf, Q, (k, 3.0)) for k in DOF[1:]),  # at 0.5 scipy.stats is wrong near 0
    *((laws.gamma_sf, stats.gamma.sf, X, (k,)) for k in DOF),
    *((laws.gamma_ppf, stats.gamma.ppf, Q, (k,)) for k in DOF),
    *((laws.gamma_isf, stats.gamma.isf, Q, (k,)) for k in DOF),
]


@pytest.mark.parametrize(("ours", "theirs", "at", "shape"), PAIRS)
def test_a_law_has_the_bits_of_scipys(ours, theirs, at, shape):
    np.testing.assert_array_equal(ours(at, *shape), theirs(at, *shape))


def test_a_density_is_that_of_scipy_and_a_scale_divides():
    for k in (*DOF, np.inf):
        np.testing.assert_allclose(laws.t_logpdf(X, k), stats.t.logpdf(X, k), rtol=1e-12)
    np.testing.assert_array_equal(laws.gamma_sf(X, 2.0, 3.0), stats.gamma.sf(X, 2.0, scale=3.0))


def test_no_degree_of_freedom_has_no_quantile():
    assert np.isnan(laws.t_ppf([0.0, 0.5, 0.9], 0)).all()
