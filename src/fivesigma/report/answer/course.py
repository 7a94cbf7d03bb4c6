"""What a score does as a setting of a model runs through its values, by its validation curve."""

from __future__ import annotations

from fivesigma.record.sections.curves import Band, ValidationCurve, ValidationCurvesRecord
from fivesigma.report.answer.phrases import joined, quoted
from fivesigma.report.rounding import decimals_of, fixed, plain_number
from fivesigma.report.section import View, metric_name
from fivesigma.report.text import clean


def told(view: View) -> bool:
    """Whether a model has a validation curve."""
    return bool(view.having(ValidationCurvesRecord))


def sentence(view: View) -> str:
    """Return the course of the first curve: where it is best, its ends, and the score on what was fitted to."""
    model, kept = next(iter(view.having(ValidationCurvesRecord)))
    curve = kept.curves[0]
    best = curve.values.index(curve.best)
    decimals = _decimals(curve.validation, best)
    ends = [at for at in (0, len(curve.values) - 1) if at != best]
    others = [f"{fixed(curve.validation.mean[at], decimals)} at {_value(curve.values[at])}" for at in ends]
    last = len(curve.values) - 1
    at_best = f"{clean(curve.parameter)} = {_value(curve.best)}, {_with_interval(curve, best, decimals)}"
    return (
        f"{metric_name(curve.metric)} of {quoted(model.name)} on the validation folds is best at {at_best}; it is "
        f"{joined(others)}, where the events fitted to have {fixed(curve.train.mean[last], decimals)}."
    )


def _decimals(band: Band, at: int) -> int:
    low, high = band.low[at], band.high[at]
    return 3 if low is None or high is None or high <= low else decimals_of((high - low) / 2.0)


def _with_interval(curve: ValidationCurve, at: int, decimals: int) -> str:
    band = curve.validation
    value, low, high = (fixed(each[at], decimals) for each in (band.mean, band.low, band.high))
    return (
        f"{value} ({100 * curve.level:.0f} % interval {low} to {high})" if band.low[at] is not None else value
    )


def _value(value: object) -> str:
    return plain_number(value, 6) if isinstance(value, (int, float)) else clean(str(value))
