"""The tasks by name: ours, then those of packages."""

from __future__ import annotations

from functools import cache

from fivesigma._core.errors import InputError, one_of
from fivesigma._core.outside import outside
from fivesigma.study.tasks.classification import Classification
from fivesigma.study.tasks.clustering import Clustering
from fivesigma.study.tasks.regression import Regression
from fivesigma.study.tasks.task import Task


@cache
def tasks() -> dict[str, Task]:
    """Return every task by name: ours, then those of packages (entry points ``fivesigma.tasks``)."""
    found: dict[str, Task] = {each.name: each for each in (Classification(), Regression(), Clustering())}
    for name, loaded in outside("tasks").items():
        made = loaded() if isinstance(loaded, type) else loaded
        if not isinstance(made, Task) or made.name in found or made.name != name:
            raise InputError(
                f"entry point {name!r} of fivesigma.tasks gives no new Task of that name; fix or remove it."
            )
        found[name] = made
    return found


def task(name: str) -> Task:
    """Return the task called ``name``; `InputError` with a suggestion where there is none.

    >>> task("clustering").supervised
    False
    """
    return tasks()[one_of(name, tasks(), "task")]
