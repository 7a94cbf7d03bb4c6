"""What stays together in nature and is parted by the split: rows of one group that was not declared, and time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core import laws
from fivesigma._core.errors import InputError
from fivesigma.data.audit.audited import FEWEST_TO_JUDGE, Audited
from fivesigma.risk.findings import Audit
from fivesigma.risk.row_hashes import text_hash
from fivesigma.risk.time_blocks import times as as_times

Array = NDArray[Any]

SURE = 1e-6
"""p of alike rows by chance, below which a column is held for a group, or a table for a history."""
FEWEST_GROUPS = 10
ALIKE = 0.2
"""Intraclass correlation, or correlation of neighbours in time, that matters."""
_LABEL = re.compile(
    r"(^|_)(id|group|run|halo|host|cluster|object|source|star|galaxy|event|file|box|snapshot|batch|patient|subject|"
    r"session|detector|chamber|sample|fill)(s|_?id|_?number|_?num)?($|_)|[a-z]I[dD]$",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(obs(ervation)?_?)?(time|date|datetime|timestamp|mjd|jd|bjd|hjd|epoch|utc)", re.IGNORECASE
)


def groups(audited: Audited) -> Sequence[Audit]:
    """Name columns of labels whose rows are alike in the target, and stand on both sides of the split.

    Spectators are looked at, and of the features those that are called like a label.
    """
    if not audited.judged or audited.data.groups is not None:
        return ()
    labels = [
        (name, column)
        for name, column in audited.beside()
        if name in audited.data.spectators or _LABEL.search(name) is not None
    ]
    found = [(name, r) for name, column in labels if (r := _grouping(audited, column)) is not None]
    return [
        Audit(
            "groups",
            "warning",
            f"rows of one {name} are alike (intraclass correlation {r:.2g}) and stand on both sides of the split",
            (name,),
            advice=f'say data.group = "{name}", which keeps them together',
        )
        for name, r in found
    ]


def _grouping(audited: Audited, column: Array) -> float | None:
    """Return the intraclass correlation of a column that groups the rows; None of any other.

    It is a label where rows of one value are alike and those of the next value are not: of a quantity both are.
    """
    code = _codes(column[audited.looked_at])
    n_groups = int(code.max(initial=-1)) + 1
    if not FEWEST_GROUPS <= n_groups <= len(code) / 2 or not _straddles(audited, column):
        return None
    each = [_alike(code, y) for y in _numbers(audited)]
    sure = [
        r for r, p, beside in each if p < SURE / max(audited.X.shape[1], 1) and r > ALIKE and beside < r / 2
    ]
    return max(sure) if sure else None


def _codes(column: Array) -> NDArray[np.int64]:
    """Return a code for each label of whole numbers or text, in their order; empty where they are neither."""
    if kinds.is_text(column):
        values: Array = text_hash(column)
    else:
        values = np.asarray(kinds.numbers(column) if column.dtype.kind == "O" else column, dtype=np.float64)
        if np.isnan(values).any() or not np.array_equal(values, np.round(values)):
            return np.empty(0, dtype=np.int64)
    return np.asarray(np.unique(values, return_inverse=True)[1])


def _numbers(audited: Audited) -> Iterator[Array]:
    """Yield the targets as numbers, of classes whether it is the class."""
    for y in audited.outputs:
        if audited.classifies:
            yield from ((y == each).astype(np.float64) for each in np.unique(y))
        else:
            yield y


def _alike(code: NDArray[np.int64], y: Array) -> tuple[float, float, float]:
    """Return the intraclass correlation of ``y``, its p by one-way variance, and the correlation of next labels."""
    n, size = len(y), np.bincount(code)
    k = len(size)
    if k < FEWEST_GROUPS or np.ptp(y) == 0:
        return 0.0, 1.0, 1.0
    mean = np.bincount(code, y) / size
    between = float((size * (mean - y.mean()) ** 2).sum() / (k - 1))
    within = float(((y - mean[code]) ** 2).sum() / (n - k))
    n0 = (n - float((size**2).sum()) / n) / (k - 1)
    r = (between - within) / (between + (n0 - 1) * within) if between > 0 else 0.0
    p = float(laws.f_sf(between / within, k - 1, n - k)) if within > 0 else 0.0
    centred = mean - mean.mean()
    beside = float((centred[1:] * centred[:-1]).mean() / max(float((centred**2).mean()), 1e-300))
    return r, p, abs(beside)


def _straddles(audited: Audited, column: Array) -> bool:
    """Whether a value of the column stands both in training and in a test, or in two folds."""
    split = audited.split
    if split is None:
        return True
    code = _codes(column)
    if not len(code):
        return False
    for rows in split.tests.values():
        if np.isin(code[rows], code[split.train]).any():
            return True
    return not split.tests and len(
        np.unique(np.column_stack([code[split.train], split.folds]), axis=0)
    ) > len(np.unique(code[split.train]))


def times(audited: Audited) -> Sequence[Audit]:
    """Name a column of times along which the target remembers, where the split does not go by time."""
    if not audited.judged or audited.in_time:
        return ()
    for name, column in audited.beside():
        if _TIME.fullmatch(name) is None or not _straddles_time(audited, name, column):
            continue
        r = max(_memory(_seconds(column, name), y, audited) for y in _numbers(audited))
        if r > ALIKE:
            message = (
                f"events that follow each other in {name} are alike (correlation {r:.2g}) and stand on both sides of "
                "the split"
            )
            advice = f'say split.time = "{name}", so that a test is of later events'
            return [Audit("time", "warning", message, (name,), advice=advice)]
    return ()


def _straddles_time(audited: Audited, name: str, column: Array) -> bool:
    """Whether training and a test overlap in time."""
    t = _seconds(column, name)
    if t is None or len(np.unique(t)) < FEWEST_TO_JUDGE:
        return False
    if audited.split is None:
        return True
    train = t[audited.split.train]
    return (
        any(t[rows].min() < train.max() for rows in audited.split.tests.values()) or not audited.split.tests
    )


def _seconds(column: Array, name: str) -> Array | None:
    try:
        found = as_times(column, name)
    except InputError:
        return None
    return None if np.isnan(found).any() else found


def _memory(t: Array | None, y: Array, audited: Audited) -> float:
    """Return the correlation of neighbours in time, 0 where chance may have made it (p above 1e-6)."""
    if t is None:
        return 0.0
    ordered = y[np.argsort(t[audited.looked_at], kind="stable")] - y.mean()
    variance = float((ordered**2).mean())
    r = float((ordered[1:] * ordered[:-1]).mean()) / variance if variance > 0 else 0.0
    return r if r * np.sqrt(len(y)) > laws.norm_isf(SURE) else 0.0
