"""The greedy tree (CART) on columns sorted once, refitted to bootstrap counts: what makes 200 refits cheap.

It grows what scikit-learn's ``DecisionTreeRegressor`` and ``DecisionTreeClassifier`` grow (squared error, which on
indicators of classes is Gini's index; float32 columns, cuts midway), but a refit sorts nothing: the order of each
column is filtered by the counts and split along with the nodes. Equal splits are common (an outlier is cut off by
every column in which it comes last) and are drawn at random, as there: each node looks at the columns in a new order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier

from fivesigma._core.compiled import njit

Array = NDArray[np.float64]
Table = NDArray[np.float32]
Index = NDArray[np.int32]

_PLAIN: dict[str, dict[str, Any]] = {
    "DecisionTreeRegressor": {"criterion": "squared_error"},
    "DecisionTreeClassifier": {"criterion": "gini", "class_weight": None},
}
_UNSET = {
    "splitter": "best",
    "max_features": None,
    "min_weight_fraction_leaf": 0.0,
    "max_leaf_nodes": None,
    "min_impurity_decrease": 0.0,
    "ccp_alpha": 0.0,
    "monotonic_cst": None,
}
_DEEPEST = 10_000


@dataclass(frozen=True)
class Limits:
    """Where a tree stops: depth, events in a node that may be split, events in a leaf."""

    max_depth: int
    min_split: float
    min_leaf: float


def limits_of(model: Any) -> Limits | None:
    """Return the limits of a plain tree of scikit-learn, None for any other model."""
    plain = _PLAIN.get(type(model).__name__)
    grown = any(each.__module__.startswith("sklearn.tree") for each in type(model).__mro__)
    if plain is None or not grown:
        return None
    params = model.get_params()
    whole = isinstance(params["min_samples_split"], int) and isinstance(params["min_samples_leaf"], int)
    if not whole or any(params.get(name) != value for name, value in {**_UNSET, **plain}.items()):
        return None
    depth = _DEEPEST if params["max_depth"] is None else params["max_depth"]
    return Limits(depth, float(params["min_samples_split"]), float(params["min_samples_leaf"]))


def refits_by_counts(
    model: Any, X: Any, y: Any, X_test: Any, n_depths: int | None = None, *, sample_weight: Any = None
) -> Callable[[NDArray[Any], int], NDArray[Any]] | None:
    """Return what refits a plain tree many times faster than scikit-learn; None for any other model, or gaps in X.

    None too where a weight is negative.

    Parameters
    ----------
    model : unfitted tree of scikit-learn, or of ours
    X, y : (n, p) and (n,) training rows
    X_test : (n_test, p)
    n_depths : of a path; None for the tree at its own depth
    sample_weight : (n,) of the training rows; as in scikit-learn, a tree stops by the number of events

    Returns
    -------
    refit : from how often each row counts (n,), and a seed, to predicted values or labels: (n_test,), or
        (n_depths, n_test) cut at depth 1, 2, …

    >>> from sklearn.tree import DecisionTreeRegressor
    >>> X = np.arange(4.0)[:, None]
    >>> refit = refits_by_counts(DecisionTreeRegressor(max_depth=1), X, [0.0, 0.0, 3.0, 9.0], X)
    >>> refit(np.array([1, 1, 2, 1]), 0)
    array([1.5, 1.5, 1.5, 9. ])
    """
    limits = limits_of(model)
    table, test = np.asarray(X, dtype=np.float64), np.asarray(X_test, dtype=np.float64)
    w = np.ones(len(table)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    if limits is None or not (np.isfinite(table).all() and np.isfinite(test).all() and (w >= 0).all()):
        return None
    classes, codes = (None, None)
    if is_classifier(model):
        classes, codes = np.unique(y, return_inverse=True)
    tree = ResampledTree(table, _outputs(y, codes), test, limits, w)

    def refit(counts: NDArray[Any], seed: int) -> NDArray[Any]:
        means = tree.leaf(counts, seed) if n_depths is None else tree.path(counts, n_depths, seed)
        if classes is None:
            return means[..., 0]
        told = (means[..., 0] > 0.5).astype(int) if means.shape[-1] == 1 else means.argmax(axis=-1)
        return np.asarray(classes[told])

    return refit


def _outputs(y: Any, codes: NDArray[np.int64] | None) -> Array:
    """Return targets (n, 1), or indicators of classes: one column for two classes, whose Gini is the same."""
    if codes is None:
        return np.asarray(y, dtype=np.float64)[:, None]
    shown = np.eye(int(codes.max()) + 1)[codes]
    return shown[:, 1:] if shown.shape[1] == 2 else shown


class ResampledTree:
    """A tree that is refitted to counts of the same rows and asked about the same test rows.

    Parameters
    ----------
    X : (n, p), finite
    outputs : (n, m) targets, or indicators of classes
    X_test : (n_test, p)
    w : (n,) weights, not negative
    """

    def __init__(self, X: Any, outputs: Array, X_test: Any, limits: Limits, w: Array | None = None) -> None:
        self.columns = np.ascontiguousarray(np.asarray(X, dtype=np.float32).T)
        self.order = np.argsort(self.columns, axis=1, kind="stable").astype(np.int32)
        self.least = outputs.min(axis=0)
        self.range = np.where(np.ptp(outputs, axis=0) > 0, np.ptp(outputs, axis=0), 1.0)
        self.outputs = np.ascontiguousarray((outputs - self.least) / self.range)
        self.X_test = np.ascontiguousarray(X_test, dtype=np.float32)
        self.limits = limits
        self.w = np.ones(len(self.outputs)) if w is None else w

    def path(self, counts: NDArray[Any], n_depths: int, seed: int = 0) -> Array:
        """Return (n_depths, n_test, m): what the tree fitted to ``counts`` (n,) predicts, cut at depth 1, 2, …"""
        path = np.empty((n_depths, len(self.X_test), self.outputs.shape[1]))
        _follow(*self._grown(counts, min(self.limits.max_depth, n_depths), seed), self.X_test, path)
        return np.asarray(path * self.range + self.least)

    def leaf(self, counts: NDArray[Any], seed: int = 0) -> Array:
        """Return (n_test, m): what the tree fitted to ``counts`` (n,) predicts."""
        last = np.empty((1, len(self.X_test), self.outputs.shape[1]))
        _follow(*self._grown(counts, self.limits.max_depth, seed), self.X_test, last)
        return np.asarray(last[0] * self.range + self.least)

    def _grown(self, counts: NDArray[Any], max_depth: int, seed: int) -> tuple[Any, ...]:
        c = np.asarray(counts, dtype=np.float64)
        w = c * self.w
        kept = int(np.count_nonzero(w))
        order = np.empty((len(self.columns), kept), dtype=np.int32)
        _filter(self.order, w, order)
        least = np.array([self.limits.min_split, self.limits.min_leaf])
        return _grow(  # type: ignore[no-any-return]
            self.columns, order, self.outputs * w[:, None], w, c, max_depth, least, np.uint64(seed + 1)
        )


@njit(cache=True)  # type: ignore[untyped-decorator]
def _filter(order: Index, w: Array, kept: Index) -> None:
    """Keep the rows of positive weight, in each column's order."""
    for j in range(len(order)):
        k = 0
        for i in order[j]:
            if w[i] > 0.0:
                kept[j, k] = i
                k += 1


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _grow(
    columns: Table,
    order: Index,
    wy: Array,
    w: Array,
    c: Array,
    max_depth: int,
    least: Array,
    state: np.uint64,
) -> tuple[Any, ...]:
    """Grow depth first; return column (-1 at a leaf), cut, left child and mean outputs of each node.

    Rows weigh ``w`` and are ``c`` events each, of which there must be enough.
    """
    n, m = order.shape[1], wy.shape[1]
    min_split, min_leaf = least
    tried = np.arange(len(columns))
    column = np.full(2 * n + 1, -1, dtype=np.int32)
    cut = np.zeros(2 * n + 1)
    left = np.zeros(2 * n + 1, dtype=np.int32)
    value = np.zeros((2 * n + 1, m))
    stack = np.zeros((n + 2, 4), dtype=np.int64)  # node, first row, end, depth
    stack[0, 2] = n
    open_nodes, made = 1, 1
    goes_left = np.zeros(len(w), dtype=np.bool_)
    spare = np.empty(n, dtype=np.int32)
    while open_nodes:
        open_nodes -= 1
        node, first, end, depth = stack[open_nodes]
        W = _mean(order[0, first:end], wy, w, value[node])
        C = _sum(order[0, first:end], c)
        if depth >= max_depth or min(C - min_split, C - 2 * min_leaf) < 0 or end - first < 2:
            continue
        state = _shuffle(tried, state)
        j, at = _best_split(columns, order, tried, first, end, wy, w, W, value[node], c, C, min_leaf)
        if j < 0:
            continue
        low, high = columns[j, order[j, at - 1]], columns[j, order[j, at]]
        column[node], cut[node], left[node] = j, low / 2.0 + high / 2.0, made
        if not cut[node] < high:
            cut[node] = low
        for k in range(first, end):
            goes_left[order[j, k]] = k < at
        for f in range(len(columns)):
            if f != j:
                _part(order[f], first, end, goes_left, spare)
        stack[open_nodes, 0], stack[open_nodes, 1] = made + 1, at
        stack[open_nodes, 2], stack[open_nodes, 3] = end, depth + 1
        stack[open_nodes + 1, 0], stack[open_nodes + 1, 1] = made, first
        stack[open_nodes + 1, 2], stack[open_nodes + 1, 3] = at, depth + 1
        open_nodes, made = open_nodes + 2, made + 2
    return column[:made], cut[:made], left[:made], value[:made]


@njit(cache=True)  # type: ignore[untyped-decorator]
def _shuffle(items: NDArray[np.int64], state: np.uint64) -> np.uint64:
    """Shuffle ``items`` in place by xorshift64* (Vigna 2016, arXiv:1402.6246); return the next state."""
    for k in range(items.size - 1, 0, -1):
        state ^= state >> np.uint64(12)
        state ^= state << np.uint64(25)
        state ^= state >> np.uint64(27)
        drawn = (state * np.uint64(2685821657736338717)) >> np.uint64(33)
        other = np.int64(drawn) % (k + 1)
        items[k], items[other] = items[other], items[k]
    return state


@njit(cache=True)  # type: ignore[untyped-decorator]
def _mean(rows: Index, wy: Array, w: Array, mean: Array) -> float:
    """Set ``mean`` (m,) to the weighted mean of the rows' outputs; return the sum of weights."""
    W = 0.0
    for i in rows:
        W += w[i]
        for q in range(mean.size):
            mean[q] += wy[i, q]
    for q in range(mean.size):
        mean[q] /= W
    return W


@njit(cache=True)  # type: ignore[untyped-decorator]
def _sum(rows: Index, c: Array) -> float:
    C = 0.0
    for i in rows:
        C += c[i]
    return C


@njit(cache=True)  # type: ignore[untyped-decorator]
def _part(order: Index, first: int, end: int, goes_left: NDArray[np.bool_], spare: Index) -> None:
    """Move the rows that go left to the front, both sides in their order."""
    kept = first
    moved = 0
    for k in range(first, end):
        i = order[k]
        side = goes_left[i]
        order[kept] = i
        spare[moved] = i
        kept += side
        moved += not side
    for k in range(moved):
        order[kept + k] = spare[k]


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _best_split(
    columns: Table,
    order: Index,
    tried: NDArray[np.int64],
    first: int,
    end: int,
    wy: Array,
    w: Array,
    W: float,
    mean: Array,
    c: Array,
    C: float,
    min_leaf: float,
) -> tuple[int, int]:
    """Return the column and the first place on the right of the split with the largest ``Σ S_L²/W_L + S_R²/W_R``.

    S are sums of outputs less the node's mean, so that S_R = -S_L and a pure node gains nothing: column -1.
    """
    m = mean.size
    best, where, place = 0.0, -1, -1
    S = np.empty(m)
    spread = 0.0
    for i in order[0, first:end]:
        for q in range(m):
            spread += abs(wy[i, q] - w[i] * mean[q])
    if spread <= 1e-13 * W * (1.0 + np.abs(mean).max()):
        return -1, -1
    for j in tried:
        x = columns[j]
        rows = order[j]
        if x[rows[end - 1]] <= x[rows[first]] + np.float32(1e-7):
            continue
        S[:] = 0.0
        s = V = N = 0.0
        before = x[rows[first]]
        for k in range(first, end):
            i = rows[k]
            now = x[i]
            if now > before + np.float32(1e-7) and min(N, C - N) >= min_leaf:
                if m == 1:
                    total = s * s
                else:
                    total = 0.0
                    for q in range(m):
                        total += S[q] * S[q]
                gain = total * W / (V * (W - V))
                if gain > best:
                    best, where, place = gain, j, k
            before = now
            V += w[i]
            N += c[i]
            if m == 1:
                s += wy[i, 0] - w[i] * mean[0]
            else:
                for q in range(m):
                    S[q] += wy[i, q] - w[i] * mean[q]
    return where, place


@njit(cache=True)  # type: ignore[untyped-decorator]
def _follow(column: Index, cut: Array, left: Index, value: Array, X: Table, path: Array) -> None:
    """Fill ``path`` (n_depths, n, m) at depths 1 … n_depths; with one depth, at the leaf."""
    n_depths, n, m = path.shape
    for i in range(n):
        at = 0
        for depth in range(n_depths):
            while column[at] >= 0:
                at = left[at] + (X[i, column[at]] > cut[at])
                if n_depths > 1:
                    break
            for q in range(m):
                path[depth, i, q] = value[at, q]
