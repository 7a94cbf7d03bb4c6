"""Trees: every depth from one fit, predictive distributions by boosting, quantiles from a forest."""

from fivesigma.models.trees.boosting import BoostingClassifier, BoostingRegressor
from fivesigma.models.trees.conformal import SplitConformal
from fivesigma.models.trees.depth import DepthPath
from fivesigma.models.trees.distributions import LogNormal, Normal, StudentT
from fivesigma.models.trees.forest import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    ForestClassifier,
    ForestRegressor,
)
from fivesigma.models.trees.natural_gradient import NaturalGradientBoosting
from fivesigma.models.trees.predictive import (
    PredictiveLaw,
    continuous_ranked_probability_score,
    negative_log_likelihood,
)
from fivesigma.models.trees.quantile_forest import QuantileForest
from fivesigma.models.trees.regressors import (
    DecisionTreeRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from fivesigma.models.trees.single import TreeClassifier, TreeRegressor
from fivesigma.models.trees.xgboost import XGBoostClassifier, XGBoostRegressor

__all__ = [
    "BoostingClassifier",
    "BoostingRegressor",
    "DecisionTreeRegressor",
    "DepthPath",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "ForestClassifier",
    "ForestRegressor",
    "HistGradientBoostingRegressor",
    "LogNormal",
    "NaturalGradientBoosting",
    "Normal",
    "PredictiveLaw",
    "QuantileForest",
    "RandomForestRegressor",
    "SplitConformal",
    "StudentT",
    "TreeClassifier",
    "TreeRegressor",
    "XGBoostClassifier",
    "XGBoostRegressor",
    "continuous_ranked_probability_score",
    "negative_log_likelihood",
]
