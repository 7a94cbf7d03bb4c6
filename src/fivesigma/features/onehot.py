"""Categories: a column of codes becomes one 0/1 column per label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.saved_state import SavedState
from fivesigma.features.columns import chosen, input_names, matrix, weights


class OneHot(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Replace columns of category codes by one 0/1 column per label; the other columns come first, as they
    are.

    Only labels that a fitted row has get a column. Another label, a code outside the labels, or NaN, gives zeros
    in all of them. Where a fitted row had such a gap, one more column ``a missing`` marks it.

    Parameters
    ----------
    categories : mapping from column number to the labels of codes 0, 1, ..., or None (no such column)

    Raises
    ------
    ValueError
        For infinite values, or a column number that does not exist.

    Examples
    --------
    >>> coder = OneHot({0: ("Adelie", "Gentoo")}).fit([[0.0, 5.0], [1.0, 6.0]])
    >>> coder.transform([[1.0, 5.0], [7.0, 6.0]])
    array([[5., 0., 1.],
           [6., 0., 0.]])
    >>> coder.get_feature_names_out(["species", "mass"]).tolist()
    ['mass', 'species=Adelie', 'species=Gentoo']
    """

    def __init__(self, categories: Mapping[int, Sequence[str]] | None = None) -> None:
        self.categories = categories

    def fit(self, X: ArrayLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> Self:
        """Note labels and gaps of the category columns of ``X`` (n_samples, n_features); weight 0 does not count."""
        table = matrix(self, X, fitting=True, nan=True)
        w = weights(sample_weight, table)
        self.coded_ = chosen(sorted(self.categories or {}), table.shape[1])
        self.kept_ = np.setdiff1d(np.arange(table.shape[1]), self.coded_)
        self.known_ = {int(j): self._present(table[w > 0], j) for j in self.coded_}
        self.indicated_ = np.array(
            [j for j in self.coded_ if self._gaps(table[w > 0], j).any()], dtype=np.intp
        )
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the other columns, then the 0/1 columns of each category column in order."""
        check_is_fitted(self)
        table = matrix(self, X, nan=True)
        if not self.coded_.size:
            return table
        blocks = [table[:, self.kept_]]
        for j in self.coded_:
            blocks.append((table[:, [j]] == np.array(self.known_[int(j)])).astype(np.float64))
            if j in self.indicated_:
                blocks.append(self._gaps(table, j).astype(np.float64)[:, None])
        return np.hstack(blocks)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns: ``mass``, ``species=Adelie``, ``species missing``."""
        check_is_fitted(self)
        names = input_names(self, input_features)
        out = [names[j] for j in self.kept_]
        for j in self.coded_:
            out += [f"{names[j]}={self._labels(j)[code]}" for code in self.known_[int(j)]]
            out += [f"{names[j]} missing"] * int(j in self.indicated_)
        return np.array(out, dtype=object)

    def _labels(self, column: int) -> Sequence[str]:
        return (self.categories or {})[int(column)]

    def _present(self, X: NDArray[np.float64], column: int) -> list[int]:
        """Return the codes of labels that occur in a column, rising."""
        codes = np.arange(len(self._labels(column)))
        return [int(code) for code in codes[np.isin(codes, X[:, column])]]

    def _gaps(self, X: NDArray[np.float64], column: int) -> NDArray[np.bool_]:
        return ~np.isin(X[:, column], self.known_[int(column)])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = state.count("n_features_in_")
        coded = state.indices("coded_", (None,), p)
        state.indices("kept_", (None,), p)
        state.indices("indicated_", (None,), p)
        known = state.part("known_", dict)
        whole = all(
            isinstance(codes, list) and all(type(code) is int for code in codes) for codes in known.values()
        )
        state.expect(
            whole and set(known) == set(coded.tolist()), "known_", "whole codes of each category column"
        )
