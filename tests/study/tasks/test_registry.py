"""Tasks by name: ours, those of packages, and none twice."""

from __future__ import annotations

import pytest

from fivesigma._core.errors import InputError
from fivesigma.study.tasks import registry
from fivesigma.study.tasks.regression import Regression


class Point:
    name = "counts"

    def __init__(self, made):
        self.made = made

    def load(self):
        return self.made


@pytest.fixture
def packages(monkeypatch):
    found = []
    monkeypatch.setattr(registry, "outside", lambda group: {each.name: each.load() for each in found})
    registry.tasks.cache_clear()
    yield found
    registry.tasks.cache_clear()


def test_ours_are_there_by_their_names():
    assert {name: each.name for name, each in registry.tasks().items()} == {
        name: name for name in ("classification", "regression", "clustering")
    }


def test_a_package_brings_a_task_of_its_own(packages):
    made = type("Counts", (Regression,), {"name": "counts"})()
    packages.append(Point(made))
    assert registry.task("counts") is made


@pytest.mark.parametrize("made", [object(), Regression()], ids=["no task", "a name that is taken"])
def test_what_is_no_new_task_is_refused(packages, made):
    packages.append(Point(made))
    with pytest.raises(InputError, match=r"'counts' of fivesigma\.tasks gives no new Task"):
        registry.tasks()


def test_an_unknown_task_has_a_suggestion():
    with pytest.raises(InputError, match="Did you mean 'regression'"):
        registry.task("regresion")
