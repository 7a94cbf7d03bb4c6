"""The names that issues and DESIGN.md give can be imported from where they say."""

from __future__ import annotations

import importlib

import pytest

PLACES = {
    "fivesigma": "Dataset Study Result read load load_model evidence",
    "fivesigma.risk.losses": "Squared Absolute Huber Quantile Logistic Hinge SquaredHinge Poisson Softmax",
    "fivesigma.risk.penalties": "L1 L2 ElasticNet GroupL1",
    "fivesigma.risk.generalisation": "bias_variance bias_variance_path",
    "fivesigma.models.linear": "LinearRegressor LinearClassifier RegularisationPath",
    "fivesigma.models.mixtures": "GaussianMixtureGibbs SpikedMixtureGibbs align_labels",
    "fivesigma.models.trees": "DepthPath NaturalGradientBoosting",
    "fivesigma.explain": "permutation_importance drop_column_importance impurity_importance drop_best",
}


@pytest.mark.parametrize(
    ("place", "name"), [(place, name) for place, names in PLACES.items() for name in names.split()]
)
def test_public_name(place, name):
    assert hasattr(importlib.import_module(place), name)
