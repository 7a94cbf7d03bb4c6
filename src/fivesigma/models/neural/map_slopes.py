"""The derivative of a convolutional network's score by the pixels of an event, in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core.errors import InputError, require
from fivesigma.models.neural.cnn import CNNClassifier, CNNRegressor
from fivesigma.models.neural.convolution import ConvolutionalNetwork
from fivesigma.models.neural.slopes import scale_of, score_of

Array = NDArray[Any]
_AT_ONCE = 2**18
"""Numbers of events that go through a network at a time."""


class MapSlopes:
    """The score that integrated gradients explain of a fitted convolutional network, and its derivative by pixels.

    As `fivesigma.models.neural.slopes.ScoreSlopes`: of one target the mean of the members in its unit, of classes the
    mean over members of the log odds of one of them. An event is a row of its standardised pixels, channel by channel;
    0 is a flat event at the mean of the training.

    Parameters
    ----------
    model : fitted `CNNRegressor` or `CNNClassifier`
    of : the class, by its place; the last, the signal, unless said

    Raises
    ------
    InputError
        For another model, or several targets.

    Examples
    --------
    >>> waves = np.random.default_rng(0).normal(size=(60, 1, 8))
    >>> model = CNNRegressor(channels=(4,), epochs=2, early_stopping=False).fit(waves, waves.mean(axis=(1, 2)))
    >>> score = MapSlopes(model)
    >>> [part.shape for part in score(score.inputs(waves[:3]))]
    [(3,), (3, 8)]
    """

    def __init__(self, model: Any, of: int = -1) -> None:
        if not isinstance(model, CNNClassifier | CNNRegressor):
            raise InputError(
                f"{type(model).__name__} is no convolutional network; its answers have no slopes by pixels."
            )
        if isinstance(model, CNNRegressor) and len(model._targets.each) > 1:
            raise InputError("integrated gradients are of one target, and there are several; fit each alone.")
        self.model, self.of = model, of

    @property
    def scale(self) -> str:
        """What the score is in."""
        return scale_of(self.model)

    def inputs(self, X: ArrayLike) -> Array:
        """Return the standardised pixels (n, p) of events X (n, channels, \\*space)."""
        events = self.model._asked(self.model._matrix(X))
        return np.asarray(self.model._scale.rows(events), dtype=np.float64).reshape(len(events), -1)

    def __call__(self, Z: Array) -> tuple[Array, Array]:
        """Return the scores (n,) of standardised events ``Z`` (n, p), and their derivatives by them (n, p)."""
        from fivesigma.models.neural.stacked import one_thread

        step = max(1, _AT_ONCE // math.prod(self.model.event_))
        with one_thread(require("torch", "neural").get_num_threads()):
            found = [self._of_some(Z[start : start + step]) for start in range(0, len(Z), step)]
        return np.concatenate([score for score, _ in found]), np.concatenate([slope for _, slope in found])

    def _of_some(self, Z: Array) -> tuple[Array, Array]:
        every = [self._of_member(network, Z) for network in self.model._networks]
        return np.mean([score for score, _ in every], axis=0), np.mean([slope for _, slope in every], axis=0)

    def _of_member(self, network: ConvolutionalNetwork, Z: Array) -> tuple[Array, Array]:
        import torch

        pixels = torch.tensor(Z, dtype=torch.float64, requires_grad=True)
        parts = network.shape.parts(torch.from_numpy(network.theta.astype(np.float64)))
        outputs = network.shape.outputs(parts, pixels.reshape(-1, *self.model.event_))
        score, slope = score_of(self.model, outputs.detach().numpy(), self.of)
        (by_pixel,) = torch.autograd.grad(outputs, pixels, torch.from_numpy(slope))
        return score, by_pixel.numpy()
