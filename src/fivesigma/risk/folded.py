"""One metric of out-of-fold predictions, under any multiplicities: by folds what is ranked, at once what is not.

Events of two folds are scored by two models: the metrics that are `fivesigma.risk.metric.Metric.averaged` are the mean
over the folds, by their weights, and all others are of all events at once. One at a cut is, once it is decided in each
fold which events pass, of all events too, or the mean where the leaderboard ranks by it; where a fold lets no
background pass, its mean is not defined, and that of all events stands for it. A fold without a class has no score and
is left out of a mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.risk.counted import counted_sums, n_distinct
from fivesigma.risk.metric import Floats, Metric

Array = NDArray[Any]
CUT = 0.5
"""The threshold of predictions that say only whether an event passes the cut of its own fold."""


KEPT = 2**26
"""Bytes of multiplicities of which each fold keeps its own; of more it takes them when it is asked."""


@dataclass(frozen=True, eq=False)
class _Fold:
    """The events of one fold: where they are, whether every class is among them, the multiplicities (B, n) of all
    events and of its own (B, n_fold), if these are kept, and the sums of its weights under them (B,).
    """

    at: Array
    able: bool
    every: Array
    kept: Array | None
    weights: Floats

    @property
    def counts(self) -> Array:
        """The multiplicities of its events (B, n_fold)."""
        return self.every[:, self.at] if self.kept is None else self.kept


@dataclass(frozen=True, eq=False)
class Folded:
    """The events of several folds.

    Attributes
    ----------
    y : (n,) class codes or targets.
    w : (n,) weights, or None.
    fold : (n,) fold of each event.
    groups : (n,) what resamples as a whole, or None; none lies in two folds.
    scale : the factor from the events' yields to those of the whole sample.
    mean_at_cut : whether a metric at a cut that is `averaged` is the mean over the folds as well.
    """

    y: Array
    w: Array | None
    fold: Array
    groups: Array | None = None
    scale: float = 1.0
    mean_at_cut: bool = False
    _resampled: list[tuple[Array, list[_Fold]]] = field(default_factory=list, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.y)

    def value(self, metric: Metric, prediction: Array) -> float:
        """Return the score of out-of-fold predictions (n, ...)."""
        return float(self.resampled(metric, prediction, np.ones((1, len(self)), np.uint8))[0])

    def resampled(self, metric: Metric, prediction: Array, counts: Array, *, yields: float = 1.0) -> Floats:
        """Return the (B,) scores under multiplicities ``counts`` (B, n); NaN where one is undefined.

        ``yields`` is the factor from the yields of a resample to those of the events.
        """
        said, cut = self.decided(metric, prediction)
        scale = self.scale * yields
        if metric.averaged and cut is None:
            return self._mean(metric, said, counts, cut, scale)[0]
        pooled = metric.resampled(self.y, said, self.w, counts, cut=cut, scale=scale)
        if not (metric.averaged and self.mean_at_cut):
            return pooled
        mean, whole = self._mean(metric, said, counts, cut, scale)
        return np.where(whole, mean, pooled)

    def _mean(
        self, metric: Metric, said: Array, counts: Array, cut: float | None, scale: float
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the mean over the folds that have a score (B,), and whether all do that hold every class."""
        scores, weights = (
            np.array(each) for each in zip(*self._of_folds(metric, said, counts, cut, scale), strict=True)
        )
        able = [fold.able for fold in self._folds(counts)]
        known = np.isfinite(scores)
        weights = np.where(known, weights, 0.0)
        total = weights.sum(axis=0)
        mean = (weights * np.where(weights > 0, scores, 0.0)).sum(axis=0)
        return np.where(total > 0, mean / np.where(total > 0, total, 1.0), np.nan), known[able].all(axis=0)

    def parts(self, metric: Metric, said: Array, n_folds: int) -> Floats:
        """Return what each of ``n_folds`` folds adds to a mean over them (k,), which sum to 0; an undefined one none.

        ``said`` is what `decided` returns for a metric without a cut.
        """
        whole, folds = np.ones((1, len(self)), np.uint8), np.unique(self.fold)
        each = list(self._of_folds(metric, said, whole, None, self.scale))
        scores, weights = (np.array([float(x[0]) for x in column]) for column in zip(*each, strict=True))
        known = np.isfinite(scores)
        weights, scores = np.where(known, weights, 0.0), np.where(known, scores, 0.0)
        share = weights / (float(weights.sum()) or 1.0)
        found = np.zeros(n_folds)
        found[folds] = share * np.where(known, scores - float(share @ scores), 0.0)
        return found

    def _of_folds(
        self, metric: Metric, said: Array, counts: Array, cut: float | None, scale: float
    ) -> Iterator[tuple[Floats, Floats]]:
        """Yield the scores (B,) of each fold, and the sums of its weights; a fold that lacks a class has no score."""
        for fold in self._folds(counts):
            if not fold.able:
                yield np.full(len(counts), np.nan), fold.weights
                continue
            y, w = self.y[fold.at], None if self.w is None else self.w[fold.at]
            yield metric.resampled(y, said[fold.at], w, fold.counts, cut=cut, scale=scale), fold.weights

    def _folds(self, counts: Array) -> list[_Fold]:
        """Return the folds under multiplicities, which all models of a study are asked about one after the other."""
        for kept, folds in self._resampled[-1:]:
            if kept is counts:
                return folds
        found = [self._fold(number, counts) for number in np.unique(self.fold)]
        if len(counts) > 1:
            self._resampled[:] = [(counts, found)]
        return found

    def _fold(self, number: Any, counts: Array) -> _Fold:
        at = np.flatnonzero(self.fold == number)
        members, w = counts[:, at], np.ones(len(at)) if self.w is None else self.w[at]
        kept = members if counts.nbytes <= KEPT else None
        return _Fold(at, self._members(at), counts, kept, counted_sums(members, w))

    def _members(self, at: Array) -> bool:
        """Whether a fold holds every class that the events have, by events that weigh something."""
        if self.y.dtype.kind != "i":
            return True
        held = np.ones(len(self), dtype=bool) if self.w is None else self.w != 0
        return n_distinct(self.y[at][held[at]]) == n_distinct(self.y[held])

    def decided(self, metric: Metric, prediction: Array) -> tuple[Array, float | None]:
        """Return what a metric scores, and at which cut.

        A threshold is chosen for each fold on the others, so that no event has a say in the one that it is held
        against: what is scored then says only whether an event passes. The width of a Gaussian is chosen on all.
        """
        if not metric.has_cut:
            return prediction, None
        if not metric.binary_only:
            return prediction, metric.cut(self.y, prediction, self.w, scale=self.scale)
        passed = np.zeros(len(self), dtype=bool)
        for number in np.unique(self.fold):
            at = self.fold == number
            cut = self._cut(metric, prediction, ~at)
            passed[at] = prediction[at, -1] >= (np.inf if cut is None else cut)
        return np.column_stack([~passed, passed]).astype(np.float64), CUT

    def _cut(self, metric: Metric, prediction: Array, rows: Array) -> float | None:
        """Return the threshold chosen on some of the events."""
        w = np.ones(len(self)) if self.w is None else self.w
        part = float(w[rows].sum())
        scale = self.scale * (float(w.sum()) / part if part > 0 else 1.0)
        return metric.cut(self.y[rows], prediction[rows], None if self.w is None else w[rows], scale=scale)
