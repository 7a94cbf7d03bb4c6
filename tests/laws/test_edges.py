"""Numbers at the edge of float64: the right value or one sentence, for every kind of model and every metric."""

from __future__ import annotations

import warnings
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fivesigma._core.checks import LARGEST, SMALLEST
from fivesigma._core.errors import FitError, FivesigmaError, InputError
from fivesigma._core.outputs import Output
from fivesigma._core.weights import kish
from fivesigma.data.dataset import Dataset
from fivesigma.features.plan import FeaturePlan
from fivesigma.models.linear import LinearClassifier, LinearRegressor, RegularisationPath
from fivesigma.models.penalised import PenalisedLeastSquares, PenalisedLogistic
from fivesigma.risk import evidence
from fivesigma.risk.influence import Scored, influence, standard_errors
from fivesigma.risk.intervals import score, total_dof, welch_satterthwaite
from fivesigma.risk.metrics import METRICS, Metric
from fivesigma.risk.predictive import KNOTS
from fivesigma.risk.resampling import Part, measure
from fivesigma.study.fit import recipe
from fivesigma.study.registry import registry

N = 120
RNG = np.random.default_rng(5)
X = RNG.normal(size=(N, 3))
SIGNAL = X[:, 0] + 0.5 * X[:, 1] + 0.5 * RNG.normal(size=N)
CODES = (SIGNAL > 0).astype(np.int64)
CUT, SCALE = 0.4, 3.0
KINDS = [
    pytest.param(kind, task, id=f"{kind.name}-{task}")
    for kind in registry.kinds().values()
    for task in kind.tasks
    if task != "clustering" and kind.name not in ("own", "predictions") and not kind.lacking
]
FAST = {
    name: {"n_estimators": 4} for name in ("forest", "quantile-forest", "extra-trees", "natural-gradient")
} | {name: {"max_iter": 5} for name in ("boosting", "xgboost")}
FAST["cnn"] = {"epochs": 3, "channels": [4], "hidden": 4}
FAST["set"] = {"epochs": 3, "width": 8, "n_layers": 1, "n_heads": 2}
FAST["network"] = {"epochs": 4, "width": 8, "n_members": 2}
TASKS = {
    Output.PROBABILITY: "classification",
    Output.VALUE: "regression",
    Output.LAW: "regression",
    Output.LABEL: "clustering",
    Output.DENSITY: "clustering",
}
SCENES = [pytest.param(each, TASKS[each.scores], id=each.name) for each in METRICS.values()]
OF_LOGARITHMS = ("log_fidelity",)
"""Metrics of a target that is a logarithm, which knows no other unit: a constant may be added to it, no factor."""
OF_NUMBERS = [
    pytest.param(each, id=each.name)
    for each in METRICS.values()
    if TASKS[each.scores] == "regression" and each.name not in OF_LOGARITHMS
]
OF_YIELDS = ("asimov", "asimov_10", "ams", "adjusted_rand")
"""Metrics that are not the same for weights twice as large: yields are what they are of, or pairs of events."""


def judged(task: str, c: float = 1.0):
    """Truth and prediction of a task; numbers in units of ``c``."""
    rng = np.random.default_rng(0)
    if task == "regression":
        return c * SIGNAL, c * (SIGNAL + rng.normal(0.1, 0.4, N))
    if task == "clustering":
        return CODES, np.where(rng.random(N) < 0.2, 1 - CODES, CODES)
    p = 1.0 / (1.0 + np.exp(-SIGNAL - rng.normal(size=N)))
    return CODES, np.column_stack([1.0 - p, p])


def value(each: Metric, y, prediction, w, *, width: float = 0.5) -> float:
    extra = {"cut": CUT, "scale": SCALE} if each.binary_only else {}
    return each.value(y, prediction, w, **({"cut": width} if each.name in ("nll", "crps") else extra))


# --- metrics


@pytest.mark.parametrize(("each", "task"), SCENES)
@pytest.mark.parametrize("c", [1e-130, 1e-60, 1e60, 1e130])
def test_weights_of_any_size_give_the_same_score(each, task, c):
    y, prediction = judged(task)
    w = RNG.uniform(0.5, 1.5, N)
    plain = value(each, y, prediction, w)
    scaled = value(each, y, prediction, c * w)
    if each.name in OF_YIELDS:
        assert np.isfinite(scaled)
    else:
        assert scaled == pytest.approx(plain, rel=1e-11)


@pytest.mark.parametrize(("each", "task"), SCENES)
@pytest.mark.parametrize("c", [1e-130, 1e-60, 1e60, 1e130])
def test_targets_of_any_size_give_the_score_in_their_unit(each, task, c):
    if task != "regression" or each.name in OF_LOGARITHMS:
        return
    plain = value(each, *judged(task), None)
    scaled = value(each, *judged(task, c), None, width=0.5 * c)
    assert scaled == pytest.approx(each.converted(plain, c), rel=1e-11)


def test_a_metric_says_how_it_goes_with_the_unit_of_its_target_unless_that_is_a_logarithm():
    assert tuple(each.name for each in METRICS.values() if each.unit is None) == OF_LOGARITHMS
    each, (y, prediction) = METRICS["log_fidelity"], judged("regression")
    assert each.value(y + 40.0, prediction - 7.0) == pytest.approx(each.value(y, prediction), rel=1e-11)


@pytest.mark.parametrize(("each", "task"), SCENES)
@pytest.mark.parametrize("size", [1e307, 1e-170, 5e-324])
def test_weights_that_float64_cannot_square_are_refused_in_a_sentence(each, task, size):
    y, prediction = judged(task)
    for call in (
        lambda w: value(each, y, prediction, w),
        lambda w: each.resampled(y, prediction, w, np.ones((2, N), np.uint8), cut=CUT),
    ):
        with pytest.raises(InputError, match=r"weights: the largest number is .*give it in another unit"):
            call(np.full(N, size))


@pytest.mark.parametrize(("each", "task"), SCENES)
@pytest.mark.parametrize("c", [1e160, 1e-170, 1e307])
def test_targets_that_float64_cannot_square_are_refused_in_a_sentence(each, task, c):
    if task != "regression":
        return
    y, prediction = judged(task, c)
    with pytest.raises(InputError, match="the largest number is"):
        value(each, y, prediction, None, width=c)
    if each.name not in ("nll", "crps"):
        with pytest.raises(InputError, match="a prediction: the largest number is 1e"):
            value(each, SIGNAL, np.where(np.arange(N) == 3, max(c, 1e160), SIGNAL), None)


@pytest.mark.parametrize(("each", "task"), SCENES)
@given(seed=st.integers(0, 10**6), perfect=st.booleans())
@settings(deadline=None, max_examples=20, derandomize=True)
def test_no_rounding_carries_a_score_beyond_its_bounds(each, task, seed, perfect):
    rng = np.random.default_rng(seed)
    y, prediction = judged(task)
    if perfect:
        prediction = {"classification": np.column_stack([y == 0, y == 1]) * 1.0}.get(task, y)
    w = 10.0 ** rng.uniform(-8, 8, N)
    counts = rng.poisson(1.0, (20, N)).astype(np.uint8)
    extra = {"cut": CUT} if each.binary_only or each.name in ("nll", "crps") else {}
    found = np.r_[each.value(y, prediction, w, **extra), each.resampled(y, prediction, w, counts, **extra)]
    known = found[np.isfinite(found)]
    assert each.lower is None or (known >= each.lower).all()
    assert each.upper is None or (known <= each.upper).all()
    if perfect and each.name in ("roc_auc", "accuracy", "balanced_accuracy", "r2", "pearson_r", "overlap"):
        assert (known == 1.0).all()


def test_an_area_of_a_little_more_than_one_is_one_and_has_an_exact_limit():
    rng = np.random.default_rng(0)
    for _ in range(200):
        y = np.r_[np.zeros(40, np.int64), np.ones(40, np.int64)]
        score_of = np.sort(rng.random(80))
        w = rng.exponential(size=80)
        part = Part.draw(y, rng, w=w, n_boot=50)
        measured = measure(METRICS["roc_auc"], part, np.column_stack([1 - score_of, score_of]))
        found = score(measured, claim="fitted")
        assert (found.value, found.high) == (1.0, 1.0)
        assert found.method.endswith("one-sided exact limit of a perfect ranking")


def test_a_ranking_of_many_classes_is_within_its_bounds_too():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(12), 5)
    p = np.eye(12)[y] * 0.9 + 0.01
    for _ in range(50):
        assert METRICS["roc_auc"].value(y, p, rng.exponential(size=60)) == 1.0


# --- evidence


@pytest.mark.parametrize("each", OF_NUMBERS)
@pytest.mark.parametrize("c", [1e-120, 1e-90, 1e90, 1e120])
def test_scores_intervals_and_differences_are_those_of_moderate_numbers_in_another_unit(each, c):
    found = []
    for unit in (1.0, c):
        y, prediction = judged("regression", unit)
        rng = np.random.default_rng(1)
        part = Part.draw(y, rng, n_boot=200)
        width = 0.5 * unit
        refits = [prediction + 0.1 * unit * np.random.default_rng(k).normal(size=N) for k in range(4)]
        a = measure(each, part, prediction, refits=refits, cut=width)
        b = measure(each, part, 0.5 * prediction, refits=[0.5 * r for r in refits], cut=width)
        found.append((score(a), evidence.compare(a, b)))
    (plain, difference), (scaled, other) = found
    unit = each.converted(1.0, c) - each.converted(0.0, c)
    for name in ("value", "low", "high"):
        assert getattr(scaled, name) == pytest.approx(each.converted(getattr(plain, name), c), rel=1e-7)
    assert other.sigma_local == pytest.approx(difference.sigma_local, rel=1e-7)
    assert other.difference == pytest.approx(difference.difference * unit, rel=1e-9)


@pytest.mark.parametrize("each", OF_NUMBERS)
@pytest.mark.parametrize("c", [1e-130, 1e130])
def test_influences_and_standard_errors_scale_with_the_unit(each, c):
    counts = np.random.default_rng(0).poisson(1.0, (10, N)).astype(np.uint8)
    plain, scaled = (Scored(*judged("regression", unit), None, cut=0.5 * unit) for unit in (1.0, c))
    unit = each.converted(1.0, c) - each.converted(0.0, c)
    for call in (lambda s: influence(each, s), lambda s: standard_errors(each, s, counts)):
        was, now = call(plain), call(scaled)
        assert (was is None) == (now is None)
        if was is not None:
            np.testing.assert_allclose(now / unit, was, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("c", [1e-130, 1e130])
def test_effective_numbers_have_no_unit(c):
    w = RNG.uniform(0.5, 1.5, 50)
    assert kish(c * w) == pytest.approx(kish(w), rel=1e-12)
    assert Dataset.from_arrays(X[:50], w=c * w).n_effective == pytest.approx(kish(w), rel=1e-12)
    assert welch_satterthwaite([c, 2 * c], [3.0, 5.0]) == pytest.approx(
        welch_satterthwaite([1.0, 2.0], [3.0, 5.0])
    )
    assert total_dof(c**2, c**2, spread=c**2, dofs=(8.0, 4.0)) == pytest.approx(
        total_dof(1, 1, spread=1, dofs=(8, 4))
    )


# --- models and the door


@pytest.mark.parametrize(("kind", "task"), KINDS)
@pytest.mark.parametrize("c", [1e160, 1e307, 1e-170])
def test_every_kind_refuses_numbers_that_cannot_be_squared_in_a_sentence(kind, task, c):
    made = recipe.build(
        kind.name, features=FeaturePlan(("a", "b", "c")), task=task, params=FAST.get(kind.name)
    )
    y = CODES if task == "classification" else np.floor(np.exp(SIGNAL))
    with pytest.raises(FitError, match=r"the weights: the largest number is .*give it in another unit"):
        recipe.fit(made, X, y, np.full(N, c))
    if task == "regression":
        with pytest.raises(FitError, match=r"the target: the largest number is .*give it in another unit"):
            recipe.fit(made, X, c * y)


@pytest.mark.parametrize(("kind", "task"), KINDS)
@pytest.mark.parametrize("c", [2.0**-400, 2.0**400])
def test_every_kind_takes_weights_and_targets_of_great_size_or_says_why_not(kind, task, c):
    made = recipe.build(
        kind.name, features=FeaturePlan(("a", "b", "c")), task=task, params=FAST.get(kind.name)
    )
    classes = 2 if task == "classification" else None
    y, w = CODES if classes else np.floor(np.exp(SIGNAL)), RNG.uniform(0.5, 1.5, N)
    plain, weighted = (recipe.fit(made, X, y, each).estimator for each in (w, c * w))
    np.testing.assert_array_equal(recipe.predict(weighted, X, classes), recipe.predict(plain, X, classes))
    if classes:
        return
    with suppress(FivesigmaError):  # a refusal, in a sentence; any other exception is a fault
        predicted = recipe.predict(recipe.fit(made, X, c * y).estimator, X)
        assert np.isfinite(predicted).all()


@pytest.mark.parametrize(
    "model",
    [
        LinearRegressor(),
        LinearClassifier(),
        RegularisationPath(lambdas=[1.0]),
        PenalisedLeastSquares(),
        PenalisedLogistic(),
    ],
    ids=lambda m: type(m).__name__,
)
def test_estimators_refuse_them_by_themselves(model):
    y = CODES if "Log" in type(model).__name__ or "Classifier" in type(model).__name__ else SIGNAL
    with pytest.raises(InputError, match="the largest number is"):
        model.fit(X, y, np.full(N, 1e307))
    if y is SIGNAL:
        with pytest.raises(InputError, match="y: the largest number is"):
            model.fit(X, 1e160 * y)


@pytest.mark.parametrize("c", [2 * LARGEST, 1e160, 1e300, 0.5 * SMALLEST, 1e-170])
def test_the_door_refuses_them_by_name(c):
    top = np.abs(SIGNAL).max()
    with pytest.raises(InputError, match="target 'flux': the largest number is"):
        Dataset.from_arrays(X, SIGNAL / top * c, target="flux", task="regression")
    with pytest.raises(InputError, match="weight 'w': the largest number is"):
        Dataset.from_arrays(X, SIGNAL, w=np.full(N, c), weight="w", target="flux", task="regression")


def test_laws_of_values_far_apart_have_finite_scores():
    y = np.array([0.0, 1e100])
    law = y[:, None] + 1e90 * KNOTS
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("nll", "crps"):
            assert np.isfinite(METRICS[name].value(y, law))
