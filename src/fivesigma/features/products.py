"""New columns from old ones: products of pairs and powers, of standard scores."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError
from fivesigma._core.saved_state import SavedState
from fivesigma.features.columns import chosen, input_names, matrix, weights
from fivesigma.features.scale import Scale, refuse_other_scale

_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Products(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Append the products ``z_i z_j`` (i < j) and the powers ``z_i², ..., z_i^polynomial`` of the chosen columns,
    which pass as they are.

    ``z`` is the standard score of a column on the rows of the fit, events weighted. Products of the columns as they
    are read would depend on where a column has its zero: a penalty, a tree or a distance then answers another
    question in °C than in K (docs/decisions/0012-products-of-centred-columns.md). Beside their columns they span
    the same functions.

    Parameters
    ----------
    interactions : int
        2 appends the products of pairs, 1 none; higher orders are not in this version.
    polynomial : int
        The highest power of each single column; 1 appends none. Mixed terms come from ``interactions`` only.
    columns : sequence of int or None
        The columns to combine; ``None``: all of them.

    Raises
    ------
    InputError
        For another order, or a column that does not exist. ``ValueError`` for infinite values; NaN stays NaN.

    Examples
    --------
    >>> made = Products(interactions=2, polynomial=2).fit([[2.0, 30.0], [4.0, 10.0]])
    >>> made.transform([[4.0, 30.0], [5.0, 10.0]])
    array([[ 4., 30.,  1.,  1.,  1.],
           [ 5., 10., -2.,  4.,  1.]])
    >>> made.get_feature_names_out(["a", "b"]).tolist()
    ['a', 'b', 'a × b', 'a²', 'b²']
    """

    _scale: Scale | None = None  # a model of version 0.1.0 multiplies the columns as they are

    def __init__(
        self, interactions: int = 1, polynomial: int = 1, columns: Sequence[int] | None = None
    ) -> None:
        self.interactions = interactions
        self.polynomial = polynomial
        self.columns = columns

    def fit(self, X: ArrayLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> Self:
        """Check the orders and learn the scale of each column from ``X`` and weights (n_samples,)."""
        table = matrix(self, X, fitting=True, nan=True)
        if self.interactions not in (1, 2):
            raise InputError(
                f"interactions = {self.interactions!r} is not in this version; expected 2, or 1 for none."
            )
        if not 1 <= self.polynomial <= 20:
            raise InputError(
                f"polynomial = {self.polynomial!r} is out of range; expected a degree from 1 to 20."
            )
        self.columns_ = chosen(self.columns, table.shape[1])
        w = weights(sample_weight, table)
        self._scale = Scale.of(table[w > 0][:, self.columns_], w[w > 0])
        self.pairs_ = list(combinations(self.columns_.tolist(), 2)) if self.interactions == 2 else []
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return ``X`` with the products and the powers behind it."""
        check_is_fitted(self)
        table = matrix(self, X, nan=True)
        powers = range(2, self.polynomial + 1)
        extra = len(self.pairs_) + len(powers) * len(self.columns_)
        if not extra:
            return table
        out = np.empty((table.shape[0], table.shape[1] + extra))
        out[:, : table.shape[1]] = table
        z, place = self._seen(table[:, self.columns_]), {j: k for k, j in enumerate(self.columns_)}
        for position, (i, j) in enumerate(self.pairs_, start=table.shape[1]):
            np.multiply(z[:, place[i]], z[:, place[j]], out=out[:, position])
        start = table.shape[1] + len(self.pairs_)
        for block, power in enumerate(powers):
            first = start + block * len(self.columns_)
            out[:, first : first + len(self.columns_)] = z**power
        return out

    def _seen(self, chosen_columns: NDArray[np.float64]) -> NDArray[np.float64]:
        return chosen_columns if self._scale is None else self._scale.scores(chosen_columns)

    def in_columns(
        self, slopes: NDArray[np.float64], intercepts: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return a law of these features (K, p'), (K,) as one of the columns' own products and powers.

        ``z = (x - m)/s``, so ``z_i z_j`` and ``z^k`` are polynomials in x whose terms are all among the features.

        >>> X = np.array([[1.0], [2.0], [4.0]])
        >>> square = Products(interactions=1, polynomial=2).fit(X)
        >>> slope, intercept = square.in_columns(np.array([[0.0, 1.0]]), np.array([0.0]))
        >>> np.allclose(square.transform(X)[:, 1], slope @ [X[:, 0], X[:, 0] ** 2] + intercept[:, None])
        True
        """
        if self._scale is None:
            return slopes, intercepts
        out, constant, p = slopes.copy(), intercepts.copy(), int(self.n_features_in_)
        place = {int(j): k for k, j in enumerate(self.columns_)}
        m, s = np.asarray(self._scale.centre), np.asarray(self._scale.units)
        for position, (i, j) in enumerate(self.pairs_, start=p):
            share = slopes[:, position] / (s[place[i]] * s[place[j]])
            out[:, position] = share
            out[:, i] -= share * m[place[j]]
            out[:, j] -= share * m[place[i]]
            constant += share * m[place[i]] * m[place[j]]
        first, n = p + len(self.pairs_), len(self.columns_)
        out[:, first:] = 0.0
        for k, (power, column) in enumerate(
            (k, j) for k in range(2, self.polynomial + 1) for j in self.columns_
        ):
            centre, share = m[place[int(column)]], slopes[:, first + k] / s[place[int(column)]] ** power
            for degree in range(power + 1):
                term = share * comb(power, degree) * (-centre) ** (power - degree)
                if degree == 0:
                    constant += term
                else:
                    at = int(column) if degree == 1 else first + (degree - 2) * n + place[int(column)]
                    out[:, at] += term
        return out, constant

    def factors(self) -> list[tuple[int, ...]]:
        """Return of which columns each feature is the product: one, two, or one as often as its power says.

        >>> Products(interactions=2, polynomial=3).fit([[2.0, 30.0], [4.0, 10.0]]).factors()
        [(0,), (1,), (0, 1), (0, 0), (1, 1), (0, 0, 0), (1, 1, 1)]
        """
        check_is_fitted(self)
        powers = [(int(j),) * power for power in range(2, self.polynomial + 1) for j in self.columns_]
        return [*((j,) for j in range(self.n_features_in_)), *self.pairs_, *powers]

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns: ``a``, ``b``, ``a × b``, ``a²``, ``b²``."""
        check_is_fitted(self)
        names = input_names(self, input_features)
        pairs = [f"{names[i]} × {names[j]}" for i, j in self.pairs_]
        powers = [
            f"{names[j]}{str(power).translate(_SUPERSCRIPT)}"
            for power in range(2, self.polynomial + 1)
            for j in self.columns_
        ]
        return np.array([*names, *pairs, *powers], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = state.count("n_features_in_")
        state.count("polynomial", 1, 20)
        refuse_other_scale(state, len(state.indices("columns_", (None,), p)))
        pairs = state.parts("pairs_", tuple)
        inside = all(len(pair) == 2 and all(type(j) is int and 0 <= j < p for j in pair) for pair in pairs)
        state.expect(inside, "pairs_", f"pairs of columns below {p}")
