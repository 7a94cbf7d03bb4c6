"""What training does with negative weights: one policy, asked by every fit.

Scores, yields and the cut flow keep the signed weights whatever the policy is. ``docs/weights.md`` has what each policy
costs, and what each kind of model does with a negative weight.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import FitError
from fivesigma._core.weights import signed
from fivesigma.models.folds import inner_folds
from fivesigma.risk.metric import power_of_two

Vector = NDArray[np.float64]

N_FOLDS = 5
"""Folds that learn E[w|x] for one another."""
ROUNDS: dict[str, Any] = {"max_iter": 60, "learning_rate": 0.1, "max_leaf_nodes": 4, "min_samples_leaf": 50}


@dataclass(frozen=True, eq=False)
class Events:
    """The rows of a fit, as a policy sees them.

    Attributes
    ----------
    X : (n, *shape) features; ``w`` : (n,) weights, some of them negative
    of : (n,) the class of each event, in which sums are held; all 0 where there are no classes
    units : (n,) labels of what stays together in folds
    """

    X: NDArray[Any]
    w: Vector
    of: NDArray[np.int64]
    units: NDArray[Any]


@dataclass(frozen=True, eq=False)
class Trained:
    """The weights (n,) that a fit is given; ``lost`` (n,) says which events have an expected weight of 0 or less."""

    w: Vector
    lost: NDArray[np.bool_]


class Policy(ABC):
    """What training does with negative weights."""

    name: ClassVar[str]
    cost: ClassVar[str]

    @abstractmethod
    def weights(self, events: Events, rng: np.random.Generator) -> Trained:
        """Return the weights of a fit; `FitError` where the rows of a class cannot have any."""


class Keep(Policy):
    """Train with the signed weights as they are."""

    name = "keep"
    cost = "nothing: the weights are those of the sample; a kind that cannot use them is not fitted"

    def weights(self, events: Events, rng: np.random.Generator) -> Trained:
        """See `Policy.weights`."""
        _refuse_weightless(events)
        return _trained(events.w)


class Drop(Policy):
    """Train without the events of negative weight."""

    name = "drop"
    cost = "the yield, and the shape where negative weights have another one than the rest"

    def weights(self, events: Events, rng: np.random.Generator) -> Trained:
        """See `Policy.weights`."""
        return _trained(np.maximum(events.w, 0.0))


class Absolute(Policy):
    """Train with the size of each weight."""

    name = "absolute"
    cost = "the yield, and the shape where negative weights have another one than the rest, twice what drop costs"

    def weights(self, events: Events, rng: np.random.Generator) -> Trained:
        """See `Policy.weights`."""
        return _trained(np.abs(events.w))


class Resample(Policy):
    """Keep an event with the chance ``E[w|x]² / E[w²|x]``, and give it the weight ``E[w²|x] / E[w|x]``.

    So that Σw and Σw² are as they were, wherever one looks in x: Nachman & Thaler (2020), arXiv:2007.11586. Both
    expectations are learnt by boosting, in folds for one another, class by class; the sum of a class is then set to
    what it was. A class without negative weights stays as it is. An event whose ``E[w|x]`` is 0 or less is not kept.
    """

    name = "resample"
    cost = "events: those that are kept are fewer, and worth as much together as the signed ones are"

    def weights(self, events: Events, rng: np.random.Generator) -> Trained:
        """See `Policy.weights`."""
        _refuse_weightless(events)
        chance, w, lost = rng.random(len(events.w)), events.w.copy(), np.zeros(len(events.w), dtype=np.bool_)
        folds = inner_folds(
            events.X, events.of, n_folds=N_FOLDS, groups=events.units, classification=True, seed=0
        )
        for code in np.unique(events.of):
            own = events.of == code
            if signed(events.w[own]):
                X = events.X[own].reshape(int(own.sum()), -1)
                w[own], lost[own] = _resampled(X, events.w[own], folds[own], chance[own])
        return Trained(w, lost)


POLICIES: Mapping[str, Policy] = {each.name: each for each in (Keep(), Drop(), Absolute(), Resample())}


def _trained(w: Vector) -> Trained:
    if not (w != 0).any():
        raise FitError("no event of positive weight is left to train on; choose another [weights] negative.")
    return Trained(w, np.zeros(len(w), dtype=np.bool_))


def _refuse_weightless(events: Events) -> None:
    """Raise `FitError` where the weights of a class sum to 0 or less: nothing stands for it."""
    for code, total in zip(*_sums(events), strict=True):
        if not total > 0:
            of = f" of class {code}" if len(np.unique(events.of)) > 1 else ""
            raise FitError(
                f"the training weights{of} sum to {total:.3g}; expected a positive sum: use more events, or another "
                "[weights] negative."
            )


def _sums(events: Events) -> tuple[NDArray[np.int64], Vector]:
    codes, at = np.unique(events.of, return_inverse=True)
    return codes, np.asarray(np.bincount(at, events.w), dtype=np.float64)


def _resampled(
    X: NDArray[Any], w: Vector, folds: NDArray[np.int64], chance: Vector
) -> tuple[Vector, NDArray[np.bool_]]:
    """Return the weights of one class (0 where an event is not kept), and which events have no positive E[w|x].

    Those are lost, and what is learnt is off: with S and Q the sums of E[w|x] and E[w²|x] over the others, all weights
    are taken ``a = Σw / S`` times, and all chances ``c = a² Q / Σw²`` times, so that both sums hold again.
    """
    unit = power_of_two(float(np.abs(w).max()))
    first, size = _expected(X, w / unit, folds), np.abs(w / unit)
    second = np.square(size) if np.ptp(size) == 0 else _expected(X, np.square(size), folds)
    second = np.maximum(second, np.square(first))
    lost = ~(first > 0)
    if lost.all():
        raise FitError(
            "no event of a class has a positive expected weight; use more events, or keep the weights."
        )
    a = float((w / unit).sum() / first[~lost].sum())
    c = float(a**2 * second[~lost].sum() / np.square(w / unit).sum())
    kept = ~lost & (chance * second < c * np.square(first))
    kept[np.argmax(np.where(lost, -np.inf, first))] |= not kept.any()
    found = np.where(kept, second / np.where(lost, 1.0, first), 0.0)
    return found * (w.sum() / found.sum()), lost


def _expected(X: NDArray[Any], target: Vector, folds: NDArray[np.int64]) -> Vector:
    """Return ``E[target | x]`` (n,) of each event, learnt on the other folds by boosting; a mean where none has any."""
    from fivesigma.models.trees.boosting import BoostingRegressor

    found = np.empty(len(target))
    for fold in np.unique(folds):
        held = folds == fold
        if held.all():
            found[held] = target.mean()
            continue
        model = BoostingRegressor(**ROUNDS)
        found[held] = model.fit(X[~held], target[~held]).predict(X[held])
    return found
