"""Trees of binned columns as arrays of nodes, and what they say of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.compiled import compiled, inlined
from fivesigma._core.errors import InputError
from fivesigma._core.gathered import Gathered
from fivesigma._core.saved_state import SavedState
from fivesigma.models.trees.binning import Array, Bins, Codes
from fivesigma.models.trees.low import MOST_LEAVES, add_low

_NEAR = 256
"""Rows that a tree sees at a time, where all trees are near."""
_MANY, _ROOM = 1 << 17, 1 << 20
"""Nodes of all trees that are near together; bytes of rows that are, beside one tree of many."""
_LOW = 4
"""Levels of a tree up to which going on costs less than to ask whether all have arrived."""
_CUT, _COLUMN, _DEEP = 2**16 - 1, 2**20 - 1, 2**26 - 1  # what the parts of a packed node hold


class Tree(NamedTuple):
    """Nodes (N,): the column of a split or -1; left go codes from ``first`` to ``cut``; the left child, which the
    right one follows; values (N, S); the weight of the rows, and what the split gains.

    Missing values have code 0: ``first`` 0 sends them left where ``cut`` allows it, 1 sends them right.
    """

    feature: Any
    first: Any
    cut: Any
    child: Any
    value: Any
    weight: Any
    gain: Any


def room_for(n_nodes: int, n_targets: int) -> Tree:
    """Return a tree of ``n_nodes`` nodes to be filled."""
    return Tree(
        np.full(n_nodes, -1, np.int32),
        np.zeros(n_nodes, np.uint8),
        np.zeros(n_nodes, np.uint16),
        np.zeros(n_nodes, np.int32),
        np.zeros((n_nodes, n_targets)),
        np.zeros(n_nodes),
        np.zeros(n_nodes),
    )


@dataclass(frozen=True, eq=False)
class Grown:
    """Trees one behind the other, and the bins of their columns.

    Attributes
    ----------
    bins : what makes codes of values
    nodes : the nodes of all trees; children count from the root of their own tree
    roots : (T + 1,) where each tree begins, and the end
    outputs : (T,) the first of the outputs that a tree speaks of
    weight, gain : (N,) of each node the weight of its rows, and what its split gains
    """

    bins: Bins
    feature: NDArray[np.int32]
    first: NDArray[np.uint8]
    cut: NDArray[np.uint16]
    child: NDArray[np.int32]
    value: Array
    roots: NDArray[np.int64]
    outputs: NDArray[np.int64]
    weight: Array
    gain: Array

    @classmethod
    def of(
        cls,
        bins: Bins,
        trees: Sequence[Tree],
        outputs: Sequence[int],
        sizes: Sequence[int] | NDArray[np.int64] | None = None,
    ) -> Grown:
        """Return trees as one; where some of them stand together already, ``sizes`` has the nodes of each."""
        one = Tree(*(np.concatenate(each) for each in zip(*trees, strict=True)))
        sizes = [len(tree.feature) for tree in trees] if sizes is None else sizes
        roots = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        whole = np.asarray(outputs, dtype=np.int64)
        return cls(
            bins, one.feature, one.first, one.cut, one.child, one.value, roots, whole, one.weight, one.gain
        )

    @property
    def tree(self) -> Tree:
        """The nodes of all trees."""
        return Tree(self.feature, self.first, self.cut, self.child, self.value, self.weight, self.gain)

    def added(self, X: Array | Gathered, out: Array) -> Array:
        """Add what every tree says of the rows of X (n, p) to ``out`` (n, K), and return it."""
        self.add(self.bins.codes(X), out)
        return out

    def add(self, columns: Codes, out: Array) -> None:
        """Add what every tree says of rows with codes ``columns`` (p, n) to ``out`` (n, K)."""
        if self.low and columns.shape[1] >= _NEAR:
            add_low(columns, self.tree, self.roots, self.outputs, out)
        else:
            codes = np.ascontiguousarray(columns.T)
            _add(codes, self._packed(), self.value, self.roots, self.outputs, out)

    @property
    def low(self) -> bool:
        """Whether no tree has more leaves than a word has bits."""
        return bool(np.diff(self.roots).max() < 2 * MOST_LEAVES)

    def leaves(self, X: Array) -> NDArray[np.int32]:
        """Return the node (n, T), counted over all trees, in which each of them puts each row of X (n, p)."""
        found = np.empty((len(X), len(self.roots) - 1), np.int32)
        _end(np.ascontiguousarray(self.bins.codes(X).T), self._packed(), self.roots, found)
        return found

    def stages(self, X: Array | Gathered, out: Array, n_stages: int) -> Iterator[Array]:
        """Yield ``out`` (n, K), to which the trees are added in ``n_stages`` equal parts, one part at a time."""
        codes = np.ascontiguousarray(self.bins.codes(X).T)
        (nodes, heights), step = self._packed(), (len(self.roots) - 1) // n_stages
        for first in range(0, step * n_stages, step):
            roots, outputs = self.roots[first : first + step + 1], self.outputs[first : first + step]
            _add(codes, (nodes, heights[first : first + step]), self.value, roots, outputs, out)
            yield out

    def _packed(self) -> Any:
        p, most = len(self.bins.starts) - 1, int(np.diff(self.roots).max())
        if p > _COLUMN or most > _DEEP:
            raise InputError(
                f"trees of {p} columns and up to {most} nodes; expected at most {_COLUMN} and {_DEEP}."
            )
        return _packed(self.tree, self.roots)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        bins = state.part("bins", Bins)
        N = len(state.floats("value", (None, None)))
        roots = state.whole("roots", (None,), low=0)
        rise = len(roots) > 1 and roots[0] == 0 and roots[-1] == N and (np.diff(roots) > 0).all()
        state.expect(
            bool(rise) and roots.dtype == np.int64, "roots", "int64, where trees begin, one behind the other"
        )
        for name, kind in (
            ("feature", np.int32),
            ("first", np.uint8),
            ("cut", np.uint16),
            ("child", np.int32),
        ):
            array = getattr(self, name)
            state.expect(
                isinstance(array, np.ndarray) and array.dtype == kind and array.shape == (N,),
                name,
                "one number a node",
            )
        split = self.feature >= 0
        own = np.arange(N) - np.repeat(roots[:-1], np.diff(roots))
        size = np.repeat(np.diff(roots), np.diff(roots))
        below = (self.child > own) & (self.child < size - 1)
        state.expect(bool(below[split].all()), "child", "children behind their parents")
        state.expect(_is_tree(self.child, split, roots), "child", "each node but a root below one other")
        state.expect(self.first.max(initial=0) <= 1, "first", "0 or 1")
        state.expect(self.feature.max(initial=-1) < len(bins.starts) - 1, "feature", "columns that are there")
        for name in ("weight", "gain"):
            state.floats(name, (N,), low=0.0)
        outputs = state.whole("outputs", (len(roots) - 1,), low=0)
        state.expect(outputs.dtype == np.int64, "outputs", "int64")


def check_rounds(state: SavedState, p: int, K: int) -> None:
    """Refuse loaded ``_trees`` that are not ``n_iter_`` rounds of trees of ``p`` columns, one for each of K outputs."""
    trees, rounds = state.part("_trees", Grown), state.count("n_iter_")
    state.expect(len(trees.bins.starts) == p + 1, "_trees", f"trees of {p} columns")
    state.expect(trees.value.shape[1] == 1, "_trees", "one value a node")
    state.expect((trees.outputs < K).all(), "_trees", f"trees of {K} outputs")
    state.expect(len(trees.outputs) == K * rounds, "_trees", f"{rounds} rounds of {K} trees")


def _is_tree(child: NDArray[np.int32], split: NDArray[np.bool_], roots: NDArray[np.int64]) -> bool:
    """Whether each node that is no root is the child of one split: else there are more ways down than leaves."""
    left = (child + np.repeat(roots[:-1], np.diff(roots)))[split]
    others = np.delete(np.arange(len(child)), roots[:-1])
    return np.array_equal(np.sort(np.concatenate([left, left + 1])), others)


@compiled
def _packed(tree: Tree, roots: Any) -> Any:
    """Return what a walk asks of each node in one number, and the levels below each root.

    The number holds cut, first, feature and child; leaves lead to themselves.
    """
    nodes, levels = np.empty(len(tree.feature), np.int64), np.zeros(len(tree.feature), np.int32)
    heights = np.zeros(len(roots) - 1, np.int64)
    for t in range(len(roots) - 1):
        for at in range(roots[t], roots[t + 1]):
            split = tree.feature[at] >= 0
            child, feature = (tree.child[at], tree.feature[at]) if split else (at - roots[t], 0)
            first, cut = (tree.first[at], tree.cut[at]) if split else (0, _CUT)
            nodes[at] = (np.int64(child) << 37) | (np.int64(feature) << 17) | (np.int64(first) << 16) | cut
            heights[t] = max(heights[t], levels[at])
            if split:
                below = roots[t] + child
                levels[below] = levels[below + 1] = levels[at] + 1
    return nodes, heights


@inlined
def _below(codes: Any, i: Any, node: Any) -> Any:
    """Return the node below a packed one, counted from the root, that row ``i`` falls into; of a leaf itself."""
    code = np.int64(codes[i, np.uint64((node >> 17) & _COLUMN)])
    return np.uint64((node >> 37) + 1 - ((code >= ((node >> 16) & 1)) & (code <= (node & _CUT))))


@compiled
def _reach(codes: Any, nodes: Any, root: Any, height: int, begin: int, end: int, at: Any) -> None:
    """Set ``at`` to the leaves of the rows from ``begin`` to ``end`` below one ``root``, ``height`` levels at most.

    Four rows go down together, and none waits for what another one loads; in a low tree nobody looks who has arrived.
    """
    first, last, root = np.uint64(begin), np.uint64(end - 1), np.uint64(root)
    one, two, three = np.uint64(1), np.uint64(2), np.uint64(3)
    for i in range(first, last + one, np.uint64(4)):
        j, k, l = min(i + one, last), min(i + two, last), min(i + three, last)  # noqa: E741 four in a row
        a = b = c = d = np.uint64(0)
        for _ in range(height if height <= _LOW else 0):
            a, b = _below(codes, i, nodes[root + a]), _below(codes, j, nodes[root + b])
            c, d = _below(codes, k, nodes[root + c]), _below(codes, l, nodes[root + d])
        while height > _LOW:
            next_a, next_b = _below(codes, i, nodes[root + a]), _below(codes, j, nodes[root + b])
            next_c, next_d = _below(codes, k, nodes[root + c]), _below(codes, l, nodes[root + d])
            if (next_a == a) & (next_b == b) & (next_c == c) & (next_d == d):
                break
            a, b, c, d = next_a, next_b, next_c, next_d
        at[i - first], at[j - first], at[k - first], at[l - first] = root + a, root + b, root + c, root + d


@compiled
def _rows_at_once(codes: Any, nodes: Any) -> int:
    """Return how many rows a tree sees before the next one does: each of either is brought near as seldom as can be."""
    return _NEAR if len(nodes) <= _MANY else max(_NEAR, _ROOM // (codes.shape[1] * codes.itemsize))


@compiled
def _add(codes: Any, packed: Any, value: Any, roots: Any, outputs: Any, out: Any) -> None:
    """Add to ``out`` (n, K); a few rows at a time, which all trees see while they are near."""
    nodes, heights = packed
    n, S, some = len(codes), np.uint64(value.shape[1]), _rows_at_once(codes, nodes)
    at = np.empty(some, np.uint64)
    for begin in range(0, n, some):
        end = min(begin + some, n)
        first, last = np.uint64(begin), np.uint64(end)
        for t in range(len(roots) - 1):
            _reach(codes, nodes, roots[t], heights[t], begin, end, at)
            of = np.uint64(outputs[t])
            for i in range(first, last):
                for s in range(S):
                    out[i, of + s] += value[at[i - first], s]


@compiled
def _end(codes: Any, packed: Any, roots: Any, leaves: Any) -> None:
    """Set ``leaves`` (n, T)."""
    nodes, heights = packed
    n, some = len(codes), _rows_at_once(codes, nodes)
    at = np.empty(some, np.uint64)
    for begin in range(0, n, some):
        end = min(begin + some, n)
        for t in range(len(roots) - 1):
            _reach(codes, nodes, roots[t], heights[t], begin, end, at)
            for i in range(begin, end):
                leaves[i, t] = at[i - begin]
