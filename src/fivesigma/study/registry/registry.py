"""Every model by name: how to build it, what it may be told, what it costs, and when to choose it.

A new model is one `ModelKind` in a table of `fivesigma.study.registry.kinds` (or an entry point of the group
``fivesigma.models`` that loads one); docs/add-a-model.md walks through it. Nothing heavy is imported
until a model is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from fivesigma._core.counts import counted
from fivesigma._core.errors import InputError, one_of
from fivesigma._core.outside import entry_points
from fivesigma.data.shape import ANY
from fivesigma.study.registry.kind import ModelKind, Parameter, Probes, Request
from fivesigma.study.registry.kinds.given import GIVEN
from fivesigma.study.registry.kinds.linear import LINEAR
from fivesigma.study.registry.kinds.margins import MARGINS
from fivesigma.study.registry.kinds.mixtures import MIXTURES
from fivesigma.study.registry.kinds.neural import NETWORKS
from fivesigma.study.registry.kinds.parameters import ALL
from fivesigma.study.registry.kinds.simple import BASELINES, NEIGHBOURS
from fivesigma.study.registry.kinds.trees import TREES
from fivesigma.study.registry.kinds.trusted import TRUSTED

__all__ = [
    "TRUSTED",
    "Entry",
    "ModelKind",
    "Parameter",
    "Probes",
    "Request",
    "default_lineup",
    "kind",
    "kinds",
    "share",
]

_ALL = (*BASELINES, *LINEAR, *NEIGHBOURS, *TREES, *MARGINS, *NETWORKS, *MIXTURES, *GIVEN)
"""In the order of a line-up: baselines first."""


def _given_in_python(ask: Request) -> Any:
    raise InputError("'own' stands for an estimator given in Python; it has no builder.")


OWN = ModelKind(
    "own",
    "your own estimator, given in Python as (name, estimator)",
    ALL,
    _given_in_python,
    lambda n, p, K: 1.0,
    stochastic=True,
    lineup=False,
    data=ANY,
)


@cache
def kinds() -> dict[str, ModelKind]:
    """Return every model by name: ours, then those of packages (entry points ``fivesigma.models``)."""
    found = {each.name: each for each in (*_ALL, OWN)}
    for point in sorted(entry_points(group="fivesigma.models"), key=lambda point: point.name):
        made = point.load()
        if not isinstance(made, ModelKind) or made.name in found:
            raise InputError(
                f"entry point {point.name!r} of fivesigma.models gives no new ModelKind; fix or remove it."
            )
        found[made.name] = made
    return found


def kind(name: str, task: str | None = None) -> ModelKind:
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
    """One model of a default line-up; ``skipped`` holds the reason where it would outgrow its share.

    ``params`` are what it has in place of its defaults among so many events.
    """

    kind: ModelKind
    seconds: float
    skipped: str | None = None
    params: Mapping[str, float] = field(default_factory=dict)


def share(n: int) -> float:
    """Core seconds that all fits of one model may take together, for ``n`` training rows.

    Two minutes for up to 10,000 rows, then growing with the square root up to a quarter of an hour: the
    default line-up on 1,000,000 rows of 30 columns ends within 15 minutes on two cores.
    """
    return float(min(120.0 * max(1.0, n / 1e4) ** 0.5, 900.0))


def default_lineup(
    task: str,
    n: int,
    p: int,
    n_classes: int | None = None,
    *,
    n_fits: int = 26,
    data: str = "table",
    measured: int | None = None,
) -> tuple[Entry, ...]:
    """Return the line-up of ``task`` for ``n`` training events of kind ``data`` with ``p`` values, baselines first.

    ``measured`` is how many features models of tables get of events that are none, None where they get nothing.
    A model whose ``n_fits`` fits would take more than its share is skipped, with the reason.

    >>> [entry.kind.name for entry in default_lineup("regression", 300, 3)][:3]
    ['dummy', 'linear', 'ridge']
    """
    widths = {data: p} | ({} if measured is None else {"table": measured})
    able = [
        each
        for each in kinds().values()
        if task in each.tasks and each.lineup and not set(widths).isdisjoint(each.data)
    ]
    if not able:
        raise InputError(f"no model does {task!r} in this version; expected one of {', '.join(ALL)}.")
    return tuple(
        _entry(each, n, widths[data if data in each.data else "table"], n_classes or 1, n_fits)
        for each in able
    )


def _entry(each: ModelKind, n: int, p: int, n_classes: int, n_fits: int) -> Entry:
    params, rows = each.large(n), float(n)
    if params:
        rows *= params["max_samples"] / each.parameters["max_samples"].default
    seconds, allowed = n_fits * each.cost(rows, float(p), float(n_classes)), share(n)
    reason = None
    if seconds > allowed:
        reason = (
            f"{counted(n_fits, 'fit')} on {counted(n, 'row')} cost {seconds:,.0f} core seconds, its share is "
            f"{allowed:,.0f}; name it in [[models]] to run it all the same"
        )
    return Entry(each, seconds, reason, params)
