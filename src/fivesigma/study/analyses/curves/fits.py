"""The fits behind the curves of a study: which are asked for, and the scores that each leaves.

Scores are kept, not predictions; but for the sealed tests, where one fit holds every depth: there the predictions
are kept until the test is opened, so that two depths can be compared on it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError, did_you_mean
from fivesigma._core.outputs import Output
from fivesigma._core.random import generator
from fivesigma.models.fitting import probabilities
from fivesigma.risk.flexibility import halves, needs_cut, nested_order
from fivesigma.risk.metric import Metric
from fivesigma.risk.metrics import metric as metric_called
from fivesigma.risk.splits import Split
from fivesigma.study.fit.data import Bench
from fivesigma.study.plan import Entry, Fit
from fivesigma.study.registry.kind import Kind
from fivesigma.study.spec.curves import CurvesSection
from fivesigma.study.tasks.registry import task
from fivesigma.study.tasks.task import Asked

if TYPE_CHECKING:
    from fivesigma.study.spec.document import Spec

Array = NDArray[Any]

PURPOSE = "curve"
DEPTH = "max_depth"
MOST_KEPT = 2**24
"""Numbers that a fit of all depths keeps of its predictions for the sealed tests, 128 MB; above it none."""
ROWS = 16_384  # rows whose predictions at all depths are held at a time


def curve_metric(name: str) -> Metric:
    """Return the metric a curve is drawn in: the study's, or where that needs a number chosen on other rows another.

    >>> curve_metric("brier").name, curve_metric("asimov").name
    ('brier', 'roc_auc')
    """
    found = metric_called(name)
    if not needs_cut(found):
        return found
    return metric_called("roc_auc" if found.scores is Output.PROBABILITY else "rmse")


def check_models(spec: Spec, entries: Sequence[Entry]) -> None:
    """Refuse a curve of a model that the study has not."""
    names = [entry.name for entry in entries]
    asked = {"learning": spec.curves.learning, **_by_model(spec.curves)}
    for key, models in asked.items():
        for name in models if not isinstance(models, bool) else ():
            if name not in names:
                raise spec.error(
                    f"curves.{key}",
                    f"'{name}' is not a model of this study; expected one of {', '.join(names)}."
                    f"{did_you_mean(name, names)}",
                )


def _by_model(curves: CurvesSection) -> dict[str, Any]:
    return {"validation": tuple(curves.validation), "bias_variance": tuple(curves.bias_variance)}


def fits_of_curves(spec: Spec, entry: Entry, kind: Kind, split: Split, cost: float) -> Iterator[Fit]:
    """Yield the fits that the curves of one model need; ``cost`` is that of one fit to all rows.

    Raises
    ------
    StudyError
        For a setting that the model has not, or a value that it cannot have.
    """
    tasks = list(_tasks(spec, entry, kind, split))
    for number, (asked, share) in enumerate(tasks):
        yield Fit(entry.name, PURPOSE, number, asked, cost * share)


def _tasks(spec: Spec, entry: Entry, kind: Kind, split: Split) -> Iterator[tuple[dict[str, Any], float]]:
    """Yield what each fit is for, and its cost in fits to all rows."""
    curves = spec.curves
    for parameter, asked in curves.validation.get(entry.name, {}).items():
        try:
            values = list(_settled(kind, entry, parameter, asked))
        except InputError as error:
            raise spec.error(f"curves.validation.{entry.name}", str(error)) from None
        yield from _of_setting(spec, entry, kind, split, parameter, values)
    if (curves.learning is True and entry.kind != "dummy") or _named(entry.name, curves.learning):
        yield from _of_sizes(split)
    if entry.name in curves.bias_variance:
        yield _of_rounds(spec, entry, kind)


def _named(name: str, asked: Any) -> bool:
    return not isinstance(asked, bool) and name in asked


def _settled(kind: Kind, entry: Entry, parameter: str, asked: Any) -> tuple[Any, ...]:
    if kind.name == "own":
        raise InputError("an estimator given in Python has no settings here; use fivesigma.risk.flexibility.")
    if entry.path is not None:
        raise InputError(
            f"{entry.name} has a regularisation path, drawn on the page already; ask for another."
        )
    return kind.grid(parameter, asked)


def holds_path(kind: Kind, entry: Entry, parameter: str) -> bool:
    """Whether one fit of the model holds all values of the parameter."""
    return kind.nested and parameter == DEPTH and not entry.searched and entry.path is None


def _of_setting(
    spec: Spec, entry: Entry, kind: Kind, split: Split, parameter: str, values: list[Any]
) -> Iterator[tuple[dict[str, Any], float]]:
    about: dict[str, Any] = {"curve": "validation", "parameter": parameter}
    if not holds_path(kind, entry, parameter):
        for value in values:
            for fold in range(split.n_folds):
                yield {**about, "values": [value], "part": "fold", "at": fold}, 1.0
        return
    about |= {"path": True, "values": values}
    for fold in range(split.n_folds):
        yield {**about, "part": "fold", "at": fold}, 1.2
    sealed = max((len(rows) for rows in split.tests.values()), default=0)
    if sealed and sealed * len(values) <= MOST_KEPT:
        yield {**about, "part": "final", "at": 0}, 1.2
        for number in range(spec.evaluate.refits):
            yield {**about, "part": "refit", "at": number}, 1.2


def _of_sizes(split: Split) -> Iterator[tuple[dict[str, Any], float]]:
    n_held = int(np.bincount(split.folds[split.folds >= 0]).max())
    n_fit = len(split.train) - n_held
    for size in halves(n_fit):
        for fold in range(split.n_folds):
            task = {"curve": "learning", "parameter": "events", "values": [size], "part": "fold", "at": fold}
            yield task, size / n_fit


def _of_rounds(spec: Spec, entry: Entry, kind: Kind) -> tuple[dict[str, Any], float]:
    parameter = spec.curves.bias_variance[entry.name]
    given = spec.curves.validation.get(entry.name, {}).get(parameter, True)
    try:
        values = list(_settled(kind, entry, parameter, given))
    except InputError as error:
        raise spec.error(f"curves.bias_variance.{entry.name}", str(error)) from None
    path = holds_path(kind, entry, parameter)
    if path:
        values = list(range(1, min(int(max(values)), 30) + 1))
    rounds = spec.curves.rounds
    task = {
        "curve": "bias_variance",
        "parameter": parameter,
        "values": values,
        "path": path,
        "rounds": rounds,
    }
    return task, rounds * (1.0 if path else float(len(values)))


def carry_out(workshop: Bench, fit: Fit) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return what a fit of a curve leaves: scores, or predictions for the sealed tests."""
    task, entry = fit.overrides, workshop.plan.entry(fit.model)
    if task["curve"] == "bias_variance":
        return _CurveFit(workshop, entry, task).parts()
    if task["part"] != "fold":
        return _CurveFit(workshop, entry, task).sealed()
    return _CurveFit(workshop, entry, task).scores()


@dataclasses.dataclass(frozen=True)
class _CurveFit:
    """One fit of a curve: the same rows, columns, weights and seed as the fit of the model itself has there."""

    workshop: Bench
    entry: Entry
    task: Mapping[str, Any]

    @property
    def material(self) -> Any:
        return self.workshop.material

    def scores(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Train and validation score at each value, on one fold."""
        rows, asked = self.material.rows(Fit(self.entry.name, "fold", self.task["at"]), self.workshop.seed)
        held = asked["validation"]
        if self.task["curve"] == "learning":
            rows = self._first(rows)
        fitted, messages = self._fitted(rows)
        scored = {
            "train": np.array([self._score(rows, each) for each in self._predictions(fitted, rows)]),
            "validation": np.array([self._score(held, each) for each in self._predictions(fitted, held)]),
        }
        return scored, {"messages": messages, "events": len(rows)}

    def sealed(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Predictions for the sealed tests at each depth: (n_depths, n) or (n_depths, n, n_classes)."""
        fit = Fit(self.entry.name, str(self.task["part"]), self.task["at"])
        rows, asked = self.material.rows(fit, self.workshop.seed)
        fitted, messages = self._fitted(rows)
        tests = {name: at for name, at in asked.items() if name != "train"}
        return {name: np.array(self._predictions(fitted, at)) for name, at in tests.items()}, {
            "messages": messages
        }

    def parts(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Bias, variance and total at each value, on the first fold's rows."""
        from fivesigma.risk.generalisation import bias_variance, bias_variance_path

        rows, asked = self.material.rows(Fit(self.entry.name, "fold", 0), self.workshop.seed)
        held, columns = asked["validation"], self.workshop.columns(self.entry)
        X, V = (self.material.X[np.ix_(at, columns)] for at in (rows, held))
        y, v = self.material.y[rows], self.material.y[held]
        w = None if self.material.w is None else self.material.w[held]
        rounds, values = int(self.task["rounds"]), self.task["values"]
        if self.task["path"]:
            from fivesigma.models.trees.depth import DepthPath

            *steps, (_, tree) = self._recipe({DEPTH: max(values)}).steps
            X, V = _through(steps, X, y, V)
            plain = type(tree).__name__.startswith("DecisionTree")
            model = tree if plain else DepthPath(tree)
            found = bias_variance_path(
                model, X, y, V, v, n_rounds=rounds, rng=self._rng, n_depths=max(values), test_weight=w
            )
            parts = {name: np.asarray(getattr(found, name)) for name in ("total", "bias", "variance")}
        else:
            each = [
                bias_variance(
                    self._recipe({self.task["parameter"]: value}),
                    X,
                    y,
                    V,
                    v,
                    n_rounds=rounds,
                    rng=self._rng,
                    test_weight=w,
                )
                for value in values
            ]
            found = each[0]
            parts = {
                name: np.array([getattr(one, name) for one in each]) for name in ("total", "bias", "variance")
            }
        return parts, {"loss": found.loss, "n_fit": len(rows), "n_validation": len(held), "messages": []}

    @property
    def _rng(self) -> np.random.Generator:
        """The generator of bootstrap samples, at its beginning: the same samples at every value."""
        return generator(self.workshop.seed, "bias-variance", self.entry.name)

    def _first(self, rows: Array) -> Array:
        """Return the first rows of a fold's: whole units, in an order that all sizes share."""
        units, first, of_row = np.unique(self.material.units[rows], return_index=True, return_inverse=True)
        labels = self.material.y[rows][first] if self.workshop.n_classes is not None else None
        rng = generator(self.workshop.seed, "learning", self.task["at"])
        order = nested_order(units, labels, rng)
        size = np.bincount(of_row, minlength=len(units))
        n_units = int(np.searchsorted(np.cumsum(size[order]), self.task["values"][0])) + 1
        return rows[np.isin(of_row, order[:n_units])]

    def _recipe(self, overrides: Mapping[str, Any]) -> Any:
        """Return the unfitted recipe with other settings, all else as in the model's own fit."""
        entry = self.entry
        if isinstance(entry.tune, Mapping):
            left = {name: space for name, space in entry.tune.items() if name not in overrides}
            entry = dataclasses.replace(entry, tune=left or False)
        part = str(self.task.get("part", "fold"))
        fit = Fit(entry.name, part, int(self.task.get("at", 0)), dict(overrides))
        return self.workshop.build(entry, fit)

    def _fitted(self, rows: Array) -> tuple[Any, list[str]]:
        from fivesigma.study.fit import recipe

        values, columns = self.task["values"], self.workshop.columns(self.entry)
        if self._is_path:
            from fivesigma.models.trees.depth import DepthPath

            made = self._recipe({DEPTH: max(values)})
            made.steps[-1] = ("model", DepthPath(made.steps[-1][1]))
        else:
            setting = {} if self.task["curve"] == "learning" else {self.task["parameter"]: values[0]}
            made = self._recipe(setting)
        fitted = recipe.fit(
            made,
            self.material.X[np.ix_(rows, columns)],
            self.material.y[rows],
            self.material.training_weights(rows),
            groups=self.material.units[rows],
            evaluation_weight=self.material.evaluation_weights(rows),
        )
        return fitted.estimator, list(fitted.messages)

    @property
    def _is_path(self) -> bool:
        return bool(self.task.get("path"))

    def _predictions(self, fitted: Any, at: Array) -> list[Array]:
        """Return the prediction for the rows ``at`` at each value."""
        columns = self.workshop.columns(self.entry)
        if not self._is_path:
            asked = Asked((self._metric.scores,), self.workshop.n_classes)
            said = task(str(self.workshop.plan.shared["task"])).predict(
                fitted, self.material.X[np.ix_(at, columns)], asked
            )
            return [said[self._metric.scores]]
        blocks = [
            self._path(fitted, self.material.X[np.ix_(at[start : start + ROWS], columns)])
            for start in range(0, len(at), ROWS)
        ]
        return list(np.concatenate(blocks, axis=1))

    def _path(self, fitted: Any, X: Array) -> Array:
        """Return the predictions at the depths asked for: (n_depths, n), or (n_depths, n, n_classes)."""
        model = fitted.steps[-1][1]
        table = fitted[:-1].transform(X) if len(fitted.steps) > 1 else X
        path = model.predict_path(table)
        path = path[[min(int(depth), len(path)) - 1 for depth in self.task["values"]]]
        if self.workshop.n_classes is None:
            return np.asarray(path)
        classes = np.arange(self.workshop.n_classes)
        return np.stack([probabilities(_Known(model.classes_, each), X, classes) for each in path])

    def _score(self, at: Array, prediction: Array) -> float:
        w = None if self.material.w is None else self.material.w[at]
        return self._metric.value(self.material.y[at], prediction, w)

    @property
    def _metric(self) -> Metric:
        return curve_metric(str(self.workshop.plan.shared["metric"]))


@dataclasses.dataclass(frozen=True)
class _Known:
    """Probabilities that are known already, for whoever asks an estimator for them."""

    classes_: Array
    table: Array

    def predict_proba(self, X: Array) -> Array:
        """Return the probabilities, whatever the rows."""
        return self.table


def _through(steps: Sequence[tuple[str, Any]], X: Array, y: Array, V: Array) -> tuple[Array, Array]:
    """Return training and held-out rows behind the steps before the model, fitted once to the training rows."""
    for _, step in steps:
        X = step.fit(X, y).transform(X)
        V = step.transform(V)
    return X, V
