"""Features that a network learns: the code of an autoencoder, and the last hidden layer of a network of the target."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import InputError
from fivesigma._core.saved_state import SavedState
from fivesigma._core.threads import single_threaded
from fivesigma.features.columns import Floats, labelled, matrix, weights
from fivesigma.features.reduction import MOST_UNITS
from fivesigma.models.neural.member import Layers
from fivesigma.models.neural.perceptron import MLPClassifier, MLPRegressor, Network
from fivesigma.models.neural.rows import InputScale

Array = NDArray[Any]

_NARROWEST, _WIDEST = 32, 64
"""Units of the hidden layers that are not handed on: four times the columns, within these."""
_RATE, _PATIENCE, _TRIED = 0.01, 40, 3


def until(network: Network, layer: int) -> Network:
    """Return the part of a network up to a hidden layer, from 1, whose units come out before their activation."""
    sizes = network.sizes[: layer + 1]
    n = Layers(tuple(int(each) for each in sizes)).n_parameters
    return Network(sizes, network.activation, network.theta[:n].copy())


def in_order(table: Floats, *beside: Any) -> list[Any]:
    """Return rows (n, p), and what stands beside them, or None, in an order that is their own: that of their values.

    A step says the same of a table in any order, where batches are drawn from rows in turn.
    """
    order = np.lexsort(table.T[::-1])
    return [None if each is None else np.asarray(each)[order] for each in (table, *beside)]


class _Learned(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What both share: the part of a network that makes ``n`` columns of standardised ones."""

    prefix: ClassVar[str]
    n: int

    def _kept(self, model: MLPRegressor | MLPClassifier, network: Network) -> Self:
        self._scale, self._network = model._scale, until(network, 2)
        self.history_, self.epoch_ = model.history_, model.epoch_
        return self

    def _units(self, X: ArrayLike) -> Array:
        """Return the units (n_samples, n) of the layer before their activation."""
        check_is_fitted(self, "_network")
        rows = self._scale.rows(matrix(self, X))
        with single_threaded():
            return self._network.outputs(rows)

    def _check_n(self) -> None:
        if (
            isinstance(self.n, bool)
            or not isinstance(self.n, int | np.integer)
            or not 1 <= self.n <= MOST_UNITS
        ):
            raise InputError(
                f"n = {self.n!r} is no number of columns; expected a whole number from 1 to {MOST_UNITS:,}."
            )

    def _wide(self, p: int) -> int:
        return min(max(4 * p, _NARROWEST), _WIDEST)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the prefix of the step and a number: AE1, AE2, …; NET1, NET2, …"""
        check_is_fitted(self, "_network")
        return np.array([f"{self.prefix}{k + 1}" for k in range(int(self._network.sizes[-1]))], dtype=object)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        p = state.count("n_features_in_")
        scale = state.part("_scale", InputScale)
        state.expect(np.shape(scale.scale.unit) == (p,), "_scale", f"the scale of {p} columns")
        network = state.part("_network", Network)
        sound = network.sizes[0] == p and network.theta.dtype == scale.dtype
        state.expect(sound, "_network", f"a network of {p} columns")


class Autoencoder(_Learned):
    """Describe each event by the ``n`` units of the narrowest layer of a network that gives its columns back.

    Columns are standardised; ``x → tanh → code (n) → tanh → x`` with hidden layers of four times as many units as there
    are columns (32 to 64), fitted to mean squared error by Adam, and kept as it was where the error on a tenth of the
    rows was lowest, of three that begin elsewhere the best there (Kramer 1991, doi:10.1002/aic.690370209). Copies of a
    row are one row of their weight.

    Parameters
    ----------
    n : int, units of the code
    epochs : int, at most
    random_state : int, of the first parameters and the order of the batches

    Attributes
    ----------
    error_ : Σ w |x - x̂|² over Σ w |x - mean|² of the standardised columns: the share of the variance that is left
    history_, epoch_ : see `MLPRegressor`

    Raises
    ------
    InputError
        For n out of range. `FitError` where the loss diverges.

    Examples
    --------
    >>> t = np.linspace(-1, 1, 400)
    >>> circle = np.column_stack([np.cos(2 * t), np.sin(2 * t)])
    >>> step = Autoencoder(1).fit(circle)
    >>> step.transform(circle).shape, step.error_ < 0.05
    ((400, 1), True)
    """

    prefix = "AE"

    def __init__(self, n: int = 2, epochs: int = 400, random_state: Any = 0) -> None:
        self.n = n
        self.epochs = epochs
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Learn the code of ``X`` (n_samples, n_features) with weights and groups (n_samples,)."""
        table = matrix(self, X, fitting=True)
        self._check_n()
        table, w, groups = in_order(table, weights(sample_weight, table), groups)
        wide = self._wide(table.shape[1])
        model = MLPRegressor(
            (wide, int(self.n), wide),
            "tanh",
            learning_rate=_RATE,
            epochs=self.epochs,
            patience=_PATIENCE,
            n_members=_TRIED,
            n_jobs=1,
            random_state=self.random_state,
        )
        model.fit(table, table, sample_weight=w, groups=groups)
        network = model._networks[_best(model)]
        self.error_ = _left(model, network, table, w)
        return self._kept(model, network)

    def transform(self, X: ArrayLike) -> Floats:
        """Return the code (n_samples, n), before its activation."""
        return self._units(X)


def _best(model: MLPRegressor) -> int:
    """Return which of the members that are sound had the lowest loss, on rows held out where there are any."""
    part = "train" if np.isnan(model.history_["validation"]).all() else "validation"
    return int(np.nanmin(model.history_[part][~model.failed_], axis=1).argmin())


def _left(model: MLPRegressor, network: Network, table: Floats, w: Floats) -> float:
    """Return the share of the variance of the standardised columns that ``network`` does not give back."""
    rows, scale = model._scale.rows(table), model._scale.scale
    Z = scale.scores(table)
    off = Z - scale.scores(model._targets.values(network.outputs(rows)))
    total = float(w @ ((Z - w @ Z / w.sum()) ** 2).sum(axis=1))
    return float(w @ (off**2).sum(axis=1)) / total if total > 0 else 0.0


class NetworkFeatures(_Learned):
    """The last hidden layer, of ``n`` units, of a network that learns the target: features made for it.

    ``x → tanh (four times the columns, 32 to 64) → tanh (n) → target``, otherwise as `Autoencoder`. The rows that it is
    fitted to have told it their targets: a model behind it sees them as easier than others, so its score on the rows
    fitted to says nothing.

    Parameters
    ----------
    n : int, units of the layer
    classification : bool, or None: as the target looks
    epochs : int, at most
    random_state : int, of the first parameters and the order of the batches

    Attributes
    ----------
    history_, epoch_ : see `MLPRegressor`

    Raises
    ------
    InputError
        For n out of range, or one class only. `FitError` where the loss diverges.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(400, 3))
    >>> step = NetworkFeatures(4, random_state=1).fit(X, X[:, 0] * X[:, 1])
    >>> step.transform(X).shape, step.get_feature_names_out().tolist()
    ((400, 4), ['NET1', 'NET2', 'NET3', 'NET4'])
    """

    prefix = "NET"

    def __init__(
        self, n: int = 8, classification: bool | None = None, epochs: int = 200, random_state: Any = 0
    ) -> None:
        self.n = n
        self.classification = classification
        self.epochs = epochs
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Learn from ``X`` (n_samples, n_features), target, weights and groups (n_samples,)."""
        table, target = labelled(self, X, y)
        self._check_n()
        table, target, w, groups = in_order(table, target, weights(sample_weight, table), groups)
        numbers = type_of_target(target).startswith("continuous")
        classifies = not numbers if self.classification is None else self.classification
        made = MLPClassifier if classifies else MLPRegressor
        hidden = (self._wide(table.shape[1]), int(self.n))
        model = made(hidden, "tanh", epochs=self.epochs, n_jobs=1, random_state=self.random_state)
        model.fit(table, target, sample_weight=w, groups=groups)
        return self._kept(model, model._networks[0])

    def transform(self, X: ArrayLike) -> Floats:
        """Return the units of the layer (n_samples, n), in (-1, 1)."""
        return np.tanh(self._units(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
