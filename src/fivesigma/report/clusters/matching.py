"""Which cluster is which class: the numbering that puts the most events on the diagonal of class against cluster."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fivesigma.record.sections.mixture import ClusterConfusion, MixtureRecord
from fivesigma.report.section import View
from fivesigma.report.style import CYCLE


def matched(counts: Sequence[Sequence[int]]) -> dict[int, int]:
    """Return the class of each cluster that matches one: of all one-to-one matches that of the largest overlap.

    ``counts`` (C, K) are events of each class in each cluster; a cluster that shares none with its class has no match.

    >>> matched([[1, 9, 0], [0, 0, 7]])
    {1: 0, 2: 1}
    """
    from scipy.optimize import linear_sum_assignment

    table = np.array(counts, dtype=np.int64)
    if not table.size:
        return {}
    rows, columns = linear_sum_assignment(-table)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return {int(k): int(i) for i, k in pairs if table[i, k] > 0}


def without_noise(kept: ClusterConfusion) -> list[list[int]]:
    """Return the events (C, K) of each class in each cluster, less the column of noise."""
    return [list(row[: len(row) - kept.noise]) for row in kept.counts]


def order(kept: ClusterConfusion) -> list[int]:
    """Return the clusters in the order of the classes that they match, then those without one, by number."""
    counts = without_noise(kept)
    found, n = matched(counts), len(counts[0]) if counts else 0
    return sorted(range(n), key=lambda k: (found.get(k, n + len(counts)), k))


def hues(view: View, mixture: MixtureRecord) -> list[str]:
    """Return the colour of each cluster: that of the class it matches, else one that no class has."""
    kept, classes = mixture.confusion, view.class_colours
    own = {} if kept is None else {k: kept.classes[i] for k, i in matched(without_noise(kept)).items()}
    free = [hue for hue in CYCLE if not own or hue not in classes.values()] or list(CYCLE)
    others = [k for k in range(mixture.n_clusters) if k not in own]
    spare = {k: free[i % len(free)] for i, k in enumerate(others)}
    return [classes.get(own[k], free[0]) if k in own else spare[k] for k in range(mixture.n_clusters)]
