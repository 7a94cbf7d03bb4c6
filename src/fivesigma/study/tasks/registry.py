"""The tasks by name: ours, then those of packages."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from fivesigma._core.errors import InputError, one_of
from fivesigma.study.tasks.classification import Classification
from fivesigma.study.tasks.clustering import Clustering
from fivesigma.study.tasks.regression import Regression
from fivesigma.study.tasks.task import Task


@cache
def tasks() -> dict[str, Task]:
    """Return every task by name: ours, then those of packages (entry points ``fivesigma.tasks``)."""
    found: dict[str, Task] = {each.name: each for each in (Classification(), Regression(), Clustering())}
    for point in sorted(entry_points(group="fivesigma.tasks"), key=lambda point: point.name):
        made = point.load()
        if not isinstance(made, Task) or made.name in found:
            raise InputError(
                f"entry point {point.name!r} of fivesigma.tasks gives no new Task; fix or remove it."
            )
        found[made.name] = made
    return found


def task(name: str) -> Task:
    """Return the task called ``name``; `InputError` with a suggestion where there is none.

    >>> task("clustering").supervised
    False
    """
    return tasks()[one_of(name, tasks(), "task")]
