"""What a member of an ensemble is, what it is trained on, and how far its training has come, for all engines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.random import generator
from fivesigma.models.neural.losses import Loss

Array = NDArray[Any]
NEVER = 0
"""A patience: no stop before the last epoch."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Standardised rows in the precision of the training: X (n, p), targets T (n, t), weights w (n,) of mean 1.

    Of events that are no rows of a table X is `Batches`.
    """

    X: Any
    T: Array
    w: Array

    def __len__(self) -> int:
        return len(self.w)


class Shape(Protocol):
    """The shape of a network, all of whose parameters stand in one array."""

    @property
    def n_parameters(self) -> int:
        """How many numbers there are to learn."""

    def drawn(self, seed: int) -> Array:
        """Return parameters (P,) to begin with."""


@dataclass(frozen=True)
class Layers:
    """The sizes of the layers of a perceptron, inputs and outputs included.

    The parameters of all layers stand in one array: of each layer W (n_out, n_in) row by row, then b (n_out,).

    >>> Layers((12, 16, 1)).n_parameters
    225
    """

    sizes: tuple[int, ...]

    @property
    def n_parameters(self) -> int:
        """How many numbers there are to learn."""
        return sum(n * m + m for n, m in zip(self.sizes, self.sizes[1:], strict=False))

    @property
    def widest(self) -> int:
        """The most weights of a layer."""
        return max(n * m for n, m in zip(self.sizes, self.sizes[1:], strict=False))

    def drawn(self, seed: int) -> Array:
        """Return parameters (P,) to begin with: uniform within ±1/√n_in, as PyTorch's linear layers begin."""
        rng = generator(seed, "network")
        parts = [
            rng.uniform(-1.0, 1.0, n * m + m) / math.sqrt(n)
            for n, m in zip(self.sizes, self.sizes[1:], strict=False)
        ]
        return np.concatenate(parts)

    def views(self, theta: Array) -> list[tuple[Array, Array]]:
        """Return W (..., n_out, n_in) and b (..., n_out) of each layer as views of ``theta`` (..., P)."""
        found, place = [], 0
        for n, m in zip(self.sizes, self.sizes[1:], strict=False):
            W = theta[..., place : place + n * m].reshape(*theta.shape[:-1], m, n)
            found.append((W, theta[..., place + n * m : place + n * m + m]))
            place += n * m + m
        return found


@dataclass(frozen=True)
class Optimiser:
    """How a member steps: the settings of PyTorch's optimiser of that name, and the schedule of its rate.

    Attributes
    ----------
    name : "sgd", "rprop", "adagrad", "adam" or "adamw"
    learning_rate : of the first epoch
    momentum : of "sgd"; β₁ of "adam" and "adamw"
    nesterov : whether "sgd" looks ahead
    weight_decay : L2, by way of the gradient except in "adamw"
    clip : longest gradient, 0 for any
    schedule : "constant", "cosine" (to 0 after the last epoch) or "step" (a tenth after each third of the epochs)
    """

    name: str
    learning_rate: float
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    clip: float = 0.0
    schedule: str = "constant"

    def rates(self, epochs: int) -> Array:
        """Return the learning rate of each epoch.

        >>> Optimiser("sgd", 1.0, schedule="step").rates(3)
        array([1.  , 0.1 , 0.01])
        """
        share = np.arange(epochs) / max(epochs, 1)
        if self.schedule == "cosine":
            return np.asarray(self.learning_rate * 0.5 * (1.0 + np.cos(np.pi * share)))
        fallen = np.floor(3 * np.arange(epochs) / max(epochs, 1)) if self.schedule == "step" else 0.0 * share
        return np.asarray(self.learning_rate * 0.1**fallen)


@dataclass(frozen=True)
class Member:
    """One network of an ensemble: all that its training depends on beside the rows.

    ``seed`` draws the first parameters and the order of the batches; ``patience`` is `NEVER` or the epochs without a
    better held-out loss after which training ends.
    """

    layers: Shape
    activation: str
    loss: Loss
    optimiser: Optimiser
    batch_size: int
    epochs: int
    patience: int
    seed: int


@dataclass(eq=False)
class Course:
    """How far the training of a member has come: everything that its next epoch depends on.

    Attributes
    ----------
    state : (3, P) the parameters, and the two arrays that an optimiser remembers
    best : (P,) the parameters of the epoch with the lowest held-out loss
    told : (2,) that loss, and the number of that epoch; inf and -1 before there is one
    curve : (2, epochs) mean loss of the rows fitted to while they were passed, and of those held out; NaN ahead
    done : epochs behind it
    """

    state: Array
    best: Array
    told: Array
    curve: Array
    done: int = 0
    ended: bool = False

    @classmethod
    def begun(cls, member: Member, dtype: Any) -> Course:
        """Return the course of a member that is yet untrained."""
        theta = member.layers.drawn(member.seed).astype(dtype)
        state = np.zeros((3, len(theta)), dtype=dtype)
        state[0] = theta
        curve = np.full((2, member.epochs), np.nan)
        return cls(state, theta.copy(), np.array([np.inf, -1.0]), curve)

    @property
    def failed(self) -> bool:
        """Whether the loss has left the finite numbers."""
        return self.done > 0 and not np.isfinite(self.curve[0, self.done - 1])

    def came_to(self, done: int, member: Member) -> None:
        """Note that ``done`` epochs are behind it."""
        self.done = done
        tired = 0 < member.patience < done - self.told[1]
        self.ended = self.ended or done == member.epochs or self.failed or bool(tired)
