"""A name that equals those of scikit-learn's estimators equals no other."""

from __future__ import annotations

import inspect
import sys

import pytest
from sklearn.utils import all_estimators

from fivesigma._core.estimators import EstimatorName

_ALL = all_estimators()


@pytest.fixture
def listed():
    """The name, and how often the whole list was asked for."""
    asked = []

    def estimators():
        asked.append(1)
        return _ALL

    return EstimatorName(estimators), asked


def _classes():
    """Full names of the classes in all modules of scikit-learn that are here: all of them, after its list."""
    modules = [each for name, each in sys.modules.copy().items() if name.startswith("sklearn")]
    found = [each for module in modules for each in vars(module).copy().values() if inspect.isclass(each)]
    return {f"{each.__module__}.{each.__name__}" for each in found}


def test_of_all_classes_it_equals_the_estimators(listed):
    name, _ = listed
    estimators = {f"{each.__module__}.{each.__name__}" for _, each in _ALL}
    assert len(estimators) > 150
    assert {each for each in _classes() | estimators if each in [name]} == estimators


@pytest.mark.parametrize("short", sorted({name for name, _ in _ALL})[::9])
def test_an_estimator_is_found_where_it_is_shown(short, listed):
    name, asked = listed
    each = dict(_ALL)[short]
    assert f"{each.__module__}.{each.__name__}" in [name]
    assert not asked


@pytest.mark.parametrize(
    "other",
    [
        *("os.system", "builtins.eval", "sklearn", "sklearn.", "", "Ridge", "sklearn.linear_model.Ridge"),
        *("sklearn.base.BaseEstimator", "sklearn.tree._tree.Tree", "sklearn.tree._classes.BaseDecisionTree"),
        *("sklearn.nowhere._at.Ridge", "sklearnish.linear_model._ridge.Ridge", "sklearn.base.clone"),
        "an estimator of scikit-learn",
    ],
)
def test_what_is_no_estimator_is_not_equal(other, listed):
    name, _ = listed
    assert other not in [name]
    assert name != other
    assert name not in {other}


def test_a_module_is_not_imported_for_being_named(listed):
    name, _ = listed
    assert "sklearn.conftest.Anything" not in [name]
    assert "sklearn.conftest" not in sys.modules
