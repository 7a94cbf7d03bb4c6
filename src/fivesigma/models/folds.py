"""Folds inside the rows that ``fit`` was handed: copies of a row, and members of a group, stay together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import FitError
from fivesigma._core.random import generator
from fivesigma.risk.splits import row_hash


def inner_folds(
    X: NDArray[Any],
    y: NDArray[Any],
    *,
    n_folds: int,
    groups: NDArray[Any] | None = None,
    classification: bool,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Return the fold 0..n_folds-1 of each row of ``X`` (n, p).

    Units (groups, or sets of equal rows) are dealt to the folds in random order, class by class of their
    first member, each to the fold that has least of that class so far, so the classes are balanced.

    Raises
    ------
    FitError
        With fewer units than folds.

    >>> X = np.array([[0.0], [0.0], [1.0], [2.0]])
    >>> folds = inner_folds(X, np.array([0, 0, 1, 0]), n_folds=2, classification=True)
    >>> bool(folds[0] == folds[1])
    True
    """
    keys = row_hash(X) if groups is None else np.asarray(groups)
    _, first, unit = np.unique(keys, return_index=True, return_inverse=True)
    if len(first) < n_folds:
        raise FitError(
            f"{len(first)} different rows (or groups) cannot be dealt into {n_folds} folds; use more rows."
        )
    strata = y[first] if classification else np.zeros(len(first))
    sizes = np.bincount(unit)
    return _dealt(strata, sizes, n_folds, generator(seed, "inner folds"))[unit]


def _dealt(
    strata: NDArray[Any], sizes: NDArray[np.int64], n_folds: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    fold = np.empty(len(sizes), dtype=np.int64)
    start = 0
    for stratum in np.unique(strata):
        members = rng.permutation(np.flatnonzero(strata == stratum))
        members = members[np.argsort(-sizes[members], kind="stable")]
        fold[members] = _level(sizes[members], n_folds, start)
        start += len(members)
    return fold


def _level(sizes: NDArray[np.int64], n_folds: int, start: int) -> NDArray[np.int64]:
    """Fold of each unit, biggest first: each to the emptiest fold; units of one row go round."""
    n_big = int((sizes > 1).sum())
    load = np.zeros(n_folds, dtype=np.int64)
    fold = (np.arange(len(sizes)) + start) % n_folds
    for position in range(n_big):
        fold[position] = int(np.argmin(load))
        load[fold[position]] += sizes[position]
    if n_big and n_big < len(sizes):
        fold[n_big:] = _filled(load, len(sizes) - n_big)
    return fold


def _filled(load: NDArray[np.int64], n_single: int) -> NDArray[np.int64]:
    """Fold of each of ``n_single`` units of one row, so that the loads end as level as they can."""
    levels = np.repeat(np.arange(len(load)), n_single)
    height = np.tile(np.arange(n_single), len(load)) + np.repeat(load, n_single)
    return levels[np.lexsort((levels, height))[:n_single]]
