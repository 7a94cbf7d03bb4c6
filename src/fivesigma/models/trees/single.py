"""Single trees on binned columns, grown by the compiled loop of forests."""

from __future__ import annotations

from typing import Any

from fivesigma.models.trees.forest import BinnedTrees, OfClasses, OfValues


class _Single(BinnedTrees):
    """One tree on every row, of which each split looks at all columns."""

    n_estimators = 1
    max_features = None
    n_jobs = 1

    def __init__(
        self,
        max_depth: int | None = None,
        min_samples_leaf: int = 1,
        max_bins: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.max_bins = max_bins
        self.random_state = random_state


class TreeClassifier(OfClasses, _Single):
    """A classification tree by Gini's impurity; missing values go to the side of a cut that gains more.

    Breiman, Friedman, Olshen & Stone (1984), Classification and Regression Trees.

    Parameters
    ----------
    max_depth : int, None for any
    min_samples_leaf : int
        Rows.
    max_bins : int, from 2 to 65534, None for 64 of classes, and as many as possible of values
        Bins of equal weight into which each column is cut.
    random_state : int, RandomState or None
        Draws the order of columns, which of equal cuts decides.

    Raises
    ------
    InputError
        If a weight is negative or a setting out of range.

    Examples
    --------
    >>> X = [[float(x)] for x in range(40)]
    >>> TreeClassifier().fit(X, [x > 19 for x in range(40)]).predict([[19.0], [20.0]])
    array([False,  True])
    """


class TreeRegressor(OfValues, _Single):
    """A regression tree by the squared error, of one target or several; see `TreeClassifier` for the settings.

    Examples
    --------
    >>> X = [[float(x)] for x in range(40)]
    >>> TreeRegressor(max_depth=1).fit(X, [x > 19 for x in range(40)]).predict([[19.0], [20.0]])
    array([0., 1.])
    """
