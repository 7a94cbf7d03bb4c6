"""Temperature scaling inside a fit, and what the probabilities of a test are worth with and without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fivesigma.record.sections.section import named
from fivesigma.record.sections.temperature import TemperatureRecord
from fivesigma.risk.calibration import Stated, calibration_error
from fivesigma.risk.metrics import metric
from fivesigma.study.analyses.analysis import Analysis, Experiment, Fitted, OfKept
from fivesigma.study.evidence.calibrated import said_of
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.records import finite, score_record
from fivesigma.study.fit.inside import last_of
from fivesigma.study.fit.prediction import Output

LOG_LOSS = metric("log_loss")


class Temperature(OfKept):
    """The temperature of the kept model."""

    kept = TemperatureRecord

    def section(self, fitted: Fitted) -> TemperatureRecord | None:
        """Return the temperature; None of a model that has none."""
        from fivesigma.models.tempered import Tempered

        last = last_of(fitted.estimator)
        return TemperatureRecord(temperature=last.temperature_) if isinstance(last, Tempered) else None


class WithAndWithout(Experiment):
    """Calibration on the first opened test with the temperature and without."""

    def of_model(self, found: Evidence, name: str) -> Mapping[str, Any]:
        """Return the section with both; {} where no test is open: then the temperature alone is known."""
        from fivesigma.models.tempered import tempered

        kept: TemperatureRecord | None = found.fitted[name].described.get(TemperatureRecord.key)
        if kept is None or not found.tests:
            return {}
        truth, said = said_of(found, found.tests[0], name)
        p = said[Output.PROBABILITY]
        both = (p, tempered(p, 1.0 / kept.temperature))  # p^(1/T) to the power of T is p
        errors = [
            score_record(calibration_error(Stated.of(truth.y, each, truth.w, truth.groups))) for each in both
        ]
        losses = [finite(LOG_LOSS.value(truth.y, each, truth.w)) for each in both]
        return named(
            replace(
                kept,
                part=found.tests[0],
                error=errors[0],
                error_without=errors[1],
                log_loss=losses[0],
                log_loss_without=losses[1],
            )
        )


ANALYSIS = Analysis("temperature", diagnostics=(Temperature(),), experiment=WithAndWithout)
