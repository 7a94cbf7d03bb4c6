"""What the fits of curves are asked: scores at each value, predictions at each depth, bias and variance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.random import generator
from fivesigma.risk.flexibility import needs_cut
from fivesigma.risk.metric import Metric
from fivesigma.risk.metrics import metric as metric_called
from fivesigma.study.analyses.analysis import Fitted, Found, Run
from fivesigma.study.fit.data import FitData
from fivesigma.study.fit.prediction import Output, scored
from fivesigma.study.plan import Entry, Fit
from fivesigma.study.tasks.registry import task as task_called
from fivesigma.study.tasks.task import Asked

Array = NDArray[Any]

DEPTH = "max_depth"
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


class _OfCurves:
    """Read off the fits that curves ask for, and off no other; what it finds stands in the record of its curve."""

    def wanted(self, entry: Entry, fit: Fit, shared: Mapping[str, Any]) -> Any | None:
        """Read off no fit of the line-up unasked."""
        return None

    def record(self, found: Found, entry: Entry, run: Run) -> Mapping[str, Any]:
        """Return nothing: the curve is recorded as a whole."""
        return {}


class ScoreCurve(_OfCurves):
    """Train and validation score of a fold's fit, at each depth that one fit holds where ``depths`` are asked for."""

    name = "score_curve"

    def of_fit(self, fitted: Fitted, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return ``train`` and ``validation`` (m,), and the number of ``events`` fitted to."""
        held = fitted.asked["validation"]
        scored = {
            part: np.array([_score(fitted, at, each) for each in _predictions(fitted, at, settings)])
            for part, at in (("train", fitted.rows), ("validation", held))
        }
        return {**scored, "events": len(fitted.rows)}


class DepthPredictions(_OfCurves):
    """Predictions of the sealed tests at each depth that one fit holds."""

    name = "depth_path"

    def of_fit(self, fitted: Fitted, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return by test (n_depths, n), or (n_depths, n, n_classes)."""
        tests = fitted.data.tests
        return {name: np.array(_predictions(fitted, at, settings)) for name, at in tests.items()}


class BiasVariance(_OfCurves):
    """Bias, variance and total at each value of a setting, on the rows of the first fold."""

    name = "bias_variance"

    def of_fit(self, fitted: Fitted, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return ``total``, ``bias`` and ``variance`` (m,), the loss and the numbers of events."""
        rows = _Rows.of(fitted)
        found = _of_path(fitted, rows, settings) if settings["path"] else _of_values(fitted, rows, settings)
        return {**found, "n_fit": len(rows.fit), "n_validation": len(rows.held)}


@dataclass(frozen=True, eq=False)
class _Rows:
    """Positions of the rows that are ``fit``, those of no weight left out, and of those ``held`` out."""

    data: FitData
    fit: Array
    held: Array

    @classmethod
    def of(cls, fitted: Fitted) -> _Rows:
        data, fit = fitted.data, fitted.rows
        return cls(data, fit if data.w is None else fit[data.w[fit] != 0], fitted.asked["validation"])

    @property
    def targets(self) -> tuple[Array, Array]:
        """The target of both."""
        return self.data.y[self.fit], self.data.y[self.held]

    @property
    def groups(self) -> Array:
        """What bootstrap samples keep together."""
        return self.data.units[self.fit]

    @property
    def test_weight(self) -> Array | None:
        """How the held-out rows weigh."""
        return None if self.data.w is None else self.data.w[self.held]


def _of_path(fitted: Fitted, rows: _Rows, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts at every depth, each round from one fit."""
    from fivesigma.models.trees.depth import DepthPath
    from fivesigma.models.trees.resampled import refits_by_counts
    from fivesigma.risk.generalisation import bias_variance_path

    deepest, w, (y, v) = max(settings["values"]), rows.data.training_weights(rows.fit), rows.targets
    *steps, (_, tree) = fitted.build(_with(fitted.fit, {DEPTH: deepest})).steps
    X, V = _through(steps, fitted.table(rows.fit), y, fitted.table(rows.held), w)
    found = bias_variance_path(
        DepthPath(tree), X, y, V, v,
        n_rounds=int(settings["rounds"]), rng=_rng(fitted), n_depths=deepest,
        sample_weight=w, groups=rows.groups, test_weight=rows.test_weight,
        refit=refits_by_counts(tree, X, y, V, deepest, sample_weight=w),
    )  # fmt: skip
    return {name: np.asarray(getattr(found, name)) for name in PARTS} | {"loss": found.loss}


def _of_values(fitted: Fitted, rows: _Rows, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts at each value, of fits of its own."""
    from fivesigma.risk.generalisation import bias_variance

    X, V, (y, v) = fitted.table(rows.fit), fitted.table(rows.held), rows.targets
    recipes = [
        fitted.build(_with(fitted.fit, {settings["parameter"]: value})) for value in settings["values"]
    ]
    each = [
        bias_variance(
            made, X, y, V, v, n_rounds=int(settings["rounds"]), rng=_rng(fitted),
            groups=rows.groups, test_weight=rows.test_weight, refit=_refitting(made, fitted, rows),
        )
        for made in recipes
    ]  # fmt: skip
    found = {name: np.array([getattr(one, name) for one in each]) for name in PARTS}
    return found | {"loss": each[0].loss}


def _refitting(made: Any, fitted: Fitted, rows: _Rows) -> Callable[[Array, int], Array]:
    """Return what fits a recipe to the rows that count, as every fit of a run: their weights and groups with them."""
    from fivesigma.study.fit import recipe

    data, V = rows.data, fitted.table(rows.held)

    def refit(counts: Array, seed: int) -> Array:
        at = np.repeat(rows.fit, counts)
        again = recipe.fit(
            made,
            fitted.table(at),
            data.y[at],
            data.training_weights(at),
            groups=data.units[at],
            evaluation_weight=data.evaluation_weights(at),
        )
        return np.asarray(again.estimator.predict(V))

    return refit


PARTS = ("total", "bias", "variance")


def _rng(fitted: Fitted) -> np.random.Generator:
    """Return the generator of bootstrap samples, at its beginning: the same samples at every value."""
    return generator(fitted.seed, "bias-variance")


def _with(fit: Fit, params: Mapping[str, Any]) -> Fit:
    return Fit(fit.model, fit.sample, {**fit.params, **params})


def _through(
    steps: Sequence[tuple[str, Any]], X: Array, y: Array, V: Array, w: Array | None
) -> tuple[Array, Array]:
    """Return training and held-out rows behind the steps before the model, fitted once to the training rows."""
    from fivesigma.models.fitting import fit_on

    for _, step in steps:
        X = fit_on(step, X, y, w=w).transform(X)
        V = step.transform(V)
    return X, V


def _predictions(fitted: Fitted, at: Array, settings: Mapping[str, Any]) -> list[Array]:
    """Return what the curve's metric scores for the rows ``at``: one prediction, or one at each of the ``depths``."""
    n_classes, task = fitted.data.meta["n_classes"], task_called(str(fitted.shared["task"]))
    if "depths" not in settings:
        said = task.predict(fitted.estimator, fitted.table(at), Asked(task.outputs, n_classes))
        found = scored(said, curve_metric(str(fitted.shared["metric"])))
        assert found is not None
        return [found]
    path = _Depths(fitted.estimator, settings["depths"], n_classes)
    blocks = [path.predict(fitted.table(at[i : i + ROWS])) for i in range(0, len(at), ROWS)]
    return list(np.concatenate(blocks, axis=1))


@dataclass(frozen=True)
class _Depths:
    """The predictions of a fitted recipe at the depths asked for."""

    estimator: Any
    depths: Sequence[int]
    n_classes: int | None

    def predict(self, X: Array) -> Array:
        """Return (n_depths, n), or (n_depths, n, n_classes)."""
        from fivesigma.models.fitting import probabilities
        from fivesigma.models.trees.depth import DepthPath

        model = DepthPath.of_fitted(self.estimator.steps[-1][1])
        table = self.estimator[:-1].transform(X) if len(self.estimator.steps) > 1 else X
        path = model.predict_path(table)
        path = path[[min(int(depth), len(path)) - 1 for depth in self.depths]]
        if self.n_classes is None:
            return np.asarray(path)
        classes = np.arange(self.n_classes)
        return np.stack([probabilities(_Known(model.classes_, each), X, classes) for each in path])


@dataclass(frozen=True)
class _Known:
    """Probabilities that are known already, for whoever asks an estimator for them."""

    classes_: Array
    table: Array

    def predict_proba(self, X: Array) -> Array:
        """Return the probabilities, whatever the rows."""
        return self.table


def _score(fitted: Fitted, at: Array, prediction: Array) -> float:
    data = fitted.data
    w = None if data.w is None else data.w[at]
    return curve_metric(str(fitted.shared["metric"])).value(data.y[at], prediction, w)
