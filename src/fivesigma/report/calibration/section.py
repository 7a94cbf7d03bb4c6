"""Calibration of the probabilities; the confusion matrix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fivesigma.record.results import Score
from fivesigma.record.sections.score_curves import ScoreCurvesRecord
from fivesigma.record.sections.temperature import TemperatureRecord
from fivesigma.report.calibration.figure import calibration, confusion, error_text
from fivesigma.report.rounding import interval_text, plain_number
from fivesigma.report.section import Content, Section, View


def sentences(view: View) -> Iterator[str]:
    """Yield for each model how far its probabilities are off, and whether that is shown.

    A test that is told once for each of many models is told often: p is as it is for one.
    """
    for model in view.ranked:
        kept = model.section(ScoreCurvesRecord)
        if kept is None or kept.calibrated is None or _constant(kept):
            continue
        found = kept.calibrated
        if found.p is None:
            yield f"{model.name}: calibration is not tested, {found.method.removeprefix('no test: ')}."
            continue
        p = "p < 0.0001" if found.p < 1e-4 else f"p = {found.p:.2g}"
        word = "not calibrated" if found.p < 0.05 else "no error of calibration is shown"
        yield (
            f"{model.name}: probabilities are off by {error_text(model)} (root mean square over bins, without the bias "
            f"of a finite sample); {word} ({found.method}, {p})."
        )


def tempered(view: View) -> Iterator[str]:
    """Yield for each model with a temperature what it changes."""
    for model, kept in view.having(TemperatureRecord):
        sure = "the network was too sure" if kept.temperature > 1.0 else "the network was not sure enough"
        by = plain_number(kept.temperature, 3)
        text = f"{model.name}: log odds are divided by a temperature of {by} ({sure})"
        if kept.part is not None:
            losses = (plain_number(each) for each in (kept.log_loss, kept.log_loss_without))
            text += "; the log loss is {} with it, {} without".format(*losses)
        if kept.error is not None and kept.error_without is not None:
            text += f", the calibration off by {_off(kept.error)} with it, {_off(kept.error_without)} without"
        yield f"{text}."


def _off(error: Score) -> str:
    return "an unknown error" if error.value is None else interval_text(error.value, error.low, error.high)


def _constant(kept: ScoreCurvesRecord) -> bool:
    """Whether a model says one probability of all events, so that one bin holds them: of its shape nothing is known."""
    bins = kept.calibration or ()
    return bool(bins) and all(sum(mean is not None for mean in each.mean) < 2 for each in bins)


def _content(view: View) -> Content:
    found = {"calibration": calibration(view), "confusion": confusion(view)}
    plots = {name: plot for name, plot in found.items() if plot is not None}
    return Content({"sentences": [*sentences(view), *tempered(view)]}, plots)


SECTION = Section(
    "calibration",
    "Calibration",
    lambda view: calibration(view) is not None or confusion(view) is not None,
    _content,
    template=Path(__file__).with_name("section.html.j2"),
)
