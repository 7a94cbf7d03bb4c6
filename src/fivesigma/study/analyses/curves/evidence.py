"""From the fits of curves to the record: scores with their bands, and the difference that shows overfitting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.results import plain
from fivesigma.risk import evidence
from fivesigma.risk.evidence import Difference
from fivesigma.risk.flexibility import ModelCurve
from fivesigma.study.analyses.curves.fits import curve_metric
from fivesigma.study.fit.data import expand
from fivesigma.study.fit.outcome import CurvePoint, Outcome
from fivesigma.study.prepared import Prepared

Array = NDArray[Any]
Pair = tuple[str, str]


class Judge(Protocol):
    """What the curves need of the evidence of a run (`fivesigma.study.evidence.evidence.Evidence`)."""

    @property
    def prepared(self) -> Prepared:
        """What was fixed before the first fit."""

    @property
    def fitted(self) -> Mapping[str, Outcome]:
        """The fitted models by name."""

    @property
    def tests(self) -> tuple[str, ...]:
        """The opened tests."""

    @property
    def claim(self) -> Literal["procedure", "fitted"]:
        """What significances are about."""

    @property
    def parts(self) -> Mapping[str, evidence.Part]:
        """The events of the opened tests, with their resamples."""

    @property
    def too_few(self) -> str:
        """Why the folds allow no claim, or nothing."""

    @property
    def fold_sizes(self) -> tuple[int, int]:
        """Events that a fold's model is fitted to, and scored on."""

    @property
    def family(self) -> Mapping[Pair, Difference]:
        """All differences with their significance among all."""

    def events(self, rows: Array) -> tuple[Array, Array | None, float]:
        """Return target, weights and scale of some rows."""


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

    @property
    def pair(self) -> Pair:
        """The best value and the most flexible one, as a claim names them."""
        return self.label(self.curve.best), self.label(self.curve.most_flexible)


class ModelCurves:
    """The curves of all models of a run."""

    def __init__(self, found: Judge) -> None:
        self._found = found
        self._metric = curve_metric(found.prepared.metric.name)

    @cached_property
    def _drawn(self) -> dict[str, list[_Drawn]]:
        return {name: list(self._validation(name)) for name in self._found.fitted}

    @cached_property
    def differences(self) -> dict[Pair, Difference]:
        """The best value over the most flexible one, for each curve on the study's own metric where they differ.

        On the first opened test where one fit holds all values: the value was chosen on the folds, which the test had
        no part in. Else on the folds, each judging a choice that the others made.
        """
        if self._metric is not self._found.prepared.metric or self._found.too_few:
            return {}
        each = [drawn for curves in self._drawn.values() for drawn in curves]
        return {drawn.pair: self._difference(drawn) for drawn in each if drawn.pair[0] != drawn.pair[1]}

    def _difference(self, drawn: _Drawn) -> Difference:
        if self._found.tests and drawn.sealed:
            return self._on_test(drawn)
        # these draws are fold scores, which do not line up with the refits of the rest of the family
        return replace(drawn.curve.overfitting(), train_draws=np.empty(0))

    def _on_test(self, drawn: _Drawn) -> Difference:
        found, test = self._found, self._found.tests[0]
        _, _, scale = found.events(found.prepared.split.tests[test])

        def measured(at: int) -> evidence.Measurement:
            parts = {
                part: [each.arrays[test][at] for each in drawn.sealed if each.task["part"] == part]
                for part in ("final", "refit")
            }
            return evidence.measure(
                self._metric,
                found.parts[test],
                parts["final"][0],
                refits=parts["refit"],
                seeds=[],
                scale=scale,
            )

        best, flexible = measured(drawn.curve.best), measured(drawn.curve.most_flexible)
        compared = evidence.compare(best, flexible, one_sided=True, claim=found.claim)
        return replace(compared, method=f"value chosen on the folds, compared on {test}; {compared.method}")

    def sections(self, name: str) -> dict[str, Any]:
        """Return the curves of a model for its record; {} where none was asked for."""
        sections: dict[str, Any] = {}
        if drawn := self._drawn[name]:
            sections["validation_curves"] = [self._record(each) for each in drawn]
        if (learning := self._learning(name)) is not None:
            sections["learning_curve"] = learning
        if (parts := self._parts(name)) is not None:
            sections["bias_variance"] = parts
        if failed := self._failed(name):
            sections["curves_failed"] = failed
        found: dict[str, Any] = plain(sections)
        return found

    def _points(self, name: str, curve: str) -> list[CurvePoint]:
        return [each for each in self._found.fitted[name].curves if each.task["curve"] == curve]

    def _failed(self, name: str) -> list[str]:
        points = self._found.fitted[name].curves
        return list(dict.fromkeys(_said(each) for each in points if "error" in each.meta))

    def _validation(self, name: str) -> Iterator[_Drawn]:
        points = self._points(name, "validation")
        for parameter in dict.fromkeys(each.task["parameter"] for each in points):
            own = [each for each in points if each.task["parameter"] == parameter]
            if any("error" in each.meta for each in own):
                continue
            folds = [each for each in own if each.task["part"] == "fold"]
            sealed = [self._expanded(each) for each in own if each.task["part"] != "fold"]
            curve = self._curve(parameter, folds)
            if np.isfinite(curve.validation).all() and np.isfinite(curve.train).all():
                yield _Drawn(name, curve, tuple(sealed), bool(folds[0].task.get("path")))

    def _curve(self, parameter: str, points: Sequence[CurvePoint]) -> ModelCurve:
        values = tuple(dict.fromkeys(value for each in points for value in each.task["values"]))
        k = self._found.prepared.split.n_folds
        scores = np.full((2, len(values), k), np.nan)
        for each in points:
            for i, value in enumerate(each.task["values"]):
                at = values.index(value), int(each.task["at"])
                scores[(0, *at)], scores[(1, *at)] = each.arrays["train"][i], each.arrays["validation"][i]
        n_fit, n_validation = self._found.fold_sizes
        return ModelCurve(parameter, values, scores[0], scores[1], self._metric, n_fit, n_validation)

    def _expanded(self, point: CurvePoint) -> CurvePoint:
        """Return the point with predictions as metrics take them."""
        n_classes = self._found.prepared.n_classes
        if n_classes is None:
            return point
        arrays = {
            name: np.array([expand(one, n_classes) for one in each]) for name, each in point.arrays.items()
        }
        return replace(point, arrays=arrays)

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
        family = self._found.family
        if drawn.pair in family:
            about["overfitting"] = _compared(family[drawn.pair]) | {
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

    def _learning(self, name: str) -> dict[str, Any] | None:
        points = self._points(name, "learning")
        if not points or any("error" in each.meta for each in points):
            return None
        curve = self._curve("events", points)
        if not np.isfinite(curve.validation).all():
            return None
        record = self._scores(curve)
        if len(curve.values) > 1:
            change, error = curve.step(-2, -1)
            record["last_doubling"] = {"change": change, "error": error if np.isfinite(error) else None}
        return record | {"greater_is_better": self._metric.greater_is_better}

    def _parts(self, name: str) -> dict[str, Any] | None:
        for point in self._points(name, "bias_variance"):
            if "error" not in point.meta:
                about = {key: point.task[key] for key in ("parameter", "values", "rounds")}
                sizes = {key: point.meta[key] for key in ("loss", "n_fit", "n_validation")}
                return {
                    **about,
                    **sizes,
                    **{key: list(map(float, each)) for key, each in point.arrays.items()},
                }
        return None


def _said(point: CurvePoint) -> str:
    task: Mapping[str, Any] = point.task
    return f"{task['curve'].replace('_', ' ')} over {task['parameter']}: {point.meta['error']}"


def _compared(difference: Difference) -> dict[str, Any]:
    keys = ("difference", "low", "high", "p", "sigma_local", "sigma_global", "method")
    return {key: getattr(difference, key) for key in keys}
