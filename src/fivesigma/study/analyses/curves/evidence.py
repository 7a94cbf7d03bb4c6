"""From the fits of curves to the record: scores with their bands, and the difference that shows overfitting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.results import plain
from fivesigma.risk import evidence
from fivesigma.risk.evidence import Difference, Measurement
from fivesigma.risk.flexibility import ModelCurve
from fivesigma.study.analyses.curves.diagnostics import PARTS, curve_metric
from fivesigma.study.analyses.curves.fits import CurveFit
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.family import Compared

Array = NDArray[Any]
NAME = "curves"


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

    def sections(self) -> dict[str, Any]:
        """Return the curves for the record of the model; {} where none was asked for."""
        sections: dict[str, Any] = {}
        if drawn := list(self.validation()):
            sections["validation_curves"] = [self._record(each) for each in drawn]
        if (learning := self._learning()) is not None:
            sections["learning_curve"] = learning
        if (parts := self._parts()) is not None:
            sections["bias_variance"] = parts
        if failed := [_said(each) for each in self._points if each.error is not None]:
            sections["curves_failed"] = list(dict.fromkeys(failed))
        found: dict[str, Any] = plain(sections)
        return found

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
        return ModelCurve(parameter, values, scores[0], scores[1], self._metric, n_fit, n_validation)

    def _record(self, drawn: _Drawn) -> dict[str, Any]:
        curve = drawn.curve
        about = {
            "parameter": curve.parameter,
            **self._scores(curve),
            "best": curve.values[curve.best],
            "one_standard_error": curve.values[curve.one_standard_error],
            "most_flexible": curve.values[curve.most_flexible],
            "fits_per_fold": 1 if drawn.path else len(curve.values),
        }
        compared = self._found.family.of(NAME, drawn.about)
        if compared is not None:
            about["overfitting"] = _compared(compared.difference) | {
                "greater_is_better": self._metric.greater_is_better
            }
        return about

    def _scores(self, curve: ModelCurve) -> dict[str, Any]:
        parts = {}
        for part in ("train", "validation"):
            low, high = curve.band(part)
            parts[part] = {"mean": curve.mean(part), "low": low, "high": high}
        return {
            "metric": curve.metric.name,
            "values": list(curve.values),
            "n_folds": curve.train.shape[1],
            "level": 0.68,
            **parts,
            "folds": curve.validation,
        }

    def _learning(self) -> dict[str, Any] | None:
        points = self._of("learning")
        if not points or any(each.error is not None for each in points):
            return None
        curve = self._curve("events", points)
        if not np.isfinite(curve.validation).all():
            return None
        record = self._scores(curve)
        if len(curve.values) > 1:
            change, error = curve.step(-2, -1)
            record["last_doubling"] = {"change": change, "error": error if np.isfinite(error) else None}
        return record | {"greater_is_better": self._metric.greater_is_better}

    def _parts(self) -> dict[str, Any] | None:
        for point in self._of("bias_variance"):
            if point.error is None:
                about: dict[str, Any] = {
                    "parameter": point.asked.parameter,
                    "values": list(point.asked.values),
                }
                about["rounds"] = self._found.prepared.spec.curves.rounds
                sizes = {key: point.found[key] for key in ("loss", "n_fit", "n_validation")}
                return {**about, **sizes, **{key: list(map(float, point.found[key])) for key in PARTS}}
        return None


def _said(point: CurvePoint) -> str:
    return f"{point.asked.curve.replace('_', ' ')} over {point.asked.parameter}: {point.error}"


def _compared(difference: Difference) -> dict[str, Any]:
    keys = ("difference", "low", "high", "p", "sigma_local", "sigma_global", "method")
    return {key: getattr(difference, key) for key in keys}
