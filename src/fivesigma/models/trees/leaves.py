"""The training rows in the leaves of a forest, and the quantiles that they give. Compiled.

A row meets the training rows of one leaf a tree: a thousand shares, however many rows there are. Summed in buckets of
neighbouring ranks of y they say in which of them each quantile lies, and of those alone the ranks are told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.compiled import compiled
from fivesigma._core.saved_state import MOST, SavedState
from fivesigma.models.trees.binning import Array

_BUCKETS = 512
_NEAR = 1e-12
"""What a sum of shares may lack of a level that it is meant to reach: rounding."""
Nodes = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Leaves:
    """The training rows of each node of a forest, those of leaves; rows are counted in order of y.

    Attributes
    ----------
    rows : (T * n,) rows of each node in their order, one node behind the other
    starts : (N + 1,) where those of each node begin, and the end
    """

    rows: NDArray[np.uint32]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, leaves: Nodes, n_nodes: int) -> Leaves:
        """Return the rows of ``n_nodes`` nodes, of which ``leaves`` (n, T) says the leaves of each row."""
        rows, starts = np.empty(leaves.size, np.uint32), np.zeros(n_nodes + 2, np.int64)
        _sort(leaves, rows, starts)
        return cls(rows, starts[:-1].copy())

    @classmethod
    def of_members(cls, members: Sequence[tuple[Any, Any, Any]], n_nodes: NDArray[Any]) -> Leaves:
        """Return what version 0.1.0 has kept of each tree: rows and where those of its nodes begin."""
        starts, before = [np.zeros(1, np.int64)], 0
        for (rows, own, _), size in zip(members, n_nodes, strict=True):
            starts.append(before + np.append(own[1:], np.full(size + 1 - len(own), len(rows))))
            before += len(rows)
        return cls(np.concatenate([rows for rows, *_ in members]).astype(np.uint32), np.concatenate(starts))

    def quantiles(self, leaves: Nodes, y: Array, w: Array, levels: Array) -> Array:
        """Return the quantiles (n, m) at rising ``levels`` (m,) of rows that end in ``leaves`` (n, T).

        Of each tree the training rows in the leaf share 1 by weight: y (n_train,) in order, and weights ``w``.
        """
        at = np.empty((len(leaves), levels.size), np.int64)
        equal = bool((w == w[0]).all())
        _quantiles(leaves, self.rows, self.starts, None if equal else w, len(y), levels, at)
        return np.asarray(y[at])

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        rows, starts = state.indices("rows", (None,), MOST), state.whole("starts", (None,), low=0)
        state.expect(rows.dtype == np.uint32, "rows", "uint32")
        runs = len(starts) > 1 and starts[0] == 0 and starts[-1] == len(rows) and (np.diff(starts) >= 0).all()
        state.expect(runs and starts.dtype == np.int64, "starts", "int64, where rows of nodes begin")


class _Room(NamedTuple):
    """Shares by bucket (B,); of a bucket 1 + the place of its ranks, or 0; shares by rank (m, size of a bucket); of
    each level the bucket that reaches it and the shares below that.
    """

    bucket: Any
    place: Any
    rank: Any
    reached: Any
    below: Any


@compiled
def _sort(leaves: Any, rows: Any, starts: Any) -> None:
    """Set ``rows`` (n T,) and ``starts`` (N + 2,), the last of which is not needed: rows of a node by counting."""
    n, T = leaves.shape
    for i in range(n):
        for t in range(T):
            starts[leaves[i, t] + 2] += 1
    for node in range(2, len(starts)):
        starts[node] += starts[node - 1]
    for i in range(n):
        for t in range(T):
            node = leaves[i, t] + 1
            rows[starts[node]] = i
            starts[node] += 1


@compiled
def _listed(leaf: Any, rows: Any, starts: Any, w: Any, shift: Any, bucket: Any, row: Any, share: Any) -> int:
    """List the training rows that share a row's leaves (T,), and sum their shares by bucket; return how many.

    ``w`` is None of equal weights, so that they are not looked up when compiled.
    """
    m = np.uint64(0)
    for node in leaf:
        begin, end = np.uint64(starts[node]), np.uint64(starts[node + 1])
        if w is None:
            held = float(end - begin)
        else:
            held = 0.0
            for k in range(begin, end):
                held += w[rows[k]]
        one = 1.0 / held
        for k in range(begin, end):
            each = rows[k]
            part = one if w is None else w[each] / held
            row[m], share[m] = each, part
            m += np.uint64(1)
            bucket[np.uint64(each) >> shift] += part
    return int(m)


@compiled
def _find_buckets(room: _Room, levels: Any) -> float:
    """Set the bucket in which the shares reach each level; return the sum of all shares."""
    bucket, total = room.bucket, 0.0
    for b in range(len(bucket)):
        total += bucket[b]
    b, below = 0, 0.0
    for q in range(len(levels)):
        while b + 1 < len(bucket) and below + bucket[b] < (levels[q] - _NEAR) * total:
            below += bucket[b]
            b += 1
        room.reached[q], room.below[q] = b, below
        room.place[b] = q + 1
    bucket[:] = 0.0
    return total


@compiled
def _find_ranks(room: _Room, levels: Any, total: float, at: Any) -> None:
    """Set ``at`` (m,) to the rank in each of the buckets found at which the level is reached, or the last with a share:
    the sum by bucket and that by rank differ by rounding.
    """
    size = room.rank.shape[1]
    for q in range(len(levels)):
        b, below, rank = room.reached[q], room.below[q], 0
        own = room.rank[room.place[b] - 1]
        for k in range(size):
            if own[k] > 0.0:
                rank = k
                below += own[k]
                if below >= (levels[q] - _NEAR) * total:
                    break
        at[q] = b * size + rank
    for q in range(len(levels)):
        room.place[room.reached[q]] = 0


@compiled
def _quantiles(leaves: Any, rows: Any, starts: Any, w: Any, n: int, levels: Any, at: Any) -> None:
    """Set ``at`` (n_rows, m) to the first of ``n`` training rows at which the shares reach each level."""
    shift, m = 0, len(levels)
    while (n - 1) >> shift >= _BUCKETS:
        shift += 1
    n_buckets, size = ((n - 1) >> shift) + 1, 1 << shift
    room = _Room(
        np.zeros(n_buckets), np.zeros(n_buckets, np.int64), np.empty((m, size)), np.empty(m, np.int64), np.empty(m)
    )  # fmt: skip
    by, within = np.uint64(shift), np.uint64(size - 1)
    row, share = np.empty(1024, np.uint32), np.empty(1024)
    for i in range(len(leaves)):
        n_listed = 0
        for node in leaves[i]:
            n_listed += starts[node + 1] - starts[node]
        if n_listed > len(row):
            row, share = np.empty(2 * n_listed, np.uint32), np.empty(2 * n_listed)
        n_listed = _listed(leaves[i], rows, starts, w, by, room.bucket, row, share)
        total = _find_buckets(room, levels)
        room.rank[:] = 0.0
        for k in range(n_listed):
            place = room.place[np.uint64(row[k]) >> by]
            if place > 0:
                room.rank[place - 1, np.uint64(row[k]) & within] += share[k]
        _find_ranks(room, levels, total, at[i])
