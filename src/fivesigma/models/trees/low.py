"""What trees of few leaves say of many rows: every split is asked of all rows at once, and nobody goes down a tree.

Leaves are bits, the leftmost the lowest. A row that goes right of a split clears the bits of the leaves left of it, and
the lowest bit that is left in the end is the leaf it falls into (Lucchese et al. 2015, "QuickScorer",
doi:10.1145/2766462.2767733). Splits are asked in any order, so that a register holds many rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma._core.compiled import borrowing, compiled

MOST_LEAVES = 64
"""Leaves of a tree at most."""
_SOME = 2048
"""Rows that all trees are asked about while they are near."""
_SEQUENCE = np.uint64(0x03F79D71B4CB0A89)
"""De Bruijn's of order 6: no six of its bits in a row stand there twice."""
_SHIFT = np.uint64(58)


def add_low(columns: Any, tree: Any, roots: Any, outputs: Any, out: Any) -> None:
    """Add what every tree says to ``out`` (n, K), of rows with codes ``columns`` (p, n).

    Parameters
    ----------
    tree : nodes of all trees, none with more than `MOST_LEAVES` leaves
    roots : (T + 1,) where each tree begins, and the end
    outputs : (T,) the first of the outputs that a tree speaks of
    """
    codes = columns.dtype
    n_leaves = int((np.diff(roots).max() + 1) // 2)
    kind = next(each for each in (np.uint16, np.uint32, np.uint64) if n_leaves <= np.iinfo(each).bits)
    split = np.flatnonzero(tree.feature >= 0)
    keep, place = np.zeros(len(tree.feature), kind), np.zeros(len(tree.feature), np.int64)
    _number(tree.feature, tree.child, roots, keep, place)
    cut = np.minimum(tree.cut[split], np.iinfo(codes).max)  # one beyond all codes sends every row left
    leaf = np.flatnonzero(tree.feature < 0)
    values = np.zeros((len(roots) - 1, MOST_LEAVES, tree.value.shape[1]))
    values[np.searchsorted(roots, leaf, "right") - 1, place[leaf]] = tree.value[leaf]
    _add(
        columns,
        (tree.feature[split], tree.first[split].astype(codes), cut.astype(codes), keep[split]),
        np.searchsorted(split, roots),
        values[:, _ORDER],
        outputs,
        np.empty(_SOME, kind),
        out,
    )


_ORDER = np.argsort([(int(_SEQUENCE) << bit) % 2**64 >> int(_SHIFT) for bit in range(64)])
"""The bit that stands at each place of a table which the sequence looks up."""


@borrowing
def _number(feature: Any, child: Any, roots: Any, keep: Any, place: Any) -> None:
    """Set the ``place`` of the first leaf below each node, and which leaves a row may still reach right of a split."""
    for t in range(len(roots) - 1):
        root = roots[t]
        for node in range(roots[t + 1] - 1, root - 1, -1):  # children stand behind: how many leaves are below
            place[node] = 1
            if feature[node] >= 0:
                left = root + child[node]
                place[node] = place[left] + place[left + 1]
        leaves, place[root] = place[root], 0
        for node in range(root, roots[t + 1]):
            if feature[node] >= 0:
                left = root + child[node]
                below = place[left]
                cleared = ((np.uint64(1) << np.uint64(below)) - np.uint64(1)) << np.uint64(place[node])
                keep[node] = keep.dtype.type(~cleared)
                place[left], place[left + 1] = place[node], place[node] + below
        assert leaves <= MOST_LEAVES


@borrowing
def _narrow(codes: Any, first: Any, last: Any, keep: Any, mask: Any) -> None:
    """Leave rows that go right of a split the leaves it ``keep``s."""
    none = mask.dtype.type(0)
    for i in range(len(codes)):
        goes = (first <= codes[i]) & (codes[i] <= last)
        mask[i] &= keep | (none - mask.dtype.type(goes))


@compiled
def _add(columns: Any, splits: Any, starts: Any, values: Any, outputs: Any, mask: Any, out: Any) -> None:
    """Ask all ``splits`` of a few rows after the other; those of a tree begin at ``starts``."""
    feature, first, last, keep = splits
    n, S = columns.shape[1], values.shape[2]
    for begin in range(0, n, len(mask)):
        end = min(begin + len(mask), n)
        here = mask[: end - begin]
        for t in range(len(starts) - 1):
            here[:] = ~mask.dtype.type(0)
            for s in range(starts[t], starts[t + 1]):
                _narrow(columns[feature[s], begin:end], first[s], last[s], keep[s], here)
            for i in range(end - begin):
                bits = np.uint64(here[i])
                at = ((bits & (np.uint64(0) - bits)) * _SEQUENCE) >> _SHIFT
                for s in range(S):
                    out[begin + i, outputs[t] + s] += values[t, at, s]
