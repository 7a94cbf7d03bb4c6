"""scikit-learn's own checks, without exceptions."""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from fivesigma.models.linear import LinearClassifier, LinearRegressor, RegularisationPath
from fivesigma.risk.losses import Absolute, Hinge, Huber, Logistic, SquaredHinge
from fivesigma.risk.penalties import L1, ElasticNet

ESTIMATORS = [
    LinearRegressor(),
    LinearRegressor(Huber(1.0), ElasticNet(0.5)),
    LinearRegressor(Absolute(), L1()),
    LinearClassifier(),
    LinearClassifier(Hinge()),
    LinearClassifier(SquaredHinge(), L1()),
    RegularisationPath(),
    RegularisationPath(Logistic()),
]


@pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore:constant columns:UserWarning"
)
@parametrize_with_checks(ESTIMATORS)
def test_estimator_check(estimator, check):
    check(estimator)
