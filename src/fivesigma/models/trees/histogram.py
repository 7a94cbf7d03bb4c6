"""Small regression trees grown level by level on binned columns: the kernel of natural gradient boosting.

A tree of depth D is a heap: inner node k has children 2k+1 and 2k+2, a row ends in one of 2^D leaves. A node that is
not split sends every row left.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.compiled import njit
from fivesigma.models.trees.binning import Array, Codes

Leaves = NDArray[np.int64]
NOT_SPLIT = 255
_TIE = 1e-9  # relative gain by which a later split must win: equal ones differ by rounding only


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def grow(
    codes: Codes,
    sums: Array,
    width: int,
    min_weight: float,
    shrink: float,
    feature: NDArray[np.int32],
    cut: Codes,
    value: Array,
    leaf: Leaves,
) -> None:
    """Grow one tree on ``sums`` (n, 4) = (slope, curvature, weight, 0) of each row, in place.

    ``feature`` and ``cut`` (2^D - 1,) take the splits, ``value`` (2^D,) the steps ``-G / (H + λ)``, ``leaf`` (n,) the
    leaf of each row; λ = ``shrink`` times the mean curvature of an event. The gain of a split is
    ``G_L²/(H_L + λ) + G_R²/(H_R + λ) - G²/(H + λ)`` (Chen & Guestrin 2016, arXiv:1603.02754, eq. 7).
    """
    n = codes.shape[1]
    n_leaves = value.size
    total = np.zeros(4)
    for i in range(n):
        leaf[i] = 0
        total += sums[i]
    lam = shrink * total[1] / total[2]
    nodes = 1
    while nodes < n_leaves:
        offset = nodes - 1
        _split_level(codes, sums, leaf, nodes, width, min_weight, lam, feature[offset:], cut[offset:])
        for i in range(n):
            k = leaf[i]
            leaf[i] = 2 * k + (codes[feature[offset + k], i] > cut[offset + k])
        nodes *= 2
    held = np.zeros((n_leaves, 4))
    for i in range(n):
        held[leaf[i]] += sums[i]
    for k in range(n_leaves):
        value[k] = -held[k, 0] / (held[k, 1] + lam) if held[k, 1] > 0.0 else 0.0


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _split_level(
    codes: Codes,
    sums: Array,
    leaf: Leaves,
    nodes: int,
    width: int,
    min_weight: float,
    lam: float,
    feature: NDArray[np.int32],
    cut: Codes,
) -> None:
    """Find the best split of each of the ``nodes`` of a level, column by column, on one small histogram."""
    p, n = codes.shape
    best = np.zeros(nodes)
    bins = np.empty((nodes, width, 4))
    feature[:nodes] = 0
    cut[:nodes] = NOT_SPLIT
    for j in range(p):
        bins[:] = 0.0
        column = codes[j]
        for i in range(n):
            k, b = leaf[i], column[i]
            bins[k, b, 0] += sums[i, 0]
            bins[k, b, 1] += sums[i, 1]
            bins[k, b, 2] += sums[i, 2]
            bins[k, b, 3] += sums[i, 3]
        for k in range(nodes):
            gain, at = _best_cut(bins[k], min_weight, lam)
            if gain > best[k] * (1.0 + _TIE):
                best[k], feature[k], cut[k] = gain, j, at


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _best_cut(bins: Array, min_weight: float, lam: float) -> tuple[float, int]:
    """Return the gain and the last bin on the left of a column's best cut; gain 0 if none is allowed."""
    G = H = W = 0.0
    for b in range(len(bins)):
        G, H, W = G + bins[b, 0], H + bins[b, 1], W + bins[b, 2]
    whole = G * G / (H + lam)
    best, at = 1e-12 * whole, NOT_SPLIT
    g = h = w = 0.0
    for b in range(len(bins) - 1):
        if bins[b, 2] == 0.0:
            continue
        g, h, w = g + bins[b, 0], h + bins[b, 1], w + bins[b, 2]
        if w < min_weight:
            continue
        if W - w < min_weight:
            break
        gain = g * g / (h + lam) + (G - g) * (G - g) / (H - h + lam) - whole
        if gain > best * (1.0 + _TIE):
            best, at = gain, b
    return (best, at) if at != NOT_SPLIT else (0.0, NOT_SPLIT)


@njit(cache=True)  # type: ignore[untyped-decorator]
def add_trees(codes: Codes, feature: NDArray[np.int32], cut: Codes, value: Array, out: Array) -> None:
    """Add to ``out`` (n, m) the leaves of trees (T, m, ·) that rows of ``codes`` (n, p) fall into."""
    n, m = out.shape
    n_leaves = value.shape[2]
    for i in range(n):
        row = codes[i]
        for t in range(len(feature)):
            for q in range(m):
                k = 0
                while k < n_leaves - 1:
                    k = 2 * k + 1 + (row[feature[t, q, k]] > cut[t, q, k])
                out[i, q] += value[t, q, k - n_leaves + 1]
