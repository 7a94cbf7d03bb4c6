"""Whether the probabilities of a model come true, on a test that it has not seen."""

from __future__ import annotations

from typing import Any

from fivesigma.record.document import read
from fivesigma.record.sections.score_curves import CalibrationBins, CalibrationRecord
from fivesigma.risk.calibration import Stated, calibration_error, calibration_test
from fivesigma.risk.curves import Scored, calibration, class_names
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.records import score_record
from fivesigma.study.fit.prediction import Output, each
from fivesigma.study.tasks.task import Truth


def said_of(found: Evidence, part: str, name: str) -> tuple[Truth, dict[Output, Any]]:
    """Return the truth of the events of a part, and what a model says of them."""
    truth = found.parts.truth(found.prepared.metric, part)
    return truth, each(found.fitted[name].said(part), lambda values: values[truth.counts])


def calibrated(found: Evidence, test: str, name: str) -> CalibrationRecord:
    """Return whether the probabilities of a classifier come true on an opened test.

    On the folds every model has seen the truth of the rows that the others are scored on.
    """
    truth, said = said_of(found, test, name)
    stated = Stated.of(truth.y, said[Output.PROBABILITY], truth.w, truth.groups)
    told = calibration_test(stated)
    return CalibrationRecord(
        error=score_record(calibration_error(stated)),
        p=told.p,
        statistic=told.statistic,
        n_bins=told.n_bins,
        method=told.method,
    )


def calibration_bins(found: Evidence, test: str, name: str) -> tuple[CalibrationBins, ...]:
    """Return the observed share of each class in bins of the stated probability, on an opened test."""
    truth, said = said_of(found, test, name)
    events = Scored(truth.y, said[Output.PROBABILITY], truth.w, truth.groups)
    drawn = calibration(events, class_names(events, found.prepared.data.classes))
    return tuple(read(CalibrationBins, of_class) for of_class in drawn)
