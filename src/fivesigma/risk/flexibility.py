"""Scores against a setting of a model, and against the number of events it learns from: train, validation, bands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core import laws
from fivesigma._core.checks import as_column, as_table
from fivesigma._core.errors import InputError
from fivesigma.risk.evidence import compare_cross_validated
from fivesigma.risk.intervals import nadeau_bengio
from fivesigma.risk.metric import Metric, checked_weights
from fivesigma.risk.metrics import metric as metric_called
from fivesigma.risk.refitting import fitted
from fivesigma.risk.resampling import Part
from fivesigma.risk.significance import Difference
from fivesigma.risk.splits import in_order_of_rows

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]

LEAST_EVENTS = 20
"""A learning curve by halves ends above this number of events."""
MOST_SIZES = 8
FEWEST_UNITS = 10
"""Groups, or effective events of the rarest class, below which a curve has no bands."""


@dataclass(frozen=True, eq=False)
class ModelCurve:
    """Scores of one model, fold by fold, at each value of what was varied.

    Attributes
    ----------
    parameter : what was varied: a setting, or ``"events"``
    values : (m,) of it, in the order of the curve
    train, validation : (m, k) scores of each fold's fit on the rows it was fitted to, and on those held out
    metric : of the scores
    n_fit, n_validation : events that a fold's model is fitted to (all of them) and scored on
    units : independent ones among the events of all folds: groups, or effective events; None for all events
    """

    parameter: str
    values: tuple[Any, ...]
    train: Array
    validation: Array
    metric: Metric
    n_fit: int
    n_validation: int
    units: float | None = None

    def merit(self, part: str) -> Array:
        """Return the (m, k) scores of ``"train"`` or ``"validation"``, turned so that more is better."""
        return self.metric.merit(self.train if part == "train" else self.validation)

    def mean(self, part: str) -> Array:
        """Return the mean score over folds (m,)."""
        return np.asarray((self.train if part == "train" else self.validation).mean(axis=1))

    def error(self, part: str) -> Array:
        """Return Nadeau and Bengio's standard error (m,) of the mean, which knows that fits share events.

        NaN where there is one fold only, or too few units.
        """
        scores = self.train if part == "train" else self.validation
        if scores.shape[1] < 2 or self._too_few:
            return np.full(len(scores), np.nan)
        return np.array([nadeau_bengio(each, self.n_fit, self.n_validation) ** 0.5 for each in scores])

    def band(self, part: str, level: float = 0.68) -> tuple[Array, Array]:
        """Return the ends (m,) of the interval about the mean at ``level``: Student's t at k - 1."""
        reach = self.error(part) * float(laws.t_ppf((1 + level) / 2, max(self.train.shape[1] - 1, 1)))
        return self.mean(part) - reach, self.mean(part) + reach

    @cached_property
    def best(self) -> int:
        """The position of the best mean validation score; the least flexible of equals."""
        return self._best_of(self.merit("validation"))

    @cached_property
    def one_standard_error(self) -> int:
        """The least flexible position within one standard error of the best (Breiman et al. 1984, 3.4.3).

        Least flexible: of the lowest train score.
        """
        merit, error = self.merit("validation").mean(axis=1), self.error("validation")[self.best]
        within = np.flatnonzero(merit >= merit[self.best] - (error if np.isfinite(error) else 0.0))
        return int(min(within, key=lambda i: (self._closeness[i], abs(i - self.best))))

    @cached_property
    def most_flexible(self) -> int:
        """The position that follows its training events most closely; of equals, the one farthest from the best."""
        closest = np.flatnonzero(self._closeness >= self._closeness.max() - 1e-12)
        return int(max(closest, key=lambda i: abs(i - self.best)))

    @property
    def _too_few(self) -> bool:
        return self.units is not None and self.units < FEWEST_UNITS

    @cached_property
    def _closeness(self) -> Array:
        return np.asarray(self.merit("train").mean(axis=1))

    def _best_of(self, merit: Array) -> int:
        mean = np.where(np.isfinite(merit.mean(axis=1)), merit.mean(axis=1), -np.inf)
        top = np.flatnonzero(mean >= mean.max())
        return int(min(top, key=lambda i: (self._closeness[i], i)))

    def overfitting(self) -> Difference:
        """Return by how much the best value beats the most flexible one, without the luck of having been chosen.

        For each fold the value is chosen on the *other* folds and scored on this one, so no fold judges a choice
        that it had a part in; the differences are tested by the corrected paired t, one-sided.
        """
        merit, k = self.merit("validation"), self.validation.shape[1]
        if k < 3 or self._too_few:
            why = "three folds" if k < 3 else f"{FEWEST_UNITS} groups or effective events"
            return Difference(None, one_sided=True, method=f"no test: fewer than {why}")
        chosen = [merit[self._best_of(np.delete(merit, fold, axis=1)), fold] for fold in range(k)]
        found = compare_cross_validated(
            np.array(chosen),
            merit[self.most_flexible],
            n_fit=self.n_fit,
            n_validation=self.n_validation,
            greater_is_better=True,
            units=k * self.n_validation if self.units is None else self.units,
            one_sided=True,
        )
        return replace(found, method="chosen on the other folds; " + found.method)

    def step(self, a: int, b: int) -> tuple[float, float]:
        """Return the paired difference of mean validation scores at positions ``b`` and ``a``, and its error."""
        change = self.validation[b] - self.validation[a]
        if len(change) < 2:
            return float(change.mean()), float("nan")
        return float(change.mean()), nadeau_bengio(change, self.n_fit, self.n_validation) ** 0.5


def validation_curve(  # noqa: PLR0913 keywords of a public function
    model: Any,
    X: ArrayLike,
    y: ArrayLike,
    parameter: str,
    values: Sequence[Any],
    *,
    metric: str = "",
    folds: int | ArrayLike = 5,
    sample_weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    rng: np.random.Generator | None = None,
    progress: Progress | None = None,
) -> ModelCurve:
    """Score ``model`` at each of ``values`` of one of its parameters, fold by fold.

    Parameters
    ----------
    model : unfitted estimator; of one with ``predict_path``, such as a `DepthPath`, one fit a fold gives all depths
    X, y : (n, p) and (n,); labels of any type for a classifier
    parameter : a name that ``model.set_params`` takes; ``"max_depth"`` for a model with ``predict_path``
    values : m of them
    metric : name of a metric; default: that of the task
    folds : number of folds, or the fold (n,) of each row
    sample_weight : (n,), not negative; in fits (of models that take weights) and in scores
    groups : (n,) labels of rows that are not independent: they are in one fold; given folds must keep them together
    rng : deals the folds, where their number is given; default: a generator of seed 0
    progress : called with (fits done, fits in all)

    Raises
    ------
    InputError
        If the model has no such parameter, fewer than two values are given, or shapes disagree.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(size=(200, 1)); y = np.sin(6 * X[:, 0]) + 0.5 * rng.normal(size=200)
    >>> curve = validation_curve(KNeighborsRegressor(), X, y, "n_neighbors", [1, 20, 120])
    >>> curve.values[curve.best], curve.values[curve.most_flexible]
    (20, 1)
    """
    data = _Folded.of(model, X, y, metric, folds, sample_weight, groups, rng)
    wanted = tuple(values)
    if len(wanted) < 2:
        raise InputError(f"values are {values!r}; expected at least two, else there is no curve.")
    if callable(getattr(model, "predict_path", None)):
        return data.path(model, parameter, wanted, progress)
    if parameter not in model.get_params():
        raise InputError(
            f"{type(model).__name__} has no parameter {parameter!r}; expected one of its get_params()."
        )
    from sklearn.base import clone

    models = [clone(model).set_params(**{parameter: value}) for value in wanted]
    rows = [lambda fit: fit] * len(wanted)
    return data.curve(parameter, wanted, models, rows, progress)


def learning_curve(  # noqa: PLR0913 keywords of a public function
    model: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    sizes: Sequence[int] | None = None,
    metric: str = "",
    folds: int | ArrayLike = 5,
    sample_weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    rng: np.random.Generator | None = None,
    progress: Progress | None = None,
) -> ModelCurve:
    """Score ``model`` fitted to more and more events of each fold; each set holds the smaller ones.

    Parameters
    ----------
    model, X, y, metric, folds, sample_weight, groups, progress : as of `validation_curve`
    sizes : numbers of events; default: all of a fold's, half of them, a quarter, … down to 20; whole groups come until
        there are so many
    rng : deals the folds and the order in which events come; default: a generator of seed 0

    Raises
    ------
    InputError
        If a size is beyond what a fold has, or shapes disagree.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> X = np.random.default_rng(0).uniform(size=(300, 1))
    >>> curve = learning_curve(DecisionTreeRegressor(random_state=0), X, X[:, 0] ** 2)
    >>> curve.values, bool(curve.mean("validation")[-1] > curve.mean("validation")[0])
    ((30, 60, 120, 240), True)
    """
    rng = np.random.default_rng(0) if rng is None else rng
    data = _Folded.of(model, X, y, metric, folds, sample_weight, groups, rng)
    wanted = halves(data.n_fit) if sizes is None else tuple(int(size) for size in sizes)
    if not wanted or min(wanted) < 2 or max(wanted) > data.n_fit:
        raise InputError(f"sizes are {sizes!r}; expected numbers of events from 2 to {data.n_fit}, a fold's.")
    rank = data.ranked(rng)
    firsts = [lambda fit, size=size: _first(fit, rank[fit], size) for size in wanted]
    return data.curve("events", wanted, [model] * len(wanted), firsts, progress)


def halves(n: int, least: int = LEAST_EVENTS) -> tuple[int, ...]:
    """Return n, n/2, n/4, … rising, at most 8, none below ``least`` but n itself.

    >>> halves(1000)
    (31, 62, 125, 250, 500, 1000)
    """
    sizes = [n >> j for j in range(MOST_SIZES) if j == 0 or n >> j >= least]
    return tuple(reversed(sizes))


def nested_order(
    units: NDArray[Any], labels: NDArray[Any] | None, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return an order (n,) of ``units`` whose beginnings are random samples, classes in their proportions.

    >>> order = nested_order(np.arange(6), np.array([0, 0, 0, 0, 1, 1]), np.random.default_rng(0))
    >>> sorted(np.array([0, 0, 0, 0, 1, 1])[order[:3]].tolist())
    [0, 0, 1]
    """
    place = np.empty(len(units))
    strata = (
        np.zeros(len(units), dtype=np.int64) if labels is None else np.unique(labels, return_inverse=True)[1]
    )
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        place[members] = (rng.permutation(len(members)) + 0.5) / len(members)
    return np.argsort(place, kind="stable")


@dataclass(frozen=True, eq=False)
class _Folded:
    """Rows with their folds, the target as codes for a classifier, and how a fit is scored."""

    X: Array
    y: NDArray[Any]
    w: Array
    unit: NDArray[np.int64]
    folds: NDArray[np.int64]
    metric: Metric
    classes: NDArray[Any] | None
    weighted: bool
    grouped: bool

    @classmethod
    def of(
        cls, model: Any, X: Any, y: Any, metric: str, folds: Any, w: Any, groups: Any, rng: Any
    ) -> _Folded:
        from sklearn.base import is_classifier

        table = as_table(X)
        target = as_column(y, len(table), what="y")
        classes = np.unique(target) if is_classifier(model) else None
        codes = target.astype(np.float64) if classes is None else np.searchsorted(classes, target)
        weight = checked_weights(None if w is None else np.asarray(w), len(table))
        rng = np.random.default_rng(0) if rng is None else rng
        labels = np.arange(len(table)) if groups is None else as_column(groups, len(table), what="groups")
        unit, first = in_order_of_rows(np.unique(labels, return_inverse=True)[1])
        dealt = _dealt(folds, codes[first] if classes is not None else None, unit, rng)
        scored = without_cut(metric or ("r2" if classes is None else "roc_auc"))
        given = w is not None, groups is not None
        return cls(table, codes, weight, unit, dealt, scored, classes, *given)

    @property
    def k(self) -> int:
        return int(self.folds.max()) + 1

    def ranked(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return the place (n,) of each row's unit in an order that all sizes share."""
        first = np.unique(self.unit, return_index=True)[1]
        order = nested_order(np.arange(len(first)), self.y[first] if self.classes is not None else None, rng)
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        return np.asarray(rank[self.unit])

    @property
    def units(self) -> float:
        """Independent units that the scores of all folds rest on."""
        y = self.y if self.classes is None else self.y.astype(np.int64)
        events = Part(y, self.w, self.unit if self.grouped else None, np.empty((0, len(y)), np.uint8))
        return events.units(additive=self.metric.additive)

    @property
    def n_fit(self) -> int:
        """Events of the smallest fold fit."""
        return len(self.y) - int(np.bincount(self.folds).max())

    def curve(
        self,
        parameter: str,
        values: tuple[Any, ...],
        models: Sequence[Any],
        rows: Sequence[Any],
        progress: Any,
    ) -> ModelCurve:
        scores = np.empty((2, len(values), self.k))
        for i, (model, chosen) in enumerate(zip(models, rows, strict=True)):
            for fold, fit, held in self.parts():
                at = chosen(fit)
                made = self._fit(model, at)
                scores[0, i, fold] = self._score(at, self._predicted(made, at))
                scores[1, i, fold] = self._score(held, self._predicted(made, held))
                if progress is not None:
                    progress(i * self.k + fold + 1, len(values) * self.k)
        return self._made(parameter, values, scores)

    def path(self, model: Any, parameter: str, values: tuple[Any, ...], progress: Any) -> ModelCurve:
        """One fit a fold for every depth."""
        if parameter != "max_depth":
            raise InputError(
                f"a path is over 'max_depth', got {parameter!r}; give the tree itself for others."
            )
        scores = np.empty((2, len(values), self.k))
        for fold, fit, held in self.parts():
            made = self._fit(model, fit)
            for part, at in enumerate((fit, held)):
                path = made.predict_path(self.X[at])
                for i, depth in enumerate(values):
                    raw = path[min(int(depth), len(path)) - 1]
                    scores[part, i, fold] = self._score(at, self._aligned(made, raw))
            if progress is not None:
                progress(fold + 1, self.k)
        return self._made(parameter, values, scores)

    def parts(self) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
        for fold in range(self.k):
            yield fold, np.flatnonzero(self.folds != fold), np.flatnonzero(self.folds == fold)

    def _made(self, parameter: str, values: tuple[Any, ...], scores: Array) -> ModelCurve:
        n_validation = len(self.y) // self.k
        sizes = (len(self.y) - n_validation, n_validation)
        return ModelCurve(parameter, values, scores[0], scores[1], self.metric, *sizes, units=self.units)

    def _fit(self, model: Any, at: NDArray[np.int64]) -> Any:
        return fitted(model, self.X[at], self.y[at], self.w[at] if self.weighted else None)

    def _predicted(self, fitted: Any, at: NDArray[np.int64]) -> Array:
        if self.classes is None:
            return np.asarray(fitted.predict(self.X[at]), dtype=np.float64)
        return self._aligned(fitted, fitted.predict_proba(self.X[at]))

    def _aligned(self, fitted: Any, raw: Any) -> Array:
        if self.classes is None:
            return np.asarray(raw, dtype=np.float64)
        table = np.zeros((len(raw), len(self.classes)))
        table[:, fitted.classes_] = raw
        return table

    def _score(self, at: NDArray[np.int64], prediction: Array) -> float:
        return self.metric.value(self.y[at], prediction, self.w[at])


def needs_cut(metric: Metric) -> bool:
    """Whether a metric needs a number chosen on other rows than those scored."""
    return type(metric).cut is not Metric.cut


def without_cut(name: str) -> Metric:
    """Return the metric called ``name``; `InputError` for one whose threshold other rows must choose."""
    found = metric_called(name)
    if needs_cut(found):
        raise InputError(
            f"'{name}' needs a number chosen on other rows; a curve takes one that does not: roc_auc, r2."
        )
    return found


def _first(rows: NDArray[np.int64], rank: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return the units of lowest ``rank`` (n,) among ``rows`` (n,), whole, that hold ``size`` of them or more.

    >>> _first(np.array([0, 1, 2, 3]), np.array([1, 1, 0, 2]), 2)
    array([2, 0, 1])
    """
    order = np.argsort(rank, kind="stable")
    last = rank[order[size - 1]]
    return np.asarray(rows[order[rank[order] <= last]])


def _dealt(
    folds: Any, labels: NDArray[Any] | None, unit: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the fold (n,) of each row: as given, or units dealt, those of equal ``labels`` (n_units,) evenly."""
    n, n_units = len(unit), int(unit.max()) + 1
    if not isinstance(folds, int):
        given = np.asarray(folds)
        if (
            given.shape != (n,)
            or given.dtype.kind not in "iu"
            or len(np.unique(given)) < 2
            or given.min() < 0
        ):
            raise InputError(
                f"folds have shape {given.shape}; expected {n} whole numbers from 0, two at least."
            )
        _refuse_parted(given, unit)
        return np.unique(given, return_inverse=True)[1].astype(np.int64)
    if not 2 <= folds <= n_units:
        raise InputError(f"folds = {folds}; expected from 2 to {n_units}, the number of rows (or groups).")
    order = rng.permutation(n_units)
    if labels is not None:
        order = order[np.argsort(labels[order], kind="stable")]
    fold = np.empty(n_units, dtype=np.int64)
    fold[order] = np.arange(n_units) % folds
    return np.asarray(fold[unit])


def _refuse_parted(folds: NDArray[Any], unit: NDArray[np.int64]) -> None:
    """Raise `InputError` where a unit is in two folds."""
    first = np.unique(unit, return_index=True)[1]
    parted = len(np.unique(unit[folds != folds[first][unit]]))
    if parted:
        raise InputError(f"{parted} groups are in several folds; expected each in one: deal whole groups.")
