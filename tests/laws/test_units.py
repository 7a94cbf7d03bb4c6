"""Units do not matter: every kind, feature step, estimator and metric answers alike in erg and in GeV.

The exemptions of this file are those of docs/units.md, and a test holds the two together.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import fivesigma.features
import fivesigma.models
from fivesigma._core.outputs import Output
from fivesigma.features.components import NonNegativeParts, PrincipalComponents
from fivesigma.features.impute import MedianImputer
from fivesigma.features.onehot import OneHot
from fivesigma.features.plan import FeaturePlan
from fivesigma.features.products import Products
from fivesigma.features.ranks import RankCodes
from fivesigma.features.reduction import Reduction
from fivesigma.features.selection import L1Selection, RecursiveElimination, Univariate
from fivesigma.features.standard import StandardScores
from fivesigma.models import mixtures, neural, trees
from fivesigma.models.calibrated import Calibrated
from fivesigma.models.folds import inner_folds
from fivesigma.models.linear.estimators import LinearClassifier, LinearRegressor
from fivesigma.models.linear.folded import FoldedPath
from fivesigma.models.linear.minimised import MinimisedPath
from fivesigma.models.linear.path import RegularisationPath
from fivesigma.models.mixtures.clusterer import Clusterer
from fivesigma.models.mixtures.leading import LeadingComponent
from fivesigma.models.neural.features import Autoencoder, NetworkFeatures
from fivesigma.models.penalised import PenalisedLeastSquares, PenalisedLogistic
from fivesigma.models.per_target import PerTarget
from fivesigma.models.scaled_target import ScaledTarget
from fivesigma.models.spaces import Range
from fivesigma.models.stopped import EarlyStopped
from fivesigma.models.tempered import Tempered
from fivesigma.models.trees import regressors
from fivesigma.models.tuned import Tuned
from fivesigma.risk.losses import Absolute, Huber, Poisson, Quantile
from fivesigma.risk.metric import Unit
from fivesigma.risk.metrics import METRICS
from fivesigma.risk.penalties import L1, L2, ElasticNet
from fivesigma.risk.predictive import LEVELS
from fivesigma.risk.splits import make_split
from fivesigma.study.fit import recipe
from fivesigma.study.registry.registry import kinds
from tests.laws.units import ONE, UNITS, Units, table

X, VALUE, LABEL = table()
FIT, HELD = slice(0, 90), slice(90, None)
COUNT = np.round(4 * np.exp(np.clip(VALUE, -2.0, 2.0)))
NAMES = ("a", "b", "c", "d")
QUICK = {
    "mlp": {"epochs": 30, "n_members": 2},
    "network": {"epochs": 10, "n_members": 3, "width": 8, "n_blocks": 2},
    "cnn": {"epochs": 6, "channels": [4, 4], "pool": 1, "n_members": 2},
    "set": {"epochs": 6, "width": 8, "n_layers": 1, "n_heads": 2},
    "gibbs-mixture": {"n_sweeps": 60, "n_warmup": 40, "n_chains": 2, "n_components": 2},
    "forest": {"n_estimators": 15},
    "extra-trees": {"n_estimators": 15},
    "quantile-forest": {"n_estimators": 15},
    "boosting": {"max_iter": 30},
    "xgboost": {"max_iter": 30},
    "natural-gradient": {"n_estimators": 30},
    "variational-mixture": {"n_components": 2, "starts": 1},
    "gaussian-mixture": {"max_components": 3, "starts": 2},
    "k-means": {"max_components": 3, "starts": 2},
    "agglomerative": {"max_components": 3},
    "spectral": {"max_components": 3},
}
TOLERANCE = {"lasso-by-bfgs": 2e-2}
"""BFGS on a kink stops where rounding lets it; every other kind keeps its predictions to 1e-9 of the spread."""
SLOW = ("quantile", "linear-svm", "lasso-by-bfgs", "mean-shift", "poisson")
FEW = {name: UNITS[name] for name in ("tiny", "far from zero")}
OWN_UNIT = {"spiked-gibbs": "its noise has unit variance: the columns have the unit of the noise"}
ONE_UNIT = {"leading-component": "a direction of largest variance is one of columns in one unit"}
"""Kinds that are exempt, and those that keep their answer where all columns change by one common factor."""

OF_SHARES = {"fidelity": "its target is a share: nothing may be added to it"}
OF_LOGARITHMS = {
    "log_fidelity": "its target is a logarithm: anything may be added to it, and it has no factor"
}
"""Metrics of targets that have no other unit."""

MADE_ELSEWHERE = ("own", "predictions")


def _kinds(*tasks: str) -> list[tuple[str, str]]:
    return [
        (task, name)
        for name, kind in kinds().items()
        for task in tasks
        if task in kind.tasks and name not in (*MADE_ELSEWHERE, *OWN_UNIT) and not kind.lacking
    ]


def _fitted(kind: str, task: str, plan: FeaturePlan, Z, y, **settings):
    made = recipe.build(kind, features=plan, task=task, params=QUICK.get(kind), seed=1, **settings)
    return recipe.fit(made, Z[FIT], None if y is None else y[FIT]).estimator


def _supervised(kind: str, task: str, units: Units, plan: FeaturePlan | None = None, **settings):
    """Return the predictions of held-out rows, told in the plain unit."""
    plan = plan or FeaturePlan(NAMES, classification=task == "classification")
    if task == "classification":
        return recipe.predict(
            _fitted(kind, task, plan, units.columns(X), LABEL, **settings), units.columns(X)[HELD], 2
        )
    if kind == "poisson":
        units = Units(units.a, units.b, units.c)
    target = units.target(COUNT if kind == "poisson" else VALUE)
    model = _fitted(kind, task, plan, units.columns(X), target, **settings)
    return units.told(recipe.predict(model, units.columns(X)[HELD]))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("task", "kind"), _kinds("regression", "classification"))
def test_a_kind_predicts_alike_in_all_units(task, kind) -> None:
    plain = _supervised(kind, task, Units((1.0,) * 4))
    for name, units in (FEW if kind in SLOW else UNITS).items():
        allowed = max(TOLERANCE.get(kind, 0.0), units.rounding if task == "regression" else 1e-9)
        np.testing.assert_allclose(_supervised(kind, task, units), plain, rtol=0, atol=allowed, err_msg=name)


def _clustered(kind: str, units: Units, **params) -> dict[str, np.ndarray]:
    """Return labels, probabilities and log densities, these of the plain unit."""
    plan, Z = FeaturePlan(NAMES), units.columns(X)
    settings = {**QUICK.get(kind, {}), **params}
    made = recipe.build(kind, features=plan, task="clustering", params=settings, seed=1)
    pipeline = recipe.fit(made, Z[FIT]).estimator
    model, seen = pipeline.steps[-1][1], Z
    for _, step in pipeline.steps[:-1]:
        seen = step.transform(seen)
    said = {"labels": model.labels_.astype(float)}
    if model.can("predict_proba"):
        said["proba"] = model.predict_proba(seen)
    if model.can("score_samples"):
        said["density"] = model.score_samples(seen) + units.log_volume
    return said


SPHERICAL = [(kind, "spherical") for kind in ("gaussian-mixture", "variational-mixture", "gibbs-mixture")]
OTHERS = [(kind, shape) for kind, _ in SPHERICAL for shape in ("diag", "tied")]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("kind", "shape"), [*((kind, None) for _, kind in _kinds("clustering")), *SPHERICAL, *OTHERS]
)
def test_a_clustering_is_alike_in_all_units(kind, shape) -> None:
    params = {} if shape is None else {"covariance_type": shape}
    plain = _clustered(kind, Units((1.0,) * 4), **params)
    some = FEW if kind in SLOW else UNITS
    for name, units in (ONE if kind in ONE_UNIT or shape == "spherical" else some).items():
        found = _clustered(kind, units, **params)
        for said, values in plain.items():
            np.testing.assert_allclose(found[said], values, rtol=0, atol=1e-9, err_msg=f"{name}: {said}")


GAPPY = np.where(np.random.default_rng(5).random(X.shape) < 0.1, np.nan, X)
PLANS = {
    "products and powers": {"interactions": 2, "polynomial": 3},
    "components": {"reductions": (Reduction("pca", 2),)},
    "non-negative parts": {"reductions": (Reduction("nmf", 2),)},
    "eliminated by a forest": {"reductions": (Reduction("rfe", 2, "forest"),)},
    "in order of a lasso": {"reductions": (Reduction("l1", 3),), "interactions": 2},
}


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize(
    ("task", "kind"), [("regression", "lasso"), ("regression", "forest"), ("classification", "knn")]
)
def test_a_recipe_with_feature_steps_predicts_alike_in_all_units(plan, task, kind) -> None:
    made = FeaturePlan(NAMES, classification=task == "classification", **PLANS[plan])
    plain = _supervised(kind, task, Units((1.0,) * 4), made)
    for name, units in UNITS.items():
        found = _supervised(kind, task, units, made)
        np.testing.assert_allclose(found, plain, rtol=0, atol=units.rounding, err_msg=name)


@pytest.mark.parametrize("missing", ["native", "impute"])
@pytest.mark.parametrize("kind", ["ridge", "forest", "boosting"])
def test_gaps_and_weights_leave_the_law_as_it_is(kind, missing) -> None:
    w = np.random.default_rng(6).integers(1, 4, len(X)).astype(float)
    plan = FeaturePlan(NAMES, missing=missing)
    plain = None
    for name, units in {"plain": Units((1.0,) * 4), **UNITS}.items():
        made = recipe.build(kind, features=plan, task="regression", params=QUICK.get(kind), seed=1)
        Z, y = units.columns(GAPPY), units.target(VALUE)
        found = units.told(recipe.predict(recipe.fit(made, Z[FIT], y[FIT], w[FIT]).estimator, Z[HELD]))
        plain = found if plain is None else plain
        np.testing.assert_allclose(found, plain, rtol=0, atol=units.rounding, err_msg=name)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["ridge", "boosting"])
def test_a_search_chooses_alike_in_all_units(kind) -> None:
    plain = _supervised(kind, "regression", Units((1.0,) * 4), tune=True, trials=4)
    for name in ("powers of two", "large", "tiny", "ordinary"):
        found = _supervised(kind, "regression", UNITS[name], tune=True, trials=4)
        np.testing.assert_allclose(found, plain, rtol=0, atol=1e-9, err_msg=name)


# --- estimators and steps by themselves -----------------------------------------------------------------------------

STEPS = [
    StandardScores(),
    RankCodes(),
    PrincipalComponents(2),
    NonNegativeParts(2),
    Autoencoder(2, epochs=5),
    NetworkFeatures(2, epochs=5),
    Univariate(2),
    Univariate(2, "mutual-information"),
    RecursiveElimination(2),
    RecursiveElimination(2, "forest"),
    RecursiveElimination(2, trees.ExtraTreesRegressor(100, random_state=0)),
    L1Selection(2),
    MedianImputer(),
    Products(2, 3),
    OneHot({1: ("u", "v")}),
]
IN_UNITS = (MedianImputer, Products, Univariate, RecursiveElimination, L1Selection)
"""Steps that hand some columns on in their units."""


@pytest.mark.parametrize("step", STEPS, ids=lambda step: re.sub(r"\s+", "", str(step)))
@pytest.mark.parametrize("classification", [False, True])
def test_a_feature_step_makes_the_same_of_all_units(step, classification) -> None:
    coded = isinstance(step, OneHot)
    source = np.column_stack([X[:, 0], LABEL, X[:, 2:]]) if coded else X
    w = np.random.default_rng(7).integers(1, 4, len(X)).astype(float)
    given = {} if coded else {"sample_weight": w[FIT]}
    plain = clone(step).fit(source[FIT], (LABEL if classification else VALUE)[FIT], **given)
    expected = plain.transform(source[HELD])
    for name, units in UNITS.items():
        if coded:
            units = Units((units.a[0], 1.0, *units.a[2:]), (units.b[0], 0.0, *units.b[2:]))
        y = LABEL if classification else units.target(VALUE)
        made = clone(step).fit(units.columns(source)[FIT], y[FIT], **given)
        found = made.transform(units.columns(source)[HELD])
        columns = getattr(made, "chosen_", range(4)) if isinstance(step, IN_UNITS) or coded else ()
        for k, j in enumerate(columns):
            if not (coded and k > 2):
                j = (0, 2, 3)[k] if coded else j
                found[:, k] = (found[:, k] - units.b[j]) / units.a[j]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9, err_msg=name)


def _standard(estimator) -> object:
    """Behind standard scores: a penalty weighs coefficients in the units of the columns that it is given."""
    return make_pipeline(StandardScores(), estimator)


def _ranked(estimator) -> object:
    """Behind ranks, as a recipe has it."""
    return make_pipeline(RankCodes(), estimator)


SUPERVISED = {
    "ScaledTarget": ScaledTarget(),
    "PenalisedLeastSquares": _standard(PenalisedLeastSquares(lam=None, l1_ratio=0.5)),
    "PenalisedLogistic": _standard(PenalisedLogistic()),
    "RegularisationPath": _standard(RegularisationPath(select="best")),
    "RegularisationPath, L1": _standard(RegularisationPath(penalty=L1())),
    "RegularisationPath, elastic net": _standard(RegularisationPath(penalty=ElasticNet(0.5), select="best")),
    "RegularisationPath, Huber": _standard(RegularisationPath(Huber(), ElasticNet(0.5))),
    "RegularisationPath, absolute": _standard(RegularisationPath(Absolute(), L2())),
    "RegularisationPath, no intercept": _standard(
        RegularisationPath(Quantile(0.3), L1(), fit_intercept=False)
    ),
    "FoldedPath": FoldedPath(_standard(RegularisationPath(penalty=ElasticNet(0.5))), n_folds=3),
    "MinimisedPath": _standard(MinimisedPath()),
    "LinearRegressor": _standard(LinearRegressor()),
    "LinearClassifier": _standard(LinearClassifier()),
    "Calibrated": Calibrated(_standard(SVC()), n_folds=2),
    "EarlyStopped": EarlyStopped(_ranked(trees.HistGradientBoostingRegressor(max_iter=20)), n_folds=3),
    "EarlyStopped, classes": EarlyStopped(_ranked(HistGradientBoostingClassifier(max_iter=20)), n_folds=3),
    "Tuned": Tuned(
        _ranked(DecisionTreeClassifier(random_state=0)),
        {"decisiontreeclassifier__max_depth": Range(1, 5, integer=True)},
        trials=3,
        n_folds=2,
    ),
    "DepthPath": trees.DepthPath(),
    "TreeClassifier": trees.TreeClassifier(random_state=0),
    "TreeRegressor": trees.TreeRegressor(random_state=0),
    "ForestClassifier": trees.ForestClassifier(10, random_state=0),
    "ForestRegressor": trees.ForestRegressor(10, random_state=0),
    "BoostingClassifier": trees.BoostingClassifier(max_iter=20),
    "BoostingRegressor": trees.BoostingRegressor(max_iter=20),
    "QuantileForest": trees.QuantileForest(trees.ExtraTreesRegressor(10, random_state=0)),
    "QuantileForest, scikit-learn's": trees.QuantileForest(
        regressors.ExtraTreesRegressor(10, random_state=0)
    ),
    "NaturalGradientBoosting": trees.NaturalGradientBoosting(n_estimators=30),
    "NaturalGradientBoosting, Student": trees.NaturalGradientBoosting("student-t", 30, calibrate=False),
    "SplitConformal": trees.SplitConformal(),
    "MLPRegressor": neural.MLPRegressor((8,), epochs=40, n_members=2, n_jobs=1),
    "MLPRegressor, float64": neural.MLPRegressor((8,), loss="gaussian", epochs=40, dtype="float64", n_jobs=1),
    "Tempered": Tempered(neural.MLPClassifier((8,), epochs=40, n_jobs=1)),
    "MLPClassifier": neural.MLPClassifier((8,), epochs=40, n_jobs=1),
    "DecisionTreeRegressor": _ranked(trees.DecisionTreeRegressor(random_state=0)),
    "RandomForestRegressor": _ranked(trees.RandomForestRegressor(10, random_state=0)),
    "ExtraTreesClassifier": trees.ExtraTreesClassifier(10, random_state=0),
    "ExtraTreesRegressor": trees.ExtraTreesRegressor(10, random_state=0),
    "ExtraTreesRegressor, scikit-learn's": _ranked(regressors.ExtraTreesRegressor(10, random_state=0)),
    "HistGradientBoostingRegressor": _ranked(trees.HistGradientBoostingRegressor(max_iter=20)),
}
if importlib.util.find_spec("xgboost"):
    SUPERVISED |= {
        "XGBoostRegressor": trees.XGBoostRegressor(max_iter=20),
        "XGBoostClassifier": trees.XGBoostClassifier(max_iter=20),
    }
NEED_TORCH = {
    "NetworkRegressor": neural.NetworkRegressor(width=8, n_blocks=2, n_members=3, epochs=10),
    "NetworkClassifier": neural.NetworkClassifier(width=8, n_blocks=2, n_members=3, epochs=10),
    "CNNRegressor": neural.CNNRegressor(channels=(4,), epochs=6),
    "CNNClassifier": neural.CNNClassifier(channels=(4, 4), pool=1, epochs=6),
    "SetRegressor": neural.SetRegressor(width=8, n_heads=2, epochs=6),
    "SetClassifier": neural.SetClassifier(width=8, n_layers=1, n_heads=2, epochs=6),
    "ModuleRegressor": neural.ModuleRegressor(epochs=10),
    "ModuleClassifier": neural.ModuleClassifier(epochs=10, n_members=2),
}
if importlib.util.find_spec("torch"):
    SUPERVISED |= NEED_TORCH
CLUSTERERS = {
    "Clusterer": Clusterer(_standard(KMeans(3, n_init=2, random_state=0)), None),
    "LeadingComponent": LeadingComponent(),
    "GaussianMixtureGibbs": mixtures.GaussianMixtureGibbs(
        2, n_sweeps=60, n_warmup=40, n_chains=2, random_state=0
    ),
}
EXEMPT = {
    "SpikedMixtureGibbs": OWN_UNIT["spiked-gibbs"],
    "SineCosine": "an angle has a period, which the step is told in the unit of its column",
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SUPERVISED)
def test_an_estimator_predicts_alike_in_all_units(name) -> None:
    estimator = SUPERVISED[name]
    classifies = is_classifier(estimator)
    predict = "predict_proba" if classifies else "predict"
    plain = getattr(clone(estimator).fit(X[FIT], (LABEL if classifies else VALUE)[FIT]), predict)(X[HELD])
    for unit, units in UNITS.items():
        Z, y = units.columns(X), LABEL if classifies else units.target(VALUE)
        if "no intercept" in name and units.d:
            continue  # a target that may not be shifted
        found = getattr(clone(estimator).fit(Z[FIT], y[FIT]), predict)(Z[HELD])
        found = found if classifies else units.told(found)
        np.testing.assert_allclose(found, plain, rtol=0, atol=units.rounding, err_msg=unit)


def test_several_targets_have_each_their_own_unit() -> None:
    model = PerTarget(_ranked(trees.RandomForestRegressor(5, random_state=0)))
    both, units = np.column_stack([VALUE, X[:, 0]]), UNITS["large"]
    plain = clone(model).fit(X[FIT], both[FIT]).predict(X[HELD])
    told = np.column_stack([1e60 * VALUE, 1e-60 * X[:, 0]])
    found = clone(model).fit(units.columns(X)[FIT], told[FIT]).predict(units.columns(X)[HELD])
    np.testing.assert_allclose(found / [1e60, 1e-60], plain, rtol=0, atol=1e-9)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CLUSTERERS)
def test_a_clusterer_labels_alike_in_all_units(name) -> None:
    plain = clone(CLUSTERERS[name]).fit(X[FIT]).predict(X[HELD])
    for unit, units in (ONE if name == "LeadingComponent" else UNITS).items():
        Z = units.columns(X)
        found = clone(CLUSTERERS[name]).fit(Z[FIT]).predict(Z[HELD])
        np.testing.assert_array_equal(found, plain, err_msg=unit)


def test_no_estimator_of_ours_is_without_the_law() -> None:
    found = set()
    for package in (fivesigma.features, fivesigma.models):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for name, each in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                public = not name.startswith("_") and each.__module__ == module.name
                if public and issubclass(each, BaseEstimator) and not inspect.isabstract(each):
                    found.add(each)
    found = {each.__name__ for each in found if not any(issubclass(o, each) for o in found - {each})}
    if not importlib.util.find_spec("xgboost"):
        found -= {"XGBoostRegressor", "XGBoostClassifier"}
    if not importlib.util.find_spec("torch"):
        found -= set(NEED_TORCH)
    tested = {name.split(",")[0] for name in (*SUPERVISED, *CLUSTERERS, *EXEMPT, "PerTarget")}
    assert found == tested | {type(step).__name__ for step in STEPS}


# --- what a user has given in the unit of the target -----------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("loss", "penalty", "power"),
    [(Huber, L1(), 1), (Huber, L2(), 0), (Quantile, L1(), 0), (Quantile, L2(), -1), (Poisson, L2(), 1)],
)
@pytest.mark.parametrize("folded", [False, True])
def test_a_lambda_that_was_given_has_the_unit_of_the_objective(loss, penalty, power, folded) -> None:
    """``Σ w ℓ(f, y) + λ Ω(θ)`` in another unit of y is the same objective where λ goes by ``c^power``."""
    target, found = (COUNT if loss is Poisson else VALUE), []
    for c in (1.0, 1e-9, 1e14):
        made = loss(0.7 * c) if loss is Huber else loss()
        path = _standard(RegularisationPath(made, penalty, [30.0 * c**power, 3.0 * c**power]))
        model = FoldedPath(path, n_folds=3) if folded else path
        found.append(model.fit(X[FIT], c * target[FIT]).predict(X[HELD]) / c)
    np.testing.assert_allclose(found[1], found[0], rtol=0, atol=1e-7)
    np.testing.assert_allclose(found[2], found[0], rtol=0, atol=1e-7)


def test_lambdas_of_a_default_are_told_in_the_unit_of_the_objective() -> None:
    Z = StandardScores().fit_transform(X)
    path = RegularisationPath(penalty=L1()).fit(Z, 1e14 * VALUE)
    again = RegularisationPath(penalty=L1(), lambdas=path.lambdas_).fit(Z, 1e14 * VALUE)
    np.testing.assert_allclose(again.coefs_, path.coefs_, rtol=0, atol=1e-9 * 1e14)
    assert path.lambdas_[0] == pytest.approx(path.lambda_max_)


# --- folds, inner folds, metrics -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", UNITS)
def test_folds_and_inner_folds_do_not_move_with_a_unit(name) -> None:
    Z = UNITS[name].columns(X)
    given = {"test": np.arange(30)}
    plain, found = (make_split(each, LABEL, task="classification", test_rows=given) for each in (X, Z))
    np.testing.assert_array_equal(found.folds, plain.folds)
    np.testing.assert_array_equal(found.units, plain.units)
    plain, found = (inner_folds(each, LABEL, n_folds=4, classification=True, seed=2) for each in (X, Z))
    np.testing.assert_array_equal(found, plain)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_goes_with_units_as_it_says(name) -> None:
    metric, rng = METRICS[name], np.random.default_rng(4)
    w = rng.integers(1, 4, len(X)).astype(float)
    if name in OF_LOGARITHMS:
        error = 0.3 * rng.normal(size=len(X))
        plain = metric.value(VALUE, VALUE + error, w)
        assert metric.value(VALUE + 9.0, VALUE + error - 4.0, w) == pytest.approx(plain, abs=1e-9)
        return
    assert isinstance(metric.unit, Unit)
    if metric.scores not in (Output.VALUE, Output.LAW):
        assert metric.unit in (Unit.NONE, Unit.LOG_COLUMNS)
        return
    value = VALUE + 0.3 * rng.normal(size=len(X))
    law = value[:, None] + np.linspace(-1.0, 1.2, len(LEVELS))
    for prediction in (value, law) if metric.scores is Output.LAW else (value,):
        plain = metric.value(VALUE, prediction, w, cut=metric.cut(VALUE, prediction, w))
        for units in UNITS.values():
            if name in OF_SHARES:
                units = Units(units.a, units.b, units.c)
            y, p = units.target(VALUE), units.target(prediction)
            found = metric.value(y, p, w, cut=metric.cut(y, p, w))
            expected = metric.converted(plain, units.c)
            slack = 1e-9 * (1.0 + abs(plain)) + 30 * units.rounding
            scale = units.c if metric.unit is Unit.TARGET else 1.0
            assert found == pytest.approx(expected, rel=0, abs=slack * scale) or np.isnan(plain)


# --- the documentation ----------------------------------------------------------------------------------------------

DOCS = Path(__file__).parents[2] / "docs" / "units.md"


def test_every_kind_has_its_line_in_the_docs() -> None:
    text = DOCS.read_text()
    for name in set(kinds()) - set(MADE_ELSEWHERE):
        assert f"`{name}`" in text, name
    for metric, each in METRICS.items():
        plain = each.unit is Unit.NONE and metric not in OF_SHARES
        assert plain or f"`{metric}`" in text, metric
    for exempt in (*OWN_UNIT, *ONE_UNIT):
        assert f"`{exempt}`" in text.split("## Exempt")[1], exempt
