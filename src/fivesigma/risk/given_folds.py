"""Folds that a column gives: every value is one, whatever chance would have done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma.risk.splits import Split, named

MOST_FOLDS = 1000


def with_folds(
    split: Split,
    labels: NDArray[Any],
    y: NDArray[Any] | None,
    *,
    column: str,
    classes: Sequence[str] | None = None,
) -> Split:
    """Return the split with its training rows in the folds that ``labels`` (n,) give, in the order of their values.

    Parameters
    ----------
    split : train and tests, as they stay
    labels : (n,) text or whole numbers of all rows
    y : (n,) class codes, or None where there are no classes
    column : what the labels are called
    classes : names of the codes, for messages

    Raises
    ------
    InputError
        Where the training rows have one value or more than 1000, or a class stands in one fold alone.

    >>> from fivesigma.risk.splits import make_split
    >>> split = make_split(np.arange(6.0)[:, None], None, task="regression", test=None, n_folds=2)
    >>> with_folds(split, np.array(["b", "a", "c", "a", "b", "b"]), None, column="run").folds.tolist()
    [1, 0, 2, 0, 1, 1]
    """
    values, fold = np.unique(labels[split.train], return_inverse=True)
    if not 2 <= len(values) <= MOST_FOLDS:
        raise InputError(
            f"split.folds: {column} has {len(values)} value{'s' * (len(values) != 1)} among the training events; "
            f"expected 2 to {MOST_FOLDS}, one a fold."
        )
    if y is not None:
        _check_classes(y[split.train], fold, values, column, classes)
    return replace(split, folds=fold.astype(np.int64), n_folds=len(values), dealt=False)


def _check_classes(
    y: NDArray[Any], fold: NDArray[Any], values: NDArray[Any], column: str, classes: Sequence[str] | None
) -> None:
    """Refuse a class that the fit of one fold would never see."""
    for code in np.unique(y):
        where = np.unique(fold[y == code])
        if len(where) == 1:
            raise InputError(
                f"split.folds: class {named(int(code), classes)} stands where {column} is {str(values[where[0]])!r} "
                "alone, so that the fold's fit would not see it; leave it out with data.classes, or name other folds."
            )


def crossing(split: Split) -> int:
    """Return how many units (groups, or copies of a row) have training rows in two folds or more.

    >>> from fivesigma.risk.splits import make_split
    >>> X = np.array([[0.0], [0.0], [1.0], [2.0]])
    >>> split = make_split(X, None, task="regression", test=None, n_folds=2)
    >>> crossing(with_folds(split, np.array([0, 1, 0, 1]), None, column="run"))
    1
    """
    unit = split.units[split.train]
    pairs = np.unique(np.column_stack([unit, split.folds]), axis=0)
    return int((np.unique(pairs[:, 0], return_counts=True)[1] > 1).sum())
