"""How much weight each class has in each part: what expected significances are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fivesigma._core.weights import kish, signed
from fivesigma.record.sections.section import named
from fivesigma.record.sections.weight_sums import PartSums, WeightSumsRecord
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.prepared import Prepared
from fivesigma.study.tasks.task import TRAIN, VALIDATION, Truth


class WeightSums(Experiment):
    """The classes of a classification in each part that may be seen."""

    def record(self, found: Evidence) -> Mapping[str, Any]:
        """Return the sums of weights of each class; nothing of a task without classes to learn."""
        prepared, parts = found.prepared, found.parts
        if prepared.data.task != "classification":
            return {}
        n_classes, metric = len(prepared.data.classes or ()), prepared.metric
        seen = (TRAIN, VALIDATION, *parts.crossfitted, *parts.tests)
        truths = {part: parts.truth(metric, part) for part in seen}
        return named(
            WeightSumsRecord(
                parts={
                    part: _weights(truth, n_classes, effective=_asks(prepared))
                    for part, truth in truths.items()
                    if len(truth.y)
                }
            )
        )


def _asks(prepared: Prepared) -> bool:
    """Whether it is to be said how many events the weights are worth: where some are negative, or declared."""
    return prepared.data.w is not None and (prepared.spec.weights is not None or signed(prepared.data.w))


def _weights(truth: Truth, n_classes: int, *, effective: bool) -> PartSums:
    w = np.ones(len(truth.y)) if truth.w is None else np.asarray(truth.w)
    return PartSums(
        n=tuple(np.bincount(truth.y, minlength=n_classes).tolist()),
        sums=tuple(map(float, np.bincount(truth.y, truth.w, minlength=n_classes))),
        scale=float(truth.scale),
        n_effective=tuple(kish(w[truth.y == k]) for k in range(n_classes)) if effective else None,
    )


ANALYSIS = Analysis("weight_sums", experiment=WeightSums)
