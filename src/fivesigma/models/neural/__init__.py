"""Networks: ensembles whose members are trained in one pass."""

from fivesigma.models.neural.law import MixtureLaw
from fivesigma.models.neural.perceptron import MLPClassifier, MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "MixtureLaw"]
