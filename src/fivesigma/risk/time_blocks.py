"""Splits by time: the last block of the events is the test, blocks in time are the folds, with a gap beside each.

A random split lets a model see what came just before and just after an event that it is scored on; where neighbours
in time resemble each other it is then scored on what it knows. Here nothing closer than the gap is fitted on.
Roberts et al. (2017), Ecography 40, 913; Bergmeir & Benítez (2012), Inf. Sci. 191, 192.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma.risk.row_hashes import Positions
from fivesigma.risk.splits import Split, named

DAY = 86_400.0  # seconds


def times(values: NDArray[Any], name: str) -> NDArray[np.float64]:
    """Return times as (n,) numbers: numbers as they are, ISO dates and date-times in days since 1970, UTC if unsaid.

    Raises
    ------
    InputError
        Where a time is missing, or is neither a number nor a date of ISO 8601.

    >>> times(np.array(["1970-01-02", "1970-01-03T12:00:00Z"], dtype=object), "night").tolist()
    [1.0, 2.5]
    """
    if values.dtype.kind == "M":
        found = values.astype("datetime64[us]").astype(np.float64) / (1e6 * DAY)
        found[np.isnat(values)] = np.nan
    elif values.dtype.kind in "iufb":
        found = values.astype(np.float64)
    else:
        found = np.array([_time(value, name) for value in values.tolist()])
    absent = int((~np.isfinite(found)).sum())
    if absent:
        raise InputError(
            f"split.time: {absent} of {len(found)} events have no {name}; drop them with data.select, or name another "
            "column."
        )
    return found


def _time(value: object, name: str) -> float:
    """Return one time; NaN for what is missing."""
    if value is None or value != value:
        return np.nan
    if isinstance(value, int | float):
        return float(value)
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise InputError(
            f"split.time: {str(value)!r} in {name} is no time; expected numbers, or ISO dates such as "
            "2024-03-01T12:00:00."
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() / DAY


def split_by_time(  # noqa: PLR0913 keywords of a public function
    t: NDArray[np.float64],
    y: NDArray[Any] | None,
    *,
    gap: float = 0.0,
    test: float | None = 0.2,
    n_folds: int = 5,
    validation: float | None = None,
    units: Positions,
    groups: NDArray[Any] | None = None,
    classes: Sequence[str] | None = None,
) -> Split:
    """Divide rows by time: the last ``test`` of them is sealed, the rest are blocks in time, each a fold.

    Events of one time stay together. A row less than ``gap`` before the test is in no part; one less than ``gap``
    before or after a fold's block is not fitted on where that fold validates (`Split.near`).

    Parameters
    ----------
    t : (n,) times as numbers (see `times`), and ``gap`` in their unit
    y : (n,) class codes, or None where there are no classes
    test, n_folds, validation : as `fivesigma.risk.splits.make_split` has them; a validation fraction is the last block
        of the training rows
    units : (n,) what stays together where a fit divides its rows further
    groups : (n,) labels; one that is in two parts is refused
    classes : names of the codes, for messages

    Raises
    ------
    InputError
        Where blocks are empty, a group straddles two of them, or a fit would not see a class.

    >>> split = split_by_time(np.arange(20.0), None, gap=2.0, n_folds=2, units=np.arange(20))
    >>> split.tests["test"].tolist(), split.left_out, split.folds.tolist()
    ([16, 17, 18, 19], 1, [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1])
    >>> split.fold(0)[0].tolist()
    [9, 10, 11, 12, 13, 14]
    """
    tests = _last(t, test)
    first = min((float(t[rows].min()) for rows in tests.values()), default=math.inf)
    train = np.flatnonzero((t <= first - gap) if gap else (t < first))
    folds = _blocks(t[train], n_folds, validation)
    k = n_folds if validation is None else 1
    near = _near(t[train], folds, k, gap)
    left_out = len(t) - len(train) - sum(map(len, tests.values()))
    overlap = int(np.isin(units[train], units[np.concatenate([train[:0], *tests.values()])]).sum())
    split = Split(train, tests, folds, k, overlap, left_out, units, near)
    if groups is not None:
        _refuse_straddling(groups, split)
    _check(split, y, classes)
    return split


def _last(t: NDArray[np.float64], test: float | None) -> dict[str, Positions]:
    if not test:
        return {}
    ordered = np.sort(t)
    first = ordered[len(t) - max(1, round(test * len(t)))]
    return {"test": np.flatnonzero(t >= first)}


def _blocks(t: NDArray[np.float64], n_folds: int, validation: float | None) -> Positions:
    """Return the block of each row; -1 for those before the validation block."""
    earlier = np.searchsorted(np.sort(t), t, "left")
    if validation is None:
        return np.asarray(earlier * n_folds // max(len(t), 1), dtype=np.int64)
    return np.where(earlier >= round((1 - validation) * len(t)), 0, -1).astype(np.int64)


def _near(t: NDArray[np.float64], folds: Positions, n_folds: int, gap: float) -> NDArray[np.bool_]:
    """Return, by fold, which rows lie outside of its block and less than ``gap`` from it: (n_folds, n)."""
    near = np.zeros((n_folds, len(t)), dtype=np.bool_)
    for k in range(n_folds if gap else 0):
        block = t[folds == k]
        if len(block):
            near[k] = (folds != k) & (t > block.min() - gap) & (t < block.max() + gap)
    return near


def _refuse_straddling(groups: NDArray[Any], split: Split) -> None:
    _, group = np.unique(groups, return_inverse=True)
    part = np.full(len(group), -2)
    part[split.train] = split.folds
    for rows in split.tests.values():
        part[rows] = -3
    kept = part != -2
    first = np.full(group.max() + 1, -2)
    first[group[kept]] = part[kept]
    straddling = len(np.unique(group[kept & (part != first[group])]))
    if straddling:
        raise InputError(
            f"split.time: {straddling} groups have events in two blocks of time; remove data.group, or group by what "
            "is shorter than a block."
        )


def _check(split: Split, y: NDArray[Any] | None, classes: Sequence[str] | None) -> None:
    """Refuse parts without events, and without one of the classes."""
    for k in range(split.n_folds):
        fitted, validated = split.fold(k)
        if not len(fitted) or not len(validated):
            what = "events to fit to" if len(validated) else "events"
            raise InputError(
                f"split.time: block {k + 1} of {split.n_folds} has no {what}; lower split.gap or split.folds, or name "
                "a column with more distinct times."
            )
    if y is None:
        return
    every = np.unique(y)
    parts = {f"what block {k + 1} leaves to fit to": split.fold(k)[0] for k in range(split.n_folds)}
    for name, rows in {**parts, **{f"the {test}": rows for test, rows in split.tests.items()}}.items():
        for code in np.setdiff1d(every, y[rows]):
            raise InputError(
                f"split.time: {name} holds no event of class {named(int(code), classes)}; lower split.folds or "
                "split.gap, or leave the class out with data.classes."
            )
