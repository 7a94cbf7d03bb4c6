"""Choosing parameters by folds inside the rows that ``fit`` was handed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import FitError, InputError
from fivesigma._core.saved_state import SavedState
from fivesigma.features.columns import labelled, matrix, present, weights
from fivesigma.models.fitting import allows_nan, fit_on, tags_of
from fivesigma.models.folds import inner_folds
from fivesigma.models.penalised import PenalisedLogistic
from fivesigma.models.search import Question, proposals
from fivesigma.models.spaces import Range, Space
from fivesigma.models.trials import Arena, Trial
from fivesigma.risk.metrics import DEFAULT, metric

_DEFAULT_SPACE: Mapping[str, Space] = {"lam": Range(1e-3, 1e3, log=True)}


class Journal(Protocol):
    """Where the trials of a search are kept, so that one that was interrupted goes on."""

    def trials(self) -> Sequence[Trial]:
        """Return the trials kept so far, in order."""

    def add(self, trial: Trial) -> None:
        """Keep one more."""


def _classifies(self: Tuned) -> bool:
    return bool(is_classifier(self._inner()))


class Tuned(BaseEstimator):  # type: ignore[misc]
    """Search a space of parameters on inner folds, then refit the best on all rows given.

    Each trial fits ``estimator`` in ``n_folds`` inner folds and scores the held-out predictions: all at once, or by
    the mean over the folds for a metric that ranks (`fivesigma.risk.metric.Metric.averaged`). Where
    its paired differences to the best so far say at 95 % that it is behind, it is stopped before its last
    fold (`fivesigma.models.trials.hopeless`). A search by "tpe" or "random" begins with the settings of
    ``estimator``, moved into the space; "grid" tries the points of a grid that fills the budget. Copies of a
    row, and members of a group, share a fold. Settings proposed again are not fitted again. One thread, a
    budget in trials, no clock: the same rows and
    ``random_state`` give the same choice.

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
    search : {"tpe", "random", "grid"}
    stop : bool, whether hopeless trials are stopped
    random_state : int

    Attributes
    ----------
    best_params_ : dict, as used in the refit; best_score_ : float, held out, inner; best_trial_ : int, its
        number in trials_, a list of dict (`fivesigma.models.trials.Trial`)
    estimator_ : fitted to all rows; classes_ for classifiers

    Raises
    ------
    FitError
        Where every trial failed; the message is that of the last one.
    """

    def __init__(  # noqa: PLR0913 scikit-learn's signature
        self,
        estimator: Any = None,
        space: Mapping[str, Space] | None = None,
        trials: int = 20,
        metric: str | None = None,
        n_folds: int = 5,
        extensive: Sequence[str] = (),
        search: str = "tpe",
        stop: bool = True,
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.space = space
        self.trials = trials
        self.metric = metric
        self.n_folds = n_folds
        self.extensive = extensive
        self.search = search
        self.stop = stop
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        evaluation_weight: ArrayLike | None = None,
        journal: Journal | None = None,
    ) -> Self:
        """Choose and refit on ``X`` (n_samples, n_features), ``y``, weights and groups, each (n_samples,).

        ``evaluation_weight`` (n_samples,), scaled to the whole sample, is what trials are scored with; without
        it ``sample_weight`` is. Trials that the ``journal`` holds are not fitted again.
        """
        nan, classification = allows_nan(self._inner()), _classifies(self)
        table, target = labelled(self, X, y, nan=nan, numeric=not classification)
        w = None if sample_weight is None else weights(sample_weight, table, negative=True)
        v = w if evaluation_weight is None else weights(evaluation_weight, table, negative=True)
        g = None if groups is None else np.asarray(groups)
        w, table, target, g, v = present(w, table, target, g, v)
        if self.trials < 1:
            raise InputError(f"trials = {self.trials!r} is out of range; expected a whole number from 1.")
        arena = self._arena(table, target, w, g, v)
        self.trials_ = self._searched(arena, journal)
        self.best_trial_ = _best(self.trials_)
        best = self.trials_[self.best_trial_]
        self.best_score_ = best["score"]
        self.best_params_ = self._at_full_size(best["params"], arena)
        self.estimator_ = fit_on(
            self._inner().set_params(**self.best_params_),
            table,
            target,
            w=w,
            groups=g,
            evaluation_weight=v,
        )
        if classification:
            self.classes_ = self.estimator_.classes_
        return self

    def _arena(self, X: Any, y: Any, w: Any, groups: Any, v: Any) -> Arena:
        classes, codes = None, y
        if _classifies(self):
            check_classification_targets(y)
            classes, codes = np.unique(y, return_inverse=True)
            if len(classes) < 2:
                raise InputError(
                    "a classifier needs rows of at least two classes; these rows hold one class only."
                )
        task = "regression" if classes is None else "classification"
        folds = inner_folds(
            X,
            codes,
            n_folds=self.n_folds,
            groups=groups,
            classification=classes is not None,
            seed=self.random_state,
        )
        return Arena(X, y, codes, classes, w, v, groups, folds, metric(self.metric or DEFAULT[task]))

    def _searched(self, arena: Arena, journal: Journal | None) -> list[Trial]:
        """Carry the trials out, less those that the journal holds with the same settings."""
        kept = list(journal.trials()) if journal is not None else []
        trials: list[Trial] = []
        merits: list[float | None] = []
        best: Trial | None = None
        for number, params in self._proposed(merits):
            known = kept[number] if number < len(kept) and kept[number]["params"] == params else None
            again = next((trial for trial in trials if trial["params"] == params), None)
            trial = known or again or arena.run(self._inner, params, best if self.stop else None)
            if known is None and journal is not None:
                journal.add(trial)
            trials.append(trial)
            merits.append(trial["merit"])
            if trial["state"] == "complete" and (best is None or trial["merit"] > best["merit"]):
                best = trial
        return trials

    def _proposed(self, merits: list[float | None]) -> Any:
        space = self._space()
        if not space:
            return iter([(0, {})])
        given = self._inner().get_params()
        start = {name: each.start(given[name]) for name, each in sorted(space.items())}
        return proposals(self.search, Question(space, start, self.trials, self.random_state), merits)

    def _at_full_size(self, params: Mapping[str, Any], arena: Arena) -> dict[str, Any]:
        """Return the settings for the fit to all rows: what grows with them is scaled by Σw_full / Σw_fold."""
        total = np.ones(len(arena.y)) if arena.w is None else arena.w
        fitted = [total[arena.folds != k].sum() for k in np.unique(arena.folds)]
        scale = float(total.sum() / np.mean(fitted))
        return {name: value * scale if name in self.extensive else value for name, value in params.items()}

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

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.fitted("estimator_", state.count("n_features_in_"))
        if state.has("classes_"):
            state.labels("classes_")


def _best(trials: Sequence[Trial]) -> int:
    """Return the number of the best complete trial, the earliest of equals; `FitError` where all failed."""
    done = [number for number, trial in enumerate(trials) if trial["state"] == "complete"]
    if not done:
        raise FitError(f"all {len(trials)} trials failed; the last one: {trials[-1]['message']}")
    return max(done, key=lambda number: trials[number]["merit"])
