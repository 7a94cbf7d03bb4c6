"""The trees of a forest, one after the other in one compiled loop: of few rows a call would cost as much as a tree."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.compiled import compiled
from fivesigma.models.trees import counts_kernel as counts
from fivesigma.models.trees import forest_kernel as kernel
from fivesigma.models.trees.binning import Array, Codes
from fivesigma.models.trees.nodes import Tree, room_for

_AT_ONCE = 2**15
"""Rows of all trees of a call, if these are several: there is room for two nodes a row."""

Part = tuple[Tree, NDArray[np.int64]]
"""Some trees, their nodes one behind the other, and how many each has."""


class Sample(NamedTuple):
    """What trees are grown on: codes (p, n), weights (n,) and targets (n, S), and the seed of all draws.

    ``n_draws`` events are drawn for each tree; it sees all of them once where that is 0. ``whole`` says that rows can
    be counted, see `counts_kernel.countable`.
    """

    codes: Codes
    w: Array
    y: Array
    seed: int
    n_draws: int
    whole: bool


def grown(sample: Sample, limits: kernel.Limits, n_trees: int, n_jobs: int) -> list[Part]:
    """Return ``n_trees`` trees in their order, on ``n_jobs`` threads, on which they do not depend."""
    at_once = min(max(1, _AT_ONCE // len(sample.w)), -(-n_trees // n_jobs))

    def part(numbers: range) -> Part:
        return _some(sample, limits, numbers)

    first, *others = _in_parts(n_trees, at_once)
    parts = [part(first)]  # no two threads may compile at once
    if n_jobs == 1:
        return parts + [part(numbers) for numbers in others]
    with ThreadPoolExecutor(n_jobs) as threads:
        return parts + list(threads.map(part, others))


def _in_parts(n_trees: int, at_once: int) -> Iterator[range]:
    """Yield the numbers of the trees: the first alone, then so many at once."""
    yield range(1)
    for begin in range(1, n_trees, at_once):
        yield range(begin, min(begin + at_once, n_trees))


def _some(sample: Sample, limits: kernel.Limits, numbers: range) -> Part:
    """Return the trees of these numbers: by counts where rows can be counted, to the same bits."""
    codes, w, y, seed, n_draws, whole = sample
    sizes, several = np.zeros(len(numbers), np.int64), None if y.shape[1] == 1 else y.shape[1]
    trees, first = room_for(2 * len(w) * len(numbers), y.shape[1]), numbers.start
    if whole:
        _grow_by_counts(codes, w, y, (seed, first, n_draws), limits, trees, sizes)
    else:
        _grow_by_sums(codes, w, y, (seed, first, n_draws), limits, trees, sizes, several)
    return Tree(*(each[: sizes.sum()].copy() for each in trees)), sizes


@compiled
def _from(trees: Tree, begin: int) -> Tree:
    """Return the nodes from ``begin`` on."""
    return Tree(
        trees.feature[begin:],
        trees.first[begin:],
        trees.cut[begin:],
        trees.child[begin:],
        trees.value[begin:],
        trees.weight[begin:],
        trees.gain[begin:],
    )


@compiled
def _drawn(seed: int, number: int, n_draws: int, w: Any, y: Any) -> Any:
    """Return the state of the draws and the rows of a tree."""
    if n_draws == 0:
        return kernel.every(seed, number, w, y)
    return kernel.sampled(seed, number, n_draws, w, y)


@compiled
def _grow_by_counts(codes: Any, w: Any, y: Any, draws: Any, limits: Any, trees: Tree, sizes: Any) -> None:
    """Grow the trees from the number in ``draws`` on into ``trees``; ``sizes`` (T,) takes how many nodes each has."""
    seed, first, n_draws = draws
    begin = 0
    for t in range(len(sizes)):
        state, rows = _drawn(seed, first + t, n_draws, w, y)
        sizes[t] = counts.grow(codes, counts.counted(rows), limits, state, _from(trees, begin))
        begin += sizes[t]


@compiled
def _grow_by_sums(
    codes: Any, w: Any, y: Any, draws: Any, limits: Any, trees: Tree, sizes: Any, several: Any
) -> None:
    """Grow the trees as `_grow_by_counts` does, on rows of any weights and targets."""
    seed, first, n_draws = draws
    begin = 0
    for t in range(len(sizes)):
        state, rows = _drawn(seed, first + t, n_draws, w, y)
        sizes[t] = kernel.grow(codes, rows, limits, state, _from(trees, begin), several)
        begin += sizes[t]
