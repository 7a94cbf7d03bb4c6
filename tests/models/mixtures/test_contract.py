"""scikit-learn's own checks, without exceptions."""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from fivesigma.models.mixtures.gibbs import GaussianMixtureGibbs
from fivesigma.models.mixtures.spiked import SpikedMixtureGibbs

SHORT = {"n_sweeps": 60, "n_warmup": 30, "n_chains": 2}
ESTIMATORS = [
    GaussianMixtureGibbs(3, **SHORT),
    GaussianMixtureGibbs(3, covariance_type="diag", **SHORT),
    GaussianMixtureGibbs(2, covariance_type="tied", keep_labels=False, **SHORT),
    SpikedMixtureGibbs(3, noise=0.2, **SHORT),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS)
def test_estimator_check(estimator, check):
    check(estimator)
