"""scikit-learn's own checks of the paths that a study fits, but for the order of rows, which deals the folds."""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from fivesigma.models.linear.folded import FoldedPath
from fivesigma.models.linear.minimised import MinimisedPath
from fivesigma.models.linear.path import RegularisationPath
from fivesigma.risk.losses import Logistic
from fivesigma.risk.penalties import L2

ESTIMATORS = [
    # … or one target in all rows of a fold, where R² is
    FoldedPath(RegularisationPath(lambdas=[10.0, 1.0]), metric="rmse", n_folds=2),
    # the suite's smallest tables hold a class in one row, where the area under a curve is undefined
    FoldedPath(RegularisationPath(Logistic(), lambdas=[10.0, 1.0]), metric="log_loss", n_folds=2),
    MinimisedPath(penalty=L2(), lambdas=[10.0, 1.0]),
]


@pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore:constant columns:UserWarning"
)
def _expected(estimator) -> dict[str, str]:
    """Folds are dealt by row number, and the suite shuffles the rows before it gives them weights."""
    folded = isinstance(estimator, FoldedPath)
    return {"check_sample_weight_equivalence_on_dense_data": _expected.__doc__ or ""} if folded else {}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=_expected)
def test_estimator_check(estimator, check) -> None:
    check(estimator)
