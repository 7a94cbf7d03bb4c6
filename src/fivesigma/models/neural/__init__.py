"""Networks: ensembles whose members are trained in one pass."""

from fivesigma.models.neural.cnn import CNNClassifier, CNNRegressor
from fivesigma.models.neural.law import MixtureLaw
from fivesigma.models.neural.module import ModuleClassifier, ModuleRegressor
from fivesigma.models.neural.network import NetworkClassifier, NetworkRegressor
from fivesigma.models.neural.perceptron import MLPClassifier, MLPRegressor
from fivesigma.models.neural.sets import SetClassifier, SetRegressor

__all__ = [
    "CNNClassifier",
    "CNNRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "MixtureLaw",
    "ModuleClassifier",
    "ModuleRegressor",
    "NetworkClassifier",
    "NetworkRegressor",
    "SetClassifier",
    "SetRegressor",
]
