"""Whether training and a test that was given are of one population."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.random import generator
from fivesigma.data.audit.audited import FEWEST_TO_JUDGE, Audited, listed
from fivesigma.risk.findings import Audit
from fivesigma.risk.two_samples import Events, classifier_two_sample, two_categories, two_numbers

UNLIKELY = 1e-3
"""p below which two samples are of different populations: one study in a thousand where they are not."""
MOST = 4000


def differing(audited: Audited) -> Sequence[Audit]:
    """Hold each test that was given, or is later, against training; one that a hash drew is of the same population."""
    split = audited.split
    if split is None or not (split.given or audited.in_time):
        return ()
    return [entry for test in split.tests for entry in _entry(audited, test)]


def _entry(audited: Audited, test: str) -> Sequence[Audit]:
    assert audited.split is not None
    rng = generator(0, "audit", test)
    a, b = (_events(audited, rows, rng) for rows in (audited.split.train, audited.split.tests[test]))
    if min(a.size, b.size) < 2 * FEWEST_TO_JUDGE:
        return ()
    told, columns = classifier_two_sample(a, b, rng), _columns(audited, a, b)
    # the smallest p of all, times their number on either side (Bonferroni)
    p = min(1.0, 2 * min(told.p, min(columns.values()) * len(columns)))
    said = f"a classifier tells them apart with AUC {told.statistic:.3f}, {'p < 1e-9' if p < 1e-9 else f'p = {p:.2g}'}"
    if p >= UNLIKELY:
        return [
            Audit("population", "ok", f"{test} is of the population of training, as far as is seen: {said}")
        ]
    most = tuple(sorted(columns, key=lambda name: columns[name])[:5])
    message = (
        f"{test} is of another population than training: {said} (columns among it); most by {listed(most)}"
    )
    advice = "scores there are of a transfer; look at these columns, at the units and selections of the two"
    return [Audit("population", "warning", message, most, advice=advice)]


def _columns(audited: Audited, a: Events, b: Events) -> dict[str, float]:
    """Return the p of one distribution of each column."""
    w, sizes = (a.weights, b.weights), (a.size, b.size)
    found = {}
    for j, name in enumerate(audited.data.names):
        test = two_categories if name in audited.data.categories else two_numbers
        found[name] = test(a.X[:, j], b.X[:, j], sizes=sizes, w=w).p
    return found


def _events(audited: Audited, rows: NDArray[np.int64], rng: np.random.Generator) -> Events:
    if len(rows) > MOST:
        rows = np.sort(rng.choice(rows, MOST, replace=False))
    data = audited.data
    w, groups = (None if each is None else each[rows] for each in (data.w, data.groups))
    return Events(data.X[rows], w, groups)
