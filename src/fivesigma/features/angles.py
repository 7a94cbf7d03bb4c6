"""Angles are periodic: a model of sums and distances sees the sine and the cosine of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.saved_state import SavedState
from fivesigma.features.columns import chosen, input_names, matrix, weights


class SineCosine(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Put the sine in the place of each column that is an angle, and its cosine behind all columns.

    So −π and π are the same, as they are for the angle: the distance of two events is that on the circle.

    Parameters
    ----------
    halves : mapping of the number of a column to half its period (π of radians, 180 of degrees), or None (no angle)

    Raises
    ------
    ValueError
        For infinite values, or a column number that does not exist; NaN stays NaN.

    Examples
    --------
    >>> made = SineCosine({0: 180.0}).fit([[90.0, 3.0], [-180.0, 4.0]])
    >>> made.transform([[90.0, 3.0], [-180.0, 4.0]]).round(12) + 0.0
    array([[ 1.,  3.,  0.],
           [ 0.,  4., -1.]])
    >>> made.get_feature_names_out(["phi", "pt"]).tolist()
    ['sin(phi)', 'pt', 'cos(phi)']
    """

    def __init__(self, halves: Mapping[int, float] | None = None) -> None:
        self.halves = halves

    def fit(self, X: ArrayLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> Self:
        """Note which columns of ``X`` (n_samples, n_features) are angles; nothing is learnt of the rows."""
        table = matrix(self, X, fitting=True, nan=True)
        weights(sample_weight, table, negative=True)  # refused where they are none; no row has a say
        self.angles_ = chosen(sorted(self.halves or {}), table.shape[1])
        self.turns_ = np.array([np.pi / (self.halves or {})[int(j)] for j in self.angles_], dtype=np.float64)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the columns with sines in them, and the cosines behind."""
        check_is_fitted(self)
        table = matrix(self, X, nan=True)
        if not self.angles_.size:
            return table
        angle = table[:, self.angles_] * self.turns_
        out = np.column_stack([table, np.cos(angle)])
        out[:, self.angles_] = np.sin(angle)
        return out

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns: ``sin(phi)``, ``pt``, ``cos(phi)``."""
        check_is_fitted(self)
        names = input_names(self, input_features)
        seen = [f"sin({name})" if j in self.angles_ else name for j, name in enumerate(names)]
        return np.array([*seen, *(f"cos({names[j]})" for j in self.angles_)], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = state.count("n_features_in_")
        n = len(state.indices("angles_", (None,), p))
        state.floats("turns_", (n,))
