"""Columns chosen by what they say about the target, on the rows of the fit alone."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError, one_of
from fivesigma._core.saved_state import SavedState
from fivesigma.features import ranking
from fivesigma.features.columns import input_names, labelled, matrix, weights

Floats = NDArray[np.float64]


class _Selection(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What every selection shares: the rows it sees, the columns it keeps and their names."""

    n: int
    classification: bool | None

    @abstractmethod
    def _columns(self, X: Floats, y: NDArray[Any], w: Floats, n: int, classification: bool) -> Any:
        """Return the ``n`` columns of ``X`` (n_samples, n_features) to keep."""

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Choose on ``X`` (n_samples, n_features), target and weights, each (n_samples,)."""
        table, target = labelled(self, X, y)
        w = weights(sample_weight, table)
        if isinstance(self.n, bool) or not isinstance(self.n, int | np.integer) or self.n < 1:
            raise InputError(f"n = {self.n!r} is no number of columns; expected a whole number from 1.")
        numbers = type_of_target(target).startswith("continuous")
        classification = not numbers if self.classification is None else self.classification
        rows, n = w > 0, min(int(self.n), table.shape[1])
        chosen = self._columns(table[rows], target[rows], w[rows], n, classification)
        self.chosen_ = np.sort(np.asarray(chosen, dtype=np.intp))
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """Return the chosen columns, in the order they had."""
        check_is_fitted(self)
        return matrix(self, X)[:, self.chosen_]

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the chosen columns."""
        check_is_fitted(self)
        return np.array(input_names(self, input_features), dtype=object)[self.chosen_]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.indices("chosen_", (None,), state.count("n_features_in_"))


class Univariate(_Selection):
    """Keep the ``n`` columns that say most about the target, each taken alone.

    Parameters
    ----------
    n : int, all columns where there are fewer
    measure : "f" (F-test: linear, between classes) or "mutual-information" (any shape, in 16 bins)
    classification : bool, or None: as the target looks

    Attributes
    ----------
    chosen_ : (n,) numbers of the columns; scores_ : (n_features,), R² or nats

    Raises
    ------
    InputError
        For another measure, or n below 1. ``ValueError`` for NaN or infinite values.

    Examples
    --------
    >>> X = np.array([[0.0, 3.0], [1.0, 1.0], [0.0, 1.0], [1.0, 3.0]])
    >>> Univariate(1).fit(X, [0, 1, 0, 1]).transform(X).ravel()
    array([0., 1., 0., 1.])
    """

    def __init__(self, n: int = 5, measure: str = "f", classification: bool | None = None) -> None:
        self.n = n
        self.measure = measure
        self.classification = classification

    def _columns(self, X: Floats, y: NDArray[Any], w: Floats, n: int, classification: bool) -> Any:
        measures = {"f": ranking.explained, "mutual-information": ranking.mutual_information}
        self.scores_ = measures[one_of(self.measure, measures, "measure")](
            X, y, w, classification=classification
        )
        return np.argsort(-self.scores_, kind="stable")[:n]


class RecursiveElimination(_Selection):
    """Remove the columns that count least in a fit of all that are left, round by round, until ``n`` remain.

    Parameters
    ----------
    n : int, all columns where there are fewer
    rank : "linear" (coefficients of standardised columns) or "forest" (mean decrease in impurity of scikit-learn's
        extra trees); or an unfitted forest of `fivesigma.models.trees`, such as a study hands in for "forest"
    step : float, share of the columns that goes in a round, at least one
    classification : bool, or None: as the target looks

    Attributes
    ----------
    chosen_ : (n,) numbers of the columns

    Raises
    ------
    InputError
        For another rank, n below 1, or more than 5,000 columns.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(60, 4))
    >>> RecursiveElimination(2).fit(X, X[:, 1] - X[:, 3]).chosen_
    array([1, 3])
    """

    def __init__(
        self, n: int = 5, rank: Any = "linear", step: float = 0.1, classification: bool | None = None
    ) -> None:
        self.n = n
        self.rank = rank
        self.step = step
        self.classification = classification

    def _columns(self, X: Floats, y: NDArray[Any], w: Floats, n: int, classification: bool) -> Any:
        if callable(getattr(self.rank, "as_trees", None)):
            by: ranking.Size = partial(ranking.forest_size, forest=clone(self.rank))
        else:
            by = ranking.SIZES[one_of(self.rank, ranking.SIZES, "rank")]
        return ranking.eliminated(X, y, w, n, by=by, step=self.step, classification=classification)


class L1Selection(_Selection):
    """Keep the first ``n`` columns that a fit with an L1 penalty takes in as the penalty falls.

    Parameters
    ----------
    n : int, all columns where there are fewer
    classification : bool, or None: as the target looks

    Attributes
    ----------
    chosen_ : (n,) numbers of the columns

    Raises
    ------
    InputError
        For n below 1.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(60, 4))
    >>> L1Selection(2).fit(X, X[:, 1] - X[:, 3]).chosen_
    array([1, 3])
    """

    def __init__(self, n: int = 5, classification: bool | None = None) -> None:
        self.n = n
        self.classification = classification

    def _columns(self, X: Floats, y: NDArray[Any], w: Floats, n: int, classification: bool) -> Any:
        return ranking.entered(X, y, w, n, classification=classification)
