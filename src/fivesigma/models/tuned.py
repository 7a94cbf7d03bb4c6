"""Choosing parameters by folds inside the rows that ``fit`` was handed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import FitError, InputError
from fivesigma.features.columns import labelled, matrix, present, weights
from fivesigma.models.fitting import allows_nan, fit_on, probabilities, tags_of
from fivesigma.models.folds import inner_folds
from fivesigma.models.penalised import PenalisedLogistic
from fivesigma.models.spaces import Range, Space
from fivesigma.risk.metrics import DEFAULT, metric

_DEFAULT_SPACE: Mapping[str, Space] = {"lam": Range(1e-3, 1e3, log=True)}


def _classifies(self: Tuned) -> bool:
    return bool(is_classifier(self._inner()))


class Tuned(BaseEstimator):  # type: ignore[misc]
    """Search a space of parameters with Optuna's seeded TPE sampler, then refit the best on all rows given.

    Each trial fits ``estimator`` in ``n_folds`` inner folds and scores the pooled held-out predictions. The
    first trial is ``estimator`` as it stands, so tuning never chooses what scored worse than the fixed
    settings. Copies of a row, and members of a group, share a fold. One thread, a budget in trials, no
    clock: the same rows and ``random_state`` give the same choice.

    Parameters
    ----------
    estimator : estimator or pipeline; ``None`` means `PenalisedLogistic`
    space : mapping from parameter name (as ``set_params`` takes it) to `Range` or `Choice`; ``None``: λ of
        the default
    trials : int
    metric : str, a name of `fivesigma.risk.metrics`; ``None``: the default of the task
    n_folds : int
    extensive : names of parameters that grow with the sum of weights (the λ of ``sum w l + λ Ω``); the chosen
        value is multiplied by Σw_full / Σw_fold at the refit
    random_state : int

    Attributes
    ----------
    best_params_ : dict, as used in the refit; best_score_ : float, held out, inner; trials_ : list of dict
    estimator_ : fitted to all rows; classes_ for classifiers

    Raises
    ------
    FitError
        Where every trial failed; the message is that of the last one.
    """

    def __init__(
        self,
        estimator: Any = None,
        space: Mapping[str, Space] | None = None,
        trials: int = 20,
        metric: str | None = None,
        n_folds: int = 5,
        extensive: Sequence[str] = (),
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.space = space
        self.trials = trials
        self.metric = metric
        self.n_folds = n_folds
        self.extensive = extensive
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Choose and refit on ``X`` (n_samples, n_features), ``y``, weights and groups, each (n_samples,)."""
        nan, classification = allows_nan(self._inner()), _classifies(self)
        table, target = labelled(self, X, y, nan=nan, numeric=not classification)
        w = None if sample_weight is None else weights(sample_weight, table)
        g = None if groups is None else np.asarray(groups)
        w, table, target, g = present(w, table, target, g)
        if self.trials < 1:
            raise InputError(f"trials = {self.trials!r} is out of range; expected a whole number from 1.")
        inner = _Inner(self, table, target, w, g)
        best = inner.search()
        scale = {name: inner.full_over_fold for name in self.extensive if name in best}
        self.trials_, self.best_score_ = inner.trials, inner.best_score
        self.best_params_ = {
            name: value * scale.get(name, 1.0) if name in scale else value for name, value in best.items()
        }
        self.estimator_ = fit_on(self._inner().set_params(**self.best_params_), table, target, w=w, groups=g)
        if inner.classes is not None:
            self.classes_ = self.estimator_.classes_
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the prediction (n_samples,)."""
        table = self._checked(X)
        return np.asarray(self.estimator_.predict(table))

    @available_if(_classifies)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each class (n_samples, n_classes), in the order of ``classes_``."""
        table = self._checked(X)
        return np.asarray(self.estimator_.predict_proba(table))

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy of a classifier, or the R² of a regressor."""
        table = self._checked(X)
        return float(self.estimator_.score(table, y, sample_weight=sample_weight))

    def _checked(self, X: ArrayLike) -> NDArray[np.float64]:
        check_is_fitted(self)
        return matrix(self, X, nan=allows_nan(self._inner()))

    def _inner(self) -> Any:
        return clone(self.estimator) if self.estimator is not None else PenalisedLogistic()

    def _space(self) -> Mapping[str, Space]:
        if self.space is not None:
            return self.space
        return _DEFAULT_SPACE if self.estimator is None else {}

    def __sklearn_tags__(self) -> Any:
        return tags_of(self._inner(), super().__sklearn_tags__())


class _Inner:
    """The folds, the metric and the trials of one search."""

    def __init__(self, tuned: Tuned, X: Any, y: Any, w: Any, groups: Any) -> None:
        self.tuned, self.X, self.w, self.groups = tuned, X, w, groups
        self.classes, self.y = None, y
        if _classifies(tuned):
            check_classification_targets(y)
            self.classes, self.y = np.unique(y, return_inverse=True)
            if len(self.classes) < 2:
                raise InputError(
                    "a classifier needs rows of at least two classes; these rows hold one class only."
                )
        self.labels = y
        task = "regression" if self.classes is None else "classification"
        self.metric = metric(tuned.metric or DEFAULT[task])
        self.folds = inner_folds(
            X,
            self.y,
            n_folds=tuned.n_folds,
            groups=groups,
            classification=self.classes is not None,
            seed=tuned.random_state,
        )
        total = np.ones(len(y)) if w is None else w
        fitted = [total[self.folds != k].sum() for k in np.unique(self.folds)]
        self.full_over_fold = float(total.sum() / np.mean(fitted))
        self.trials: list[dict[str, Any]] = []
        self.best_score = float("nan")

    def search(self) -> dict[str, Any]:
        """Run the trials and return the best parameters, the earliest of equals; {}: as it stands."""
        proposals = _proposals(self.tuned, self.trials)
        for params in proposals:
            self.trials.append({"params": params, **self._scored(params)})
        done = [trial for trial in self.trials if trial["score"] is not None]
        if not done:
            raise FitError(
                f"all {len(self.trials)} trials failed; the last one: {self.trials[-1]['message']}"
            )
        best = max(done, key=lambda trial: trial["merit"])
        self.best_score = best["score"]
        return dict(best["params"])

    def _scored(self, params: Mapping[str, Any]) -> dict[str, Any]:
        try:
            prediction = self._held_out(params)
            cut = self.metric.cut(self.y, prediction, self.w)
            score = self.metric.value(self.y, prediction, self.w, cut=cut)
        except (ValueError, ArithmeticError, RuntimeError) as error:
            return {"score": None, "merit": None, "message": str(error)}
        if not np.isfinite(score):
            return {"score": None, "merit": None, "message": f"{self.metric.name} is undefined on these rows"}
        return {"score": float(score), "merit": float(self.metric.merit(score)), "message": ""}

    def _held_out(self, params: Mapping[str, Any]) -> NDArray[np.float64]:
        shape = (len(self.y),) if self.classes is None else (len(self.y), len(self.classes))
        prediction = np.empty(shape)
        for k in np.unique(self.folds):
            out, fit = self.folds == k, self.folds != k
            weight, group = (None if a is None else a[fit] for a in (self.w, self.groups))
            model = self.tuned._inner().set_params(**params)
            fit_on(model, self.X[fit], self.labels[fit], w=weight, groups=group)
            prediction[out] = (
                model.predict(self.X[out])
                if self.classes is None
                else probabilities(model, self.X[out], self.classes)
            )
        return prediction


def _proposals(tuned: Tuned, done: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The estimator as it stands, then what TPE proposes; the caller appends each outcome to ``done``."""
    yield {}
    space = tuned._space()
    if not space or tuned.trials == 1:
        return
    import optuna

    with _quiet(optuna):
        sampler = optuna.samplers.TPESampler(
            seed=tuned.random_state, n_startup_trials=min(10, tuned.trials // 2)
        )
        study = optuna.create_study(direction="maximize", sampler=sampler)
    for _ in range(tuned.trials - 1):
        with _quiet(optuna):
            trial = study.ask()
            params = {name: each.suggest(trial, name) for name, each in sorted(space.items())}
        yield params
        merit = done[-1]["merit"]
        with _quiet(optuna):
            if merit is None:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                study.tell(trial, merit)


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Silence Optuna's logger for as long as the block lasts, and no longer."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(level)
