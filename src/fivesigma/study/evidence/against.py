"""Scores of one class against others by another order than its probability: the same fits, resamples and rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fivesigma._core.outputs import Output
from fivesigma.risk.discriminant import Discriminant
from fivesigma.risk.metric import Metric
from fivesigma.study.evidence.folds import Folds
from fivesigma.study.evidence.parts import Parts
from fivesigma.study.evidence.scores import Scores
from fivesigma.study.evidence.sliced import Sliced
from fivesigma.study.fit.outcome import ByPart, Outcome
from fivesigma.study.fit.prediction import Predictions


def against(
    whole: Scores, metric: Metric, discriminant: Discriminant, part: str, *, background: int | None = None
) -> Scores:
    """Return the scores of two classes, signal and a ``background``, whose events are in the order of D.

    Without one, the background is all the others in their declared shares. A cut of a signal efficiency is that of the
    whole, since it is of the signal alone.

    Parameters
    ----------
    metric : one of two classes
    part : the events that are scored; folds, or a test
    background : code of a class
    """
    prepared = whole.parts.prepared
    data = prepared.data
    assert data.y is not None
    binary = (data.y == discriminant.signal).astype(np.int64)
    w = discriminant.mixed(data.y, data.w) if background is None else data.w
    two = replace(prepared, data=replace(data, y=binary, w=w))
    fitted = {name: _ordered(outcome, discriminant) for name, outcome in whole.fitted.items()}
    scores = Scores(Folds(Parts(two, whole.parts.opened)), fitted)
    kept = np.ones(len(binary), bool) if background is None else (binary == 1) | (data.y == background)
    return Sliced.of(scores, metric, part, kept).scores


def _ordered(outcome: Outcome, discriminant: Discriminant) -> Outcome:
    """Return what a model says of each event as what two classes are ranked by."""

    def of(said: Predictions) -> Predictions:
        p = said.get(Output.PROBABILITY)
        return {} if p is None else {Output.PROBABILITY: discriminant.ordered(p)}

    def by_part(parts: ByPart) -> ByPart:
        return {name: of(said) for name, said in parts.items()}

    return replace(
        outcome,
        train=of(outcome.train),
        validation=of(outcome.validation),
        repeats=tuple(map(of, outcome.repeats)),
        tests=by_part(outcome.tests),
        refits=tuple(map(by_part, outcome.refits)),
        seeds=tuple(map(by_part, outcome.seeds)),
        crossed={sample: of(said) for sample, said in outcome.crossed.items()},
        probes={},
    )
