"""The tests after the first: how the models do there, and in what their events differ from those of the first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fivesigma._core import laws
from fivesigma._core.errors import InputError
from fivesigma._core.random import generator
from fivesigma.record.results import Score
from fivesigma.record.sections.further import Drop, FurtherTest, FurtherTestsRecord, ShiftedColumn
from fivesigma.record.sections.section import named
from fivesigma.risk.two_samples import TwoSample
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.evidence.calibrated import calibrated, calibration_bins
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.further import Further
from fivesigma.study.evidence.records import score_record
from fivesigma.study.fit.prediction import Output
from fivesigma.study.prepared import Prepared

if TYPE_CHECKING:
    from fivesigma.explain.shift import Sample

SMALLEST_P = 1e-300


def events_of(prepared: Prepared, test: str) -> Sample:
    """Return the events of a test."""
    from fivesigma.explain.shift import Sample

    data, rows = prepared.data, prepared.split.tests[test]
    w, groups = (None if each is None else each[rows] for each in (data.w, data.groups))
    return Sample(data.events(rows), w, groups)


def shifted(prepared: Prepared, first: str, test: str) -> tuple[ShiftedColumn, ...]:
    """Return a two-sample test of each feature, what differs most first."""
    from fivesigma.explain.shift import column_by_column

    data = prepared.data
    categories = [j for j, name in enumerate(data.names) if name in data.categories]
    found = column_by_column(events_of(prepared, first), events_of(prepared, test), categories=categories)
    every = [
        ShiftedColumn(
            name=name, unit=unit, statistic=one.statistic, p=one.p, sigma_global=_among(one, len(found))
        )
        for name, unit, one in zip(data.names, data.units, found, strict=True)
    ]
    return tuple(sorted(every, key=lambda each: (each.p, -each.statistic)))


def _among(one: TwoSample, n: int) -> float:
    """Return the two-sided σ of a test among ``n`` (Šidák 1967)."""
    p = -np.expm1(n * np.log1p(-min(one.p, 1 - 1e-12)))
    return max(float(laws.norm_isf(max(p, SMALLEST_P) / 2)), 0.0)


def auc_between(prepared: Prepared, first: str, test: str) -> Score | None:
    """Return with which ROC AUC trees tell the two tests apart; None where there are too few events."""
    from fivesigma.explain.shift import told_apart
    from fivesigma.models.trees.forest import ExtraTreesClassifier

    rng = generator(prepared.spec.study.seed, "shift", test)
    trees = ExtraTreesClassifier(50, min_samples_leaf=10, max_features=None)
    pair = events_of(prepared, first), events_of(prepared, test)
    try:
        return score_record(told_apart(*pair, rng, classifier=trees))
    except InputError:
        return None


class FurtherTests(Experiment):
    """What is found on every opened test after the first."""

    def record(self, found: Evidence) -> Mapping[str, Any]:
        """Return the tests, named; {} where there is one alone."""
        tests = tuple(_of_test(Further(found, test)) for test in found.tests[1:])
        return named(FurtherTestsRecord(tests=tests)) if tests else {}


def _of_test(further: Further) -> FurtherTest:
    found, test, first = further.found, further.test, further.first
    prepared, best = found.prepared, found.best
    weighed = all(events_of(prepared, each).weights.any() for each in (first, test))
    table = prepared.data.kind == "table" and weighed
    probable = best in further.models and Output.PROBABILITY in found.fitted[str(best)].said(test)
    asked = (found, test, str(best))
    return FurtherTest(
        test=test,
        against=first,
        n=len(prepared.split.tests[test]),
        claims=further.claims(),
        drops=tuple(Drop(model=name, drop=each) for name, each in further.drops().items()),
        columns=shifted(prepared, first, test) if table else (),
        told_apart=auc_between(prepared, first, test) if table else None,
        calibrated=calibrated(*asked) if probable else None,
        bins=calibration_bins(*asked) if probable else None,
    )


ANALYSIS = Analysis("further", experiment=FurtherTests)
