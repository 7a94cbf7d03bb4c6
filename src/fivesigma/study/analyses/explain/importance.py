"""What a fold's fit leans on, measured on the rows it held out, and the folds joined.

Impurity alone is a quantity of the rows fitted to; it is labelled so, its out-of-bag form beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.explain.importance import fold_error
from fivesigma.record.document import tuples
from fivesigma.record.sections.explained import Importance, OutOfBag

Array = NDArray[Any]
Part = Mapping[str, Any]
METHODS = (
    "impurity",
    "permutation",
    "shap",
    "integrated_gradients",
    "drop_column",
    "drop_best",
    "forward",
    "effects",
)
"""Keys of ``explain`` in ``results.json``."""


@dataclass(frozen=True, eq=False)
class Held:
    """The held-out rows of a fold, and those that its model was fitted to.

    Attributes
    ----------
    X, y, w : (n, p), (n,) and (n,) or None
    fitted : the same of the rows fitted to, with their training weights
    names : (p,) of the columns
    grids : values at which the effect of a column is asked for, by name
    """

    X: Array
    y: Array
    w: Array | None
    fitted: tuple[Array, Array, Array | None]
    names: tuple[str, ...]
    grids: Mapping[str, Sequence[float]]

    def sample(self, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Return at most ``n`` of the rows with a weight, and their weights."""
        w = np.ones(len(self.y)) if self.w is None else np.asarray(self.w, dtype=np.float64)
        rows = np.flatnonzero(w)
        if len(rows) > n:
            rows = np.sort(rng.choice(rows, n, replace=False))
        return self.X[rows], w[rows]


def positions(names: Sequence[str], groups: Sequence[Sequence[str]] | None) -> tuple[tuple[int, ...], ...]:
    """Return the groups of columns as numbers among ``names``; every column alone for None.

    >>> positions(["a", "c", "b"], [["a", "b"], ["c", "d"]])
    ((0, 2), (1,))
    """
    if groups is None:
        return tuple((j,) for j in range(len(names)))
    place = {name: j for j, name in enumerate(names)}
    there = [tuple(place[name] for name in group if name in place) for group in groups]
    return tuple(group for group in there if group)


def label(names: Sequence[str]) -> str:
    """Return what a group of columns is called.

    >>> label(["a", "b"])
    'a + b'
    """
    return " + ".join(names)


def joined(parts: Sequence[Part], groups: Sequence[Sequence[str]], n_train: int) -> Importance | None:
    """Return the record of a model's importance; None where a fold has none or there are fewer than two.

    The columns, or groups of them, stand with the most important first; std is Nadeau and Bengio's, ±2 of it holding
    95.4 %.
    """
    if len(parts) < 2 or not all("mean" in part for part in parts):
        return None
    draws = np.array([part["mean"] for part in parts])
    order = np.argsort(-draws.mean(axis=0), kind="stable")
    aside = [part.get("out_of_bag") for part in parts]
    return Importance(
        names=tuple(label(groups[j]) for j in order),
        mean=tuples(draws.mean(axis=0)[order]),
        std=tuples(errors(draws, parts, n_train)[order]),
        draws=tuples(draws[:, order]),
        groups=tuple(tuple(groups[j]) for j in order) if any(len(group) > 1 for group in groups) else None,
        method=parts[0].get("method"),
        scale=parts[0].get("scale"),
        residual=max((part["residual"] for part in parts if "residual" in part), default=None),
        out_of_bag=None if None in aside else _out_of_bag(np.array(aside), parts, n_train, order),
    )


def _out_of_bag(draws: Array, parts: Sequence[Part], n_train: int, order: Array) -> OutOfBag:
    return OutOfBag(mean=tuples(draws.mean(axis=0)[order]), std=tuples(errors(draws, parts, n_train)[order]))


def errors(draws: Array, parts: Sequence[Part], n_train: int) -> Array:
    """Return the uncertainty (G,) of the mean over folds of ``draws`` (folds, G)."""
    rows = [(np.arange(n_train - part["n_held"]), np.arange(part["n_held"])) for part in parts]
    return np.array([fold_error(each, rows) for each in draws.T])


def message(parts: Sequence[Part]) -> str:
    """Return why there is no record of ``parts``, or an empty string."""
    said = [str(part["message"]) for part in parts if "message" in part]
    if said:
        return said[0]
    return (
        "" if len(parts) > 1 and all("mean" in part for part in parts) else "there are fewer than two folds"
    )
