"""Compiled passes over the labels of many draws: agreement with a pivot, new names, and what is summed over draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.compiled import compiled

Array = NDArray[np.float64]
Labels = NDArray[np.int64]
Codes = NDArray[np.uint8]


@compiled
def count_agreements(rows: NDArray[Any], pivot: Labels, out: Labels) -> None:
    """``out[s, a, b]``: the events with label a in draw s and b in the pivot; (S, n), (n,) -> (S, K, K)."""
    S, n = rows.shape
    for s in range(S):
        table = out[s]
        table[:] = 0
        for i in range(n):
            table[rows[s, i], pivot[i]] += 1


@compiled
def rename(rows: Codes, permutations: Labels, out: Codes) -> None:
    """``out[s, i] = permutations[s, rows[s, i]]``."""
    S, n = rows.shape
    K = permutations.shape[1]
    names = np.empty(K, dtype=np.uint8)
    for s in range(S):
        for a in range(K):
            names[a] = permutations[s, a]
        for i in range(n):
            out[s, i] = names[rows[s, i]]


@compiled
def tally(rows: Codes, scales: Array, counts: Labels, seen: Labels, pull: Array) -> None:
    """Sum over draws what each event of each component is worth, ``scale / (1 + scale · events of the component)``.

    Fills ``counts`` (S, K), the events of each component; ``seen`` (K, n), the draws with event i in component a;
    and ``pull`` (K, n), what these draws are worth.
    """
    S, n = rows.shape
    K = counts.shape[1]
    counts[:] = 0
    seen[:] = 0
    pull[:] = 0.0
    worth = np.empty(K)
    for s in range(S):
        row = rows[s]
        for i in range(n):
            counts[s, row[i]] += 1
        for a in range(K):
            worth[a] = scales[s] / (1.0 + scales[s] * counts[s, a])
        for i in range(n):
            seen[row[i], i] += 1
            pull[row[i], i] += worth[row[i]]
