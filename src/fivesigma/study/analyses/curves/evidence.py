"""From the fits of curves to the record: scores with their bands, and the difference that shows overfitting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.document import tuples
from fivesigma.record.sections.curves import (
    Band,
    BiasVarianceRecord,
    Change,
    CurvesFailedRecord,
    LearningCurveRecord,
    Overfitting,
    ValidationCurve,
    ValidationCurvesRecord,
)
from fivesigma.record.sections.section import Section, named
from fivesigma.risk import evidence
from fivesigma.risk.evidence import Difference, Measurement
from fivesigma.risk.flexibility import ModelCurve
from fivesigma.study.analyses.curves.diagnostics import PARTS, curve_metric
from fivesigma.study.analyses.curves.fits import CurveFit
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.family import Compared

Array = NDArray[Any]
NAME = "curves"
LEVEL = 0.68
"""Of the bands."""


@dataclass(frozen=True, eq=False)
class CurvePoint:
    """What a fit of a curve was for, what was read off it, and the ``error`` where it failed."""

    asked: CurveFit
    found: Mapping[str, Any]
    error: str | None = None

    @property
    def sealed(self) -> bool:
        """Whether it predicts the sealed tests."""
        return self.asked.fit.sample.kind != "fold"


@dataclass(frozen=True, eq=False)
class _Drawn:
    """One validation curve: the model, its scores, and the fits of all its values for the sealed tests."""

    model: str
    curve: ModelCurve
    sealed: tuple[CurvePoint, ...]
    path: bool

    def label(self, at: int) -> str:
        """Return what a claim calls the model at one value."""
        return f"{self.model} at {self.curve.parameter} = {self.curve.values[at]}"

    def compared(self, difference: Difference) -> Compared:
        """Return the best value over the most flexible one, as a claim names them."""
        best, flexible = (self.label(at) for at in (self.curve.best, self.curve.most_flexible))
        return Compared(best, flexible, difference, NAME, self.about, prominent=True)

    @property
    def about(self) -> tuple[str, str]:
        """The model and the parameter, of which there is one curve."""
        return self.model, self.curve.parameter


def compared(found: Evidence, points: Sequence[CurvePoint]) -> Iterator[Compared]:
    """Yield the best value over the most flexible one, for each curve on the study's own metric where they differ.

    On the first opened test where one fit holds all values: the value was chosen on the folds, which the test had
    no part in. Else on the folds, each judging a choice that the others made.
    """
    metric = found.prepared.metric
    if not points or curve_metric(metric.name) is not metric or found.folds.too_few(metric):
        return
    for name in found.fitted:
        for drawn in ModelCurves(found, name, points).validation():
            if drawn.curve.best != drawn.curve.most_flexible:
                yield drawn.compared(_difference(found, drawn))


def _difference(found: Evidence, drawn: _Drawn) -> Difference:
    if found.tests and drawn.sealed:
        return _on_test(found, drawn)
    # these draws are fold scores, which do not line up with the refits of the rest of the family
    return replace(drawn.curve.overfitting(), train_draws=np.empty(0))


def _on_test(found: Evidence, drawn: _Drawn) -> Difference:
    metric, test = found.prepared.metric, found.tests[0]

    def measured(at: int) -> Measurement:
        final, refits = (
            [
                {metric.scores: each.found[test][at]}
                for each in drawn.sealed
                if each.asked.fit.sample.kind == kind
            ]
            for kind in ("all", "resample")
        )
        again = [{test: said} for said in refits]
        return found.scores.measured_of(metric, test, final[0], refits=again, cut=None)

    best, flexible = measured(drawn.curve.best), measured(drawn.curve.most_flexible)
    claim = found.prepared.spec.evaluate.claim
    compared = evidence.compare(best, flexible, one_sided=True, claim=claim)
    return replace(compared, method=f"value chosen on the folds, compared on {test}; {compared.method}")


class ModelCurves:
    """The curves of one model of a run."""

    def __init__(self, found: Evidence, name: str, points: Sequence[CurvePoint]) -> None:
        self._found, self._name = found, name
        self._points = [each for each in points if each.asked.fit.model == name]
        self._metric = curve_metric(found.prepared.metric.name)

    def sections(self) -> dict[str, Section]:
        """Return the curves for the record of the model, named; {} where none was asked for."""
        drawn = tuple(self._record(each) for each in self.validation())
        failed = tuple(dict.fromkeys(_said(each) for each in self._points if each.error is not None))
        return named(
            ValidationCurvesRecord(curves=drawn) if drawn else None,
            self._learning(),
            self._parts(),
            CurvesFailedRecord(messages=failed) if failed else None,
        )

    def _of(self, curve: str) -> list[CurvePoint]:
        return [each for each in self._points if each.asked.curve == curve]

    def validation(self) -> Iterator[_Drawn]:
        """Yield the validation curves all of whose fits are there."""
        points = self._of("validation")
        for parameter in dict.fromkeys(each.asked.parameter for each in points):
            own = [each for each in points if each.asked.parameter == parameter]
            if any(each.error is not None for each in own):
                continue
            folds = [each for each in own if not each.sealed]
            sealed = [each for each in own if each.sealed]
            curve = self._curve(parameter, folds)
            if np.isfinite(curve.validation).all() and np.isfinite(curve.train).all():
                yield _Drawn(self._name, curve, tuple(sealed), folds[0].asked.path)

    def _curve(self, parameter: str, points: Sequence[CurvePoint]) -> ModelCurve:
        values = tuple(dict.fromkeys(value for each in points for value in each.asked.values))
        k = self._found.prepared.split.n_folds
        scores = np.full((2, len(values), k), np.nan)
        for each in points:
            for i, value in enumerate(each.asked.values):
                at = values.index(value), each.asked.fit.sample.number
                scores[(0, *at)], scores[(1, *at)] = each.found["train"][i], each.found["validation"][i]
        n_fit, n_validation = self._found.folds.sizes
        units = self._found.folds.whole(self._metric).units(additive=self._metric.additive)
        return ModelCurve(parameter, values, scores[0], scores[1], self._metric, n_fit, n_validation, units)

    def _record(self, drawn: _Drawn) -> ValidationCurve:
        curve, compared = drawn.curve, self._found.family.of(NAME, drawn.about)
        return ValidationCurve(
            parameter=curve.parameter,
            metric=curve.metric.name,
            values=curve.values,
            n_folds=curve.train.shape[1],
            level=LEVEL,
            train=_band(curve, "train"),
            validation=_band(curve, "validation"),
            folds=tuples(curve.validation),
            best=curve.values[curve.best],
            one_standard_error=curve.values[curve.one_standard_error],
            most_flexible=curve.values[curve.most_flexible],
            fits_per_fold=1 if drawn.path else len(curve.values),
            overfitting=None if compared is None else self._overfitting(compared.difference),
        )

    def _overfitting(self, d: Difference) -> Overfitting:
        return Overfitting(
            difference=d.difference,
            low=d.low,
            high=d.high,
            p=d.p,
            sigma_local=d.sigma_local,
            sigma_global=d.sigma_global,
            method=d.method,
            greater_is_better=self._metric.greater_is_better,
        )

    def _learning(self) -> LearningCurveRecord | None:
        points = self._of("learning")
        if not points or any(each.error is not None for each in points):
            return None
        curve = self._curve("events", points)
        if not np.isfinite(curve.validation).all():
            return None
        return LearningCurveRecord(
            metric=curve.metric.name,
            values=curve.values,
            n_folds=curve.train.shape[1],
            level=LEVEL,
            train=_band(curve, "train"),
            validation=_band(curve, "validation"),
            folds=tuples(curve.validation),
            last_doubling=_last_step(curve) if len(curve.values) > 1 else None,
            greater_is_better=self._metric.greater_is_better,
        )

    def _parts(self) -> BiasVarianceRecord | None:
        for point in self._of("bias_variance"):
            if point.error is None:
                found = point.found
                total, bias, variance = (tuple(map(float, found[key])) for key in PARTS)
                return BiasVarianceRecord(
                    parameter=point.asked.parameter,
                    values=tuple(point.asked.values),
                    rounds=self._found.prepared.spec.curves.rounds,
                    loss=found["loss"],
                    n_fit=found["n_fit"],
                    n_validation=found["n_validation"],
                    total=total,
                    bias=bias,
                    variance=variance,
                )
        return None


def _said(point: CurvePoint) -> str:
    return f"{point.asked.curve.replace('_', ' ')} over {point.asked.parameter}: {point.error}"


def _band(curve: ModelCurve, part: str) -> Band:
    low, high = curve.band(part, LEVEL)
    return Band(mean=tuples(curve.mean(part)), low=tuples(low), high=tuples(high))


def _last_step(curve: ModelCurve) -> Change:
    change, error = curve.step(-2, -1)
    return Change(change=change, error=error if np.isfinite(error) else None)
