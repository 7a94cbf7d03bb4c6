"""How much weight each class has in each part: what expected significances are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from fivesigma._core.weights import kish, signed
from fivesigma.record.sections.section import named
from fivesigma.record.sections.weight_sums import PartSums, WeightSumsRecord
from fivesigma.risk.metrics import metric
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.prepared import Prepared
from fivesigma.study.tasks.task import TRAIN, VALIDATION, Truth

ROC_AUC, AMS = "roc_auc", "ams"
"""A metric of the weights as they are given, and one of yields."""


class WeightSums(Experiment):
    """The classes of a classification in each part that may be seen."""

    def record(self, found: Evidence) -> Mapping[str, Any]:
        """Return the sums of weights of each class; nothing of a task without classes to learn."""
        prepared, parts = found.prepared, found.parts
        if prepared.data.task != "classification":
            return {}
        n_classes, as_given = len(prepared.data.classes or ()), metric(ROC_AUC)
        seen = (TRAIN, VALIDATION, *parts.crossfitted, *parts.tests)
        truths = {part: (parts.truth(as_given, part), _yields(found, part)) for part in seen}
        return named(
            WeightSumsRecord(
                parts={
                    part: _weights(truth, n_classes, yields, effective=_asks(prepared))
                    for part, (truth, yields) in truths.items()
                    if len(truth.y)
                }
            )
        )

    def notes(self, found: Evidence) -> Iterable[tuple[str, str, str]]:
        """Say of which samples a part that significances are of has no event."""
        for part in (VALIDATION, *found.parts.tests) if found.parts.samples else ():
            absent = [name for name, n in found.parts.n_of_samples(part).items() if n == 0]
            if absent:
                what = "whose expected yield is in none of its significances"
                yield "weights", "warning", f"{part} holds no event of {', '.join(absent)}, {what}"


def _yields(found: Evidence, part: str) -> Truth | None:
    """Return the events of a part with weights that sum to the yields of the samples; None without yields."""
    return found.parts.truth(metric(AMS), part) if found.parts.samples else None


def _asks(prepared: Prepared) -> bool:
    """Whether it is to be said how many events the weights are worth: where some are negative, or declared."""
    return prepared.data.w is not None and (prepared.spec.weights is not None or signed(prepared.data.w))


def _weights(truth: Truth, n_classes: int, yields: Truth | None, *, effective: bool) -> PartSums:
    w = np.ones(len(truth.y)) if truth.w is None else np.asarray(truth.w)
    return PartSums(
        n=tuple(np.bincount(truth.y, minlength=n_classes).tolist()),
        sums=tuple(_sums(truth, n_classes)),
        scale=float(truth.scale),
        n_effective=tuple(kish(w[truth.y == k]) for k in range(n_classes)) if effective else None,
        yields=None if yields is None else tuple(_sums(yields, n_classes)),
    )


def _sums(truth: Truth, n_classes: int) -> Iterator[float]:
    """Yield Σw of each class."""
    return map(float, np.bincount(truth.y, truth.w, minlength=n_classes))


ANALYSIS = Analysis("weight_sums", experiment=WeightSums)
