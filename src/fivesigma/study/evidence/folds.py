"""What the folds of the training rows say: a score, and the difference of two, by the corrected t test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from threading import get_ident
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.results import ErrorBudget, Score
from fivesigma.risk import evidence
from fivesigma.risk.counted import n_distinct
from fivesigma.risk.cuts import Selected, Selection
from fivesigma.risk.evidence import Difference, Part
from fivesigma.risk.influence import Scored, Units
from fivesigma.risk.metric import Metric, over_folds
from fivesigma.risk.prevalence import between_classes, slopes
from fivesigma.risk.strata import Strata
from fivesigma.risk.tails import squares, tail_limits
from fivesigma.study.evidence.parts import Parts
from fivesigma.study.evidence.records import finite
from fivesigma.study.tasks.task import VALIDATION, Truth

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class FoldScores:
    """One metric of out-of-fold predictions.

    Attributes
    ----------
    each, weights : (R, k) the score of each fold of each repeat, and the sum of its weights
    pooled_each : (R,) the score of all rows at once
    lacking : (R, k) whether a fold holds no event of some class, or none that weighs anything
    averaged : whether the mean over the folds is the score (see `Metric.averaged`)
    said : the predictions (n_train, ...) of each repeat
    slopes : (S,) how the score goes with the weight of each class that stratified folds hold to its share, else None
    """

    each: Array
    weights: Array
    pooled_each: Array
    lacking: Array
    averaged: bool
    said: tuple[Array, ...]
    slopes: Array | None = None

    @property
    def value(self) -> float:
        """The score: the mean over folds by their weights, or that of all rows; the mean over repeats.

        A fold that lacks a class is left out of a mean. Where another fold has no score, it is that of all rows too.
        """
        mean = over_folds(self.each, self.weights) if self.is_mean else self.pooled_each
        return float(np.mean(mean))

    @property
    def pooled(self) -> float:
        """The score of all rows at once, whoever fitted the model that predicts them; the mean over repeats."""
        return float(np.mean(self.pooled_each))

    @property
    def is_mean(self) -> bool:
        """Whether the score is a mean over folds."""
        return self.averaged and self.defined

    @property
    def defined(self) -> bool:
        """Whether every fold has a score, those that lack a class aside, and each repeat has two of them."""
        known = np.isfinite(self.each)
        left_out = self.lacking if self.averaged else np.zeros_like(self.lacking)
        return bool((known | left_out).all() and (known.sum(axis=1) > 1).all())

    def first(self, repeats: int) -> FoldScores:
        """Return those of the first so many repeats."""
        return FoldScores(
            self.each[:repeats],
            self.weights[:repeats],
            self.pooled_each[:repeats],
            self.lacking[:repeats],
            self.averaged,
            self.said[:repeats],
            self.slopes,
        )


@dataclass(frozen=True, eq=False)
class Held:
    """The events that a fold holds out, for all metrics of a sort.

    Attributes
    ----------
    rows : (n_train,) which training rows they are
    truth : what a metric holds predictions of these against
    weight : the sum of their weights
    n_classes : how many classes there are among the events that weigh something
    """

    rows: Array
    truth: Truth

    @cached_property
    def weight(self) -> float:
        """See the attributes."""
        return float(len(self.truth.y) if self.truth.w is None else np.sum(self.truth.w))

    @cached_property
    def n_classes(self) -> int:
        """See the attributes."""
        return _n_held(self.truth)


@dataclass(eq=False)
class Orders:
    """Rows in order of what one prediction says of them: metrics that choose a cut by it come one after the other."""

    _said: Array | None = None
    _known: dict[Any, Selected] = field(default_factory=dict)
    _cuts: dict[Any, float] = field(default_factory=dict)

    def cut(
        self, metric: Selection, prediction: Array, key: Any, ordered: Callable[[], Selected], scale: float
    ) -> float:
        """Return the cut that a metric chooses on some rows ``ordered`` by a prediction, called ``key``.

        What another prediction said is forgotten.
        """
        if self._said is not prediction:
            self._said, self._known, self._cuts = prediction, {}, {}
        if key not in self._known:
            self._known[key] = ordered()
        if (metric.name, key) not in self._cuts:
            self._cuts[metric.name, key] = metric.chosen(self._known[key], scale)
        return self._cuts[metric.name, key]


@dataclass(frozen=True, eq=False)
class Folds:
    """The folds of a study, on which out-of-fold predictions (n_train, ...) are scored, one of each repeat."""

    parts: Parts
    _wholes: dict[Truth, Part] = field(default_factory=dict, init=False, repr=False)
    _codes: dict[Truth, int] = field(default_factory=dict, init=False, repr=False)
    _orders: dict[int, Orders] = field(default_factory=dict, init=False, repr=False)
    _held: dict[Truth, dict[tuple[int, int], Held]] = field(default_factory=dict, init=False, repr=False)

    def forget_order(self) -> None:
        """Let go of the order that this thread has put rows in."""
        self._orders.pop(get_ident(), None)

    @property
    def several(self) -> bool:
        """Whether there are two folds or more, and not one validation set."""
        return self.parts.prepared.split.n_folds > 1

    def whole(self, metric: Metric) -> Part:
        """Return the events of all folds, without resamples: for the rules on how few are too few."""
        truth = self.parts.truth(metric, VALIDATION)
        if truth not in self._wholes:
            none = np.empty((0, len(truth.y)), np.uint8)
            self._wholes[truth] = Part(truth.y, truth.w, truth.groups, none)
        return self._wholes[truth]

    def too_few(self, metric: Metric) -> str:
        """Return why the folds allow no interval and no claim, or an empty string."""
        return evidence.refusal(self.whole(metric))

    @cached_property
    def sizes(self) -> tuple[int, int]:
        """Events that a fold's model is fitted to, and scored on."""
        split = self.parts.prepared.split
        n_validation = int(self.parts.validated.sum()) // split.n_folds
        n_near = int(split.near.sum()) // split.n_folds
        return len(split.train) - n_validation - n_near, n_validation

    def scored(self, metric: Metric, said: Sequence[Array]) -> FoldScores:
        """Return the scores of out-of-fold predictions (n_train, ...), one of each repeat, the first first."""
        truth = self.parts.truth(metric, VALIDATION)
        if truth not in self._codes:
            self._codes[truth] = _n_held(truth)
        codes = self._codes[truth]
        held = [self.each_held(metric, r) for r in range(len(said))]
        return FoldScores(
            np.array([self.values(metric, each, r) for r, each in enumerate(said)]),
            np.array([[fold.weight for fold in repeat] for repeat in held]),
            np.array([self.pooled(metric, each) for each in said]),
            np.array([[fold.n_classes < codes for fold in repeat] for repeat in held]),
            metric.averaged,
            tuple(said),
            self.slopes(metric, said),
        )

    def each_held(self, metric: Metric, repeat: int = 0) -> list[Held]:
        """Return what each fold holds out: the same for all metrics of a sort."""
        split = self.parts.prepared.split
        known = self._held.setdefault(self.parts.truth(metric, VALIDATION), {})
        for fold in range(split.n_folds):
            if (repeat, fold) not in known:
                rows = np.asarray(split.folds_of(repeat) == fold)
                known[repeat, fold] = Held(rows, self.parts.of_rows(metric, split.train[rows]))
        return [known[repeat, fold] for fold in range(split.n_folds)]

    def values(self, metric: Metric, prediction: Array, repeat: int = 0) -> Array:
        """Return the score of an out-of-fold prediction on each fold, at a cut chosen on the other folds."""
        values = []
        for held in self.each_held(metric, repeat):
            cut, truth = self.cut(metric, prediction, self.parts.validated & ~held.rows), held.truth
            said = prediction[held.rows][truth.counts]
            values.append(metric.value(truth.y, said, truth.w, cut=cut, scale=truth.scale))
        return np.array(values)

    def pooled(self, metric: Metric, prediction: Array) -> float:
        """Return the score of an out-of-fold prediction on all rows at once, at a cut chosen on them."""
        truth, cut = self.parts.truth(metric, VALIDATION), self.cut(metric, prediction, self.parts.validated)
        return metric.value(truth.y, prediction[truth.counts], truth.w, cut=cut, scale=truth.scale)

    def cut(self, metric: Metric, prediction: Array, rows: Array) -> float | None:
        """Return the threshold of a metric that has one, chosen on some of the training rows.

        These are given by a mask, or by their places among all of them, where one may stand several times.
        """
        if not metric.has_cut:
            return None
        truth = self.parts.of_rows(metric, self.parts.prepared.split.train[rows])
        if isinstance(metric, Selection):
            key = (self.parts.of_yields(metric), blake2b(np.asarray(rows).tobytes(), digest_size=16).digest())
            orders = self._orders.setdefault(get_ident(), Orders())  # each thread has a prediction of its own
            return orders.cut(
                metric,
                prediction,
                key,
                lambda: metric.selected(truth.y, prediction[rows][truth.counts], truth.w),
                truth.scale,
            )
        return metric.cut(truth.y, prediction[rows][truth.counts], truth.w, scale=truth.scale)

    def score(self, metric: Metric, scores: FoldScores) -> Score:
        """Return the score of out-of-fold predictions with the interval that their folds give."""
        value, pooled = scores.value, finite(scores.pooled)
        if why := self._no_interval(metric, scores):
            return Score(finite(value), method=why, pooled=pooled)
        spread = self.spread(metric, scores)
        if spread.low is None or spread.high is None:
            return Score(value, method=spread.method, pooled=pooled)
        half = (spread.high - spread.low) / 2
        limits = self._with_tail(metric, scores.said[0], value, (value - half, value + half))
        low, high = limits if self.whole(metric).signed else _within(metric, *limits)
        return Score(value, low, high, spread.level, spread.method, ErrorBudget(), pooled)

    def _no_interval(self, metric: Metric, scores: FoldScores) -> str:
        """Return why a score has no interval, or an empty string."""
        if too_few := self.too_few(metric):
            return too_few
        if not metric.interval:
            return f"no interval: {metric.name} is biased at finite size"
        if not (scores.defined and np.isfinite(scores.value)):
            return "no interval: the score is not defined on every fold"
        return ""

    def spread(self, metric: Metric, scores: FoldScores) -> Score:
        """Return the plain mean over folds with its interval."""
        n_fit, n_validation = self.sizes
        units = self.whole(metric).units(additive=metric.additive)
        return evidence.cross_validated(
            scores.each,
            n_fit=n_fit,
            n_validation=n_validation,
            units=units,
            between=self.between(metric, scores.slopes),
        )

    def held_out(self, metric: Metric, prediction: Array | None) -> Scored | None:
        """Return what an out-of-fold prediction says of training events, where a metric's error asks for their tail."""
        if prediction is None or type(metric).squares is Metric.squares:
            return None
        truth = self.parts.truth(metric, VALIDATION)
        found = Scored(truth.y, prediction[truth.counts], truth.w, truth.groups)
        return None if metric.squares(found.y, found.prediction) is None else found

    def _with_tail(
        self, metric: Metric, prediction: Array, value: float, limits: tuple[float, float]
    ) -> tuple[float, float]:
        """Return the limits, wider where the squared residuals have a heavy tail, which the folds saw in part."""
        held_out = self.held_out(metric, prediction)
        z = None if held_out is None else squares(metric, held_out)
        reach = None if z is None else tail_limits(metric, value, z)
        return limits if reach is None else (min(limits[0], reach[0]), max(limits[1], reach[1]))

    def difference(
        self, metric: Metric, a: FoldScores, b: FoldScores, *, one_sided: bool = False
    ) -> Difference:
        """Return the difference of two out-of-fold predictions, paired by fold in the repeats that both have."""
        if too_few := self.too_few(metric):
            return Difference(None, one_sided=one_sided, method=too_few)
        repeats = min(len(a.each), len(b.each))
        a, b = a.first(repeats), b.first(repeats)
        value = float(metric.merit(a.value) - metric.merit(b.value))
        n_fit, n_validation = self.sizes
        found = evidence.compare_cross_validated(
            metric.merit(a.each),
            metric.merit(b.each),
            n_fit=n_fit,
            n_validation=n_validation,
            greater_is_better=True,
            units=self.whole(metric).units(additive=metric.additive),
            one_sided=one_sided,
            value=value if np.isfinite(value) else None,
            between=self.between(metric, a.slopes, b.slopes),
        )
        return found.within(metric.reach)

    def between(self, metric: Metric, *slopes: Array | None) -> float:
        """Return the variance that the classes' numbers bring to a score, or to the difference of two.

        Stratified folds hold every class to its share, and do not show it.
        """
        known = [each for each in slopes if each is not None]
        if self.strata is None or not known:
            return 0.0
        truth = self.parts.truth(metric, VALIDATION)
        return between_classes(known[0] - sum(known[1:]), self.strata, Units.of(truth.groups, len(truth.y)))

    @cached_property
    def strata(self) -> Strata | None:
        """The classes that the folds hold to their shares where their numbers are random, else None."""
        strata, split = self.parts.strata(VALIDATION), self.parts.prepared.split
        held = split.stratified and split.dealt and strata is not None and bool(strata.spread.any())
        return strata if held else None

    def slopes(self, metric: Metric, said: Sequence[Array]) -> Array | None:
        """Return how the score of out-of-fold predictions goes with the weight of each class, the mean over repeats."""
        if self.strata is None:
            return None
        truth, each = self.parts.truth(metric, VALIDATION), []
        for prediction in said:
            cut, known = self.cut(metric, prediction, self.parts.validated), prediction[truth.counts]
            scored = Scored(truth.y, known, truth.w, cut=cut, scale=truth.scale)
            each.append(slopes(metric, scored, self.strata))
        return np.asarray(np.mean(each, axis=0))


def _n_held(truth: Truth) -> int:
    """Return how many classes there are among the events that weigh something."""
    y = truth.y if truth.w is None else truth.y[np.asarray(truth.w) != 0]
    return n_distinct(y) if y.dtype.kind == "i" else len(np.unique(y))


def _within(metric: Metric, low: float, high: float) -> tuple[float, float]:
    bottom = -np.inf if metric.lower is None else metric.lower
    top = np.inf if metric.upper is None else metric.upper
    return max(low, bottom), min(high, top)
