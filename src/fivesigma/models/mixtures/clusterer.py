"""Any clustering behind one door: its number of clusters chosen by BIC if asked, its clusters numbered by place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from fivesigma._core.errors import InputError
from fivesigma._core.saved_state import TINY, SavedState
from fivesigma.features.scale import Scale

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

AUTO = "auto"
ANSWERS = ("predict", "predict_proba", "score_samples")
"""What a clustering may be able to say of new events: their cluster, its probability, their log density."""


def _able(answer: str) -> Callable[[Any], bool]:
    """Return what asks a `Clusterer` whether it can say ``answer``: scikit-learn's way of a method not had."""
    return lambda clusterer: bool(clusterer.can(answer))


class Clusterer(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """A clustering whose clusters are numbered by the mean of their first column, so that fits can be compared.

    Parameters
    ----------
    estimator : clusterer or mixture of scikit-learn's contract
        Not changed; a copy is fitted.
    parameter : str or None
        The name of its parameter for the number of clusters; None where it chooses the number itself.
    n_components : int or "auto"
        "auto": of 1 … ``most`` the number for which the BIC of an EM fit with full covariances is least. Schwarz
        (1978), doi:10.1214/aos/1176344136.
    most : int
        The largest number that "auto" tries.
    scaled : bool
        Whether the copy sees the columns in units of their standard deviation (of spherical covariances: in units of
        one number for all); densities are given back in the units of X.
    random_state : int, RandomState instance or None
        Of the EM fits of "auto", and of the copy where it has one that is None.

    Attributes
    ----------
    estimator_ : the fitted copy
    labels_ : (n_samples,) int64
        The cluster of each event, 0 … K − 1 by place; -1 for noise.
    n_clusters_ : int
        K.
    order_ : (K,) int64
        The number here of each of the copy's own clusters.
    centre_, unit_ : (n_features,)
        What is subtracted from the columns, and what they are divided by; zeros and ones unless ``scaled``.
    bic_ : dict of int to float
        The BIC by number of components that "auto" has looked at; else empty.
    tried_ : list of GaussianMixture
        The EM fits behind it, of ``(X − centre) / unit``.

    Raises
    ------
    InputError
        If there are more clusters than events.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> X = np.repeat([[5.0], [1.0], [9.0]], 10, axis=0) + np.tile([[0.0], [0.1]], (15, 1))
    >>> Clusterer(KMeans(n_init=3), "n_clusters", 3, random_state=0).fit(X).labels_[[0, 10, 20]]
    array([1, 0, 2])
    """

    def __init__(
        self,
        estimator: Any,
        parameter: str | None = "n_components",
        n_components: int | str = AUTO,
        *,
        most: int = 8,
        scaled: bool = False,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.parameter = parameter
        self.n_components = n_components
        self.most = most
        self.scaled = scaled
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Fit to X (n_samples, n_features); y is ignored."""
        table = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        ones = np.ones(table.shape[1])
        self._scale = self._scale_of(table) if self.scaled else None
        self.centre_ = 0.0 * ones if self._scale is None else self._scale.centre
        self.unit_ = ones if self._scale is None else self._scale.units
        self.bic_: dict[int, float] = {}
        self.tried_: list[Any] = []
        model = clone(self.estimator)
        if self.parameter is not None:
            model.set_params(**{self.parameter: self._number(table)})
        if "random_state" in model.get_params() and model.get_params()["random_state"] is None:
            model.set_params(random_state=self.random_state)
        inside = self._inside(table)
        self.estimator_ = model.fit(inside)
        own = _own_labels(self.estimator_, inside)
        self.order_ = _by_place(self.estimator_, own, table)
        self.labels_ = _renumbered(own, self.order_)
        self.n_clusters_ = len(self.order_)
        return self

    def can(self, answer: str) -> bool:
        """Whether the clustering can say ``answer`` (see `ANSWERS`) of new events."""
        fitted = getattr(self, "estimator_", self.estimator)
        return hasattr(fitted, answer)

    @available_if(_able("predict"))  # type: ignore[untyped-decorator]
    def predict(self, X: ArrayLike) -> Labels:
        """Return the cluster of each event: (n, d) -> (n,)."""
        return _renumbered(np.asarray(self._ask("predict", X), dtype=np.int64), self.order_)

    @available_if(_able("predict_proba"))  # type: ignore[untyped-decorator]
    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probability of each cluster: (n, d) -> (n, K)."""
        raw = np.asarray(self._ask("predict_proba", X), dtype=np.float64)
        return raw[:, np.argsort(self.order_)]

    @available_if(_able("score_samples"))  # type: ignore[untyped-decorator]
    def score_samples(self, X: ArrayLike) -> Array:
        """Return the log density of each event in the inverse units of X: (n, d) -> (n,)."""
        return np.asarray(self._ask("score_samples", X), dtype=np.float64) - float(np.log(self.unit_).sum())

    def log_density_by_order(self, X: ArrayLike) -> dict[int, Array]:
        """Return the log density of each event under each EM fit that "auto" has tried."""
        check_is_fitted(self)
        inside = self._inside(np.asarray(X, dtype=np.float64), tried=True)
        shift = float(np.log(self._em_scale.units).sum())
        return {em.n_components: em.score_samples(inside) - shift for em in self.tried_}

    def _ask(self, answer: str, X: ArrayLike) -> Any:
        check_is_fitted(self)
        table = validate_data(self, X, dtype=np.float64, reset=False)
        return getattr(self.estimator_, answer)(self._inside(table))

    def _inside(self, table: Array, *, tried: bool = False) -> Array:
        scale = self._em_scale if tried else self._scale
        return table if scale is None else scale.scores(table)

    def _scale_of(self, table: Array) -> Scale:
        """Return the scale of the columns: one number for all where a covariance has one for all."""
        found = Scale.of(table)
        spherical = self.estimator.get_params().get("covariance_type") == "spherical"
        return found.together() if spherical else found

    def _number(self, table: Array) -> int:
        """Return the number of clusters, by BIC where it is "auto"."""
        if self.n_components == AUTO:
            return self._least_bic(table)
        number = int(self.n_components)
        if number > len(table):
            raise InputError(
                f"n_components is {number}, and there are {len(table)} events to fit; expected fewer components."
            )
        return number

    def _least_bic(self, table: Array) -> int:
        from sklearn.mixture import GaussianMixture

        self._em_scale = Scale.of(table)
        inside = self._inside(table, tried=True)
        most = max(1, min(self.most, len(table) // (table.shape[1] + 2)))
        shift = 2.0 * len(table) * float(np.log(self._em_scale.units).sum())
        for K in range(1, most + 1):
            em = GaussianMixture(K, n_init=3, max_iter=500, random_state=self.random_state).fit(inside)
            self.tried_.append(em)
            self.bic_[K] = float(em.bic(inside)) + shift
        return min(self.bic_, key=lambda K: self.bic_[K])

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = state.count("n_features_in_")
        state.floats("centre_", (p,))
        state.floats("unit_", (p,), low=TINY)
        K = state.count("n_clusters_", low=0)
        order = state.indices("order_", (K,), K)
        state.expect(len(np.unique(order)) == K, "order_", f"each number below {K} once")
        state.whole("labels_", (None,), low=-1, high=max(K, 1) - 1)
        state.fitted("estimator_", p, "fit")
        if state.get("_scale") is not None:
            state.expect(
                np.shape(state.part("_scale", Scale).unit) == (p,), "_scale", f"a scale of {p} columns"
            )


def _own_labels(model: Any, X: Array) -> Labels:
    """Return the labels of the fitted events in the model's own numbering."""
    found = model.labels_ if hasattr(model, "labels_") else model.predict(X)
    return np.asarray(found, dtype=np.int64)


def _by_place(model: Any, labels: Labels, X: Array) -> Labels:
    """Return the rank of each of the model's clusters by the mean of its members' first column; empty ones last."""
    own = getattr(model, "weights_", None)
    K = max(int(labels.max()) + 1, len(own) if own is not None else 0)
    counts = np.bincount(labels[labels >= 0], minlength=K)
    sums = np.bincount(labels[labels >= 0], weights=X[labels >= 0, 0], minlength=K)
    place = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    order = np.empty(K, dtype=np.int64)
    order[np.argsort(place, kind="stable")] = np.arange(K)
    return order


def _renumbered(labels: Labels, order: Labels) -> Labels:
    return np.where(labels < 0, -1, order[np.maximum(labels, 0)]) if len(order) else labels
