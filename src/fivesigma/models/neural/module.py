"""Any module of PyTorch behind scikit-learn's contract, singly or as an ensemble (extra ``[neural]``)."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from fivesigma._core.errors import InputError, require
from fivesigma.models.neural.answers import EnsembleClassifier, EnsembleRegressor
from fivesigma.models.neural.ensemble import Ensemble
from fivesigma.models.neural.losses import Loss
from fivesigma.models.neural.member import Member, Rows
from fivesigma.models.neural.modules import OWN, ModuleBody, ModuleNetwork, ModuleShape
from fivesigma.models.neural.settings import Settings
from fivesigma.models.neural.training import Engine

Array = NDArray[Any]

_FIXED = {"hidden": (), "activation": "relu", "engine": "torch", "n_jobs": 1}


class _Module(Ensemble):
    """What a classifier and a regressor share."""

    _kept_as = ModuleNetwork

    def __init__(  # noqa: PLR0913 scikit-learn's signature
        self,
        module: Any = None,
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
        dtype: str = "float32",
        device: str = "cpu",
        checkpoint: Any = None,
        random_state: Any = 0,
    ) -> None:
        self.module = module
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
        self.dtype = dtype
        self.device = device
        self.checkpoint = checkpoint
        self.random_state = random_state

    @property
    def _precision(self) -> str:
        return str(self.dtype)

    def _check_settings(self) -> None:
        require("torch", "neural")
        Settings(self.get_params(deep=False) | _FIXED).check()

    def _members(self, n_features: int, n_outputs: int, loss: Loss, fit: Rows, stops: bool) -> list[Member]:
        shape = ModuleShape(self.module, n_features, n_outputs, self.loss, self._classifies)
        shape.checked()
        settings = Settings(self.get_params(deep=False) | _FIXED)
        return settings.of_shapes([shape] * int(self.n_members), loss, len(fit), stops=stops)

    def _engine(self, fit: Rows, held: Rows | None) -> Engine:
        from fivesigma.models.neural.stacked import Stacked

        return Stacked(fit, held, self.device, ModuleBody)

    def _network(self, member: Member, theta: Array) -> ModuleNetwork:
        assert isinstance(member.layers, ModuleShape)
        return ModuleNetwork(member.layers.made(member.seed).double().eval(), theta)


def _own(loss: Any) -> Loss:
    """Return the `Loss` of one that the user brings."""
    if not callable(loss):
        raise InputError(f"loss is {loss!r}; expected a name, or a function of outputs and targets.")
    return Loss("own", OWN)


class ModuleRegressor(EnsembleRegressor, _Module):
    """An ensemble of any module for numbers, one target or several learnt together.

    Inputs and targets are standardised on the rows fitted to; the members are trained at once by ``torch.func``. A
    fitted one cannot be kept by `fivesigma`: a module is code, and code is not saved without pickle.

    Parameters
    ----------
    module : torch.nn.Module, or a function of (n_features, n_outputs) that returns one
        It maps (n, n_features) to (n, n_outputs). Of a module each member begins with the parameters that it has, and
        they differ by their batches; a function is called anew for each. None is one hidden layer of 50.
    loss : {"mse", "mae", "huber", "quantile", "gaussian", "mixture"}, or a function
        One of the names of `MLPRegressor`, or a function or module of outputs (n, n_outputs) and targets (n, t) that
        returns a number for each row, such as ``torch.nn.SmoothL1Loss(reduction="none")``.
    setting, optimiser, learning_rate, momentum, nesterov, weight_decay, clip, schedule, batch_size, epochs,
    early_stopping, patience, validation, n_members, dtype, device, checkpoint, random_state :
        See `MLPRegressor`.

    Attributes
    ----------
    history_, epoch_, failed_ : see `MLPRegressor`

    Raises
    ------
    InputError
        For a module or a loss of other shapes, a setting that cannot be, or a batch larger than the data.
    FitError
        Where the loss of every member diverges.
    MissingExtraError
        Without PyTorch.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> x = np.linspace(-1, 1, 200)[:, None]
    >>> module = torch.nn.Sequential(torch.nn.Linear(1, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
    >>> model = ModuleRegressor(module, learning_rate=0.02, n_members=2, epochs=60).fit(x, x[:, 0] ** 2)
    >>> model.predict_members([[0.5]]).shape
    (2, 1)
    """

    def _loss(self) -> Loss:
        return super()._loss() if (self.loss is None or isinstance(self.loss, str)) else _own(self.loss)


class ModuleClassifier(EnsembleClassifier, _Module):
    """An ensemble of any module for two or more classes; the mean of the members' probabilities is the answer.

    As `ModuleRegressor` but for the loss. For a named loss a module has one output of two classes, else as many as
    there are classes; for a loss of the user's as many as there are classes, always.

    Parameters
    ----------
    module : see `ModuleRegressor`
    loss : {"cross-entropy", "balanced", "hinge"}, or a function
        Of outputs (n, n_classes) and codes of classes (n,) that returns a number for each row, such as
        ``torch.nn.CrossEntropyLoss(reduction="none", label_smoothing=0.1)``.
    setting, optimiser, learning_rate, momentum, nesterov, weight_decay, clip, schedule, batch_size, epochs,
    early_stopping, patience, validation, n_members, dtype, device, checkpoint, random_state :
        See `MLPRegressor`; ``setting`` is not used.

    Attributes
    ----------
    classes_ : (K,) sorted labels
    history_, epoch_, failed_ : see `MLPRegressor`

    Raises
    ------
    InputError, FitError, MissingExtraError
        See `ModuleRegressor`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(400, 2))
    >>> model = ModuleClassifier(n_members=2, epochs=20).fit(X, X[:, 0] > 0)
    >>> model.predict_proba(X[:5]).shape
    (5, 2)
    """

    def _loss(self) -> Loss:
        return super()._loss() if (self.loss is None or isinstance(self.loss, str)) else _own(self.loss)

    def _n_scores(self) -> int:
        return (
            super()._n_scores() if (self.loss is None or isinstance(self.loss, str)) else len(self.classes_)
        )
