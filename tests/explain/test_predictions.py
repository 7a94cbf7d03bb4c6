"""What an explanation asks of a model: the rows that count, codes of classes, trees, and groups of columns."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from fivesigma._core.errors import InputError, WrongTypeError
from fivesigma.explain.predictions import Asked, codes, grouped, predicted, refuse_unfitted, trees_in

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 2))
Y = X[:, 0]
NAMES = np.where(Y > 0, "signal", "background")
LINE = LinearRegression().fit(X, Y)


def test_rows_of_weight_zero_are_not_asked_about() -> None:
    w = np.repeat([0.0, 2.0], 15)
    asked = Asked(LINE, X, Y, "rmse", w)
    assert (len(asked.X), len(asked.y), asked.w.tolist()) == (15, 15, [2.0] * 15)
    assert asked.score(asked.y + 0.5) == pytest.approx(-0.5)  # more is better
    with pytest.raises(InputError, match="every weight is zero"):
        Asked(LINE, X, Y, "rmse", np.zeros(30))


def test_a_target_of_another_length_and_what_is_no_metric_are_refused() -> None:
    with pytest.raises(InputError, match=r"y has shape \(29,\); expected \(30,\)"):
        Asked(LINE, X, Y[1:], "r2", None)
    with pytest.raises(WrongTypeError, match="expected the name of a metric"):
        Asked(LINE, X, Y, np.mean, None)


def test_labels_become_the_codes_of_the_models_classes() -> None:
    model = LogisticRegression().fit(X, NAMES)
    assert codes(model, np.array(["signal", "background"])).tolist() == [1, 0]
    assert codes(LINE, np.array([1, 2])).dtype == np.float64
    with pytest.raises(InputError, match=r"y holds \['noise'\]; the model knows"):
        codes(model, np.array(["noise", "signal"]))


def test_a_classifier_is_asked_for_probabilities_and_must_have_them() -> None:
    assert predicted(LogisticRegression().fit(X, NAMES), X).shape == (30, 2)
    assert predicted(LINE, X).shape == (30,)
    with pytest.raises(InputError, match="gives no probabilities"):
        predicted(LinearSVC().fit(X, NAMES), X)


def test_what_is_not_fitted_is_refused_and_what_is_not_scikit_learns_passes() -> None:
    with pytest.raises(InputError, match="is not fitted"):
        refuse_unfitted(LinearRegression())
    refuse_unfitted(object())


def test_trees_are_found_in_one_output_trees_and_averages_of_them() -> None:
    forest = RandomForestRegressor(3, random_state=0).fit(X, Y)
    assert trees_in(forest) == list(forest.estimators_)
    assert trees_in(make_pipeline(forest)) == list(forest.estimators_)
    tree = DecisionTreeClassifier().fit(X, NAMES)
    assert trees_in(tree) == [tree]
    for model in (
        LINE,
        object(),
        make_pipeline(StandardScaler(), forest),
        GradientBoostingRegressor(n_estimators=2).fit(X, Y),
        RandomForestRegressor(2).fit(X, np.column_stack([Y, Y])),
    ):
        assert trees_in(model) is None


@pytest.mark.parametrize("groups", [[[0, 1], [1]], [[]], [[2]], [[-1]]])
def test_groups_that_are_no_sets_of_columns_are_refused(groups) -> None:
    with pytest.raises(InputError, match="are not sets of the columns 0 to 1"):
        grouped(groups, 2)


def test_what_is_no_list_of_columns_is_refused() -> None:
    with pytest.raises(WrongTypeError, match="expected lists of columns"):
        grouped([0, 1], 2)
    assert grouped([[1], [0]], 2) == ((1,), (0,))
