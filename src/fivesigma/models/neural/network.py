"""A network for tables that needs no tuning: k members that share most of their weights, trained as one (PyTorch)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from fivesigma._core.errors import require
from fivesigma._core.threads import single_threaded
from fivesigma.features.columns import matrix
from fivesigma.models.neural.answers import EnsembleClassifier, EnsembleRegressor
from fivesigma.models.neural.ensemble import Ensemble
from fivesigma.models.neural.losses import Loss
from fivesigma.models.neural.member import Member, Rows
from fivesigma.models.neural.settings import AUTO, Settings, whole
from fivesigma.models.neural.tabular import Tabular, TabularBody, TabularNetwork
from fivesigma.models.neural.training import Engine

Array = NDArray[Any]

_FIXED = {
    "hidden": (),
    "activation": "silu",
    "optimiser": "adamw",
    "momentum": 0.9,
    "nesterov": False,
    "engine": "torch",
    "dtype": "float32",
    "n_jobs": 1,
}
_STEPS, _FEWEST, _MOST = 1000, 24, 200
"""Steps of a training whose epochs are "auto", and the fewest and the most of these."""


class _Tabular(Ensemble):
    """What a classifier and a regressor share."""

    _kept_as = TabularNetwork

    def __init__(  # noqa: PLR0913 scikit-learn's signature
        self,
        loss: Any = None,
        setting: float | None = None,
        width: int = 128,
        n_blocks: int = 3,
        n_members: int = 8,
        learning_rate: float = 0.002,
        weight_decay: float = 0.001,
        clip: float = 0.0,
        schedule: str = "cosine",
        batch_size: Any = "auto",
        epochs: Any = "auto",
        early_stopping: bool = True,
        patience: int = 40,
        validation: Any = None,
        device: str = "cpu",
        checkpoint: Any = None,
        random_state: Any = 0,
    ) -> None:
        self.loss = loss
        self.setting = setting
        self.width = width
        self.n_blocks = n_blocks
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
        for name, most in (("width", 4096), ("n_blocks", 64), ("n_members", 1024)):
            whole(name, getattr(self, name), most)

    def _settings(self, n_rows: int) -> Settings:
        """Return the settings of a training on ``n_rows``."""
        given = self.get_params(deep=False) | _FIXED
        if self.epochs == AUTO:
            steps = -(-n_rows // Settings(given).batch(n_rows)) if n_rows > 1 else 1
            given["epochs"] = max(_FEWEST, min(_MOST, -(-_STEPS // steps)))
        return Settings(given)

    def _members(self, n_features: int, n_outputs: int, loss: Loss, fit: Rows, stops: bool) -> list[Member]:
        shape = Tabular(n_features, n_outputs, int(self.width), int(self.n_blocks), int(self.n_members))
        settings = Settings({**self._settings(len(fit)).given, "n_members": 1})
        return settings.of_shapes([shape], loss, len(fit), stops=stops)

    def _engine(self, fit: Rows, held: Rows | None) -> Engine:
        from fivesigma.models.neural.stacked import Stacked

        return Stacked(fit, held, self.device, TabularBody)

    def _network(self, member: Member, theta: Array) -> TabularNetwork:
        assert isinstance(member.layers, Tabular)
        return TabularNetwork(member.layers, theta)

    def _outputs(self, X: ArrayLike) -> Array:
        """Return the outputs (k, n, o) of the members."""
        check_is_fitted(self, "_networks")
        rows = self._scale.rows(matrix(self, X))
        with single_threaded():
            return np.asarray(self._networks[0].outputs(rows))


class NetworkRegressor(EnsembleRegressor, _Tabular):
    """A network for numbers, one target or several learnt together, that needs no tuning (extra ``[neural]``).

    Each column is spread out into waves of learnt lengths, three layers follow, and k members that share all but
    a few vectors of their weights are trained as one: see `fivesigma.models.neural.tabular` for formulas and sources.
    Inputs and targets are standardised on the rows fitted to, what lies beyond three deviations is drawn in, and the
    epoch is chosen on rows held out. Copies of a row are one row of their summed weight. Predicting needs no PyTorch.

    Parameters
    ----------
    loss : {"mse", "mae", "huber", "quantile", "gaussian", "mixture"}, optional
        As in `MLPRegressor`; the last two learn a law for each row, see `predict_dist`.
    setting : float, optional
        Huber's threshold (1), the level of the quantile (0.5), the components of the mixture (3).
    width, n_blocks, n_members : int
        Of the layers, their number, and that of the members.
    learning_rate, weight_decay : float
        Of AdamW.
    clip : float
        Longest gradient; 0 for any.
    schedule : {"cosine", "constant", "step"}
    batch_size : int, "full" or "auto" (a 32nd of the rows, from 32 to 512)
    epochs : int or "auto" (for 1,000 steps, from 24 to 200)
    patience : int
        So many epochs without a lower loss on rows held out end the training.
    early_stopping, validation :
        See `MLPRegressor`.
    device : {"cpu", "cuda"}
    checkpoint : path, optional
        A file that keeps how far the training has come, see `MLPRegressor`.
    random_state : int or RandomState

    Attributes
    ----------
    history_ : {"train", "validation"}: (1, epochs) mean losses; NaN behind the end of the training
    epoch_ : (1,) the epoch whose parameters are kept, from 1
    failed_ : (1,) False: a loss that leaves the finite numbers is an error

    Raises
    ------
    InputError
        For a setting that cannot be, or a batch larger than the data.
    FitError
        Where the loss diverges.
    MissingExtraError
        Without PyTorch.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 300)[:, None]
    >>> model = NetworkRegressor(width=32, n_members=4, epochs=40).fit(x, x[:, 0] ** 2)
    >>> mean, spread = model.predict([[0.5]], return_std=True)
    >>> bool(abs(mean[0] - 0.25) < 0.1), spread.shape
    (True, (1,))
    """


class NetworkClassifier(EnsembleClassifier, _Tabular):
    """A network for two or more classes that needs no tuning; the mean of the members' probabilities is the answer.

    As `NetworkRegressor` but for the loss.

    Parameters
    ----------
    loss : {"cross-entropy", "balanced", "hinge"}, optional
        As in `MLPClassifier`.
    setting, width, n_blocks, n_members, learning_rate, weight_decay, clip, schedule, batch_size, epochs,
    early_stopping, patience, validation, device, checkpoint, random_state :
        See `NetworkRegressor`; ``setting`` is not used.

    Attributes
    ----------
    classes_ : (K,) sorted labels
    history_, epoch_, failed_ : see `NetworkRegressor`

    Raises
    ------
    InputError, FitError, MissingExtraError
        See `NetworkRegressor`.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(400, 2))
    >>> model = NetworkClassifier(width=32, n_members=4, epochs=40).fit(X, X[:, 0] * X[:, 1] > 0)
    >>> model.score(X, X[:, 0] * X[:, 1] > 0) > 0.9
    True
    """
