"""Every model by name: how to build it, what it may be told, what it costs, and when to choose it.

This is the only file that knows every name. A new model is one `Kind` in ``_ALL`` (or an entry point of the
group ``fivesigma.models`` that loads one); docs/add-a-model.md walks through it. Nothing heavy is imported
until a model is built.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from math import log2
from typing import Any

from fivesigma._core.errors import InputError, one_of
from fivesigma.models.spaces import Choice, Range
from fivesigma.study.kind import Builder, Kind, Parameter, Probes, Request

__all__ = [
    "TRUSTED",
    "Entry",
    "Kind",
    "Parameter",
    "Probes",
    "Request",
    "default_lineup",
    "kind",
    "kinds",
    "share",
]

BOTH = ("classification", "regression")
CLASSIFICATION = ("classification",)
REGRESSION = ("regression",)
INF = float("inf")
_TREE_COLUMNS = 8  # up to here a k-d tree finds neighbours faster than comparing with every event


def _real(
    default: float | None, low: float, high: float, search: tuple[float, float] | None = None
) -> Parameter:
    """A positive number, searched evenly in log."""
    space = None if search is None else Range(*search, log=True)
    return Parameter(default, Range(low, high, log=low > 0, also=(None,) * (default is None)), space)


def _whole(
    default: int | None,
    low: int,
    high: float = 10**6,
    search: tuple[int, int] | None = None,
    log: bool = False,
) -> Parameter:
    space = None if search is None else Range(*search, integer=True, log=log)
    return Parameter(default, Range(low, high, integer=True, also=(None,) * (default is None)), space)


def _choice(default: Any, *options: Any, search: bool = False) -> Parameter:
    choice = Choice(options)
    return Parameter(default, choice, choice if search else None)


def _dummy(ask: Request) -> Any:
    from sklearn.dummy import DummyClassifier, DummyRegressor

    return DummyClassifier(strategy="prior") if ask.classifies else DummyRegressor()


def _linear(ask: Request) -> Any:
    from sklearn.linear_model import LinearRegression

    return LinearRegression()


def _ridge(ask: Request) -> Any:
    from fivesigma.models.penalised import PenalisedLeastSquares

    return PenalisedLeastSquares(lam=ask.params["lambda"], l1_ratio=0.0)


def _sparse(ask: Request) -> Any:
    from fivesigma.models.penalised import PenalisedLeastSquares

    return PenalisedLeastSquares(
        lam=ask.params["lambda"], relative=ask.params["relative"], l1_ratio=ask.params.get("l1_ratio", 1.0)
    )


def _logistic(ask: Request) -> Any:
    from fivesigma.models.penalised import PenalisedLogistic

    return PenalisedLogistic(lam=ask.params["lambda"])


def _neighbours(ask: Request) -> Any:
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    made = KNeighborsClassifier if ask.classifies else KNeighborsRegressor
    algorithm = "kd_tree" if ask.n_columns <= _TREE_COLUMNS else "brute"
    return made(**{"n_neighbors": 1, **ask.params}, algorithm=algorithm)


def _neighbours_cost(n: float, p: float, K: float) -> float:
    if p <= _TREE_COLUMNS:
        return float(8e-3 + n * p * 1.5e-7 + 1.5e-7 * n * log2(n + 2) * 1.63 ** (p - 5))
    return 8e-3 + n * p * 1.5e-7 + 1e-9 * n * n * (1 + p / 100)


def _naive_bayes(ask: Request) -> Any:
    from sklearn.naive_bayes import GaussianNB

    return GaussianNB(**ask.params)


def _tree(ask: Request) -> Any:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    made = DecisionTreeClassifier if ask.classifies else DecisionTreeRegressor
    return made(**ask.params, random_state=0)  # only ties are drawn: no seed to report


def _forest(ask: Request) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    made = RandomForestClassifier if ask.classifies else RandomForestRegressor
    return made(**ask.params, random_state=ask.seed, n_jobs=1)


def _extra_trees(ask: Request) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    made = ExtraTreesClassifier if ask.classifies else ExtraTreesRegressor
    return made(**ask.params, random_state=ask.seed, n_jobs=1)


def _boosting(ask: Request) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    made = HistGradientBoostingClassifier if ask.classifies else HistGradientBoostingRegressor
    settings = {name: value for name, value in ask.params.items() if name != "early_stopping"}
    return made(**settings, early_stopping=False, random_state=ask.seed)


def _svm(ask: Request) -> Any:
    from sklearn.svm import SVC, SVR

    if ask.classifies:
        return SVC(**ask.params, cache_size=500)
    from fivesigma.models.scaled_target import ScaledTarget

    return ScaledTarget(SVR(**ask.params, cache_size=500))


def _path(name: str) -> Builder:
    """A kind that is always a path: at its default settings."""

    def build(ask: Request) -> Any:
        from fivesigma.study import paths

        settings = paths.settle(kind(name), {}, ask.params)
        assert settings is not None
        return paths.estimator(kind(name), settings)

    return build


def _xgboost(ask: Request) -> Any:
    from fivesigma._core.errors import require

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


_TREE = {
    "max_depth": _whole(None, 1, 10**4, (2, 30)),
    "min_samples_leaf": _whole(5, 1, search=(1, 100), log=True),
}
_FEATURES_TRIED = Parameter("sqrt", Range(1e-6, 1.0, also=("sqrt", "log2", None)), Range(0.1, 1.0))
_LAMBDA = _real(1.0, 1e-12, INF, (1e-4, 1e4))
_RELATIVE = {"lambda": _real(None, 1e-300, INF), "relative": _real(1e-3, 1e-12, 1.0, (1e-5, 0.5))}

_ANY = ("l2", "l1", "elastic-net", "none")
_OF_NUMBERS = ("squared", "huber", "absolute", "quantile", "poisson")

_ALL: tuple[Kind, ...] = (
    Kind(
        "dummy",
        "always: what the target's frequencies (or mean) alone achieve, the floor to beat",
        BOTH,
        _dummy,
        lambda n, p, K: 7e-3 + 1e-7 * n,
        native_nan=True,
    ),
    Kind(
        "linear",
        "a straight line in each feature, coefficients with a meaning; more rows than features",
        REGRESSION,
        _linear,
        lambda n, p, K: 8e-3 + n * p * (1.9e-7 + 1e-9 * p),
        standardise=True,
    ),
    Kind(
        "ridge",
        "as linear, with many or correlated features",
        REGRESSION,
        _ridge,
        lambda n, p, K: 8e-3 + n * p * (1.9e-7 + 1e-9 * p),
        {"lambda": _LAMBDA},
        standardise=True,
        flexibility=("lambda", 100.0),
        penalties=("l2", "none"),
        losses=_OF_NUMBERS,
    ),
    Kind(
        "lasso",
        "as linear, when few of the features should matter: the others get a coefficient of zero",
        REGRESSION,
        _sparse,
        lambda n, p, K: 9e-3 + n * p * (2e-7 + 1e-9 * p),
        _RELATIVE,
        standardise=True,
        flexibility=("relative", 10.0),
        lineup=False,
        penalties=("l1",),
        losses=_OF_NUMBERS,
    ),
    Kind(
        "elastic-net",
        "as lasso, when the features that matter come in correlated sets",
        REGRESSION,
        _sparse,
        lambda n, p, K: 9e-3 + n * p * (2e-7 + 1e-9 * p),
        {**_RELATIVE, "l1_ratio": Parameter(0.5, Range(0.01, 1.0), Range(0.05, 1.0))},
        standardise=True,
        flexibility=("relative", 10.0),
        lineup=False,
        penalties=("elastic-net",),
        losses=_OF_NUMBERS,
    ),
    Kind(
        "huber",
        "as ridge, when some targets are far off: beyond delta a residual counts linearly",
        REGRESSION,
        _path("huber"),
        lambda n, p, K: 0.3 + n * p * (6e-6 + 6e-8 * p),
        {"delta": _real(1.0, 1e-300, INF)},
        standardise=True,
        lineup=False,
        penalties=_ANY,
        losses=("huber",),
        folded=True,
    ),
    Kind(
        "lasso-by-minimize",
        "to see the lasso done by scipy's L-BFGS-B over θ⁺ − θ⁻ with bounds: zeros are exact",
        REGRESSION,
        _path("lasso-by-minimize"),
        lambda n, p, K: 0.5 + n * p * 2e-5,
        standardise=True,
        lineup=False,
        penalties=("l1",),
        losses=("squared",),
        folded=True,
        minimiser="L-BFGS-B",
    ),
    Kind(
        "lasso-by-bfgs",
        "to see what not to do: scipy's BFGS on |θ| as it stands leaves no coefficient at zero",
        REGRESSION,
        _path("lasso-by-bfgs"),
        lambda n, p, K: 0.5 + n * p * (2e-5 + 1e-5 * p),
        standardise=True,
        lineup=False,
        penalties=("l1",),
        losses=("squared",),
        folded=True,
        minimiser="BFGS",
    ),
    Kind(
        "logistic",
        "classes divided by a plane; well-calibrated probabilities, coefficients with a meaning",
        CLASSIFICATION,
        _logistic,
        lambda n, p, K: 8e-3 + n * p * (1.7e-7 + 1e-9 * p * (1 if K <= 2 else K * K)),
        {"lambda": _LAMBDA},
        standardise=True,
        flexibility=("lambda", 100.0),
        penalties=_ANY,
        losses=("logistic",),
        scale_free=True,
    ),
    Kind(
        "naive-bayes",
        "a quick second baseline: each feature a Gaussian in each class, independent of the others",
        CLASSIFICATION,
        _naive_bayes,
        lambda n, p, K: 8e-3 + n * p * (1.4e-7 + 1.2e-8 * K),
        {"var_smoothing": _real(1e-9, 1e-15, 1.0, (1e-9, 1.0))},
        standardise=True,
    ),
    Kind(
        "nearest",
        "a baseline without assumptions: the answer of the nearest event; shows what noise costs",
        BOTH,
        _neighbours,
        _neighbours_cost,
        weights=False,
        standardise=True,
    ),
    Kind(
        "knn",
        "few features, a smooth answer of any shape, not too many events",
        BOTH,
        _neighbours,
        _neighbours_cost,
        {
            "n_neighbors": _whole(15, 1, search=(2, 100), log=True),
            "weights": _choice("uniform", "uniform", "distance", search=True),
        },
        weights=False,
        standardise=True,
        flexibility=("n_neighbors", 4.0),
    ),
    Kind(
        "tree",
        "rules one can read, from one set of cuts; seldom the most accurate",
        BOTH,
        _tree,
        lambda n, p, K: 8e-3 + 1.05e-7 * n * p * log2(n + 2),
        {**_TREE, "min_samples_leaf": _whole(20, 1, search=(1, 200), log=True)},
        native_nan=True,
        flexibility=("min_samples_leaf", 4.0),
    ),
    Kind(
        "forest",
        "a strong answer with hardly any settings; robust to odd features and outliers",
        BOTH,
        _forest,
        lambda n, p, K: 0.12 + 4.2e-6 * n * p**0.5 * log2(n + 2),
        {
            **_TREE,
            "n_estimators": _whole(100, 1, 10**5),
            "max_features": _FEATURES_TRIED,
            "max_samples": Parameter(0.5, Range(1e-6, 1.0, also=(None,)), Range(0.2, 1.0)),
        },
        native_nan=True,
        flexibility=("min_samples_leaf", 4.0),
        stochastic=True,
    ),
    Kind(
        "extra-trees",
        "as forest, with random cuts: faster, smoother, often better where features are noisy",
        BOTH,
        _extra_trees,
        lambda n, p, K: 0.1 + 1.7e-6 * n * p**0.5 * log2(n + 2),
        {**_TREE, "n_estimators": _whole(100, 1, 10**5), "max_features": _FEATURES_TRIED},
        native_nan=True,
        flexibility=("min_samples_leaf", 4.0),
        stochastic=True,
    ),
    Kind(
        "boosting",
        "usually the most accurate on tables from a few thousand events up; missing values are welcome",
        BOTH,
        _boosting,
        lambda n, p, K: (0.1 + 6e-3 * p + 8e-7 * n * p) * (1.0 if K <= 2 else 1.15 * K),
        {
            "max_iter": _whole(150, 1, 10**5, (30, 500), log=True),
            "learning_rate": _real(0.07, 1e-6, 1.0, (0.02, 0.3)),
            "max_leaf_nodes": _whole(15, 2, 10**5, (4, 64), log=True),
            "min_samples_leaf": _whole(20, 1, search=(5, 100), log=True),
            "l2_regularization": Parameter(1.0, Range(0.0, INF), Range(1e-3, 100.0, log=True)),
            "max_features": Parameter(0.5, Range(0.01, 1.0), Range(0.2, 1.0)),
            "early_stopping": _choice(False, False, True),
        },
        native_nan=True,
        flexibility=("max_leaf_nodes", 0.25),
        stochastic=True,
    ),
    Kind(
        "xgboost",
        "as boosting, by XGBoost (extra [boost]): what others in the field compare with",
        BOTH,
        _xgboost,
        lambda n, p, K: (0.15 + 2e-3 * p + 1e-6 * n * p) * (1.0 if K <= 2 else 1.0 * K),
        {
            "max_iter": _whole(200, 1, 10**5, (30, 500), log=True),
            "learning_rate": _real(0.1, 1e-6, 1.0, (0.02, 0.3)),
            "max_depth": _whole(4, 1, 30, (2, 10)),
            "min_child_weight": Parameter(5.0, Range(0.0, INF), Range(1.0, 100.0, log=True)),
            "reg_lambda": Parameter(1.0, Range(0.0, INF), Range(1e-3, 100.0, log=True)),
            "subsample": Parameter(1.0, Range(0.01, 1.0), Range(0.4, 1.0)),
            "colsample": Parameter(0.5, Range(0.01, 1.0), Range(0.2, 1.0)),
            "max_bin": _whole(64, 2, 10**4),
            "early_stopping": _choice(False, False, True),
        },
        native_nan=True,
        flexibility=("max_depth", 0.5),
        stochastic=True,
        lineup=False,
    ),
    Kind(
        "natural-gradient",
        "a distribution for each event, not only a value: intervals that cover, by boosted trees",
        REGRESSION,
        _natural_gradient,
        lambda n, p, K: 0.3 + 2e-5 * n * p,
        {
            "distribution": _choice("normal", "normal", "log-normal", "student-t"),
            "n_estimators": _whole(200, 1, 10**5),
            "learning_rate": _real(0.05, 1e-6, 1.0, (0.02, 0.2)),
            "max_depth": _whole(3, 1, 8, (2, 6)),
            "min_weight_leaf": Parameter(5.0, Range(0.0, INF), Range(1.0, 100.0, log=True)),
            "calibrate": _choice(True, True, False),
        },
        native_nan=True,
        flexibility=("max_depth", 0.5),
        lineup=False,
    ),
    Kind(
        "svm",
        "smooth boundaries between classes in a few thousand events; slow beyond",
        BOTH,
        _svm,
        lambda n, p, K: 0.02 + 2e-9 * n * n * (p + 30) * (0.8 + 0.15 * K),
        {
            "C": _real(1.0, 1e-6, 1e9, (1e-2, 1e3)),
            "gamma": Parameter("scale", Range(1e-12, 1e6, also=("scale",)), Range(1e-4, 1.0, log=True)),
        },
        standardise=True,
        flexibility=("C", 0.1),
        calibrated=True,
    ),
    Kind(
        "linear-svm",
        "two classes divided by a plane, with the squared hinge or the hinge: near the plane only",
        CLASSIFICATION,
        _path("linear-svm"),
        lambda n, p, K: 1.0 + n * p * (2e-5 + 2e-7 * p),
        standardise=True,
        calibrated=True,
        lineup=False,
        penalties=_ANY,
        losses=("squared-hinge", "hinge"),
        folded=True,
        scale_free=True,
    ),
)


def _given_in_python(ask: Request) -> Any:
    raise InputError("'own' stands for an estimator given in Python; it has no builder.")


OWN = Kind(
    "own",
    "your own estimator, given in Python as (name, estimator)",
    BOTH,
    _given_in_python,
    lambda n, p, K: 1.0,
    stochastic=True,
    lineup=False,
)


@cache
def kinds() -> dict[str, Kind]:
    """Return every model by name: ours, then those of packages (entry points ``fivesigma.models``)."""
    found = {each.name: each for each in (*_ALL, OWN)}
    for point in sorted(entry_points(group="fivesigma.models"), key=lambda point: point.name):
        made = point.load()
        if not isinstance(made, Kind) or made.name in found:
            raise InputError(
                f"entry point {point.name!r} of fivesigma.models gives no new Kind; fix or remove it."
            )
        found[made.name] = made
    return found


def kind(name: str, task: str | None = None) -> Kind:
    """Return the model called ``name``; `InputError` where there is none, or where it cannot do ``task``.

    >>> kind("forest").stochastic
    True
    """
    found = kinds()[one_of(name, kinds(), "model")]
    if task is not None and task not in found.tasks:
        raise InputError(f"{name!r} does {' and '.join(found.tasks)}, not {task}; see: fivesigma models.")
    return found


@dataclass(frozen=True)
class Entry:
    """One model of a default line-up; ``skipped`` holds the reason where it would outgrow its share."""

    kind: Kind
    seconds: float
    skipped: str | None = None


def share(n: int) -> float:
    """Core seconds that all fits of one model may take together, for ``n`` training rows.

    Two minutes for up to 10,000 rows, then growing with the square root up to a quarter of an hour: the
    default line-up on 1,000,000 rows of 30 columns ends within 15 minutes on two cores.
    """
    return float(min(120.0 * max(1.0, n / 1e4) ** 0.5, 900.0))


def default_lineup(
    task: str, n: int, p: int, n_classes: int | None = None, *, n_fits: int = 26
) -> tuple[Entry, ...]:
    """Return the line-up of ``task`` for ``n`` training rows and ``p`` columns, baselines first.

    A model whose ``n_fits`` fits would take more than its share is skipped, with the reason.

    >>> [entry.kind.name for entry in default_lineup("regression", 300, 3)][:3]
    ['dummy', 'linear', 'ridge']
    """
    able = [each for each in kinds().values() if task in each.tasks and each.lineup]
    if not able:
        raise InputError(f"no model does {task!r} in this version; expected one of {', '.join(BOTH)}.")
    return tuple(_entry(each, n, p, n_classes or 1, n_fits) for each in able)


def _entry(each: Kind, n: int, p: int, n_classes: int, n_fits: int) -> Entry:
    seconds, allowed = n_fits * each.cost(float(n), float(p), float(n_classes)), share(n)
    reason = None
    if seconds > allowed:
        reason = (
            f"{n_fits} fits on {n:,} rows take {seconds:,.0f} core seconds, its share is {allowed:,.0f}; "
            "name it in [[models]] to run it all the same"
        )
    return Entry(each, seconds, reason)


TRUSTED = (
    "fivesigma.features.impute.MedianImputer",
    "fivesigma.features.onehot.OneHot",
    "fivesigma.features.products.Products",
    "fivesigma.models.calibrated.Calibrated",
    "fivesigma.models.linear.folded.FoldedPath",
    "fivesigma.models.linear.folded.LinearLaw",
    "fivesigma.models.linear.minimised.MinimisedPath",
    "fivesigma.models.linear.path.RegularisationPath",
    "fivesigma.models.penalised.PenalisedLeastSquares",
    "fivesigma.models.penalised.PenalisedLogistic",
    "fivesigma.models.scaled_target.ScaledTarget",
    "fivesigma.models.spaces.Choice",
    "fivesigma.models.spaces.Range",
    "fivesigma.models.stopped.EarlyStopped",
    "fivesigma.models.trees.binning.Bins",
    "fivesigma.models.trees.distributions.LogNormal",
    "fivesigma.models.trees.distributions.Normal",
    "fivesigma.models.trees.distributions.StudentT",
    "fivesigma.models.trees.natural_gradient.NaturalGradientBoosting",
    "fivesigma.models.trees.natural_gradient._Trees",
    "fivesigma.models.trees.recalibration.Recalibration",
    "fivesigma.models.trees.xgboost.XGBoostClassifier",
    "fivesigma.models.trees.xgboost.XGBoostRegressor",
    "fivesigma.models.tuned.Tuned",
    "fivesigma.risk.losses.Absolute",
    "fivesigma.risk.losses.Hinge",
    "fivesigma.risk.losses.Huber",
    "fivesigma.risk.losses.Logistic",
    "fivesigma.risk.losses.Poisson",
    "fivesigma.risk.losses.Quantile",
    "fivesigma.risk.losses.Softmax",
    "fivesigma.risk.losses.Squared",
    "fivesigma.risk.losses.SquaredHinge",
    "fivesigma.risk.penalties.ElasticNet",
    "fivesigma.risk.penalties.L1",
    "fivesigma.risk.penalties.L2",
)
"""Classes of ours that may stand in a saved model: the table `fivesigma.record.models.load` is handed."""
