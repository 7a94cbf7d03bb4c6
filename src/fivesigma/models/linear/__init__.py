"""Linear models whose every point carries a proof of how close it is to the optimum."""

from fivesigma.models.linear.descent import GradientDescent
from fivesigma.models.linear.estimators import LinearClassifier, LinearRegressor
from fivesigma.models.linear.path import RegularisationPath
from fivesigma.models.linear.ridge import RidgeFactor, ridge_factor
from fivesigma.models.linear.selection import Selection, select_by_folds, select_from_scores

__all__ = [
    "GradientDescent",
    "LinearClassifier",
    "LinearRegressor",
    "RegularisationPath",
    "RidgeFactor",
    "Selection",
    "ridge_factor",
    "select_by_folds",
    "select_from_scores",
]
