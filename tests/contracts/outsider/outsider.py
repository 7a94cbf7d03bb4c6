"""A distribution of one module that brings one of everything: what a stranger can add without an edit of fivesigma."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from scipy.special import xlogy
from sklearn.base import BaseEstimator, RegressorMixin

from fivesigma._core.errors import DataError, InputError
from fivesigma._core.outputs import Output
from fivesigma.record.sections.section import Section as RecordSection
from fivesigma.report.markup import cell
from fivesigma.report.plot import Plot
from fivesigma.report.section import Content, View
from fivesigma.report.section import Section as PageSection
from fivesigma.risk.losses import SmoothLoss
from fivesigma.risk.regression import OfResiduals, residuals
from fivesigma.simulate.system import System, Table
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.evidence.family import Compared
from fivesigma.study.fit.prediction import scored, unpacked
from fivesigma.study.plan import Fit
from fivesigma.study.registry.kind import ModelKind, Request
from fivesigma.study.spec.section import Section
from fivesigma.study.tasks.task import VALIDATION, Task, learnt, numbers, whole_truth

# --- a metric, a loss, a system, a reader with an option


@dataclass(frozen=True)
class Cubic(OfResiduals):
    """``(Σ w |p - y|³ / Σ w)^(1/3)``."""

    name: str = "cubic"
    label = "cubic error"
    scores = Output.VALUE
    greater_is_better = False
    lower, upper = 0.0, None
    degree = 1

    def terms(self, y: Any, prediction: Any, w: Any, cut: float | None) -> Any:
        return np.column_stack([np.abs(residuals(y, prediction)) ** 3, np.ones(y.size)])

    def combine(self, sums: Any, scale: float) -> Any:
        return np.asarray(np.cbrt(sums[..., 0] / sums[..., 1]))


@dataclass(frozen=True)
class Cosh(SmoothLoss):
    """``ln cosh((f - y) / width)``."""

    width: float = 1.0
    task = "regression"
    curvature_bound = None

    def value(self, prediction: Any, target: Any) -> Any:
        return np.logaddexp(*np.stack([1, -1])[:, None] * (prediction - target) / self.width) - np.log(2)

    def slope(self, prediction: Any, target: Any) -> Any:
        return np.tanh((prediction - target) / self.width) / self.width

    def curvature(self, prediction: Any, target: Any) -> Any:
        return (1 - np.tanh((prediction - target) / self.width) ** 2) / self.width**2

    def recedes(self, target: Any) -> Any:
        return np.zeros(len(target), dtype=bool)

    def conjugate(self, slope: Any, target: Any) -> Any:
        u = np.clip(slope * self.width, -1, 1)
        return slope * target + (xlogy(1 + u, 1 + u) + xlogy(1 - u, 1 - u)) / 2


@dataclass(frozen=True)
class Spring(System):
    """A spring that is pulled."""

    stiffness: float = 2.0

    def table(self, n: int, rng: np.random.Generator) -> Table:
        x, other = rng.normal(size=(2, n))
        force = self.stiffness * x + 0.3 * rng.normal(size=n)
        return Table({"x": x, "other": other, "force": force}, {"x": "cm"}, target="force")


class Pairs:
    """``name;value`` lines, as many columns as there are names; the separator is an option."""

    name = "pairs"
    suffixes = (".pairs",)
    options = ("between",)

    def columns(self, path: Path, options: Mapping[str, Any]) -> dict[str, Any]:
        between = options.get("between", ";")
        found: dict[str, list[float]] = {}
        for number, line in enumerate(path.read_text().splitlines()):
            name, mark, value = line.partition(between)
            if not mark:
                raise DataError(f"{path}: line {number + 1} has no {between!r}; say between = ... ")
            found.setdefault(name, []).append(float(value))
        return {name: np.array(values) for name, values in found.items()}

    def units(self, path: Path) -> Mapping[str, str]:
        return {}


# --- a task, and a kind that does it


class Doubling(Task):
    """Learn twice the target, and give it back halved: a regression by another name."""

    name = "doubling"
    outputs = (Output.VALUE,)
    reads = "regression"

    def check(self, spec: Any, data: Any) -> None:
        if data.w is not None:
            raise InputError("doubling takes no weights; leave data.weight out.")

    def truth(self, data: Any, metric: Any, rows: Any) -> Any:
        return whole_truth(data, rows)

    def judged(self, metric: Any, part: str, *, n_folds: int, claim: Any) -> Any:
        return learnt(part, n_folds, claim)

    def predict(self, estimator: Any, X: Any, asked: Any) -> Any:
        return {Output.VALUE: np.asarray(estimator.predict(X), dtype=np.float64)}

    def columns(self, name: str, said: Any, meanings: Any) -> Any:
        return {f"{name}:doubled": said[Output.VALUE]}

    def stored(self, table: Any, name: str, meanings: Any) -> Any:
        return {Output.VALUE: numbers(table, f"{name}:doubled")}


class Halver(RegressorMixin, BaseEstimator):
    """The mean, or a line through one column."""

    def __init__(self, column: int | None = None) -> None:
        self.column = column

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        x = np.zeros(len(y)) if self.column is None else np.asarray(X)[:, self.column]
        self.n_features_in_ = np.asarray(X).shape[1]
        self.line_ = np.polyfit(x, y, 1) if self.column is not None else np.array([0.0, np.mean(y)])
        return self

    def predict(self, X: Any) -> Any:
        x = np.zeros(len(X)) if self.column is None else np.asarray(X)[:, self.column]
        return np.polyval(self.line_, x)


def _halver(ask: Request) -> Halver:
    return Halver(ask.params["column"])


class _Column:
    def contains(self, value: Any) -> bool:
        return value is None or isinstance(value, int)

    def __str__(self) -> str:
        return "the number of a column"


def _kind() -> ModelKind:
    from fivesigma.study.registry.kind import Parameter

    column = {"column": Parameter(None, _Column())}
    return ModelKind("halver", "never", ("doubling",), _halver, lambda n, p, K: 1e-3, column, lineup=False)


HALVER = _kind()


class Template(RegressorMixin, BaseEstimator):
    """A line through the mean brightness of images, or of the members of a set that are there."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        self.shape_ = X.shape[1:]
        self.line_ = np.polyfit(self._brightness(X), y, 1)
        return self

    def predict(self, X: Any) -> Any:
        return np.polyval(self.line_, self._brightness(X))

    def _brightness(self, X: Any) -> Any:
        if X.shape[1:] != self.shape_:
            raise ValueError(f"events of shape {X.shape[1:]}; expected {self.shape_}.")
        return np.nanmean(X.reshape(len(X), -1), axis=1)


class Middle(RegressorMixin, BaseEstimator):
    """The mean target, whatever an event is."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        self.mean_ = float(np.mean(y))
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), self.mean_)


def _of_arrays(name: str, build: Any) -> ModelKind:
    return ModelKind(
        name,
        "never",
        ("doubling",),
        lambda ask: build(),
        lambda n, p, K: 1e-3,
        data=("image", "sequence", "set"),
        native_nan=True,
    )


TEMPLATE, MIDDLE = _of_arrays("template", Template), _of_arrays("middle", Middle)


# --- an analysis: its key, a fit of its own, a claim, a section of the record, a figure


class Keys(Section):
    """``[mirror]``"""

    column: str
    """The only column that the models are left with."""


@dataclass(frozen=True, kw_only=True)
class MirrorRecord(RecordSection):
    """What is left of each model with one column."""

    key: ClassVar[str] = "mirror"
    of: ClassVar[Any] = "results"

    column: str
    scores: tuple[float, ...]
    models: tuple[str, ...]


class Mirror(Experiment):
    """Every model but the baseline on one column."""

    @property
    def keys(self) -> Keys | None:
        return self.run.prepared.spec.section("mirror")

    def fits(self) -> dict[str, list[Fit]]:
        if self.keys is None:
            return {}
        found = {}
        for name, fits in self.run.lineup.items():
            if name != self.run.prepared.baseline:
                folds = [
                    fit for fit in fits if fit.sample.kind == "fold" and not (fit.params or fit.sample.repeat)
                ]
                found[name] = [Fit(name, fit.sample, columns=(self.keys.column,)) for fit in folds]
        return found

    def missing(self) -> Iterable[Fit]:
        return [fit for fits in self.fits().values() for fit in fits]

    def said(self, fits: list[Fit]) -> Any:
        prepared = self.run.prepared
        whole = np.full(len(prepared.split.train), np.nan)
        for fit in fits:
            said = unpacked(self.run.read(fit)[0])[VALIDATION]
            whole[prepared.split.folds == fit.sample.number] = scored(said, prepared.metric)
        return whole

    def compared(self, found: Any, /) -> Iterable[Compared]:
        metric = self.run.prepared.metric
        for name, fits in self.fits().items():
            if name not in found.fitted:
                continue
            own = found.scores.whole(metric, VALIDATION, name)
            both = (found.folds.scored(metric, (said,)) for said in (self.said(fits), own))
            difference = found.folds.difference(metric, *both)
            yield Compared(f"{name} in the mirror", name, difference, "mirror", name)

    def record(self, found: Any) -> Mapping[str, Any]:
        if self.keys is None:
            return {}
        metric, split = self.run.prepared.metric, self.run.prepared.split
        y = self.run.prepared.data.y[split.train]
        values = {
            name: float(metric.value(y, self.said(fits), None))
            for name, fits in self.fits().items()
            if name in found.fitted
        }
        made = MirrorRecord(column=self.keys.column, scores=tuple(values.values()), models=tuple(values))
        return {"mirror": made}


def _check(prepared: Any) -> None:
    keys = prepared.spec.section("mirror")
    if keys is not None and keys.column not in prepared.data.names:
        raise prepared.spec.error("mirror.column", f"'{keys.column}' is not a feature.")


def _mirror(view: View) -> Any:
    return view.results.section(MirrorRecord)


def _content(view: View) -> Content:
    kept = _mirror(view)

    def draw(figure: Any) -> None:
        figure.subplots().bar(kept.models, kept.scores)

    plot = Plot(
        "mirror", "In the mirror", "One column alone.", "Bars.", (4.0, 2.0), draw, ("model", "score"),
        list(zip(kept.models, kept.scores, strict=True)),
    )  # fmt: skip
    return Content({"sentences": [f"Left with {kept.column} alone."]}, {"mirror": plot})


PAGE = PageSection(
    "mirror",
    "The mirror",
    lambda view: _mirror(view) is not None,
    _content,
    lambda view: cell(f"Left with {_mirror(view).column} alone."),
)

MIRROR = Analysis(
    "mirror", section=Keys, check=_check, experiment=Mirror, record=(MirrorRecord,), page=(PAGE,)
)
