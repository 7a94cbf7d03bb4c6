"""scikit-learn's estimators that predict by plain array arithmetic: shapes that fit, numbers that are finite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fivesigma._core.saved_state import TINY, SavedState


def _pipeline(state: SavedState) -> None:
    steps = state.parts("steps", tuple)
    right = len(steps) > 0 and all(len(step) == 2 and isinstance(step[0], str) for step in steps)
    state.expect(right, "steps", "named steps")
    able = all(callable(getattr(step, "transform", None)) for _, step in steps[:-1])
    state.expect(able, "steps", "steps that transform before the last")


def _scaler(state: SavedState) -> None:
    p = state.count("n_features_in_")
    for name, low in (("mean_", -np.inf), ("var_", 0.0), ("scale_", TINY)):
        if state.has(name):
            state.floats(name, (p,), low=low)


def _linear_regression(state: SavedState) -> None:
    p = state.count("n_features_in_")
    if np.ndim(state.get("coef_")) == 1:
        state.floats("coef_", (p,))
        state.number("intercept_")
    else:
        state.floats("intercept_", (len(state.floats("coef_", (None, p))),))


def _logistic_regression(state: SavedState) -> None:
    p, K = state.count("n_features_in_"), len(state.labels("classes_"))
    rows = 1 if K == 2 else K
    state.floats("coef_", (rows, p))
    state.floats("intercept_", (rows,))


def _dummy_classifier(state: SavedState) -> None:
    K = len(state.labels("classes_"))
    state.count("n_classes_", K, K)
    state.count("n_outputs_", 1, 1)
    state.word("_strategy", "prior", "most_frequent")
    prior = state.floats("class_prior_", (K,), low=0.0, high=1.0)
    state.expect(abs(prior.sum() - 1.0) < 1e-9, "class_prior_", "shares that sum to one")


def _dummy_regressor(state: SavedState) -> None:
    state.floats("constant_", (1, state.count("n_outputs_")))


def _naive_bayes(state: SavedState) -> None:
    p, K = state.count("n_features_in_"), len(state.labels("classes_"))
    state.floats("theta_", (K, p))
    state.floats("var_", (K, p), low=TINY)
    prior = state.floats("class_prior_", (K,), low=0.0, high=1.0)
    state.expect(abs(prior.sum() - 1.0) < 1e-6, "class_prior_", "shares that sum to one")


def _mixture(state: SavedState) -> None:
    p, K = state.count("n_features_in_"), state.count("n_components")
    weights = state.floats("weights_", (K,), low=0.0, high=1.0)
    state.expect(abs(weights.sum() - 1.0) < 1e-6, "weights_", "shares that sum to one")
    state.floats("means_", (K, p))
    shapes: Mapping[str, Any] = {"full": (K, p, p), "tied": (p, p), "diag": (K, p), "spherical": (K,)}
    shape = shapes[state.word("covariance_type", *shapes)]
    roots = state.floats("precisions_cholesky_", shape)
    diagonal = roots if len(shape) < 2 or shape == (K, p) else np.diagonal(roots, axis1=-2, axis2=-1)
    state.expect((diagonal > 0).all(), "precisions_cholesky_", "roots with a positive diagonal")
    state.floats("covariances_", shape)


def _bayesian_mixture(state: SavedState) -> None:
    _mixture(state)
    p, K = state.of.n_features_in_, state.of.n_components
    tied = state.of.covariance_type == "tied"
    if tied:
        state.number("degrees_of_freedom_", low=TINY)
    else:
        state.floats("degrees_of_freedom_", (K,), low=p - 1 + TINY)
    state.floats("mean_precision_", (K,), low=TINY)
    concentration = state.get("weight_concentration_")
    pairs = concentration if isinstance(concentration, tuple) else (concentration,)
    right = all(isinstance(each, np.ndarray) and each.shape == (K,) for each in pairs)
    state.expect(
        right and all((each > 0).all() for each in pairs), "weight_concentration_", "positive numbers"
    )


def _labelled(state: SavedState) -> None:
    """A clustering that labels its own events only."""
    state.whole("labels_", (None,), low=-1)
    state.count("n_features_in_")


def _label_encoder(state: SavedState) -> None:
    state.labels("classes_")


ESTIMATORS: Mapping[str, Callable[[SavedState], None]] = {
    "sklearn.cluster._agglomerative.AgglomerativeClustering": _labelled,
    "sklearn.cluster._hdbscan.hdbscan.HDBSCAN": _labelled,
    "sklearn.cluster._spectral.SpectralClustering": _labelled,
    "sklearn.dummy.DummyClassifier": _dummy_classifier,
    "sklearn.dummy.DummyRegressor": _dummy_regressor,
    "sklearn.linear_model._base.LinearRegression": _linear_regression,
    "sklearn.linear_model._logistic.LogisticRegression": _logistic_regression,
    "sklearn.mixture._bayesian_mixture.BayesianGaussianMixture": _bayesian_mixture,
    "sklearn.mixture._gaussian_mixture.GaussianMixture": _mixture,
    "sklearn.naive_bayes.GaussianNB": _naive_bayes,
    "sklearn.pipeline.Pipeline": _pipeline,
    "sklearn.preprocessing._data.StandardScaler": _scaler,
    "sklearn.preprocessing._label.LabelEncoder": _label_encoder,
}
"""Full name of a class -> what makes its state sound."""
