"""From ``[explain]`` to what the fits are asked: which models, which columns belong together, at which values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import did_you_mean
from fivesigma.data.dataset import Dataset
from fivesigma.explain.importance import cluster_columns
from fivesigma.risk.splits import Split
from fivesigma.study.fit.images import described
from fivesigma.study.plan import Entry
from fivesigma.study.prepared import Prepared
from fivesigma.study.registry.registry import kind as kind_called
from fivesigma.study.spec.document import Spec

MOST_COLUMNS = 40
"""Columns up to which ``effects = true`` draws them all."""
MOST_GROUPED = 3000
"""Columns up to which they are clustered: the table of their correlations grows as the square."""
MOST_READ = 1e12
"""Numbers that the permutations of a model's columns may read: p columns, in turn, of a table of n rows of p."""
_N_GRID = 20


def settle(prepared: Prepared) -> dict[str, Any] | None:
    """Return what is asked of the fits, as JSON's own types; None where nothing is.

    Raises
    ------
    StudyError
        For a model or a column that is not there, or a split without folds.
    """
    spec, data, split, entries = prepared.spec, prepared.data, prepared.split, prepared.plan.entries
    asked = spec.explain
    if not asked.asked:
        return None
    if split.n_folds < 2:
        raise spec.error(
            "explain", "what models lean on is measured on folds; give split.folds = 5, or remove it."
        )
    models = _models(spec, entries)
    if data.kind != "table":
        models = _of_tables(spec, data, [each for each in entries if each.name in models])
    explained = [each for each in entries if each.name in models]
    _check_permutations(spec, len(split.train), prepared.meta, explained)
    return {
        "models": models,
        "named": asked.models is not None,
        "permutation": asked.permutation,
        "impurity": bool(asked.impurity),
        "shap": asked.shap,
        "effects": bool(asked.effects),
        "groups": _groups(spec, data, split),
        "grids": dict(grids(spec, data, split)),
        **({"integrated_gradients": True} if asked.integrated_gradients else {}),
        **asked.refits,
    }


def _models(spec: Spec, entries: Sequence[Entry]) -> list[str]:
    kinds = {entry.name: entry.kind for entry in entries}
    names = list(kinds)
    for name in spec.explain.models or ():
        if name not in names:
            raise spec.error(
                "explain.models", f"'{name}' is not in the line-up; expected some of {', '.join(names)}."
                f"{did_you_mean(name, names)}"
            )  # fmt: skip
    elsewhere = {entry.name for entry in entries if entry.given is not None}
    if named := [name for name in spec.explain.models or () if name in elsewhere]:
        raise spec.error(
            "explain.models",
            f"'{named[0]}' is scores made elsewhere: there is no model to ask; leave it out.",
        )
    if spec.explain.models is not None:
        return list(spec.explain.models)
    leaning = (name for name in names if name not in elsewhere)
    return [name for name in leaning if kinds[name] != "dummy"]  # which leans on no column


def _of_tables(spec: Spec, data: Dataset, entries: Sequence[Entry]) -> list[str]:
    """Return which of the models have columns to explain where an event is none: those of image features."""
    found = [entry.name for entry in entries if entry.image]
    others = [entry.name for entry in entries if not entry.image]
    if not found or (others and spec.explain.models is not None):
        of = f"'{others[0]}' takes them as they are" if others else "no model has any"
        raise spec.error(
            "explain",
            f"explains the columns of a table, and an event is of kind '{data.kind}': {of}; name models of image "
            "features, or remove it.",
        )
    if spec.explain.effects is not False or spec.explain.groups is not False:
        raise spec.error(
            "explain",
            "effects and groups are of the columns of a table, not of image features; leave them out.",
        )
    return found


def _check_permutations(spec: Spec, n: int, meta: Mapping[str, Any], entries: Sequence[Entry]) -> None:
    """Refuse permutations that would read the table for hours; trees go by their paths, whatever the columns."""
    R = spec.explain.permutation or 0
    for entry in entries:
        p = len(names_of(entry, meta))
        made = entry.reduce or entry.interactions > 1 or entry.polynomial > 1
        masked = kind_called(entry.kind).nested and not made
        if not masked and R * p * n * p > MOST_READ:
            raise spec.error(
                "explain.permutation", f"{R} permutations of each of {p} columns read {R * p * n * p:.0e} numbers for "
                f"'{entry.name}', hours; expected at most {MOST_READ:.0e}: leave it out of explain.models, or take "
                "fewer columns (models.features)."
            )  # fmt: skip


def _groups(spec: Spec, data: Dataset, split: Split) -> list[list[str]] | None:
    """Return the columns in groups of rank correlation, from training rows and without the target."""
    threshold = spec.explain.groups
    if threshold is False:
        return None
    if data.n_features > MOST_GROUPED:
        raise spec.error(
            "explain.groups", f"{data.n_features} columns are too many to cluster; expected at most {MOST_GROUPED}."
        )  # fmt: skip
    found = cluster_columns(data.events(split.train), threshold=float(threshold))
    return [[data.names[j] for j in group] for group in found]


def grids(spec: Spec, data: Dataset, split: Split) -> Mapping[str, list[float]]:
    """Return the values at which the effect of each column is asked for, from training rows."""
    wanted = spec.explain.effects
    if wanted is False:
        return {}
    if wanted is True:
        if data.n_features > MOST_COLUMNS:
            raise spec.error(
                "explain.effects", f"true draws up to {MOST_COLUMNS} columns, and there are {data.n_features}; "
                'name some: effects = ["..."].'
            )  # fmt: skip
        wanted = data.names
    for name in wanted:
        if name not in data.names:
            raise spec.error(
                "explain.effects", f"'{name}' is not a feature.{did_you_mean(name, data.names)}"
            )  # fmt: skip
    X = data.events(split.train)
    found = {name: grid_of(X[:, data.names.index(name)]) for name in wanted}
    return {name: values for name, values in found.items() if len(values) > 1}


def grid_of(column: NDArray[np.float64]) -> list[float]:
    """Return the values at which an effect is asked for: all there are, if few, else quantiles from 2 to 98 %."""
    known = np.unique(column[~np.isnan(column)])
    if len(known) <= _N_GRID:
        return [float(each) for each in known]
    return [float(each) for each in np.unique(np.nanquantile(column, np.linspace(0.02, 0.98, _N_GRID)))]


def clustered(names: Sequence[str], groups: Sequence[Sequence[str]] | None) -> tuple[tuple[str, ...], ...]:
    """Return the groups that a model's columns ``names`` fall into; each alone for None.

    >>> clustered(["a", "b"], None), clustered(["a", "b"], [["b", "c"], ["a"]])
    ((('a',), ('b',)), (('b',), ('a',)))
    """
    if groups is None:
        return tuple((name,) for name in names)
    there = set(names)
    kept = [tuple(name for name in group if name in there) for group in groups]
    return tuple(group for group in kept if group)


def names_of(entry: Entry, meta: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns that a model takes; ``meta`` as `fivesigma.study.prepared.Prepared.meta` has it."""
    return every_name(entry, meta) if entry.features is None else tuple(entry.features)


def every_name(entry: Entry, meta: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns that a model could take, in their order: those of the table, or its image features."""
    return tuple(described(meta, entry)["names"])
