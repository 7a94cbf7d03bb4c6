"""Convolutional networks for images and sequences, as ensembles (extra ``[neural]``)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError, one_of, require
from fivesigma._core.saved_state import SavedState
from fivesigma.features.symmetries import check
from fivesigma.models.neural import convolution
from fivesigma.models.neural.answers import EnsembleClassifier, EnsembleRegressor
from fivesigma.models.neural.convolution import Convolutional, ConvolutionalNetwork
from fivesigma.models.neural.events import EventEnsemble
from fivesigma.models.neural.losses import Loss
from fivesigma.models.neural.member import Member, Rows
from fivesigma.models.neural.pixels import ChannelScale, channel_scale
from fivesigma.models.neural.rows import Counted, InputScale
from fivesigma.models.neural.settings import whole

Array = NDArray[Any]

PADDINGS = ("zeros", "periodic")


class _Convolutional(EventEnsemble):
    """What a classifier and a regressor share."""

    def __init__(  # noqa: PLR0913 scikit-learn's signature
        self,
        loss: Any = None,
        setting: float | None = None,
        channels: Any = (8, 16, 32),
        kernel: int = 3,
        n_blocks: int = 1,
        pool: int = 2,
        strided: bool = False,
        padding: str = "zeros",
        hidden: int = 32,
        symmetries: Any = (),
        pooled: bool = False,
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
        self.channels = channels
        self.kernel = kernel
        self.n_blocks = n_blocks
        self.pool = pool
        self.strided = strided
        self.padding = padding
        self.hidden = hidden
        self.symmetries = symmetries
        self.pooled = pooled
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
        refuse_odd_network(self.get_params(deep=False))

    def _inputs(self, fit: Counted) -> ChannelScale:
        scale = channel_scale(fit.X, np.abs(fit.w), about_zero="spin-flip" in self.symmetries)
        return ChannelScale(InputScale(scale, self._precision))

    def _members(self, n_features: int, n_outputs: int, loss: Loss, fit: Rows, stops: bool) -> list[Member]:
        self.event_ = fit.X.shape[1:]
        shape = Convolutional(
            *_sides(self.event_),
            n_outputs,
            tuple(int(each) for each in self.channels),
            int(self.kernel),
            int(self.n_blocks),
            int(self.pool),
            bool(self.strided),
            self.padding == "periodic",
            int(self.hidden),
            tuple(self.symmetries),
            bool(self.pooled),
        ).checked()
        check(self.symmetries, "image" if len(self.event_) == 3 else "sequence", self.event_[1:])
        return self._alike(shape, loss, len(fit), stops=stops)

    def _network(self, member: Member, theta: Array) -> ConvolutionalNetwork:
        assert isinstance(member.layers, Convolutional)
        return ConvolutionalNetwork(member.layers, theta)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        scale = state.part("_scale", ChannelScale)
        networks = state.parts("_networks", ConvolutionalNetwork)
        state.expect(networks, "_networks", "one or more networks")
        event = self.event_
        sound = isinstance(event, tuple | list) and all(type(side) is int and side > 0 for side in event)
        state.expect(sound and 1 <= len(event) <= 3, "event_", "the shape of an event")
        state.expect(np.shape(scale.each.scale.unit) == (event[0],), "_scale", f"that of {event[0]} channels")
        law, k = state.part("_law", Loss), self._n_outputs(state)
        for network in networks:
            shape = network.shape
            state.expect(
                (shape.n_channels, shape.height, shape.width) == _sides(event)
                and network.n_out == law.n_outputs(k),
                "_networks",
                f"networks from events {tuple(event)} to {law.n_outputs(k)} outputs",
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _sides(event: Any) -> tuple[int, int, int]:
    """Return (channels, height, width) of an event; one number a column is a sequence of one channel."""
    if len(event) == 1:
        return (1, 1, event[0])
    return (event[0], 1, event[1]) if len(event) == 2 else tuple(event)


def refuse_odd_network(given: Any) -> None:
    """Raise `InputError` for the first setting of the network that cannot be."""
    one_of(str(given["padding"]), PADDINGS, "padding")
    channels = given["channels"]
    if not isinstance(channels, list | tuple) or not 0 < len(channels) <= convolution.MOST_STAGES:
        raise InputError(f"channels is {channels!r}; expected those of each stage, as (8, 16, 32).")
    for each in channels:
        whole("a stage of channels", each, convolution.MOST_CHANNELS)
    if whole("kernel", given["kernel"], 63) % 2 == 0:
        raise InputError(f"kernel is {given['kernel']}; expected an odd number, so that it has a centre.")
    whole("n_blocks", given["n_blocks"], convolution.MOST_BLOCKS, low=0)
    whole("pool", given["pool"], 64)
    whole("hidden", given["hidden"], convolution.WIDEST, low=0)


class CNNRegressor(EnsembleRegressor, _Convolutional):
    """An ensemble of convolutional networks for numbers, one target or several learnt together (extra ``[neural]``).

    Stages of convolutions with residual blocks, pooled in between, then the average over all pixels and one layer: see
    `fivesigma.models.neural.convolution`. Each channel is standardised by its one mean and deviation over the events
    fitted to; equal events are one of their summed weight; the epoch is chosen on events held out. X stays as it is
    held: a batch is standardised when it is wanted.

    Parameters
    ----------
    loss : {"mse", "mae", "huber", "quantile", "gaussian", "mixture"}, optional
        As in `MLPRegressor`; the last two learn a law for each event, see `predict_dist`.
    setting : float, optional
        Huber's threshold (1), the level of the quantile (0.5), the components of the mixture (3).
    channels : sequence of int
        Of the stages.
    kernel : int
        Odd side of the convolutions.
    n_blocks : int
        Residual blocks of each stage.
    pool : int
        Factor by which the sides shrink from stage to stage: by averages, or, ``strided``, by strides.
    strided : bool
    padding : {"zeros", "periodic"}
        What lies beyond the edges; periodic for a field whose opposite edges touch.
    hidden : int
        Width of the layer behind the average; 0 for none.
    symmetries : sequence of {"rotate90", "flip", "spin-flip", "translate"}
        Of the events: in training each is turned, mirrored, ... at random, anew in every epoch.
    pooled : bool
        Average over the group of the symmetries inside, all but shifts, in place of that: then they hold exactly.
    n_members : int
    learning_rate, weight_decay, clip : float
        Of AdamW, and the longest gradient, 0 for any.
    schedule : {"cosine", "constant", "step"}
    batch_size : int, "full" or "auto" (a 32nd of the events, from 32 to 512)
    epochs : int or "auto" (for 800 steps, from 12 to 100)
    patience : int
        So many epochs without a lower loss on events held out end the training.
    early_stopping, validation :
        See `MLPRegressor`.
    device : {"cpu", "cuda"}
    checkpoint : path, optional
        A file that keeps how far the training has come, see `MLPRegressor`.
    random_state : int or RandomState

    Attributes
    ----------
    event_ : the shape of an event
    history_, epoch_, failed_ : see `MLPRegressor`

    Raises
    ------
    InputError
        For a setting that cannot be, events of another shape than in training, or smaller than the pooling.
    FitError
        Where the loss of every member diverges.
    MissingExtraError
        Without PyTorch.

    Notes
    -----
    X is (n, channels, height, width), (n, channels, length), or (n, length), whose columns are a sequence with a scale
    for each place.

    Examples
    --------
    >>> images = np.random.default_rng(0).normal(size=(200, 1, 8, 8))
    >>> model = CNNRegressor(channels=(4,), n_blocks=0, epochs=40).fit(images, images.mean(axis=(1, 2, 3)))
    >>> model.predict(images[:3]).shape
    (3,)
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = (
            True  # of a table: the average forgets in which column a number stood
        )
        return tags


class CNNClassifier(EnsembleClassifier, _Convolutional):
    """An ensemble of convolutional networks for classes; the mean of the members' probabilities is the answer.

    As `CNNRegressor` but for the loss.

    Parameters
    ----------
    loss : {"cross-entropy", "balanced", "hinge"}, optional
        As in `MLPClassifier`.
    setting, channels, kernel, n_blocks, pool, strided, padding, hidden, symmetries, pooled, n_members, learning_rate,
    weight_decay, clip, schedule, batch_size, epochs, early_stopping, patience, validation, device, checkpoint,
    random_state :
        See `CNNRegressor`; ``setting`` is not used.

    Attributes
    ----------
    classes_ : (K,) sorted labels
    event_, history_, epoch_, failed_ : see `CNNRegressor`

    Raises
    ------
    InputError, FitError, MissingExtraError
        See `CNNRegressor`.

    Examples
    --------
    >>> waves = np.random.default_rng(0).normal(size=(200, 1, 16))
    >>> model = CNNClassifier(channels=(4,), epochs=40).fit(waves, waves.mean(axis=(1, 2)) > 0)
    >>> model.predict_proba(waves[:3]).shape
    (3, 2)
    """
