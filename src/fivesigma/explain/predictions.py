"""What an explanation asks of a model: the predictions a metric scores, and the target in its codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core.checks import as_table
from fivesigma._core.errors import InputError, WrongTypeError
from fivesigma._core.forest import Bag, Ensemble, read_forest
from fivesigma.risk.metric import Metric, checked_weights
from fivesigma.risk.metrics import metric as named

Array = NDArray[np.float64]
_FORESTS = ("RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor")
_TREES = ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor")


class Asked:
    """Held-out rows, without those of weight 0, and a metric: what a fitted model is asked about.

    Attributes
    ----------
    X, y, w : (n, p); (n,) values or codes of the classes; (n,) or None
    """

    def __init__(
        self,
        model: Any,
        X: ArrayLike,
        y: ArrayLike,
        metric: Metric | str,
        sample_weight: ArrayLike | None,
    ) -> None:
        refuse_unfitted(model)
        self.metric = named(metric) if isinstance(metric, str) else metric
        if not hasattr(self.metric, "merit"):
            raise WrongTypeError(f"metric is {metric!r:.60}; expected the name of a metric, such as 'r2'.")
        self.X, target = as_table(X), np.asarray(y)
        if target.shape != (len(self.X),):
            raise InputError(f"y has shape {target.shape}; expected ({len(self.X)},), one value a row of X.")
        self.w = (
            None
            if sample_weight is None
            else checked_weights(np.asarray(sample_weight), target.size, negative=True)
        )
        if self.w is not None:
            kept = self.w != 0
            if not kept.any():
                raise InputError("every weight is zero; expected at least one event of positive weight.")
            if not self.w.sum() > 0:
                raise InputError(
                    f"the weights sum to {self.w.sum():.3g}; expected a positive sum: use more events."
                )
            self.X, target, self.w = self.X[kept], target[kept], self.w[kept]
        self.y = codes(model, target)

    def score(self, prediction: Array) -> float:
        """Return the metric of a prediction for these rows, turned so that more is better."""
        return float(self.metric.merit(self.metric.value(self.y, prediction, self.w)))


def classifies(model: Any) -> bool:
    """Whether ``model`` is a classifier of scikit-learn's contract."""
    from sklearn.base import is_classifier

    return bool(is_classifier(model))


def codes(model: Any, y: NDArray[Any]) -> NDArray[Any]:
    """Return ``y`` as codes in the order of the model's classes, or as float64 values for a regression."""
    if not classifies(model):
        return y.astype(np.float64)
    classes = np.asarray(model.classes_)
    found = np.searchsorted(classes, y).clip(max=len(classes) - 1)
    if unknown := set(np.unique(y[classes[found] != y]).tolist()):
        raise InputError(f"y holds {sorted(unknown)}; the model knows {classes.tolist()}: drop those rows.")
    return found


def predicted(model: Any, X: Array) -> Array:
    """Return what a metric scores: probabilities (n, K) of a classifier, values (n,) of a regression."""
    if classifies(model) and not callable(getattr(model, "predict_proba", None)):
        raise InputError(
            f"{type(model).__name__} gives no probabilities; wrap it in a calibrated classifier."
        )
    return np.asarray(model.predict_proba(X) if classifies(model) else model.predict(X), dtype=np.float64)


def refuse_unfitted(model: Any) -> None:
    """Raise `InputError` if a scikit-learn estimator is not fitted."""
    from sklearn.base import BaseEstimator
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    if isinstance(model, BaseEstimator):
        try:
            check_is_fitted(model)
        except NotFittedError as error:
            raise InputError(
                f"{type(model).__name__} is not fitted; importance is measured on a fitted model: call fit first."
            ) from error


def grown_by_sklearn(model: Any) -> bool:
    """Whether ``model`` is a tree or an ensemble of scikit-learn, or of a class made from one of them."""
    made_of = (each.__module__ for each in type(model).__mro__)
    return any(module.startswith(("sklearn.tree", "sklearn.ensemble")) for module in made_of)


def trees_in(model: Any) -> list[Any] | None:
    """Return the trees of a fitted one-output tree or averaging forest of scikit-learn, None for other models."""
    if type(model).__name__ == "Pipeline" and len(model.steps) == 1:
        return trees_in(model.steps[0][1])
    name = type(model).__name__
    if not grown_by_sklearn(model) or getattr(model, "n_outputs_", 0) != 1:
        return None
    if name in _FORESTS:
        return list(model.estimators_)
    return [model] if name in _TREES else None


def ensemble_in(model: Any) -> Ensemble | None:
    """Return the trees of a fitted model, ours or scikit-learn's, by which explanations walk; None of other models.

    A step that puts the ranks of values in their place is part of how the trees see the columns.
    """
    if type(model).__name__ == "Pipeline":
        *steps, (_, last) = model.steps
        inner = ensemble_in(last)
        if inner is None or any(type(step).__name__ != "RankCodes" for _, step in steps):
            return None
        return _behind([step for _, step in steps], inner)
    if callable(getattr(model, "as_trees", None)):
        found: Ensemble | None = model.as_trees()
        return found
    trees = trees_in(model)
    return None if trees is None else _of_sklearn(model, trees)


def _behind(steps: Sequence[Any], inner: Ensemble) -> Ensemble:
    """Return the trees that see columns through ``steps``."""

    def seen(X: Array) -> NDArray[np.float32]:
        for step in steps:
            X = step.transform(X)
        return inner.seen(X)

    return replace(inner, seen=seen)


def _of_sklearn(model: Any, trees: list[Any]) -> Ensemble:
    forest = read_forest(trees)
    K = forest.values.shape[1]
    classification = classifies(model)
    bag = None
    if getattr(model, "bootstrap", False):
        samples = model.estimators_samples_
        n = max((int(drawn.max()) + 1 for drawn in samples if len(drawn)), default=0)
        bag = Bag(
            n,
            lambda t, w: np.bincount(samples[t], minlength=n),
            lambda y: np.eye(K)[y] if classification else y[:, None],
        )
    return Ensemble(
        forest,
        lambda X: np.ascontiguousarray(X, dtype=np.float32),
        lambda mean: mean if classification else mean[..., 0],
        np.concatenate([tree.tree_.weighted_n_node_samples for tree in trees]),
        lambda: np.array([tree.feature_importances_ for tree in trees]),
        bag,
    )


def grouped(groups: Sequence[Sequence[int]] | None, n_columns: int) -> tuple[tuple[int, ...], ...]:
    """Return ``groups`` as tuples of columns, every column on its own for None; no column may be in two.

    >>> grouped(None, 2)
    ((0,), (1,))
    """
    if groups is None:
        return tuple((j,) for j in range(n_columns))
    try:
        made = tuple(tuple(int(j) for j in group) for group in groups)
    except (TypeError, ValueError):
        raise WrongTypeError(
            f"groups are {groups!r:.80}; expected lists of columns, such as [[0, 1], [2]]."
        ) from None
    flat = [j for group in made for j in group]
    if not all(made) or len(set(flat)) < len(flat) or any(not 0 <= j < n_columns for j in flat):
        raise InputError(
            f"groups {made} are not sets of the columns 0 to {n_columns - 1}; expected each at most once."
        )
    return made
