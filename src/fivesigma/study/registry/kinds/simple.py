"""Baselines, and models of a few lines: frequencies, naive Bayes, neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from math import log2
from typing import Any

from fivesigma.data.shape import ANY
from fivesigma.study.registry.kind import ModelKind, Request
from fivesigma.study.registry.kinds.mixtures import one_gaussian
from fivesigma.study.registry.kinds.parameters import ALL, BOTH, CLASSIFICATION, choice, real, whole

_TREE_COLUMNS = 8  # up to here a k-d tree finds neighbours faster than comparing with every event


def _prior(ask: Request) -> Any:
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior")


def _mean(ask: Request) -> Any:
    from sklearn.dummy import DummyRegressor

    return DummyRegressor()


_LEARN_NOTHING = {"classification": _prior, "regression": _mean, "clustering": one_gaussian}


def _dummy(ask: Request) -> Any:
    return _LEARN_NOTHING[ask.task](ask)


def _naive_bayes(ask: Request) -> Any:
    from sklearn.naive_bayes import GaussianNB

    return GaussianNB(**ask.params)


def _neighbours(ask: Request) -> Any:
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    made = KNeighborsClassifier if ask.classifies else KNeighborsRegressor
    algorithm = "kd_tree" if ask.n_columns <= _TREE_COLUMNS else "brute"
    return made(**{"n_neighbors": 1, **ask.params}, algorithm=algorithm)


def _is_nearest(params: Mapping[str, Any], n: int, p: int) -> bool:
    return bool(params.get("n_neighbors", 1) == 1)


def _neighbours_cost(n: float, p: float, K: float) -> float:
    if p <= _TREE_COLUMNS:
        return float(8e-3 + n * p * 1.5e-7 + 1.5e-7 * n * log2(n + 2) * 1.63 ** (p - 5))
    return 8e-3 + n * p * 1.5e-7 + 1e-9 * n * n * (1 + p / 100)


BASELINES: tuple[ModelKind, ...] = (
    ModelKind(
        "dummy",
        "always: what the target's frequencies (or mean) alone achieve, or one cluster: the floor to beat",
        ALL,
        _dummy,
        lambda n, p, K: 7e-3 + 1e-7 * n,
        native_nan=True,
        density=True,
        several=True,
        data=ANY,
    ),
)

NEIGHBOURS: tuple[ModelKind, ...] = (
    ModelKind(
        "naive-bayes",
        "a quick second baseline: each feature a Gaussian in each class, independent of the others",
        CLASSIFICATION,
        _naive_bayes,
        lambda n, p, K: 8e-3 + n * p * (1.4e-7 + 1.2e-8 * K),
        {"var_smoothing": real(1e-9, 1e-15, 1.0, (1e-9, 1.0))},
        standardise=True,
    ),
    ModelKind(
        "nearest",
        "a baseline without assumptions: the answer of the nearest event; shows what noise costs",
        BOTH,
        _neighbours,
        _neighbours_cost,
        interpolates=_is_nearest,
        weights=False,
        standardise=True,
        several=True,
    ),
    ModelKind(
        "knn",
        "few features, a smooth answer of any shape, not too many events",
        BOTH,
        _neighbours,
        _neighbours_cost,
        {
            "n_neighbors": whole(15, 1, search=(2, 100), log=True),
            "weights": choice("uniform", "uniform", "distance", search=True),
        },
        weights=False,
        standardise=True,
        flexibility=("n_neighbors", 4.0),
        several=True,
        interpolates=_is_nearest,
    ),
)
