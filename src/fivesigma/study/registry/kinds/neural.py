"""Networks: the table of their kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fivesigma._core.errors import InputError, require
from fivesigma.models.spaces import Choice, Range
from fivesigma.study.registry.kind import ModelKind, Parameter, Request
from fivesigma.study.registry.kinds.parameters import BOTH, INF, choice, whole

_MOST_STAGES, _MOST_CHANNELS = 16, 4096


@dataclass(frozen=True)
class Widths:
    """What ``hidden`` may be: widths of the layers, or a list of such for each member.

    >>> Widths().contains([50]), Widths().contains([[8], [16, 16]]), Widths().contains([0])
    (True, True, False)
    """

    def contains(self, value: Any) -> bool:
        """Whether ``value`` is a list of widths, or of lists of them."""
        if not isinstance(value, list | tuple):
            return False
        if any(isinstance(each, list | tuple) for each in value):
            return all(isinstance(each, list | tuple) and _are_widths(each) for each in value)
        return _are_widths(value)

    def __str__(self) -> str:
        return (
            "the widths of the hidden layers, such as [50] or [] for none, or a list of these for each member"
        )


def _are_widths(value: Sequence[Any]) -> bool:
    return all(isinstance(each, int) and not isinstance(each, bool) and 1 <= each <= 10**5 for each in value)


@dataclass(frozen=True)
class Stages:
    """Channels of each stage of convolutions.

    >>> Stages().contains([8, 16]), Stages().contains([]), Stages().contains(8)
    (True, False, False)
    """

    def contains(self, value: Any) -> bool:
        """Whether ``value`` is a list of one or more numbers of channels."""
        return (
            isinstance(value, list | tuple)
            and 0 < len(value) <= _MOST_STAGES
            and _are_widths(value)
            and max(value) <= _MOST_CHANNELS
        )

    def __str__(self) -> str:
        return f"the channels of from 1 to {_MOST_STAGES} stages, such as [8, 16, 32]"


@dataclass(frozen=True)
class PerMember:
    """A number, or a list of one for each member."""

    one: Range

    def contains(self, value: Any) -> bool:
        """Whether ``value`` is such a number, or such a list."""
        if isinstance(value, list | tuple):
            return bool(value) and all(self.one.contains(each) for each in value)
        return self.one.contains(value)

    def __str__(self) -> str:
        return f"{self.one}, or a list of one for each member"


@dataclass(frozen=True)
class Batch:
    """Events of a batch: a number of them, "auto" or "full"."""

    def contains(self, value: Any) -> bool:
        """Whether ``value`` is one of these."""
        return value in ("auto", "full") or Range(1, 10**9, integer=True).contains(value)

    def __str__(self) -> str:
        return "a whole number from 1 on, 'auto' or 'full'"


@dataclass(frozen=True)
class Epochs:
    """A number of epochs, or "auto"."""

    def contains(self, value: Any) -> bool:
        """Whether ``value`` is one of these."""
        return value == "auto" or Range(1, 10**7, integer=True).contains(value)

    def __str__(self) -> str:
        return "a whole number from 1 on, or 'auto'"


def _mlp(ask: Request) -> Any:
    from fivesigma.models.neural import MLPClassifier, MLPRegressor

    made = MLPClassifier if ask.classifies else MLPRegressor
    settings = dict(ask.params)
    wanted = settings.pop("temperature")
    return _tempered(made(**settings, n_jobs=1, random_state=ask.seed), ask, wanted=wanted)


def _tempered(model: Any, ask: Request, *, wanted: bool) -> Any:
    """Return the model, its probabilities divided by a temperature where that is ``wanted``."""
    if not wanted:
        return model
    from fivesigma.models.tempered import Tempered

    return Tempered(model, random_state=ask.dealt)


def _network(ask: Request) -> Any:
    require("torch", "neural")
    from fivesigma.models.neural.network import NetworkClassifier, NetworkRegressor

    made = NetworkClassifier if ask.classifies else NetworkRegressor
    settings = dict(ask.params)
    wanted = settings.pop("temperature")
    return _tempered(made(**settings, random_state=ask.seed), ask, wanted=wanted)


def _cnn(ask: Request) -> Any:
    require("torch", "neural")
    from fivesigma.models.neural.cnn import CNNClassifier, CNNRegressor

    made = CNNClassifier if ask.classifies else CNNRegressor
    settings = dict(ask.params)
    wanted, how = settings.pop("temperature"), settings.pop("symmetry")
    symmetries = () if how == "ignore" else ask.symmetries
    model = made(**settings, symmetries=symmetries, pooled=how == "pool", random_state=ask.seed)
    return _tempered(model, ask, wanted=wanted)


def _set(ask: Request) -> Any:
    require("torch", "neural")
    from fivesigma.models.neural.sets import SetClassifier, SetRegressor

    made = SetClassifier if ask.classifies else SetRegressor
    settings, where = dict(ask.params), ask.members
    wanted = settings.pop("temperature")
    model = made(
        **settings,
        members=where.columns,
        momentum=where.momentum,
        cartesian=where.cartesian,
        random_state=ask.seed,
    )
    return _tempered(model, ask, wanted=wanted)


def _attentive_together(params: Mapping[str, Any]) -> None:
    """Raise `InputError` where the heads of `set` cannot share its width."""
    if params["width"] % params["n_heads"]:
        raise InputError(
            f"set: width is {params['width']}; expected a multiple of the {params['n_heads']} heads that share it."
        )


def _convolved_together(params: Mapping[str, Any]) -> None:
    """Raise `InputError` where a kernel of `cnn` has no centre."""
    from fivesigma.models.neural.cnn import refuse_odd_network

    try:
        refuse_odd_network(params)
    except InputError as error:
        raise InputError(f"cnn: {error}") from None


def _together(params: Mapping[str, Any]) -> None:
    """Raise `InputError` where settings of `mlp` contradict each other."""
    from fivesigma.models.neural.losses import REGRESSION, regression_loss
    from fivesigma.models.neural.settings import Settings

    try:
        Settings(params).check()
        if params["loss"] in REGRESSION:
            regression_loss(params["loss"], params["setting"])
    except InputError as error:
        raise InputError(f"mlp: {error}") from None


_OF_CLASSES = (None, "cross-entropy", "balanced", "hinge")
_OF_VALUES = (None, "mse", "mae", "huber", "quantile", "gaussian", "mixture")
_LOSS = Parameter(
    None,
    Choice((*_OF_CLASSES, *_OF_VALUES[1:])),
    of_task={"classification": Choice(_OF_CLASSES), "regression": Choice(_OF_VALUES)},
)
_TEMPERATURE = Parameter(False, Choice((False, True)), of_task={"regression": Choice((False,))})


def _trained(
    *, n_members: int, rate: float, highest: float, clip: float, patience: int
) -> dict[str, Parameter]:
    """Return the settings of a training in PyTorch; a search looks at learning rates up to the ``highest``."""
    return {
        "n_members": whole(n_members, 1, 1024),
        "learning_rate": Parameter(rate, Range(1e-12, 1e3), Range(3e-4, highest, log=True)),
        "weight_decay": Parameter(0.001, Range(0.0, 1e6), Range(1e-5, 1.0, log=True)),
        "clip": Parameter(clip, Range(0.0, INF)),
        "schedule": choice("cosine", "cosine", "constant", "step"),
        "batch_size": Parameter("auto", Batch()),
        "epochs": Parameter("auto", Epochs()),
        "early_stopping": choice(True, True, False),
        "patience": whole(patience, 1, 10**7),
        "validation": Parameter(None, Range(0.0, 0.5, also=(None,))),
        "device": choice("cpu", "cpu", "cuda"),
        "temperature": _TEMPERATURE,
    }


NETWORKS: tuple[ModelKind, ...] = (
    ModelKind(
        "mlp",
        "smooth dependences of many columns at once; an ensemble, so that the spread of trainings is seen",
        BOTH,
        _mlp,
        lambda n, p, K: 0.05 + 3e-6 * n * (p + 4 + K),
        {
            "hidden": Parameter((50,), Widths()),
            "activation": choice("relu", "relu", "tanh", "sigmoid", "silu", "gelu", "softplus", search=True),
            "loss": _LOSS,
            "setting": Parameter(None, Range(0.0, INF, also=(None,))),
            "optimiser": choice("adam", "adam", "adamw", "sgd", "rprop", "adagrad"),
            "learning_rate": Parameter(0.003, PerMember(Range(1e-12, 1e3)), Range(3e-4, 0.03, log=True)),
            "momentum": Parameter(0.9, Range(0.0, 1.0)),
            "nesterov": choice(False, False, True),
            "weight_decay": Parameter(0.0, PerMember(Range(0.0, 1e6)), Range(1e-6, 0.1, log=True)),
            "clip": Parameter(0.0, Range(0.0, INF)),
            "schedule": choice("constant", "constant", "cosine", "step"),
            "batch_size": Parameter("auto", Batch()),
            "epochs": whole(200, 1, 10**7),
            "early_stopping": choice(True, True, False),
            "patience": whole(20, 1, 10**7),
            "validation": Parameter(None, Range(0.0, 0.5, also=(None,))),
            "n_members": whole(5, 1, 10**4),
            "engine": choice("fused", "fused", "torch"),
            "dtype": choice("float32", "float32", "float64"),
            "device": choice("cpu", "cpu", "cuda"),
            "temperature": _TEMPERATURE,
        },
        stochastic=True,
        several=True,
        stops=True,
        lineup=False,
        together=_together,
    ),
    ModelKind(
        "network",
        "as boosting, where dependences are smooth: a network that needs no tuning, of PyTorch (extra [neural])",
        BOTH,
        _network,
        lambda n, p, K: 1.0 + 1.2e-3 * n * (1.0 + p / 80),
        {
            "loss": _LOSS,
            "setting": Parameter(None, Range(0.0, INF, also=(None,))),
            "width": whole(128, 1, 4096, (32, 512), log=True),
            "n_blocks": whole(3, 1, 64, (1, 5)),
            **_trained(n_members=8, rate=0.002, highest=0.01, clip=0.0, patience=40),
        },
        stochastic=True,
        several=True,
        stops=True,
        needs=("torch", "neural"),
        lineup=False,
    ),
    ModelKind(
        "cnn",
        "images, fields and sequences: what is local and may lie anywhere; of PyTorch (extra [neural])",
        BOTH,
        _cnn,
        lambda n, p, K: 1.0 + (20.0 + n * max(12.0, min(100.0, 25600.0 / n))) * (3e-5 + 3e-7 * p),
        {
            "loss": _LOSS,
            "setting": Parameter(None, Range(0.0, INF, also=(None,))),
            "channels": Parameter((8, 16, 32), Stages()),
            "kernel": whole(3, 1, 63),
            "n_blocks": whole(1, 0, 64, (0, 2)),
            "pool": whole(2, 1, 64),
            "strided": choice(False, False, True),
            "padding": choice("zeros", "zeros", "periodic"),
            "hidden": whole(32, 0, 2**16),
            "symmetry": choice("augment", "augment", "pool", "ignore"),
            **_trained(n_members=1, rate=0.003, highest=0.02, clip=1.0, patience=20),
        },
        stochastic=True,
        several=True,
        stops=True,
        needs=("torch", "neural"),
        lineup=False,
        data=("image", "sequence"),
        together=_convolved_together,
    ),
    ModelKind(
        "set",
        "sets of members in any order and number, such as jets: pairs by their momenta; of PyTorch (extra [neural])",
        BOTH,
        _set,
        lambda n, p, K: 1.0 + (20.0 + n * max(12.0, min(100.0, 25600.0 / n))) * (4e-5 + 3e-6 * p),
        {
            "loss": _LOSS,
            "setting": Parameter(None, Range(0.0, INF, also=(None,))),
            "width": whole(32, 1, 4096),
            "n_layers": whole(2, 0, 64, (1, 4)),
            "n_heads": whole(4, 1, 64),
            **_trained(n_members=1, rate=0.003, highest=0.02, clip=1.0, patience=20),
        },
        stochastic=True,
        several=True,
        stops=True,
        native_nan=True,
        needs=("torch", "neural"),
        lineup=False,
        data=("set", "table"),
        members=True,
        together=_attentive_together,
    ),
)
