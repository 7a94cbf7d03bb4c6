"""The registry: settings checked, spaces narrowed, costs, line-ups, the law of weights, and the documented table."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from fivesigma._core.errors import FitError, InputError
from fivesigma.features.plan import FeaturePlan
from fivesigma.models.fitting import fit_on
from fivesigma.models.spaces import Choice, Range
from fivesigma.study.analyses.coefficients import describe
from fivesigma.study.fit import recipe
from fivesigma.study.fit.inside import chosen, weighted
from fivesigma.study.registry import registry

KINDS = [kind for kind in registry.kinds().values() if kind.name != "own"]
PAIRS = [
    pytest.param(
        kind,
        task,
        id=f"{kind.name}-{task}",
        marks=[pytest.mark.skip(reason=kind.lacking)] if kind.lacking else [],
    )
    for kind in KINDS
    for task in kind.tasks
    if task != "clustering" and not kind.given  # see test_clustering.py and test_predictions.py
]
BY_WEIGHTS = re.compile(
    r"^\| `(?P<kind>[\w-]+)` \| (?P<when>.*?) \| (?P<task>\w+) \| (?P<weights>.*?) \| (?P<nan>.*?) \|$"
)
PAGE = Path(__file__).parents[2] / "docs" / "how-to-choose.md"
TABLE = {
    match["kind"]: match
    for match in map(BY_WEIGHTS.match, PAGE.read_text(encoding="utf-8").splitlines())
    if match is not None
}

RNG = np.random.default_rng(11)
N = 160
X = RNG.normal(size=(N, 3))
SIGNAL = X[:, 0] + X[:, 1] * X[:, 2] + 0.5 * RNG.normal(size=N)
PLAN = FeaturePlan(("a", "b", "c"))
FAST = {
    "forest": {"n_estimators": 8},
    "quantile-forest": {"n_estimators": 8},
    "extra-trees": {"n_estimators": 8},
    "boosting": {"max_iter": 15},
    "xgboost": {"max_iter": 15},
    "natural-gradient": {"n_estimators": 25},
    "network": {"epochs": 15, "width": 16, "n_members": 2},
    "set": {"epochs": 15, "width": 8, "n_layers": 1, "n_heads": 2, "learning_rate": 0.02},
    "cnn": {"epochs": 15, "channels": [8], "pool": 1, "learning_rate": 0.02},
}


def _target(task: str, name: str = "") -> np.ndarray:
    if name == "poisson":
        return np.floor(np.exp(0.5 * SIGNAL))
    return (SIGNAL > 0).astype(np.int64) if task == "classification" else SIGNAL


def _built(kind, task, seed=0, **extra):
    return recipe.build(
        kind.name, features=PLAN, task=task, seed=seed, params={**FAST.get(kind.name, {}), **extra}
    )


def _predicted(estimator, task) -> np.ndarray:
    return recipe.predict(estimator, Z, 2 if task == "classification" else None)


Z = RNG.normal(size=(60, 3))


@pytest.mark.parametrize(("kind", "task"), PAIRS)
def test_every_kind_fits_gaps_and_categories_and_repeats_itself(kind, task) -> None:
    T = np.column_stack([X, RNG.integers(0, 2, N)])
    T[::9, 1], T[0, 3] = np.nan, np.nan
    plan = FeaturePlan(("a", "b", "c", "s"), {"s": ("u", "v")}, interactions=2)
    made = recipe.build(kind.name, features=plan, task=task, seed=4, params=FAST.get(kind.name))
    n_classes = 2 if task == "classification" else None
    one, two = (recipe.fit(made, T, _target(task, kind.name), np.ones(N)) for _ in range(2))
    p, q = (recipe.predict(each.estimator, T, n_classes) for each in (one, two))
    np.testing.assert_array_equal(p, q)
    assert p.shape == ((N, 2) if n_classes else (N,))
    assert weighted(made) == kind.weights
    if n_classes:
        np.testing.assert_allclose(p.sum(axis=1), 1.0)


@pytest.mark.parametrize(("kind", "task"), PAIRS)
def test_only_the_stochastic_depend_on_the_seed(kind, task) -> None:
    if kind.folded:
        return  # the seed deals the inner folds that choose λ: see test_paths
    one, two = (
        _predicted(recipe.fit(_built(kind, task, seed), X, _target(task, kind.name)).estimator, task)
        for seed in (1, 2)
    )
    assert np.array_equal(one, two) != kind.stochastic


@pytest.mark.parametrize(("kind", "task"), PAIRS)
def test_weight_zero_is_removal(kind, task) -> None:
    w = np.where(np.arange(N) % 4 == 0, 0.0, 2.0)
    one = recipe.fit(_built(kind, task), X, _target(task, kind.name), w)
    two = recipe.fit(_built(kind, task), X[w > 0], _target(task, kind.name)[w > 0], w[w > 0])
    np.testing.assert_array_equal(_predicted(one.estimator, task), _predicted(two.estimator, task))


W = np.random.default_rng(0).integers(0, 4, N).astype(float)
COPIES = np.repeat(np.arange(N), W.astype(int))
KEPT = W > 0


def _both(kind, task, seeds, apart=1000, **extra):
    y = _target(task, kind.name)
    for seed in seeds:
        one = fit_on(_built(kind, task, seed, **extra), X[KEPT], y[KEPT], w=W[KEPT])
        two = fit_on(_built(kind, task, seed + apart * (not kind.folded), **extra), X[COPIES], y[COPIES])
        yield _predicted(one, task), _predicted(two, task)


@pytest.mark.parametrize(("kind", "task"), PAIRS)
def test_the_documented_law_of_weights(kind, task) -> None:
    said = TABLE[kind.name]["weights"]
    if said == "exact":
        ((one, two),) = _both(kind, task, [0], apart=0)
        np.testing.assert_allclose(one, two, atol=1e-8)
    elif said == "not used":
        weighted = fit_on(_built(kind, task), X, _target(task, kind.name), w=W)
        np.testing.assert_array_equal(
            _predicted(weighted, task),
            _predicted(fit_on(_built(kind, task), X, _target(task, kind.name)), task),
        )
        assert not kind.weights
    elif said == "nearly":
        ((one, two),) = _both(kind, task, [0])
        unweighted = _predicted(fit_on(_built(kind, task), X, _target(task, kind.name)), task)
        assert np.abs(one - two).mean() < 0.25 * np.abs(one - unweighted).mean()
    elif said == "in distribution":
        _same_in_distribution(_both(kind, task, range(16)))
    else:
        assert said == "leaves count rows"
        _leaves_of_one_row(kind, task)


def _leaves_of_one_row(kind, task) -> None:
    if not kind.stochastic:
        ((one, two),) = _both(kind, task, [0], min_samples_leaf=1, max_depth=3)  # deeper down cuts tie
        np.testing.assert_allclose(one, two, atol=1e-8)
        return
    _same_in_distribution(_both(kind, task, range(16), min_samples_leaf=1))


def _same_in_distribution(pairs) -> None:
    one, two = (np.array(each) for each in zip(*pairs, strict=True))
    error = np.sqrt((one.var(axis=0, ddof=1) + two.var(axis=0, ddof=1)) / len(one)) + 1e-12
    assert np.sqrt((((one.mean(axis=0) - two.mean(axis=0)) / error) ** 2).mean()) < 1.6


def test_the_documented_table_is_the_registry() -> None:
    assert list(TABLE) == [kind.name for kind in KINDS]
    for kind in KINDS:
        row = TABLE[kind.name]
        assert row["when"] == kind.when
        assert row["task"] == {1: kind.tasks[0], 2: "both", 3: "all"}[len(kind.tasks)]
        assert (row["nan"] == "kept") == kind.native_nan


@pytest.mark.parametrize(
    ("kind", "settings", "match"),
    [
        ("forrest", {}, "Did you mean 'forest'"),
        ("linear", {}, "does regression, not classification"),
        ("forest", {"params": {"n_estimator": 3}}, "Did you mean 'n_estimators'"),
        ("forest", {"params": {"n_estimators": 0}}, "a whole number from 1"),
        ("forest", {"params": {"n_estimators": 2.5}}, "a whole number"),
        ("forest", {"params": {"n_estimators": True}}, "a whole number"),
        ("logistic", {"params": {"lambda": -1}}, "lambda = -1 is not possible"),
        ("knn", {"params": {"weights": "far"}}, "one of uniform, distance"),
        ("naive-bayes", {"params": {"C": 1}}, "not one of its parameters"),
        ("dummy", {"tune": True}, "nothing to tune"),
        ("tree", {"tune": {"max_depth": [2, 5]}, "params": {"max_depth": 3}}, "both fixed and tuned"),
        ("tree", {"tune": {"max_depth": [5, 2]}}, r"\[5, 2\] leaves no range; write \[low, high\]"),
        ("boosting", {"tune": {"monotone": [1, 2]}}, "monotone cannot be tuned"),
        ("tree", {"tune": {"max_depth": [0, 2]}}, "holds 0"),
        ("forest", {"tune": {"engine": ["binned", "exact"]}}, "engine cannot be tuned; give it in params"),
        (
            "boosting",
            {"params": {"engine": "fast"}},
            "engine = 'fast' is not possible; expected 'binned' or 'exact'",
        ),
        ("tree", {"tune": {"max_depth": 3}}, "not a search"),
        ("tree", {"tune": {"depth": [1, 2]}}, "Did you mean 'max_depth'"),
    ],
)
def test_what_cannot_be_is_one_sentence(kind, settings, match) -> None:
    with pytest.raises(InputError, match=match) as caught:
        recipe.build(kind, features=PLAN, task="classification", **settings)
    assert "\n" not in str(caught.value)


def test_searches_as_users_write_them() -> None:
    tree = registry.kind("tree")
    assert tree.narrowed({"max_depth": [2, 30]}) == {"max_depth": Range(2, 30, integer=True)}
    assert tree.narrowed({"max_depth": [2, 5, None]}) == {"max_depth": Choice((2, 5, None))}
    assert registry.kind("logistic").narrowed({"lambda": [0.01, 100]}) == {
        "lambda": Range(0.01, 100, log=True)
    }
    assert tree.narrowed(True) == tree.space


def test_what_is_looked_through_by_default_can_be_asked_for() -> None:
    for kind in KINDS:
        for name, search in kind.space.items():
            if isinstance(search, Range):
                asked = [search.low, search.high]
                assert set(kind.narrowed({name: asked})) == {name}, (kind.name, name)
                assert kind.grid(name, {"from": search.low, "to": search.high, "n": 3}), (kind.name, name)


def test_defaults_and_spaces_lie_in_what_is_allowed() -> None:
    for kind in KINDS:
        for name, parameter in kind.parameters.items():
            assert parameter.allowed.contains(parameter.default), (kind.name, name)
            if isinstance(parameter.search, Range):
                assert parameter.allowed.contains(parameter.search.low), (kind.name, name)
                assert parameter.allowed.contains(parameter.search.high), (kind.name, name)


def test_tuning_takes_the_names_of_the_study_and_reports_them() -> None:
    made = recipe.build(
        "logistic", features=PLAN, task="classification", tune={"lambda": [1e-3, 1e3]}, trials=4
    )
    fitted = recipe.fit(made, X, _target("classification"))
    assert set(chosen(fitted.estimator)) <= {"lambda"}
    assert chosen(recipe.fit(_built(registry.kind("tree"), "regression"), X, SIGNAL).estimator) == {}


def test_probes_step_to_both_sides_and_stop_at_the_end() -> None:
    forest = registry.kind("forest").probes({})
    assert (forest.less, forest.more) == ({"min_samples_leaf": 20}, {"min_samples_leaf": 1})
    assert registry.kind("forest").probes({"min_samples_leaf": 1}).more is None
    assert registry.kind("logistic").probes({"lambda": 2.0}).less == {"lambda": 200.0}
    assert registry.kind("knn").probes({}).less == {"n_neighbors": 60}
    assert registry.kind("dummy").probes({}) == registry.Probes()


def test_lineups_begin_with_a_baseline_and_skip_what_outgrows_its_share() -> None:
    names = [entry.kind.name for entry in registry.default_lineup("classification", 8000, 18, 2)]
    assert names[0] == "dummy"
    assert len(names) >= 8
    skipped = {
        e.kind.name: e.skipped for e in registry.default_lineup("classification", 100_000, 20, 2) if e.skipped
    }
    assert "svm" in skipped
    assert re.search(r"100,000 rows .* core seconds, its share is", skipped["svm"])
    assert not any(entry.skipped for entry in registry.default_lineup("regression", 300, 4))
    with pytest.raises(InputError, match=r"no model does 'dreaming'"):
        registry.default_lineup("dreaming", 10, 2)


@pytest.mark.parametrize(("task", "n_classes"), [("classification", 2), ("regression", None)])
def test_a_million_rows_fit_a_quarter_of_an_hour_on_two_cores(task, n_classes) -> None:
    entries = registry.default_lineup(task, 800_000, 30, n_classes, n_fits=21)
    assert sum(entry.seconds for entry in entries if not entry.skipped) < 0.8 * 2 * 15 * 60
    fitted = {entry.kind.name: entry.params for entry in entries if not entry.skipped}
    assert {"dummy", "tree", "forest", "boosting"} < set(fitted)
    assert fitted["forest"] == fitted["boosting"] == {"max_samples": 0.12}, "a hundred thousand events a tree"


@pytest.mark.parametrize("kind", [each for each in KINDS if each.drawn], ids=lambda kind: kind.name)
@pytest.mark.parametrize("n", [200_001, 205_000, 215_000, 600_000, 800_000, 1_000_000, 7_000_003])
def test_a_tree_of_a_large_line_up_draws_as_many_events_as_are_said_and_hardly_fewer(kind, n) -> None:
    assert 0.9 * kind.drawn < kind.large(n)["max_samples"] * n <= kind.drawn
    assert kind.large(200_000) == {}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_costs_grow_with_the_table(kind) -> None:
    assert 0 < kind.cost(100, 2, 2) <= kind.cost(1e4, 2, 2) <= kind.cost(1e4, 40, 2) < kind.cost(1e7, 40, 2)


def test_ordinary_least_squares_speaks_in_the_units_of_the_columns() -> None:
    T = X * [1e3, 1.0, 1e-3] + [5.0, 0.0, 2e-3]
    plan = FeaturePlan(("a", "b", "c"), interactions=2)
    fitted = recipe.fit(recipe.build("linear", features=plan, task="regression"), T, SIGNAL).estimator
    law = describe(fitted, plan.names, X=T, y=SIGNAL)
    P = np.column_stack([T, T[:, 0] * T[:, 1], T[:, 0] * T[:, 2], T[:, 1] * T[:, 2]])
    plain = LinearRegression(tol=0.0).fit(P, SIGNAL)
    assert law.names == ("a", "b", "c", "a × b", "a × c", "b × c")
    np.testing.assert_allclose(law.values, plain.coef_, rtol=1e-5)
    assert law.intercept == pytest.approx(plain.intercept_, rel=1e-5)
    assert law.r2_train == pytest.approx(plain.score(P, SIGNAL), rel=1e-9)
    assert (
        describe(recipe.fit(_built(registry.kind("tree"), "regression"), X, SIGNAL).estimator, PLAN.names)
        is None
    )


def test_logistic_regression_is_scikit_learns_on_the_same_rows() -> None:
    y = _target("classification")
    fitted = recipe.fit(recipe.build("logistic", features=PLAN, task="classification"), X, y)
    theirs = make_pipeline(StandardScaler(), LogisticRegression(tol=1e-12, max_iter=10_000)).fit(X, y)
    ours = recipe.predict(fitted.estimator, Z, 2)
    np.testing.assert_allclose(ours, theirs.predict_proba(Z), atol=1e-7)
    truth = (Z[:, 0] > 0).astype(int)
    assert roc_auc_score(truth, ours[:, 1]) == pytest.approx(
        roc_auc_score(truth, theirs.predict_proba(Z)[:, 1]), abs=1e-6
    )
    law = describe(fitted.estimator, PLAN.names)
    assert len(law.values) == 3
    assert law.r2_train is None


def test_warnings_are_kept_and_not_printed(recwarn, capfd) -> None:
    made = recipe.build("lasso", features=PLAN, task="regression", params={"lambda": 1e-12})
    made.named_steps["model"].set_params(max_iter=1, tol=1e-15)
    fitted = recipe.fit(made, X, SIGNAL)
    assert not fitted.converged
    assert "converge" in " ".join(fitted.messages)
    assert len(recwarn) == 0
    assert capfd.readouterr() == ("", "")


def test_a_failing_fit_is_one_sentence() -> None:
    made = recipe.build(
        "logistic", features=FeaturePlan(("a", "b", "c"), missing="drop"), task="classification"
    )
    with pytest.raises(FitError, match=r"NaN") as caught:
        recipe.fit(made, np.where(X > 2, np.nan, X), _target("classification"))
    assert "\n" not in str(caught.value)
    with pytest.raises(FitError, match=r"one class"):
        recipe.fit(made, X, np.zeros(N, dtype=int))
    with pytest.raises(FitError, match=r"weights"):
        recipe.fit(made, X, _target("classification"), np.zeros(N))


def test_a_users_estimator_is_cloned_seeded_and_given_probabilities() -> None:
    mine = LinearSVC()
    made = recipe.build_user(mine, features=PLAN, task="classification", seed=7)
    fitted = recipe.fit(made, X, _target("classification"))
    assert recipe.predict(fitted.estimator, Z, 2).shape == (60, 2)
    assert not hasattr(mine, "coef_")
    assert made.estimator.named_steps["model"].random_state == 7
    with pytest.raises(InputError, match=r"does not do regression"):
        recipe.build_user(mine, features=PLAN, task="regression")
    with pytest.raises(InputError, match=r"is no estimator"):
        recipe.build_user(3, features=PLAN, task="regression")


def test_the_saved_names_are_the_classes_that_exist() -> None:
    for name in registry.TRUSTED:
        module, _, attribute = name.rpartition(".")
        assert hasattr(__import__(module, fromlist=[attribute]), attribute)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"learning_rate": [0.1, 0.2, 0.3], "n_members": 2}, "learning_rate has 3 entries for 2 members"),
        ({"hidden": [[4], [5], [6]], "n_members": 2}, "hidden has 3 entries for 2 members"),
        ({"loss": "mixture", "setting": 2.5}, "setting of the loss 'mixture' is 2.5"),
        ({"nesterov": True}, "nesterov = True goes with optimiser = 'sgd'"),
        ({"device": "cuda"}, "device = 'cuda' goes with engine = 'torch'"),
    ],
)
def test_settings_of_a_network_that_contradict_each_other_are_refused_before_anything_is_fitted(
    params, said
) -> None:
    with pytest.raises(InputError, match=said):
        registry.kind("mlp").checked(params)


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("name", ["forest", "extra-trees", "boosting"])
def test_an_engine_is_ours_or_scikit_learns_with_the_same_settings(name, task) -> None:
    given = {**FAST.get(name, {}), "min_samples_leaf": 7} | (
        {"monotone": {"a": 1}} if name == "boosting" else {}
    )
    plan = FeaturePlan(("a", "b", "c"), classification=task == "classification")
    ours, exact = (
        recipe.build(name, features=plan, task=task, params={**given, **engine})
        for engine in ({}, {"engine": "exact"})
    )
    assert type(ours.steps[-1][1]).__module__.startswith("fivesigma.models.trees.")
    assert [step for step, _ in ours.steps] == ["model"]
    assert [step for step, _ in exact.steps] == ["ranks", "model"]
    assert any(each.__module__.startswith("sklearn.ensemble") for each in type(exact.steps[-1][1]).__mro__)
    for setting in ("min_samples_leaf", "max_features"):
        assert getattr(ours.steps[-1][1], setting) == getattr(exact.steps[-1][1], setting)
    for made in (ours, exact):
        recipe.fit(made, Z, Z[:, 0] if task == "regression" else (Z[:, 0] > 0).astype(int))
