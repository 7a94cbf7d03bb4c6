"""Validation and learning curves, bias and variance: one figure and one plain sentence each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.curves import (
    BiasVarianceRecord,
    CurvesFailedRecord,
    LearningCurveRecord,
    ValidationCurve,
    ValidationCurvesRecord,
)
from fivesigma.record.sections.section import Section as RecordSection
from fivesigma.report.curves.figure import bias_variance_plot, learning_plot, lowest, validation_plot
from fivesigma.report.markup import cell
from fivesigma.report.plot import Plot
from fivesigma.report.rounding import decimals_of, fixed, interval, plain_number, sigma, signed
from fivesigma.report.section import Content, Section, View, metric_name

MOST_FIGURES = 8
KINDS: tuple[type[RecordSection], ...] = (
    ValidationCurvesRecord,
    LearningCurveRecord,
    BiasVarianceRecord,
    CurvesFailedRecord,
)


def _shown(view: View) -> Iterator[tuple[str, Plot | None]]:
    """Yield each sentence with its figure; sentences go on where figures end."""
    unit = view.target_unit
    drawn = [(model, curve) for model, kept in view.having(ValidationCurvesRecord) for curve in kept.curves]
    for number, (model, curve) in enumerate(drawn, start=1):
        yield (
            said(model, curve),
            validation_plot(model, curve, number, unit) if number <= MOST_FIGURES else None,
        )
    learning = view.having(LearningCurveRecord)
    named = view.foremost(model.name for model, _ in learning)
    shown = [each for each in learning if each[0].name in named]
    for i, each in enumerate(learning):
        yield (
            learned(*each),
            learning_plot(shown, unit, len(learning) - len(shown)) if i == len(learning) - 1 else None,
        )
    for number, (model, kept) in enumerate(view.having(BiasVarianceRecord), start=1):
        yield (
            divided(model, kept),
            bias_variance_plot(model, kept, number, unit) if number <= MOST_FIGURES else None,
        )
    for model, failed in view.having(CurvesFailedRecord):
        yield f"{model.name}: no curve, {'; '.join(failed.messages)}.", None


def said(model: ModelRecord, kept: ValidationCurve) -> str:
    """Return what a validation curve shows, in one sentence or two."""
    metric, parameter = metric_name(kept.metric), kept.parameter
    mean = dict(zip(map(str, kept.values), kept.validation.mean, strict=True))
    train = dict(zip(map(str, kept.values), kept.train.mean, strict=True))
    best, simple, flexible = kept.best, kept.one_standard_error, kept.most_flexible
    text = f"{model.name}: the validation {metric} is best at {parameter} = {best} ({plain_number(mean[str(best)], 3)})"
    if simple != best:
        text += f", and within one standard error of that at {simple} already"
    if best == flexible:
        return text + "; it is the most flexible setting tried, so nothing here shows overfitting."
    text += (
        f"; at {flexible} it follows its training events more closely ({plain_number(train[str(flexible)], 3)}) and "
        f"validates at {plain_number(mean[str(flexible)], 3)}."
    )
    return f"{text} {_overfitting(kept)}".strip()


def _overfitting(kept: ValidationCurve) -> str:
    found = kept.overfitting
    if not found:
        return ""
    pair = f"{kept.parameter} = {kept.best} over {kept.most_flexible}"
    if found.sigma_global is None or found.low is None or found.high is None:
        return f"{pair} is not tested: {found.method.split('; ')[-1]}."
    decimals = decimals_of((found.high - found.low) / 4 or 1.0)
    word = "it overfits" if found.sigma_global >= 3 else "overfitting is not shown"
    where = found.method.split("; ")[0]
    limits = interval(found.low, found.high, decimals)
    return (
        f"{pair}: {signed(found.difference, decimals)} [{limits}], {sigma(found.sigma_global)} among all "
        f"claims ({where}): {word}."
    )


def learned(model: ModelRecord, kept: LearningCurveRecord) -> str:
    """Return what the last doubling of the training events changed."""
    last = kept.last_doubling
    if not last:
        return f"{model.name}: too few training events for a learning curve."
    metric, (a, b) = metric_name(kept.metric), kept.values[-2:]
    text = f"{model.name}: from {a:,} to {b:,} training events the validation {metric} changed by "
    if last.error is None:
        return f"{text}{plain_number(last.change, 2)}."
    decimals = decimals_of(last.error) if last.error > 0 else 4
    gain = last.change * (1 if kept.greater_is_better else -1)
    word = "it still gains from more events" if gain > 3 * last.error else "no gain that these folds resolve"
    return f"{text}{signed(last.change, decimals)} ± {fixed(last.error, decimals)}: {word}."


def divided(model: ModelRecord, kept: BiasVarianceRecord) -> str:
    """Return where the error is lowest, and what it consists of there and at the flexible end."""
    i = kept.values.index(lowest(kept))
    end = max((0, len(kept.values) - 1), key=lambda at: kept.variance[at])
    squared = kept.loss == "squared"
    bias = "bias² + σ²" if squared else "bias"
    what = "mean squared error" if squared else "share of wrong labels"
    text = (
        f"{model.name}: the {what} is lowest at {kept.parameter} = {kept.values[i]} "
        f"({plain_number(kept.total[i], 3)}: {bias} {plain_number(kept.bias[i], 3)}, variance "
        f"{plain_number(kept.variance[i], 3)})"
    )
    if end == i:
        return text + "."
    return (
        f"{text}; at {kept.values[end]} variance is {plain_number(kept.variance[end], 3)} of "
        f"{plain_number(kept.total[end], 3)}."
    )


def _content(view: View) -> Content:
    shown = list(_shown(view))
    plots = {f"curve{i}": plot for i, (_, plot) in enumerate(shown) if plot is not None}
    items = [{"text": text, "figure": f"curve{i}" if plot else ""} for i, (text, plot) in enumerate(shown)]
    return Content({"items": items}, plots)


def _markdown(view: View) -> str:
    return "\n".join(f"- {cell(text)}" for text, _ in _shown(view))


def _applies(view: View) -> bool:
    return any(view.having(kind) for kind in KINDS)


SECTION = Section(
    "model-curves",
    "Flexibility, training events, bias and variance",
    _applies,
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
