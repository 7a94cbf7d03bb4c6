"""Searches: what they propose, when a trial is stopped, what it is scored with, and what a kill leaves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.tree import DecisionTreeClassifier

from fivesigma._core.errors import InputError
from fivesigma.models.folds import inner_folds
from fivesigma.models.linear.folded import FoldedPath
from fivesigma.models.search import SEARCHES, Question, grid_points, proposals
from fivesigma.models.spaces import Choice, Range
from fivesigma.models.trials import hopeless
from fivesigma.models.tuned import Tuned
from fivesigma.record.journal import Journal

RNG = np.random.default_rng(7)
X = RNG.normal(size=(240, 3))
Y = (X[:, 0] + X[:, 1] * X[:, 2] + 0.7 * RNG.normal(size=240) > 0).astype(int)
SPACE = {"max_depth": Range(2, 5, integer=True), "criterion": Choice(("gini", "entropy"))}
TREE = DecisionTreeClassifier(max_depth=60, random_state=0)


@pytest.mark.parametrize("search", SEARCHES)
def test_no_search_leaves_the_range_that_was_given(search) -> None:
    model = Tuned(TREE, SPACE, trials=9, search=search, n_folds=3).fit(X, Y)
    assert len(model.trials_) <= 9
    for trial in model.trials_:
        assert all(SPACE[name].contains(value) for name, value in trial["params"].items())
    if search != "grid":  # the fixed setting, moved into the range
        assert model.trials_[0]["params"] == {"criterion": "gini", "max_depth": 5}


def test_the_start_lies_in_the_space() -> None:
    assert Range(2, 30, integer=True).start(None) == 30
    assert Range(0.1, 10.0, log=True).start("scale") == pytest.approx(1.0)
    assert Range(2, 30).start(1) == 2
    assert Choice(("a", "b")).start("c") == "a"


def test_a_grid_fills_its_budget_and_no_more() -> None:
    points = grid_points(SPACE, 8)
    assert len(points) == 8
    assert {point["max_depth"] for point in points} == {2, 3, 4, 5}
    assert len(grid_points({"a": Range(0.0, 1.0), "b": Range(0.0, 1.0)}, 10)) == 9
    with pytest.raises(InputError, match=r"the smallest grid has 4 points and trials = 3; allow 4 trials"):
        grid_points(SPACE, 3)


def test_a_random_search_covers_both_ends() -> None:
    question = Question({"n": Range(1, 3, integer=True)}, {"n": 2}, 200, seed=1)
    drawn = [params["n"] for _, params in proposals("random", question, [])]
    assert all(count > 40 for count in np.bincount(drawn)[1:])


def test_an_edge_is_an_edge() -> None:
    assert Range(1.0, 100.0, log=True).edge(1.05) == "low"
    assert Range(1.0, 100.0, log=True).edge(10.0) is None
    assert Range(2, 100, integer=True).edge(99) is None
    assert Choice((1, 2)).edge(2) is None


def test_a_trial_as_good_as_the_best_is_seldom_stopped() -> None:
    rng = np.random.default_rng(0)
    stopped = 0
    for _ in range(2000):
        lead = rng.normal(size=5)
        stopped += any(hopeless(lead[:k].tolist(), 5) for k in range(1, 6))
    assert stopped / 2000 < 0.08  # three looks at 5 % each, with the wider variance
    assert not hopeless([-1.0], 5)
    assert not hopeless([-1.0, -1.1, -0.9, -1.0, -1.0], 5)  # the last fold is done: nothing to save
    assert not hopeless([float("nan"), -1.0, -1.0], 5)


def test_stopping_does_not_change_the_choice_here() -> None:
    space = {"max_depth": Range(1, 12, integer=True)}
    one, two = (
        Tuned(TREE, space, trials=12, search="grid", stop=stop, random_state=2).fit(X, Y)
        for stop in (True, False)
    )
    assert one.best_params_ == two.best_params_
    assert any(trial["state"] == "stopped" for trial in one.trials_)
    assert all(len(trial["folds"]) < 5 for trial in one.trials_ if trial["state"] == "stopped")


class Killed(Journal):
    """Ends the process, as far as the search can tell, after some trials."""

    def add(self, trial) -> None:
        if len(self.trials()) == 4:
            raise KeyboardInterrupt
        super().add(trial)


@pytest.mark.parametrize("search", SEARCHES)
def test_a_killed_search_goes_on_to_the_same_end(search, tmp_path: Path) -> None:
    made = Tuned(TREE, SPACE, trials=8, search=search, n_folds=3, random_state=4)
    whole = made.fit(X, Y)
    trials, prediction = whole.trials_, whole.predict_proba(X)
    with pytest.raises(KeyboardInterrupt):
        made.fit(X, Y, journal=Killed(tmp_path / "steps"))
    with (tmp_path / "steps").open("ab") as file:
        file.write(b"0123 {half a li")
    journal = Journal(tmp_path / "steps")
    assert journal.trials() == trials[:4]
    again = made.fit(X, Y, journal=journal)
    assert again.trials_ == journal.trials() == trials
    np.testing.assert_array_equal(again.predict_proba(X), prediction)


def test_a_journal_of_another_search_is_not_believed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "steps")
    journal.add({"params": {"max_depth": 99}, "state": "complete", "score": 1.0, "merit": 1.0, "folds": []})
    model = Tuned(TREE, SPACE, trials=3, n_folds=3).fit(X, Y, journal=journal)
    assert model.best_score_ < 1.0


class Prior(ClassifierMixin, BaseEstimator):
    """Says the same probability of class 1 for each event, right for one half of the events only."""

    def __init__(self, side: int = 0) -> None:
        self.side = side

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        p = np.where((X[:, 0] > 0) == self.side, 0.95, 0.05)
        return np.column_stack([1 - p, p])

    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)


def test_trials_are_scored_with_the_weights_of_the_evaluation() -> None:
    rng = np.random.default_rng(1)
    Z = rng.normal(size=(200, 1))
    heavy = rng.random(200) < 0.3  # a minority that says the opposite and carries the weight
    y = np.where(heavy, Z[:, 0] <= 0, Z[:, 0] > 0).astype(int)
    v = np.where(heavy, 50.0, 1.0)
    made = Tuned(Prior(), {"side": Choice((0, 1))}, trials=2, search="grid", metric="log_loss", n_folds=3)
    assert made.fit(Z, y).best_params_ == {"side": 1}
    assert made.fit(Z, y, sample_weight=np.ones(200), evaluation_weight=v).best_params_ == {"side": 0}
    assert made.fit(Z, y, sample_weight=v).best_params_ == {"side": 0}


def test_yields_are_those_of_the_whole_sample() -> None:
    made = Tuned(TREE, SPACE, trials=2, metric="ams", n_folds=3)
    small = made.fit(X, Y).best_score_
    whole = made.fit(X, Y, evaluation_weight=np.full(240, 50.0)).best_score_
    assert whole > 3.0 * small


@pytest.mark.parametrize("name", ["roc_auc", "brier"])
def test_what_ranks_is_averaged_over_the_inner_folds_by_their_weights(name) -> None:
    from fivesigma.risk.metrics import metric

    w, score = RNG.uniform(0.5, 2.0, 240), metric(name)
    made = Tuned(TREE, {"max_depth": Choice((3,))}, trials=1, search="grid", metric=name, n_folds=3)
    (trial,) = made.fit(X, Y, evaluation_weight=w).trials_
    fold, p, values = inner_folds(X, Y, n_folds=3, classification=True), np.empty((240, 2)), []
    for k in range(3):
        held = fold == k
        tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X[~held], Y[~held])
        p[held] = tree.predict_proba(X[held])
        values.append(score.value(Y[held], p[held], w[held]))
    mean = np.average(values, weights=[w[fold == k].sum() for k in range(3)])
    assert trial["score"] == pytest.approx(mean if name == "roc_auc" else score.value(Y, p, w), rel=1e-12)


def test_a_path_is_scored_with_the_weights_of_the_evaluation() -> None:
    y = X[:, 0] + np.where(X[:, 1] > 0, 2.0, -2.0) * X[:, 2] + 0.5 * RNG.normal(size=240)
    v = np.where(X[:, 1] > 0, 100.0, 0.01)
    one, two = FoldedPath().fit(X, y), FoldedPath().fit(X, y, evaluation_weight=v)
    np.testing.assert_array_equal(one.coefs_, two.coefs_)  # the fits are the same, their scores are not
    assert not np.allclose(one.mean_, two.mean_)


def test_settings_proposed_twice_are_fitted_once(monkeypatch) -> None:
    from fivesigma.models import trials

    n_runs, run = [], trials.Arena.run
    monkeypatch.setattr(trials.Arena, "run", lambda *args: n_runs.append(1) or run(*args))
    model = Tuned(TREE, {"max_depth": Range(2, 3, integer=True)}, trials=9, search="random").fit(X, Y)
    assert len(model.trials_) == 9
    assert len(n_runs) == 2


@pytest.mark.parametrize("name", ["nll", "crps"])
def test_trials_of_a_model_with_a_law_are_scored_by_its_law(name) -> None:
    from fivesigma.models.trees.natural_gradient import NaturalGradientBoosting
    from fivesigma.risk.metrics import metric
    from fivesigma.risk.predictive import LEVELS

    rng = np.random.default_rng(0)
    table = rng.uniform(-1, 1, size=(120, 2))
    y = table[:, 0] + (0.05 + 0.8 * (table[:, 1] > 0)) * rng.normal(size=120)
    model = NaturalGradientBoosting(n_estimators=15)
    tuned = Tuned(model, {"n_estimators": Choice((5, 15))}, trials=2, search="grid", metric=name, n_folds=2)
    tuned.fit(table, y)
    fold = inner_folds(table, y, n_folds=2, classification=False)
    found = np.empty((120, 13))
    for k in (0, 1):
        fitted = NaturalGradientBoosting(n_estimators=15).fit(table[fold != k], y[fold != k])
        law = fitted.predict_dist(table[fold == k]).quantile(LEVELS)
        found[fold == k] = law
    trial = next(each for each in tuned.trials_ if each["params"]["n_estimators"] == 15)
    assert trial["score"] == pytest.approx(metric(name).value(y, found), rel=1e-12)
