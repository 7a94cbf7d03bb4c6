"""Trees, forests and boosting: the table of their kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2
from typing import Any

from fivesigma._core.errors import InputError, require
from fivesigma.models.spaces import Choice, Range
from fivesigma.study.registry.kind import ModelKind, Parameter, Request
from fivesigma.study.registry.kinds.parameters import (
    BOTH,
    INF,
    NO_FRACTION,
    NO_MINIMUM,
    REGRESSION,
    choice,
    real,
    whole,
)
from fivesigma.study.registry.losses import Losses, build, named
from fivesigma.study.registry.monotone import KEY, Signs

ENGINE = "engine"


def _tree(ask: Request) -> Any:
    settings = _without(ask.params, ENGINE) | {"random_state": 0}  # only ties are drawn: no seed to report
    if _exact(ask.params):
        from sklearn.tree import DecisionTreeClassifier

        from fivesigma.models.trees.regressors import DecisionTreeRegressor

        exact = DecisionTreeClassifier if ask.classifies else DecisionTreeRegressor
        return exact(**settings)
    from fivesigma.models.trees.single import TreeClassifier, TreeRegressor

    made = TreeClassifier if ask.classifies else TreeRegressor
    return made(**settings)


def _forest(ask: Request) -> Any:
    if _exact(ask.params):
        from sklearn.ensemble import RandomForestClassifier

        from fivesigma.models.trees.regressors import RandomForestRegressor

        exact = RandomForestClassifier if ask.classifies else RandomForestRegressor
        return exact(**_without(ask.params, ENGINE), random_state=ask.seed, n_jobs=1)
    from fivesigma.models.trees.forest import ForestClassifier, ForestRegressor

    made = ForestClassifier if ask.classifies else ForestRegressor
    return made(**_without(ask.params, ENGINE), random_state=ask.seed)


def _extra_trees(ask: Request) -> Any:
    if _exact(ask.params):
        from sklearn.ensemble import ExtraTreesClassifier

        from fivesigma.models.trees.regressors import ExtraTreesRegressor

        exact = ExtraTreesClassifier if ask.classifies else ExtraTreesRegressor
        return exact(**_without(ask.params, ENGINE), random_state=ask.seed, n_jobs=1)
    from fivesigma.models.trees import forest

    made = forest.ExtraTreesClassifier if ask.classifies else forest.ExtraTreesRegressor
    return made(**_without(ask.params, ENGINE), random_state=ask.seed)


def _boosting(ask: Request) -> Any:
    settings = _without(ask.params, ENGINE, "early_stopping", KEY, "loss")
    signs = ask.params[KEY]
    constraints = None if not signs else [signs.get(j, 0) for j in range(ask.n_columns)]
    settings |= {"monotonic_cst": constraints, "random_state": ask.seed}
    if _exact(ask.params):
        from sklearn.ensemble import HistGradientBoostingClassifier

        from fivesigma.models.trees.regressors import HistGradientBoostingRegressor

        exact = HistGradientBoostingClassifier if ask.classifies else HistGradientBoostingRegressor
        return exact(**_without(settings, "max_samples"), **_exact_loss(ask.params), early_stopping=False)
    from fivesigma.models.trees.boosting import BoostingClassifier, BoostingRegressor

    if ask.classifies:
        return BoostingClassifier(**settings)
    loss = ask.params.get("loss")
    return BoostingRegressor(None if loss is None else build(named(loss)), **settings)


_EXACT = {
    "squared": "squared_error",
    "absolute": "absolute_error",
    "quantile": "quantile",
    "poisson": "poisson",
    "logistic": "log_loss",
}
"""What scikit-learn calls the losses that it knows."""


def _exact_loss(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return scikit-learn's settings of the loss."""
    if params.get("loss") is None:
        return {}
    loss = named(params["loss"])
    level = {"quantile": float(loss.get("tau", 0.5))} if loss["name"] == "quantile" else {}
    return {"loss": _EXACT[loss["name"]], **level}


def _boosts(params: Mapping[str, Any]) -> None:
    """Refuse what scikit-learn's boosting does not know: some losses, and rounds on some of the events."""
    if _exact(params) and params.get("max_samples", 1.0) < 1.0:
        raise InputError(
            f"boosting: engine = 'exact' grows every tree on all events, and max_samples is {params['max_samples']}; "
            "leave one of the two out."
        )
    if _exact(params) and params.get("loss") is not None and named(params["loss"])["name"] not in _EXACT:
        raise InputError(
            f"boosting: engine = 'exact' knows no loss '{named(params['loss'])['name']}'; expected "
            f"{', '.join(_EXACT)}, or engine = 'binned'."
        )


def _exact(params: Mapping[str, Any]) -> bool:
    """Whether scikit-learn's own trees are asked for."""
    return bool(params[ENGINE] == "exact")


def _without(params: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name not in names}


def _xgboost(ask: Request) -> Any:
    require("xgboost", "boost")
    from fivesigma.models.trees.xgboost import XGBoostClassifier, XGBoostRegressor

    made = XGBoostClassifier if ask.classifies else XGBoostRegressor
    settings = {name: value for name, value in ask.params.items() if name != "early_stopping"}
    return made(**settings, random_state=ask.seed)


def _natural_gradient(ask: Request) -> Any:
    from fivesigma.models.trees.natural_gradient import NaturalGradientBoosting

    return NaturalGradientBoosting(
        **ask.params, random_state=0
    )  # only inner folds are drawn: no seed to report


def _quantile_forest(ask: Request) -> Any:
    from fivesigma.models.trees.quantile_forest import QuantileForest

    return QuantileForest(_forest(ask))


@dataclass(frozen=True)
class Engines:
    """What ``engine`` may be: it is given, and no search looks for it.

    >>> Engines().contains("exact"), str(Engines())
    (True, "'binned' or 'exact'")
    """

    def contains(self, value: Any) -> bool:
        """Whether ``value`` is one of them."""
        return value in ("binned", "exact")

    def __str__(self) -> str:
        return "'binned' or 'exact'"


_ENGINE = {ENGINE: Parameter("binned", Engines())}
"""Our own trees, of columns in bins; or scikit-learn's, which know every value."""
_TREE: dict[str, Parameter] = {
    "max_depth": whole(None, 1, 10**4, (2, 30)),
    "min_samples_leaf": whole(5, 1, search=(1, 100), log=True),
}
BOOSTED = ("squared", "huber", "absolute", "quantile", "poisson", "logistic")
"""The losses of boosting: the last of classes, the others of values."""
_LOSS_OF = {"classification": Losses(BOOSTED[-1:], own=False), "regression": Losses(BOOSTED[:-1])}
_FEATURES_TRIED = Parameter("sqrt", Range(1e-6, 1.0, also=("sqrt", "log2", None)), Range(0.1, 1.0))
TREES: tuple[ModelKind, ...] = (
    ModelKind(
        "tree",
        "rules one can read, from one set of cuts; seldom the most accurate",
        BOTH,
        _tree,
        lambda n, p, K: 6e-3 + (2e-8 if K < 2 else 3e-9 * (1.0 + K / 2)) * n * p * log2(n + 2),
        {**_TREE, "min_samples_leaf": whole(20, 1, search=(1, 200), log=True), **_ENGINE},
        native_nan=True,
        cuts=True,
        ranks=_exact,
        nested=True,
        flexibility=("min_samples_leaf", 4.0),
        several=True,
        negative=NO_FRACTION,
    ),
    ModelKind(
        "forest",
        "a strong answer with hardly any settings; robust to odd features and outliers",
        BOTH,
        _forest,
        lambda n, p, K: (0.03 + 5.5e-7 * n * p**0.5 * log2(n + 2)) * (1.0 if K <= 2 else 1.0 + 0.15 * K),
        {
            **_TREE,
            "n_estimators": whole(100, 1, 10**5),
            "max_features": _FEATURES_TRIED,
            "max_samples": Parameter(0.5, Range(1e-6, 1.0, also=(None,)), Range(0.2, 1.0)),
            **_ENGINE,
        },
        native_nan=True,
        cuts=True,
        ranks=_exact,
        nested=True,
        drawn=100_000,
        flexibility=("min_samples_leaf", 4.0),
        stochastic=True,
        several=True,
        negative=NO_FRACTION,
    ),
    ModelKind(
        "quantile-forest",
        "quantiles for each event from the leaves of a forest; any shape of law, a few thousand events",
        REGRESSION,
        _quantile_forest,
        lambda n, p, K: 0.02 + 7.5e-7 * n * p**0.5 * log2(n + 2),
        {
            "max_depth": whole(None, 1, 10**4, (2, 30)),
            "min_samples_leaf": whole(10, 1, search=(2, 100), log=True),
            "n_estimators": whole(100, 1, 10**5),
            "max_features": _FEATURES_TRIED,
            "max_samples": Parameter(0.5, Range(1e-6, 1.0, also=(None,)), Range(0.2, 1.0)),
            **_ENGINE,
        },
        native_nan=True,
        cuts=True,
        flexibility=("min_samples_leaf", 4.0),
        stochastic=True,
        lineup=False,
        negative=NO_FRACTION,
    ),
    ModelKind(
        "extra-trees",
        "as forest, with random cuts: faster, smoother, for features that are noisy",
        BOTH,
        _extra_trees,
        lambda n, p, K: (0.04 + 8.5e-7 * n * p**0.5 * log2(n + 2)) * (1.0 if K <= 2 else 1.0 + 0.2 * K),
        {**_TREE, "n_estimators": whole(100, 1, 10**5), "max_features": _FEATURES_TRIED, **_ENGINE},
        native_nan=True,
        cuts=True,
        ranks=_exact,
        nested=True,
        flexibility=("min_samples_leaf", 4.0),
        stochastic=True,
        several=True,
        negative=NO_FRACTION,
    ),
    ModelKind(
        "boosting",
        "usually the most accurate on tables from a few thousand events up; missing values are welcome",
        BOTH,
        _boosting,
        lambda n, p, K: (0.02 + 1.5e-3 * p + 7e-7 * n * p) * (1.0 if K <= 2 else 0.7 * K),
        {
            "max_iter": whole(150, 1, 10**5, (30, 500), log=True),
            "learning_rate": real(0.07, 1e-6, 1.0, (0.02, 0.3)),
            "max_leaf_nodes": whole(15, 2, 10**5, (4, 64), log=True),
            "min_samples_leaf": whole(20, 1, search=(5, 100), log=True),
            "l2_regularization": Parameter(1.0, Range(0.0, INF), Range(1e-3, 100.0, log=True)),
            "max_features": Parameter(0.5, Range(0.01, 1.0), Range(0.2, 1.0)),
            "max_samples": Parameter(1.0, Range(1e-6, 1.0), optional=True),
            "early_stopping": choice(False, False, True),
            KEY: Parameter(None, Signs()),
            "loss": Parameter(None, Losses(BOOSTED), of_task=_LOSS_OF, optional=True),
            **_ENGINE,
        },
        native_nan=True,
        cuts=True,
        losses=BOOSTED,
        together=_boosts,
        ranks=_exact,
        flexibility=("max_leaf_nodes", 0.25),
        stochastic=True,
        drawn=100_000,
        negative={"regression": "a leaf whose weights nearly cancel takes steps without bound"},
    ),
    ModelKind(
        "xgboost",
        "as boosting, by XGBoost (extra [boost]): what others in the field compare with",
        BOTH,
        _xgboost,
        lambda n, p, K: (0.15 + 2e-3 * p + 1e-6 * n * p) * (1.0 if K <= 2 else 1.0 * K),
        {
            "max_iter": whole(200, 1, 10**5, (30, 500), log=True),
            "learning_rate": real(0.1, 1e-6, 1.0, (0.02, 0.3)),
            "max_depth": whole(4, 1, 30, (2, 10)),
            "min_child_weight": Parameter(5.0, Range(0.0, INF), Range(1.0, 100.0, log=True)),
            "reg_lambda": Parameter(1.0, Range(0.0, INF), Range(1e-3, 100.0, log=True)),
            "subsample": Parameter(1.0, Range(0.01, 1.0), Range(0.4, 1.0)),
            "colsample": Parameter(0.5, Range(0.01, 1.0), Range(0.2, 1.0)),
            "max_bin": whole(None, 2, 10**4),
            "early_stopping": choice(False, False, True),
            KEY: Parameter(None, Signs()),
        },
        native_nan=True,
        cuts=True,
        flexibility=("max_depth", 0.5),
        stochastic=True,
        lineup=False,
        needs=("xgboost", "boost"),
        negative=NO_MINIMUM,
    ),
    ModelKind(
        "natural-gradient",
        "a distribution for each event, not only a value: intervals that cover, by boosted trees",
        REGRESSION,
        _natural_gradient,
        lambda n, p, K: 0.05 + 7e-3 * p + 5e-5 * n + 3.5e-6 * n * p,
        {
            "distribution": choice("normal", "normal", "log-normal", "student-t"),
            "n_estimators": whole(200, 1, 10**5),
            "learning_rate": real(0.05, 1e-6, 1.0, (0.02, 0.2)),
            "max_depth": whole(3, 1, 8, (2, 6)),
            "min_weight_leaf": Parameter(5.0, Range(0.0, INF), Range(1.0, 100.0, log=True)),
            "location_weights": Parameter(None, Choice((None, "precision", "even")), optional=True),
            "calibrate": choice(True, True, False),
        },
        native_nan=True,
        cuts=True,
        flexibility=("max_depth", 0.5),
        lineup=False,
        negative=NO_MINIMUM,
    ),
)
