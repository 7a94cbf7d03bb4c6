"""Every kind of model that a run saves, fitted to few events: each task, each option that brings a class of its own."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np

from fivesigma.features.plan import FeaturePlan
from fivesigma.features.reduction import Reduction
from fivesigma.study.fit import recipe
from fivesigma.study.fit.learned import LEARNERS
from fivesigma.study.registry import registry

RNG = np.random.default_rng(3)
X = RNG.normal(size=(90, 4))
X[:, 3] = RNG.integers(0, 3, 90)
X[RNG.random(90) < 0.1, 1] = np.nan
SIGNAL = X[:, 0] + np.nan_to_num(X[:, 1]) * X[:, 2] + (X[:, 3] == 1)
CLOUDS = np.concatenate([RNG.normal(0, 1, (40, 3)), RNG.normal(5, 1, (40, 3))])
THREE, TWO = np.digitize(SIGNAL, [-0.5, 0.8]), (SIGNAL > 0).astype(int)
COUNTS = np.round(np.exp(SIGNAL - SIGNAL.max()) * 9)
PLAN = FeaturePlan(("a", "b", "c", "s"), {"s": ("u", "v", "w")}, interactions=2)
PLAIN = FeaturePlan(("a", "b", "c"))
SMALL: dict[str, dict[str, Any]] = {
    "forest": {"n_estimators": 3},
    "extra-trees": {"n_estimators": 3},
    "quantile-forest": {"n_estimators": 3},
    "boosting": {"max_iter": 4},
    "xgboost": {"max_iter": 4},
    "natural-gradient": {"n_estimators": 4},
    "mlp": {"epochs": 4, "n_members": 2, "hidden": [3]},
    "network": {"epochs": 3, "n_members": 2, "width": 4, "n_blocks": 2},
    "cnn": {"epochs": 3, "n_members": 2, "channels": [3, 4], "pool": 1, "hidden": 3},
    "set": {"epochs": 3, "n_members": 2, "width": 4, "n_layers": 1, "n_heads": 2},
    "gibbs-mixture": {"n_sweeps": 40, "n_warmup": 40, "n_chains": 2},
    "spiked-gibbs": {"n_sweeps": 40, "n_warmup": 40, "n_chains": 2},
}
TWO_CLASSES_ONLY = ("linear-svm",)
EMPTY = ("own", "predictions")


Member = tuple[str, str, str, dict[str, Any]]
"""Name, task, kind, and what `recipe.build` is told beside them."""


def names() -> tuple[str, ...]:
    """Every member, as ``task-kind`` with an option behind it."""
    return tuple(name for name, *_ in _members())


@functools.cache
def fitted(name: str) -> tuple[Any, np.ndarray, int | None]:
    """Return a fitted recipe, rows to predict, and the number of classes (None: a regression or a clustering)."""
    _, task, kind, settings = next(each for each in _members() if each[0] == name)
    settings = dict(settings)
    if task == "clustering":
        plan = settings.pop("features", PLAIN)
        params = SMALL.get(kind, {}) | settings.pop("params", {})
        model = recipe.build(kind, features=plan, task=task, params=params, **settings)
        return recipe.fit(model, CLOUDS).estimator, CLOUDS[::7], None
    y = settings.pop("y", THREE if task == "classification" else SIGNAL)
    y = COUNTS if kind == "poisson" else TWO if kind in TWO_CLASSES_ONLY else y
    plan = settings.pop("features", PLAN)
    params = SMALL.get(kind, {}) | settings.pop("params", {})
    n_targets = 1 if np.ndim(y) == 1 else np.shape(y)[1]
    model = recipe.build(kind, features=plan, task=task, params=params, n_targets=n_targets, **settings)
    table = X if len(plan.names) == 4 else np.nan_to_num(X[:, :3])
    classes = len(np.unique(y)) if task == "classification" else None
    return recipe.fit(model, table, y).estimator, table[::5], classes


def _members() -> Iterator[Member]:
    yield from _plain()
    yield from _paths()
    yield from _variants()
    yield "classification-svm-two", "classification", "svm", {"y": TWO}
    for kind in ("linear", "forest", "knn", "natural-gradient", "quantile-forest", "boosting"):
        yield f"regression-{kind}-targets", "regression", kind, {"y": np.column_stack([SIGNAL, -2 * SIGNAL])}
    yield "regression-mlp-targets", "regression", "mlp", {"y": np.column_stack([SIGNAL, -2 * SIGNAL])}
    for loss in ("gaussian", "mixture"):
        yield f"regression-mlp-{loss}", "regression", "mlp", {"params": {"loss": loss}}
    yield "classification-mlp-two", "classification", "mlp", {"y": TWO, "params": {"dtype": "float64"}}
    if find_spec("torch"):
        yield (
            "regression-network-targets",
            "regression",
            "network",
            {"y": np.column_stack([SIGNAL, -2 * SIGNAL])},
        )
        yield "regression-network-gaussian", "regression", "network", {"params": {"loss": "gaussian"}}
    for law in ("normal", "log-normal", "student-t"):
        settings = {"params": {"distribution": law}, "y": np.exp(SIGNAL)}
        yield f"regression-natural-gradient-{law}", "regression", "natural-gradient", settings
    for shape in ("full", "tied", "diag", "spherical"):
        for kind in ("gaussian-mixture", "variational-mixture", "gibbs-mixture"):
            settings = {"params": {"covariance_type": shape, "n_components": 2}}
            yield f"clustering-{kind}-{shape}", "clustering", kind, settings


def _plain() -> Iterator[Member]:
    """Every kind of every task."""
    for task in ("classification", "regression", "clustering"):
        for kind in registry.kinds().values():
            if task in kind.tasks and kind.name not in EMPTY and not (kind.given or _absent(kind)):
                yield f"{task}-{kind.name}", task, kind.name, {}
                if kind.name in SMALL and task == "classification":
                    yield f"{task}-{kind.name}-two", task, kind.name, {"y": TWO}


def _paths() -> Iterator[Member]:
    for kind in ("ridge", "huber", "quantile", "poisson", "lasso", "elastic-net"):
        yield f"regression-{kind}-path", "regression", kind, {"path": _path(kind)}
    for kind in ("logistic", "linear-svm"):
        yield f"classification-{kind}-path", "classification", kind, {"path": _path(kind), "y": TWO}


def _variants() -> Iterator[Member]:
    """What a recipe may have around its model."""
    for task in ("classification", "regression"):
        yield f"{task}-tree-tuned", task, "tree", {"tune": {"max_depth": [1, 3]}, "trials": 2}
        yield f"{task}-boosting-stopped", task, "boosting", {"params": {"early_stopping": True}}
        for kind in (
            "forest",
            "extra-trees",
            "boosting",
            *(["quantile-forest"] if task == "regression" else []),
        ):
            yield f"{task}-{kind}-exact", task, kind, {"params": {"engine": "exact"}}
        yield f"{task}-knn-brute", task, "knn", {"features": FeaturePlan(PLAN.names, polynomial=9)}
        for step in (
            Reduction("pca", 2),
            Reduction("nmf", 2),
            Reduction("rfe", 2),
            Reduction("l1", 2),
            Reduction("rfe", 2, "forest"),
            Reduction("f-test", 2),
            Reduction("mutual-information", 2),
        ):
            plan = FeaturePlan(PLAIN.names, reductions=(step,), classification=task == "classification")
            yield f"{task}-knn-{step.kind}-{step.rank}", task, "knn", {"features": plan}
        ours = FeaturePlan(
            PLAIN.names,
            reductions=(Reduction("rfe", 2, "forest"),),
            classification=task == "classification",
            learners=LEARNERS,
        )
        yield f"{task}-knn-rfe-ours", task, "knn", {"features": ours}


def _path(kind: str) -> Any:
    from fivesigma.study.registry import path

    return path.settle(registry.kind(kind), {"lambdas": [0.1, 1.0]}, {})


def _absent(kind: Any) -> bool:
    return kind.needs is not None and find_spec(kind.needs[0]) is None
