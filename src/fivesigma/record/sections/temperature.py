"""The temperature by which the probabilities of a network are divided, and what it changes."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.document import optional
from fivesigma.record.sections.section import Section
from fivesigma.risk.findings import Score


@dataclass(frozen=True, kw_only=True)
class TemperatureRecord(Section):
    """One temperature of the kept model, and the calibration on an opened test with and without it.

    Attributes
    ----------
    temperature : above 1 where the network was too sure.
    part : the test; None where none is open.
    error, error_without : root mean square error of calibration over bins.
    log_loss, log_loss_without : on the same events.
    """

    key, of = "temperature", "model"

    temperature: float
    part: str | None = optional()
    error: Score | None = optional()
    error_without: Score | None = optional()
    log_loss: float | None = optional()
    log_loss_without: float | None = optional()
