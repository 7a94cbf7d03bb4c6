"""Networks for sets of members, in any order and number, as ensembles (extra ``[neural]``)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError, require
from fivesigma._core.saved_state import SavedState
from fivesigma.models.neural import attention
from fivesigma.models.neural.answers import EnsembleClassifier, EnsembleRegressor
from fivesigma.models.neural.attention import N_PAIR, Attentive, AttentiveNetwork
from fivesigma.models.neural.events import EventEnsemble
from fivesigma.models.neural.losses import Loss
from fivesigma.models.neural.member import Member, Rows
from fivesigma.models.neural.members import SetScale
from fivesigma.models.neural.rows import Counted
from fivesigma.models.neural.settings import whole

Array = NDArray[Any]


class _Attentive(EventEnsemble):
    """What a classifier and a regressor share."""

    _reads = {"dtype": (np.float64, np.float32), "allow_nd": True, "ensure_all_finite": "allow-nan"}  # noqa: RUF012

    def __init__(  # noqa: PLR0913 scikit-learn's signature
        self,
        loss: Any = None,
        setting: float | None = None,
        width: int = 32,
        n_layers: int = 2,
        n_heads: int = 4,
        members: Any = (),
        momentum: Any = (),
        cartesian: bool = False,
        n_members: int = 1,
        learning_rate: float = 0.003,
        weight_decay: float = 0.001,
        clip: float = 1.0,
        schedule: str = "cosine",
        batch_size: Any = "auto",
        epochs: Any = "auto",
        early_stopping: bool = True,
        patience: int = 20,
        validation: Any = None,
        device: str = "cpu",
        checkpoint: Any = None,
        random_state: Any = 0,
    ) -> None:
        self.loss = loss
        self.setting = setting
        self.width = width
        self.n_layers = n_layers
        self.n_heads = n_heads
        self.members = members
        self.momentum = momentum
        self.cartesian = cartesian
        self.n_members = n_members
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.clip = clip
        self.schedule = schedule
        self.batch_size = batch_size
        self.epochs = epochs
        self.early_stopping = early_stopping
        self.patience = patience
        self.validation = validation
        self.device = device
        self.checkpoint = checkpoint
        self.random_state = random_state

    def _check_settings(self) -> None:
        require("torch", "neural")
        self._settings(1).check()
        refuse_odd_attention(self.get_params(deep=False))

    def _held(self, X: Array) -> Any:
        events = self._as_sets(X)
        empty = np.asarray(np.isnan(events).all(axis=(1, 2)))
        if empty.any():
            first = int(np.argmax(empty))
            raise InputError(
                f"{int(empty.sum())} of {len(empty)} sets have no member (first in row {first}); drop them."
            )
        return super()._held(events)

    def _as_sets(self, X: Array) -> Array:
        """Return sets (n, k, features); the rows of a table are sets by its columns, or of one member each."""
        if X.ndim == 2:
            return X[:, np.array(self.members)] if self.members else X[:, None, :]
        if X.ndim != 3 or self.members:
            wanted = (
                "a table (n, p), as members name its columns" if self.members else "sets (n, k, features)"
            )
            raise InputError(f"X has shape {X.shape}; expected {wanted}.")
        return X

    def _inputs(self, fit: Counted) -> SetScale:
        f, places = fit.X.shape[2], tuple(int(i) for i in self.momentum)
        if any(not 0 <= i < f for i in places):
            raise InputError(
                f"momentum is {list(places)}, and a member has {f} features; expected places from 0 to {f - 1}."
            )
        w = np.abs(fit.w)
        return SetScale.of(fit.X, w, places, cartesian=bool(self.cartesian), dtype=self._precision)

    def _members(self, n_features: int, n_outputs: int, loss: Loss, fit: Rows, stops: bool) -> list[Member]:
        self.event_ = tuple(fit.X.shape[1:])
        n_pair = N_PAIR if self.momentum else 0
        sizes = (int(self.width), int(self.n_layers), int(self.n_heads))
        shape = Attentive(self.event_[1], n_pair, n_outputs, *sizes)
        return self._alike(shape, loss, len(fit), stops=stops)

    def _network(self, member: Member, theta: Array) -> AttentiveNetwork:
        assert isinstance(member.layers, Attentive)
        return AttentiveNetwork(member.layers, theta)

    def _asked(self, X: Array) -> Array:
        return super()._asked(self._as_sets(X))

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        scale = state.part("_scale", SetScale)
        networks = state.parts("_networks", AttentiveNetwork)
        state.expect(networks, "_networks", "one or more networks")
        event = self.event_
        sound = isinstance(event, tuple | list) and all(type(side) is int and side > 0 for side in event)
        state.expect(sound and len(event) == 2, "event_", "the shape of a set")
        state.expect(np.shape(scale.each.scale.unit) == (event[1],), "_scale", f"that of {event[1]} features")
        law, k = state.part("_law", Loss), self._n_outputs(state)
        wanted = (event[1], N_PAIR if scale.momentum else 0, law.n_outputs(k))
        for network in networks:
            shape = network.shape
            state.expect(
                (shape.n_features, shape.n_pair, shape.n_outputs) == wanted,
                "_networks",
                f"networks from {wanted[0]} features to {wanted[2]} outputs",
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags


def refuse_odd_attention(given: Any) -> None:
    """Raise `InputError` for the first setting of the network that cannot be."""
    heads = whole("n_heads", given["n_heads"], attention.MOST_HEADS)
    if whole("width", given["width"], attention.WIDEST) % heads:
        raise InputError(
            f"width is {given['width']}; expected a multiple of the {heads} heads that share it."
        )
    whole("n_layers", given["n_layers"], attention.DEEPEST, low=0)
    if len({len(each) for each in given["members"]}) > 1:
        raise InputError("members have different numbers of columns; expected as many of each, in one order.")
    if len(given["momentum"]) not in (0, N_PAIR) or len(set(given["momentum"])) < len(given["momentum"]):
        raise InputError(
            f"momentum is {given['momentum']!r}; expected the places of four features, or () for none."
        )


class SetRegressor(EnsembleRegressor, _Attentive):
    """An ensemble of networks for numbers that belong to sets of members (extra ``[neural]``).

    Members attend to one another; their order changes no answer, and a member all of whose features are NaN is absent.
    Where ``momentum`` says which features are a four-momentum, they see ln Δ, ln k_T, ln z and ln m² of their pairs:
    see `fivesigma.models.neural.attention`. Of these m² alone is Lorentz-invariant, the others under boosts along z and
    rotations in φ; the features themselves are neither. Features are standardised over the members that are there, a
    gap in one counts as the mean; equal events are one of their summed weight.

    Parameters
    ----------
    loss : {"mse", "mae", "huber", "quantile", "gaussian", "mixture"}, optional
        As in `MLPRegressor`; the last two learn a law for each event, see `predict_dist`.
    setting : float, optional
        Huber's threshold (1), the level of the quantile (0.5), the components of the mixture (3).
    width, n_layers, n_heads : int
        Of what stands for a member, of attention, and the heads that share the width.
    members : sequence of sequences of int
        Of a table (n, p), the places of the columns of each member, all in one order; () where X holds sets.
    momentum : sequence of four int
        Places of p_T, η, φ and mass among the features, or, ``cartesian``, of p_x, p_y, p_z and E; () for none.
    cartesian : bool
    n_members : int
        Networks of the ensemble.
    learning_rate, weight_decay, clip, schedule, batch_size, epochs, patience, early_stopping, validation, device,
    checkpoint, random_state :
        See `CNNRegressor`.

    Attributes
    ----------
    event_ : the shape (k, features) of a set
    history_, epoch_, failed_ : see `MLPRegressor`

    Raises
    ------
    InputError
        For a setting that cannot be, a set without a member, or members of other features than in training.
    FitError
        Where the loss of every member diverges.
    MissingExtraError
        Without PyTorch.

    Notes
    -----
    X is (n, k, features), or (n, features): sets of one member each.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(200, 3, 2))
    >>> X[::2, 2] = np.nan  # absent
    >>> model = SetRegressor(width=8, n_heads=2, epochs=20).fit(X, np.nansum(X[..., 0], axis=1))
    >>> bool(np.allclose(model.predict(X), model.predict(X[:, ::-1])))
    True
    """


class SetClassifier(EnsembleClassifier, _Attentive):
    """An ensemble of networks for classes of sets; the mean of the members' probabilities is the answer.

    As `SetRegressor` but for the loss.

    Parameters
    ----------
    loss : {"cross-entropy", "balanced", "hinge"}, optional
        As in `MLPClassifier`.
    setting, width, n_layers, n_heads, members, momentum, cartesian, n_members, learning_rate, weight_decay, clip,
    schedule, batch_size, epochs, early_stopping, patience, validation, device, checkpoint, random_state :
        See `SetRegressor`; ``setting`` is not used.

    Attributes
    ----------
    classes_ : (K,) sorted labels
    event_, history_, epoch_, failed_ : see `SetRegressor`

    Raises
    ------
    InputError, FitError, MissingExtraError
        See `SetRegressor`.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(200, 3, 2))
    >>> model = SetClassifier(width=8, n_heads=2, epochs=20).fit(X, X[..., 0].max(axis=1) > 1)
    >>> model.predict_proba(X[:3]).shape
    (3, 2)
    """
