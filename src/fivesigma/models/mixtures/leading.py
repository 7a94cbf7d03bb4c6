"""Two clusters by the sign of the leading principal component: the simplest thing that can find a spike."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from fivesigma._core.saved_state import SavedState
from fivesigma.features.scale import Scale, refuse_other_scale

Array = NDArray[np.float64]


class LeadingComponent(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """Label events by the sign of their leading principal component, the columns centred and in one unit.

    For the symmetric two-spike model it has the threshold of the best possible method, ρ_c = 2/√α: Baik, Ben Arous &
    Péché (2005), doi:10.1214/009117905000000233.

    Attributes
    ----------
    direction_ : (n_features,)
        Of unit length, its largest entry positive.
    centre_ : (n_features,)
        The mean of the columns, in their units.
    labels_ : (n_samples,) int64
        One where the projection is positive, else zero.

    Examples
    --------
    >>> LeadingComponent().fit([[0.0, 0.0], [0.1, 0.0], [5.0, 1.0], [5.1, 1.0]]).labels_
    array([0, 0, 1, 1])
    """

    _scale: Scale | None = None

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Find the direction of the largest variance of X (n_samples, n_features); y is ignored."""
        table = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        self._scale = Scale.of(table).together()
        self.centre_ = self._scale.centre
        direction = np.linalg.svd(self._scale.scores(table), full_matrices=False)[2][0]
        self.direction_ = direction * np.sign(direction[np.argmax(np.abs(direction))])
        self.labels_ = self._side(table)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the side of each event: (n, d) -> (n,)."""
        check_is_fitted(self)
        return self._side(validate_data(self, X, dtype=np.float64, reset=False))

    def _side(self, table: Array) -> NDArray[np.int64]:
        scale = self._scale or Scale.told(self.centre_, np.ones(len(self.centre_)))
        return np.asarray(scale.scores(table) @ self.direction_ > 0.0, dtype=np.int64)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = state.count("n_features_in_")
        state.floats("centre_", (p,))
        refuse_other_scale(state, p)
        state.floats("direction_", (p,))
