"""Features that alone fix the target: a monotone function of it, or one that tells the classes apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.random import generator
from fivesigma.data.audit.audited import FEWEST_TO_JUDGE, Audited, listed
from fivesigma.risk.findings import Audit

MONOTONE = 0.999  # Spearman's |ρ| beyond which a feature is the target in other clothes
SEPARATED = 0.99
"""Balanced accuracy, of one column and on rows held out, from which the classes are told apart."""
BESIDE = 3
"""Neighbours that say which class a value is of."""
ADVICE = "leave it out unless it is measured before the answer is known"


def alone(audited: Audited) -> Sequence[Audit]:
    """Name features that alone fix the target: a monotone function of it, or one cut a class."""
    suspects = fixing(audited)
    message = (
        f"the target follows from this feature alone; is it known before the answer is? {listed(suspects)}"
    )
    return [Audit("leak", "warning", message, tuple(suspects), advice=ADVICE)] if suspects else ()


def fixing(audited: Audited) -> list[str]:
    """Return the features that alone fix a target."""
    if not audited.judged:
        return []
    tells = monotone if audited.data.classes is None else separates
    return [name for name, column in audited.columns() if any(tells(column, y) for y in audited.outputs)]


def monotone(column: NDArray[np.float64], y: NDArray[Any]) -> bool:
    """Whether Spearman's |ρ| between a feature and the target exceeds 0.999."""
    present = ~np.isnan(column)
    if present.sum() < FEWEST_TO_JUDGE or np.ptp(column[present]) == 0 or np.ptp(y[present]) == 0:
        return False
    each = ranks(column[present]), ranks(y[present])
    return bool(abs(np.corrcoef(*each)[0, 1]) > MONOTONE)


def ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return the rank of each value, equal values sharing the mean of theirs.

    >>> ranks(np.array([3.0, 1.0, 3.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, position, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[position])


def separates(column: NDArray[np.float64], code: NDArray[Any]) -> bool:
    """Whether the classes lie in separate intervals of a feature, one interval a class."""
    present = ~np.isnan(column)
    x, c = column[present], code[present]
    counts = np.bincount(c)
    if (counts > 0).sum() < 2 or counts[counts > 0].min() < FEWEST_TO_JUDGE // 2:
        return False
    order = np.argsort(x, kind="stable")
    x, c = x[order], c[order]
    changes = c[1:] != c[:-1]
    # equal values of different classes make any order of them arbitrary: no clean cut there
    return bool(changes.sum() == (counts > 0).sum() - 1 and not (changes & (x[1:] == x[:-1])).any())


def separating(audited: Audited) -> Sequence[Audit]:
    """Name features that nearly tell the classes apart, by however many intervals or values."""
    if not audited.classifies or not audited.judged:
        return ()
    known, y = fixing(audited), audited.outputs[0]
    found = {name: separation(column, y) for name, column in audited.columns() if name not in known}
    near = {name: value for name, value in found.items() if value is not None and value >= SEPARATED}
    if not near:
        return ()
    words = [f"{name} ({100 * value:.3g} %)" for name, value in near.items()]
    message = f"the classes follow nearly from this feature alone (balanced accuracy): {listed(words)}"
    return [Audit("separation", "warning", message, tuple(near), advice=ADVICE)]


def separation(column: NDArray[np.float64], code: NDArray[Any]) -> float | None:
    """Return the balanced accuracy with which one column tells the classes on half of the rows; None of few events.

    A value is said to be of the class that is densest among the other rows: those of the same value where there
    are some, else the three nearest. A missing value is one of its own.

    >>> x = np.arange(400.0)
    >>> separation(x % 4, (x % 2).astype(int)), separation(np.sin(x**2), (x // 200).astype(int)) < 0.9
    (1.0, True)
    """
    counts = np.bincount(code)
    if (counts > 0).sum() < 2 or counts[counts > 0].min() < 2 * FEWEST_TO_JUDGE:
        return None
    shuffled = generator(0, "audit", "half").random(len(code))  # every other row may be every other sensor
    half = np.zeros(len(code), dtype=bool)
    half[np.lexsort((shuffled, code))[::2]] = True
    x = np.where(np.isnan(column), np.inf, column)
    said, truth = _densest(x[half], code[half], x[~half]), code[~half]
    return float(np.mean([np.mean(said[truth == each] == each) for each in np.flatnonzero(counts)]))


def _densest(x: NDArray[np.float64], code: NDArray[Any], at: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the class of which most, as a share of it, stands beside each value ``at``."""
    order = np.argsort(x, kind="stable")
    x, share = x[order], np.eye(int(code.max()) + 1)[code[order]] / np.maximum(np.bincount(code), 1)
    upto = np.vstack([np.zeros(share.shape[1]), np.cumsum(share, axis=0)])
    first, last = np.searchsorted(x, at, side="left"), np.searchsorted(x, at, side="right")
    nearest = _nearest(x, at, first)
    low = np.where(first == last, nearest, first)
    high = np.where(first == last, nearest + BESIDE, last)
    return np.asarray((upto[high] - upto[low]).argmax(axis=1))


def _nearest(x: NDArray[np.float64], at: NDArray[np.float64], place: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where the three values of ``x``, sorted, begin that lie next to each value ``at``."""
    begins = np.clip(place[:, None] - np.arange(BESIDE + 1), 0, len(x) - BESIDE)
    with np.errstate(invalid="ignore"):  # of two missing values
        reach = np.maximum(at[:, None] - x[begins], x[begins + BESIDE - 1] - at[:, None])
    best = np.argmin(np.where(np.isnan(reach), np.inf, reach), axis=1)
    return np.asarray(np.take_along_axis(begins, best[:, None], axis=1)[:, 0])
