"""Folds inside the rows that ``fit`` was handed: copies of a row, and members of a group, stay together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.random import generator
from fivesigma.risk.row_hashes import row_hash
from fivesigma.risk.splits import in_order_of_rows


def inner_folds(
    X: NDArray[Any],
    y: NDArray[Any],
    *,
    n_folds: int,
    groups: NDArray[Any] | None = None,
    classification: bool,
    seed: int = 0,
    each_has_all: bool = True,
) -> NDArray[np.int64]:
    """Return the fold 0..m-1 of each row of ``X`` (n, p), with m = ``n_folds`` or fewer.

    Units (groups, or sets of equal rows), numbered by their first rows, are dealt round in random order, class by
    class of their lowest member: how often a row is repeated changes nothing, nor do the values and their units.
    m is lowered to the number of units of the rarest class, but not below 2; without ``each_has_all`` to that of all
    units only: where one fold is held out of m, a rare class must not double what is held out.

    Raises
    ------
    InputError
        With fewer than two units.

    >>> X = np.array([[0.0], [0.0], [1.0], [2.0]])
    >>> folds = inner_folds(X, np.array([0, 0, 1, 0]), n_folds=2, classification=True)
    >>> bool(folds[0] == folds[1])
    True
    """
    keys = row_hash(X) if groups is None else np.asarray(groups)
    unit, _ = in_order_of_rows(np.unique(keys, return_inverse=True)[1])
    n_units = int(unit.max()) + 1
    if n_units < 2:
        raise InputError("1 sample (or group) cannot be divided into folds; use more rows, or another model.")
    stratum = np.zeros(n_units, dtype=np.int64)
    if classification:
        codes = np.unique(y, return_inverse=True)[1]
        stratum[:] = codes.max()
        np.minimum.at(stratum, unit, codes)
    rarest = int(np.bincount(stratum)[np.unique(stratum)].min())
    n_folds = max(2, min(n_folds, rarest if each_has_all else n_folds, n_units))
    rng = generator(seed, "inner folds")
    order = rng.permutation(n_units)
    order = order[np.argsort(stratum[order], kind="stable")]
    fold = np.empty(n_units, dtype=np.int64)
    fold[order] = np.arange(n_units) % n_folds
    return fold[unit]
