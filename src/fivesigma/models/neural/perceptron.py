"""Multilayer perceptrons whose unit is the ensemble: all members in one pass, with their spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.saved_state import MOST, SavedState
from fivesigma.models.neural.answers import EnsembleClassifier, EnsembleRegressor
from fivesigma.models.neural.ensemble import Ensemble
from fivesigma.models.neural.losses import Loss
from fivesigma.models.neural.member import Layers, Member, Rows
from fivesigma.models.neural.settings import ACTIVATIONS, Settings
from fivesigma.models.neural.training import Engine

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Network:
    """One trained member: the sizes of its layers, its activation and its parameters (P,)."""

    sizes: Array
    activation: str
    theta: Array

    @property
    def n_in(self) -> int:
        """The number of columns."""
        return int(self.sizes[0])

    @property
    def n_out(self) -> int:
        """The number of outputs."""
        return int(self.sizes[-1])

    def outputs(self, X: Array) -> Array:
        """Return the outputs (n, k) for standardised rows X (n, p)."""
        from fivesigma.models.neural.fused import outputs

        return np.asarray(outputs(self.sizes, self.activation, self.theta, X), dtype=np.float64)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        sizes = state.whole("sizes", (None,), low=1, high=MOST)
        state.expect(len(sizes) >= 2 and sizes.dtype == np.int64, "sizes", "the sizes of two or more layers")
        state.word("activation", *ACTIVATIONS)
        n = Layers(tuple(int(each) for each in sizes)).n_parameters
        state.floats("theta", (n,), dtype=getattr(self.theta, "dtype", np.float32))
        state.expect(self.theta.dtype in (np.float32, np.float64), "theta", "float32 or float64")


class _Perceptron(Ensemble):
    """What a classifier and a regressor share."""

    _kept_as = Network

    def __init__(  # noqa: PLR0913 scikit-learn's signature
        self,
        hidden: Any = (50,),
        activation: str = "relu",
        loss: Any = None,
        setting: float | None = None,
        optimiser: str = "adam",
        learning_rate: Any = 0.003,
        momentum: float = 0.9,
        nesterov: bool = False,
        weight_decay: Any = 0.0,
        clip: float = 0.0,
        schedule: str = "constant",
        batch_size: Any = "auto",
        epochs: int = 200,
        early_stopping: bool = True,
        patience: int = 20,
        validation: Any = None,
        n_members: int = 1,
        engine: str = "fused",
        dtype: str = "float32",
        n_jobs: int | None = None,
        device: str = "cpu",
        checkpoint: Any = None,
        random_state: Any = 0,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.loss = loss
        self.setting = setting
        self.optimiser = optimiser
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay
        self.clip = clip
        self.schedule = schedule
        self.batch_size = batch_size
        self.epochs = epochs
        self.early_stopping = early_stopping
        self.patience = patience
        self.validation = validation
        self.n_members = n_members
        self.engine = engine
        self.dtype = dtype
        self.n_jobs = n_jobs
        self.device = device
        self.checkpoint = checkpoint
        self.random_state = random_state

    @property
    def _precision(self) -> str:
        return str(self.dtype)

    def _check_settings(self) -> None:
        Settings(self.get_params(deep=False)).check()

    def _members(self, n_features: int, n_outputs: int, loss: Loss, fit: Rows, stops: bool) -> list[Member]:
        settings = Settings(self.get_params(deep=False))
        return settings.members(n_features, n_outputs, loss, len(fit), stops=stops)

    def _engine(self, fit: Rows, held: Rows | None) -> Engine:
        if self.engine == "torch":
            from fivesigma.models.neural.stacked import Stacked

            return Stacked(fit, held, self.device)
        from fivesigma.models.neural.fused import Fused

        return Fused(fit, held, Settings(self.get_params(deep=False)).threads())

    def _network(self, member: Member, theta: Array) -> Network:
        assert isinstance(member.layers, Layers)
        return Network(np.array(member.layers.sizes), member.activation, theta)


class MLPRegressor(EnsembleRegressor, _Perceptron):
    """An ensemble of perceptrons for numbers, one target or several learnt together.

    Inputs and targets are standardised on the rows fitted to; the members differ by their first parameters, the order
    of their batches, and by whatever is given as a list of one entry a member. Formulas of the optimisers, and how
    parameters begin, are PyTorch's. Copies of a row are one row of their summed weight.

    Parameters
    ----------
    hidden : widths of the hidden layers, as ``(50,)``, ``()`` for a linear model; or a list of such, one a member
    activation : {"relu", "tanh", "sigmoid", "silu", "gelu", "softplus"}
    loss : {"mse", "mae", "huber", "quantile", "gaussian", "mixture"}, optional
        "mse" for None. Of standardised targets. The last two learn a law for each row, see `predict_dist`.
    setting : float, optional
        Huber's threshold (1), the level of the quantile (0.5), the components of the mixture (3).
    optimiser : {"adam", "adamw", "sgd", "rprop", "adagrad"}
    learning_rate, weight_decay : float, or one a member
    momentum : float
        Of "sgd"; β₁ of "adam" and "adamw".
    nesterov : bool
    clip : float
        Longest gradient; 0 for any.
    schedule : {"constant", "cosine", "step"}
    batch_size : int, "full" or "auto" (a 32nd of the rows, from 32 to 512)
    epochs : int
    early_stopping : bool
        Keep the epoch with the lowest loss on rows held out, and end ``patience`` epochs after it.
    patience : int
    validation : float, (X, y) or (X, y, weights), optional
        Share of the rows held out (0.1 with ``early_stopping``, else none), or other rows.
    n_members : int
    engine : {"fused", "torch"}
        A compiled kernel a member, in threads; or all members stacked in PyTorch (extra ``[neural]``).
    dtype : {"float32", "float64"}
    n_jobs : int, optional
        Threads; all processors for None. What comes out is the same.
    device : {"cpu", "cuda"}
        Of the engine "torch".
    checkpoint : path, optional
        A file that keeps how far the training has come, about once a second: a fit that was ended goes on from there,
        on the same data and settings, to the same bits.
    random_state : int or RandomState

    Attributes
    ----------
    history_ : {"train", "validation"}: (n_members, epochs) mean losses; NaN behind the end of a training
    epoch_ : (n_members,) the epoch whose parameters are kept, from 1
    failed_ : (n_members,) whether the loss left the finite numbers: such a member predicts nothing

    Raises
    ------
    InputError
        For a setting that cannot be, or a batch larger than the data.
    FitError
        Where the loss of every member diverges.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 200)[:, None]
    >>> model = MLPRegressor((16,), n_members=3, epochs=100).fit(x, x[:, 0] ** 2)
    >>> mean, spread = model.predict([[0.5]], return_std=True)
    >>> bool(abs(mean[0] - 0.25) < 0.1), spread.shape
    (True, (1,))
    """


class MLPClassifier(EnsembleClassifier, _Perceptron):
    """An ensemble of perceptrons for two or more classes; the mean of the members' probabilities is the answer.

    As `MLPRegressor` but for the loss.

    Parameters
    ----------
    loss : {"cross-entropy", "balanced", "hinge"}, optional
        "cross-entropy" for None; "balanced" is that with classes of equal weight. The probabilities of "hinge" are
        the logistic function of its scores: an order, not calibrated.
    hidden, activation, setting, optimiser, learning_rate, momentum, nesterov, weight_decay, clip, schedule,
    batch_size, epochs, early_stopping, patience, validation, n_members, engine, dtype, n_jobs, device,
    checkpoint, random_state :
        See `MLPRegressor`; ``setting`` is not used.

    Attributes
    ----------
    classes_ : (K,) sorted labels
    history_, epoch_, failed_ : see `MLPRegressor`

    Raises
    ------
    InputError
        For a setting that cannot be, or a batch larger than the data.
    FitError
        Where the loss of every member diverges.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 2))
    >>> MLPClassifier((16,), learning_rate=0.01).fit(X, X[:, 0] * X[:, 1] > 0).score(X, X[:, 0] * X[:, 1] > 0) > 0.9
    True
    """
