"""What the scores are worth in an experiment that counts events: expected significances of declared yields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.weights import kish
from fivesigma.record.sections import significance as record
from fivesigma.record.sections.section import named
from fivesigma.risk import expected
from fivesigma.risk.cuts import MINIMUM_BACKGROUND
from fivesigma.risk.metrics import metric
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.tasks.task import VALIDATION

N_RESAMPLES = 200
"""Resamples that the band of a curve is read off."""
AMS = "ams"


class Significance(Experiment):
    """Expected significances of every model, where the yields of two classes are declared."""

    def of_model(self, found: Evidence, name: str) -> Mapping[str, Any]:
        """Return the section of a model; nothing without yields, or with more than two classes."""
        weights = found.prepared.spec.weights
        if weights is None or not weights.yields or found.prepared.n_classes != 2:
            return {}
        part = next(iter(found.tests), VALIDATION)
        scored = metric(AMS)
        if not all(found.scores.has(scored, each, name) for each in (part, VALIDATION)):
            return {}
        chosen, judged = _events(found, VALIDATION, name), _events(found, part, name)
        return named(_recorded(found, part, (chosen, judged), weights.background, name))


def _events(found: Evidence, part: str, name: str) -> expected.Events:
    """Return the events of a part as a model scores them; of folds those that are held out."""
    scored = metric(AMS)
    truth = found.parts.truth(scored, part)
    score = np.asarray(found.scores.whole(scored, part, name)[truth.counts][:, 1])
    w = np.ones(len(truth.y)) if truth.w is None else np.asarray(truth.w)
    return expected.Events(score, truth.y == 1, w, truth.scale)


def _recorded(
    found: Evidence,
    part: str,
    events: tuple[expected.Events, expected.Events],
    systematic: float,
    name: str,
) -> record.SignificanceRecord:
    chosen, judged = events
    threshold = expected.best_threshold(chosen, systematic)
    cut = None if np.isnan(threshold) else expected.at_cut(judged, threshold, systematic)
    low = expected.edges(chosen, MINIMUM_BACKGROUND * max(_more(chosen, judged), 1.0))
    return record.SignificanceRecord(
        part=part,
        systematic=systematic,
        cut=None if cut is None else _cut(cut),
        bins=_bins(expected.in_bins(judged, low, systematic)),
        curve=_curve(found, part, judged, name) if name == found.best else None,
    )


def _more(chosen: expected.Events, judged: expected.Events) -> float:
    """Return how many times as much background there is to choose by as to judge by, in effective events."""
    n, m = (kish(each.w[each.background]) for each in (chosen, judged))
    return n / m if m > 0 else 1.0


def _significances(found: expected.Significances) -> record.Significances:
    return record.Significances(exact=found.exact, statistical=found.statistical, both=found.both)


def _cut(found: expected.AtCut) -> record.CutYields:
    return record.CutYields(
        threshold=found.threshold,
        s=found.s,
        b=found.b,
        error=found.error,
        n_effective=found.n_effective,
        significance=_significances(found.significance),
    )


def _bins(found: expected.InBins) -> record.BinYields:
    return record.BinYields(
        edges=found.edges[1:-1],
        s=found.s,
        b=found.b,
        error=found.error,
        significance=_significances(found.significance),
    )


def _curve(found: Evidence, part: str, judged: expected.Events, name: str) -> record.AmsCurve:
    counts: NDArray[Any] = found.parts.resampled(metric(AMS), part).counts[:N_RESAMPLES]
    curve = expected.ams_curve(judged, counts)
    return record.AmsCurve(
        b_reg=10.0,
        chosen=found.scores.cut(metric(AMS), name),
        threshold=tuple(curve.threshold.tolist()),
        ams=tuple(curve.value.tolist()),
        low=tuple(curve.low.tolist()),
        high=tuple(curve.high.tolist()),
    )


ANALYSIS = Analysis("significance", experiment=Significance)
"""``[weights.yields]`` asks for it."""
