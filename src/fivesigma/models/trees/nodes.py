"""Trees of binned columns as arrays of nodes, and what they say of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.compiled import compiled
from fivesigma._core.saved_state import SavedState
from fivesigma.models.trees.binning import Array, Bins


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
    def of(cls, bins: Bins, trees: Sequence[Tree], outputs: Sequence[int]) -> Grown:
        """Return trees as one."""
        one = Tree(*(np.concatenate(each) for each in zip(*trees, strict=True)))
        roots = np.concatenate([[0], np.cumsum([len(tree.feature) for tree in trees])]).astype(np.int64)
        whole = np.asarray(outputs, dtype=np.int64)
        return cls(
            bins, one.feature, one.first, one.cut, one.child, one.value, roots, whole, one.weight, one.gain
        )

    @property
    def tree(self) -> Tree:
        """The nodes of all trees."""
        return Tree(self.feature, self.first, self.cut, self.child, self.value, self.weight, self.gain)

    def added(self, X: Array, out: Array) -> Array:
        """Add what every tree says of the rows of X (n, p) to ``out`` (n, K), and return it."""
        codes = np.ascontiguousarray(self.bins.codes(X).T)
        _add(codes, self.tree, self.roots, self.outputs, out)
        return out

    def stages(self, X: Array, out: Array, n_stages: int) -> Iterator[Array]:
        """Yield ``out`` (n, K), to which the trees are added in ``n_stages`` equal parts, one part at a time."""
        codes = np.ascontiguousarray(self.bins.codes(X).T)
        step = (len(self.roots) - 1) // n_stages
        for first in range(0, step * n_stages, step):
            _add(
                codes,
                self.tree,
                self.roots[first : first + step + 1],
                self.outputs[first : first + step],
                out,
            )
            yield out

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
        state.expect(self.feature.max(initial=-1) < len(bins.starts) - 1, "feature", "columns that are there")
        for name in ("weight", "gain"):
            state.floats(name, (N,), low=0.0)
        outputs = state.whole("outputs", (len(roots) - 1,), low=0)
        state.expect(outputs.dtype == np.int64, "outputs", "int64")


@compiled
def _add(codes: Any, tree: Tree, roots: Any, outputs: Any, out: Any) -> None:
    """Add to ``out`` (n, K); a few rows at a time, which all trees see while they are near."""
    n, S = len(codes), tree.value.shape[1]
    feature, first, cut, child, value = tree.feature, tree.first, tree.cut, tree.child, tree.value
    for begin in range(0, n, 256):
        for t in range(len(roots) - 1):
            root, of = np.uint64(roots[t]), outputs[t]
            for i in range(np.uint64(begin), np.uint64(min(begin + 256, n))):
                at = root
                f = feature[at]
                while f >= 0:
                    code = codes[i, np.uint64(f)]
                    right = (code > cut[at]) | (code < first[at])
                    at = root + np.uint64(child[at]) + np.uint64(right)
                    f = feature[at]
                for s in range(S):
                    out[i, of + s] += value[at, s]
