"""The fits behind the curves of a study: which are asked for, and what each is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fivesigma._core.errors import InputError, did_you_mean
from fivesigma.risk.flexibility import halves
from fivesigma.risk.splits import Split
from fivesigma.study.analyses.curves.diagnostics import DEPTH
from fivesigma.study.plan import Entry, Fit, Sample
from fivesigma.study.registry.kind import ModelKind
from fivesigma.study.spec.curves import CurvesSection
from fivesigma.study.spec.document import Spec

MOST_KEPT = 2**24
"""Numbers that a fit of all depths keeps of its predictions for the sealed tests, 128 MB; above it none."""


@dataclass(frozen=True)
class CurveFit:
    """One fit of a curve.

    Attributes
    ----------
    curve : "validation", "learning" or "bias_variance"
    parameter, values : what is varied, and the values that this fit shows
    fit : of the model on the sample of this point
    path : whether one fit holds all values
    """

    curve: str
    parameter: str
    values: tuple[Any, ...]
    fit: Fit
    path: bool = False


def check_models(spec: Spec, entries: Sequence[Entry]) -> None:
    """Refuse a curve of a model that the study has not."""
    names = [entry.name for entry in entries]
    elsewhere = [entry.name for entry in entries if entry.given is not None]
    asked = {"learning": spec.curves.learning, **_by_model(spec.curves)}
    for key, models in asked.items():
        for name in models if not isinstance(models, bool) else ():
            if name not in names:
                raise spec.error(
                    f"curves.{key}",
                    f"'{name}' is not a model of this study; expected one of {', '.join(names)}."
                    f"{did_you_mean(name, names)}",
                )
            if name in elsewhere:
                raise spec.error(
                    f"curves.{key}",
                    f"'{name}' is scores made elsewhere, and cannot be fitted anew; remove it.",
                )


def _by_model(curves: CurvesSection) -> dict[str, Any]:
    return {"validation": tuple(curves.validation), "bias_variance": tuple(curves.bias_variance)}


def curve_fits(spec: Spec, entry: Entry, kind: ModelKind, split: Split, cost: float) -> Iterator[CurveFit]:
    """Yield the fits that the curves of one model need; ``cost`` is that of one fit to all rows.

    Raises
    ------
    StudyError
        For a setting that the model has not, or a value that it cannot have.
    """
    asked = _Asked(spec, entry, kind, split, cost)
    for parameter, values in spec.curves.validation.get(entry.name, {}).items():
        yield from asked.of_setting(parameter, values)
    learning = spec.curves.learning
    everyone = learning is True and entry.kind != "dummy" and entry.given is None
    if everyone or (not isinstance(learning, bool) and entry.name in learning):
        yield from asked.of_sizes()
    if entry.name in spec.curves.bias_variance:
        yield asked.of_rounds(spec.curves.bias_variance[entry.name])


@dataclass(frozen=True)
class _Asked:
    """The curves of one model."""

    spec: Spec
    entry: Entry
    kind: ModelKind
    split: Split
    cost: float

    @property
    def folds(self) -> list[Sample]:
        return [Sample("fold", number) for number in range(self.split.n_folds)]

    def settled(self, curve: str, parameter: str, asked: Any) -> list[Any]:
        """Return the values of a setting; `StudyError` where the model cannot have them."""
        try:
            if self.kind.name == "own":
                raise InputError(
                    "an estimator given in Python has no settings here; use fivesigma.risk.flexibility."
                )
            if self.entry.path is not None:
                raise InputError(
                    f"{self.entry.name} has a regularisation path, drawn on the page already; ask for another."
                )
            return list(self.kind.grid(parameter, asked, self.spec.data.task))
        except InputError as error:
            raise self.spec.error(f"curves.{curve}.{self.entry.name}", str(error)) from None

    def holds_path(self, parameter: str) -> bool:
        """Whether one fit of the model holds all values of the parameter."""
        return self.kind.nested and parameter == DEPTH and not self.entry.searched and self.entry.path is None

    def at(self, sample: Sample, params: Mapping[str, Any], wanted: Mapping[str, Any], share: float) -> Fit:
        """Return the fit of the model with other settings; those that it has anyway are no other."""
        differing = self.kind.differing(self.entry.params, params)
        return Fit(self.entry.name, sample, differing, wanted=wanted, cost=self.cost * share)

    def of_setting(self, parameter: str, asked: Any) -> Iterator[CurveFit]:
        values = self.settled("validation", parameter, asked)
        if self.holds_path(parameter):
            yield from self._of_path(parameter, values)
            return
        for value in values:
            for sample in self.folds:
                fit = self.at(sample, {parameter: value}, {"score_curve": {}}, 1.0)
                yield CurveFit("validation", parameter, (value,), fit)

    def _of_path(self, parameter: str, values: Sequence[Any]) -> Iterator[CurveFit]:
        deepest, depths = {DEPTH: max(values)}, {"depths": list(values)}
        for sample in self.folds:
            fit = self.at(sample, deepest, {"score_curve": depths}, 1.2)
            yield CurveFit("validation", parameter, tuple(values), fit, path=True)
        sealed = max((len(rows) for rows in self.split.tests.values()), default=0)
        if sealed and sealed * len(values) <= MOST_KEPT:
            refits = [Sample("resample", number) for number in range(self.spec.evaluate.refits)]
            for sample in (Sample("all"), *refits):
                fit = self.at(sample, deepest, {"depth_path": depths}, 1.2)
                yield CurveFit("validation", parameter, tuple(values), fit, path=True)

    def of_sizes(self) -> Iterator[CurveFit]:
        n_fit = min(len(self.split.fold(number)[0]) for number in range(self.split.n_folds))
        for size in halves(n_fit):
            for sample in self.folds:
                part = Sample("fold", sample.number, None if size == n_fit else size)
                fit = self.at(part, {}, {"score_curve": {}}, size / n_fit)
                yield CurveFit("learning", "events", (size,), fit)

    def of_rounds(self, parameter: str) -> CurveFit:
        given = self.spec.curves.validation.get(self.entry.name, {}).get(parameter, True)
        values = self.settled("bias_variance", parameter, given)
        path, rounds = self.holds_path(parameter), self.spec.curves.rounds
        if path:
            values = list(range(1, min(int(max(values)), 30) + 1))
        settings = {"parameter": parameter, "values": values, "rounds": rounds, "path": path}
        cost = rounds * (1.0 if path else float(len(values)))
        fit = self.at(Sample("fold", 0), {}, {"bias_variance": settings}, cost)
        return CurveFit("bias_variance", parameter, tuple(values), fit, path)
