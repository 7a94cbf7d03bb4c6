"""What a user may set of a perceptron, checked, and the members that the settings describe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from fivesigma._core.errors import InputError, one_of
from fivesigma._core.executor import available_cores
from fivesigma._core.random import random_state
from fivesigma.models.neural.losses import Loss
from fivesigma.models.neural.member import NEVER, Layers, Member, Optimiser, Shape

ACTIVATIONS = ("relu", "tanh", "sigmoid", "silu", "gelu", "softplus")
OPTIMISERS = ("sgd", "rprop", "adagrad", "adam", "adamw")
SCHEDULES = ("constant", "cosine", "step")
ENGINES = ("fused", "torch")
PRECISIONS = ("float32", "float64")
DEVICES = ("cpu", "cuda")
FULL, AUTO = "full", "auto"
HELD_OUT = 0.1
"""Share of the rows that decides when to stop, where nothing else is said."""

_WORDS = {
    "activation": ACTIVATIONS,
    "optimiser": OPTIMISERS,
    "schedule": SCHEDULES,
    "engine": ENGINES,
    "dtype": PRECISIONS,
    "device": DEVICES,
}
_WHOLE = {"epochs": 10**7, "n_members": 10**4, "patience": 10**7}
_WIDEST, _MOST_LAYERS = 10**5, 100


@dataclass(frozen=True)
class Settings:
    """The settings of a perceptron, as the user gave them: `members` checks them."""

    given: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.given[name]
        except KeyError:
            raise AttributeError(name) from None

    def check(self) -> None:
        """Raise `InputError` for the first setting that cannot be."""
        for name, words in _WORDS.items():
            one_of(str(self.given[name]), words, name)
        for name, most in _WHOLE.items():
            whole(name, self.given[name], most)
        for name, low, high in (("momentum", 0.0, 1.0), ("clip", 0.0, np.inf)):
            number(name, self.given[name], low, high)
        if self.batch_size not in (FULL, AUTO):
            whole("batch_size", self.batch_size, 10**9)
        self.check_members()
        if self.device != "cpu" and self.engine != "torch":
            raise InputError(
                f"device = {self.device!r} goes with engine = 'torch'; got engine = {self.engine!r}."
            )
        if self.nesterov and (self.optimiser != "sgd" or not self.momentum > 0):
            raise InputError(
                f"nesterov = True goes with optimiser = 'sgd' and a momentum above 0; got {self.optimiser!r} and "
                f"{self.momentum!r}."
            )

    def check_members(self) -> None:
        """Raise `InputError` for a list that has not one entry a member."""
        _each_hidden(self.given.get("hidden", ()), self.n_members)
        self._rates(), self._decays()

    def _rates(self) -> list[float]:
        return _each("learning_rate", self.learning_rate, self.n_members, 1e-12, 1e3)

    def _decays(self) -> list[float]:
        return _each("weight_decay", self.weight_decay, self.n_members, 0.0, 1e6)

    def members(
        self, n_features: int, n_outputs: int, loss: Loss, n_rows: int, *, stops: bool
    ) -> list[Member]:
        """Return the members of the ensemble; ``stops`` says whether held-out rows may end a training."""
        hidden = _each_hidden(self.hidden, self.n_members)
        return self.of_shapes(
            [Layers((n_features, *each, n_outputs)) for each in hidden], loss, n_rows, stops=stops
        )

    def of_shapes(self, shapes: Sequence[Shape], loss: Loss, n_rows: int, *, stops: bool) -> list[Member]:
        """Return members of these shapes."""
        rates, decays = self._rates(), self._decays()
        batch, patience = self.batch(n_rows), int(self.patience) if stops else NEVER
        return [
            Member(
                layers=shape,
                activation=self.activation,
                loss=loss,
                optimiser=Optimiser(
                    self.optimiser, rates[m], float(self.momentum), bool(self.nesterov), decays[m],
                    float(self.clip), self.schedule,
                ),
                batch_size=batch,
                epochs=int(self.epochs),
                patience=patience,
                seed=random_state(seed_of(self.random_state), "member", m),
            )
            for m, shape in enumerate(shapes)
        ]  # fmt: skip

    def batch(self, n_rows: int) -> int:
        """Return the events of a batch; `InputError` where more are asked for than there are."""
        if self.batch_size == FULL:
            return n_rows
        if self.batch_size == AUTO:
            return min(n_rows, max(32, min(512, n_rows // 32)))
        if self.batch_size > n_rows:
            raise InputError(
                f"batch_size is {self.batch_size}, but {n_rows} different rows are fitted to; expected at most that "
                "many, 'full' or 'auto'."
            )
        return int(self.batch_size)

    def threads(self) -> int:
        """Return how many members are trained at a time."""
        if self.n_jobs is None or self.n_jobs == -1:
            return max(1, min(available_cores(), int(self.n_members)))
        whole("n_jobs", self.n_jobs, 1024)
        return int(self.n_jobs)


def seed_of(value: Any) -> int:
    """Return the seed that ``random_state`` stands for."""
    if isinstance(value, np.random.RandomState):
        return int(value.randint(2**31))
    if value is None:
        return int(np.random.default_rng().integers(2**31))
    return whole("random_state", value, 2**32 - 1, low=0)


def whole(name: str, value: Any, most: int, low: int = 1) -> int:
    """Return a setting that is a whole number from ``low`` to ``most``, or raise `InputError`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not low <= int(value) <= most:
        raise InputError(f"{name} is {value!r}; expected a whole number from {low} to {most}.")
    return int(value)


def number(name: str, value: Any, low: float, high: float) -> float:
    """Return a setting that is a number from ``low`` to ``high``, or raise `InputError`."""
    if isinstance(value, bool) or not isinstance(value, Real) or not low <= float(value) <= high:
        raise InputError(f"{name} is {value!r}; expected a number from {low:g} to {high:g}.")
    return float(value)


def _each(name: str, value: Any, n_members: int, low: float, high: float) -> list[float]:
    """Return a number for each member: one for all, or a list of as many."""
    if not isinstance(value, Sequence | np.ndarray):
        return [number(name, value, low, high)] * n_members
    if len(value) != n_members:
        raise InputError(
            f"{name} has {len(value)} entries for {n_members} members; expected one number, or one each."
        )
    return [number(name, each, low, high) for each in value]


def _each_hidden(value: Any, n_members: int) -> list[tuple[int, ...]]:
    """Return the widths of the hidden layers of each member: ``(50, 20)`` for all, or a list of such.

    >>> _each_hidden([[8], [16]], 2), _each_hidden((), 1)
    ([(8,), (16,)], [()])
    """
    if isinstance(value, Integral) or not isinstance(value, Sequence | np.ndarray):
        raise InputError(
            f"hidden is {value!r}; expected the widths of the hidden layers, as (50,) or () for none."
        )
    if not any(isinstance(each, Sequence | np.ndarray) for each in value):
        return [_widths(value)] * n_members
    if len(value) != n_members:
        raise InputError(
            f"hidden has {len(value)} entries for {n_members} members; expected one list, or one each."
        )
    return [_widths(each) for each in value]


def _widths(value: Any) -> tuple[int, ...]:
    if not isinstance(value, Sequence | np.ndarray) or len(value) > _MOST_LAYERS:
        raise InputError(f"hidden holds {value!r}; expected a list of at most {_MOST_LAYERS} widths.")
    return tuple(whole("a width of hidden", each, _WIDEST) for each in value)
