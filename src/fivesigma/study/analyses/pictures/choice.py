"""Which events are drawn: some of each class, then those that the answers to are the surest, the least sure, wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.study.fit.prediction import Output

Array = NDArray[Any]
EACH = 6
"""Events of a strip."""
EXAMPLES, MOST = 4, 12
"""Examples of a class, and most of all classes together."""


@dataclass(frozen=True, eq=False)
class Told:
    """Events with what is true and what was said of them.

    Attributes
    ----------
    X : (m, channels, \\*space) more than these, of which none is copied
    rows : (n,) where they stand in it
    y : (n,) codes of classes, or targets (n,) or (n, m)
    said : what a model says of them
    """

    X: Array
    rows: Array
    y: Array
    said: Mapping[Output, Array]


@dataclass(frozen=True, eq=False)
class Chosen:
    """A strip: why these events, the code of their class where they are examples of one, and where they stand."""

    of: str
    code: int | None
    at: Array


def of_classes(told: Told, n_classes: int, rng: np.random.Generator, *, says: bool) -> Iterator[Chosen]:
    """Yield examples of each class by lot, then, where the model ``says`` something, by the probabilities it states."""
    each = max(1, min(EXAMPLES, MOST // n_classes))
    for code in range(min(n_classes, MOST)):
        yield Chosen("examples", code, _distinct(told, rng.permutation(np.flatnonzero(told.y == code)), each))
    p = told.said.get(Output.PROBABILITY)
    if not says or p is None or not len(p):
        return
    label, top = p.argmax(axis=1), np.sort(p, axis=1)
    yield Chosen("certain", None, _certain(told, label, p.max(axis=1)))
    yield Chosen("doubtful", None, _distinct(told, np.argsort(top[:, -1] - top[:, -2], kind="stable"), EACH))
    of_truth = p[np.arange(len(p)), told.y]
    wrong = np.flatnonzero(label != told.y)
    yield Chosen("wrong", None, _distinct(told, wrong[np.argsort(of_truth[wrong], kind="stable")], EACH))


def _certain(told: Told, label: Array, largest: Array) -> Array:
    """Return the surest, class after class in turn, so that no class that is easy takes all places."""
    order = np.argsort(-largest, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    for code in np.unique(label):
        own = order[label[order] == code]
        place[own] = np.arange(len(own))
    chosen = _distinct(told, order[np.argsort(place[order], kind="stable")], EACH)
    return np.asarray(chosen[np.argsort(label[chosen], kind="stable")])


def of_numbers(told: Told, *, says: bool) -> Iterator[Chosen]:
    """Yield examples at even steps of the (first) target, then those of the least, middle and largest residual."""
    first = told.y if told.y.ndim == 1 else told.y[:, 0]
    yield Chosen("examples", None, _steps(np.argsort(first, kind="stable")))
    said = told.said.get(Output.VALUE)
    if not says or said is None or not len(said):
        return
    order = np.argsort(residual(told.y, said), kind="stable")
    middle = max(0, (len(order) - EACH) // 2)
    yield Chosen("least", None, _distinct(told, order, EACH))
    yield Chosen("middle", None, _distinct(told, order[middle:], EACH))
    yield Chosen("largest", None, _distinct(told, order[::-1], EACH))


def residual(y: Array, said: Array) -> Array:
    """Return the distances (n,) of what was said from what is true; of several targets each over its deviation."""
    if y.ndim == 1:
        return np.asarray(np.abs(said - y))
    spread = y.std(axis=0)
    return np.asarray(np.sqrt(np.square((said - y) / np.where(spread > 0, spread, 1.0)).mean(axis=1)))


def _steps(order: Array) -> Array:
    return (
        order[np.unique(np.linspace(0, len(order) - 1, EACH).round().astype(np.int64))]
        if len(order)
        else order
    )


def _distinct(told: Told, order: Array, n: int) -> Array:
    """Return the first ``n`` of which no two are the same picture."""
    found, seen = list[int](), set[bytes]()
    for at in order:
        if len(found) == n:
            break
        if (content := told.X[told.rows[at]].tobytes()) not in seen:
            seen.add(content)
            found.append(int(at))
    return np.array(found, dtype=np.int64)
