"""Any module of PyTorch as the members of a stack: its parameters in one array, its slopes by ``torch.func``."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from fivesigma._core.errors import InputError, require
from fivesigma._core.random import random_state
from fivesigma.models.neural.member import Array, Member
from fivesigma.models.neural.tensorlosses import function_of

OWN = -1
"""Code of a loss that the user brings."""

Factory = Callable[[int, int], Any]


@dataclass(frozen=True, eq=False)
class ModuleShape:
    """What a user gave for a module, and how it is made for p columns and o outputs.

    Attributes
    ----------
    given : a module, whose parameters each member begins with; or a function of (p, o) that makes one, called anew
        for each member; None is one hidden layer of 50
    loss : a name, or what the user gave
    classifies : whether the targets are codes of classes
    """

    given: Any
    n_features: int
    n_outputs: int
    loss: Any = None
    classifies: bool = False

    def made(self, seed: int = 0) -> Any:
        """Return the module, drawn with ``seed``; torch's own generator is as it was afterwards."""
        torch = require("torch", "neural")
        if isinstance(self.given, torch.nn.Module):
            return copy.deepcopy(self.given)
        make = _perceptron if self.given is None else self.given
        with seeded(seed):
            found = make(self.n_features, self.n_outputs) if callable(make) else None
        if not isinstance(found, torch.nn.Module):
            raise InputError(
                f"module is {self.given!r}; expected a torch.nn.Module, or a function of the numbers of columns and "
                "outputs that returns one."
            )
        return found

    def checked(self) -> Any:
        """Return the module, or raise `InputError` for one that cannot be trained here."""
        import torch

        module = self.made().float().cpu()
        if not any(True for _ in module.parameters()):
            raise InputError(
                f"{type(module).__name__} has no parameters; expected a module with some to learn."
            )
        for each in module.modules():
            if getattr(each, "track_running_stats", False):
                raise InputError(
                    f"module holds {type(each).__name__}, whose running averages no optimiser steps; expected "
                    "LayerNorm or GroupNorm, or track_running_stats=False."
                )
        rows = torch.zeros(2, self.n_features)
        try:
            with torch.no_grad():
                shape = tuple(module.eval()(rows).shape)
        except Exception as error:
            said = (str(error) or type(error).__name__).splitlines()[0]
            raise InputError(
                f"module fails for rows of {self.n_features} columns ({said}); expected one that takes (n, "
                "n_features)."
            ) from error
        if shape != (2, self.n_outputs):
            raise InputError(
                f"module gives shape {shape} for 2 rows; expected {(2, self.n_outputs)}, one number for each output."
            )
        return module

    @property
    def n_parameters(self) -> int:
        """How many numbers there are to learn."""
        return sum(each.numel() for each in self.made().parameters())

    def drawn(self, seed: int) -> Array:
        """Return parameters (P,) to begin with."""
        parts = [each.detach().cpu().double().reshape(-1).numpy() for each in self.made(seed).parameters()]
        return np.concatenate(parts)

    def __repr__(self) -> str:
        """The module and its numbers, the same in every process: a checkpoint knows it again."""
        digest = hashlib.sha256(self.drawn(0).tobytes()).hexdigest()
        loss = getattr(self.loss, "__qualname__", None) or repr(self.loss)
        return f"ModuleShape({self.made()!r}, {loss}, {digest})"


def _perceptron(n_features: int, n_outputs: int) -> Any:
    import torch

    nn = torch.nn
    return nn.Sequential(nn.Linear(n_features, 50), nn.ReLU(), nn.Linear(50, n_outputs))


class ModuleBody:
    """The `Body` of modules: one function of parameters and rows, differentiated and mapped over the members."""

    def __init__(self, members: Sequence[Member], theta: Any) -> None:
        import torch

        shape = members[0].layers
        assert isinstance(shape, ModuleShape)
        self.module = shape.made().to(device=theta.device, dtype=theta.dtype)
        self.seed, self.code, self.classifies = members[0].seed, members[0].loss.code, shape.classifies
        self.loss = shape.loss if self.code == OWN else function_of(members[0].loss)
        self.named = {name: each.shape for name, each in self.module.named_parameters()}
        self.parameters = self._views(theta)
        self.widest = max(each.numel() for each in self.module.parameters())
        self._sloped = torch.func.vmap(
            torch.func.grad_and_value(self._mean_loss, has_aux=True), randomness="different"
        )
        self._valued = torch.func.vmap(self._weighted)

    def losses(self, X: Any, T: Any, w: Any) -> Any:
        """Return Σ w loss (M,); see `Body`."""
        self.module.eval()
        return self._valued(self.parameters, X, T, w)

    def slopes(self, X: Any, T: Any, w: Any, slope: Any) -> Any:
        """Return Σ w loss (M,) and set ``slope``; see `Body`."""
        self.module.train()
        found, (_, total) = self._sloped(self.parameters, X, T, w)
        for name, to in self._views(slope).items():
            to.copy_(found[name])
        return total

    def epoch(self, number: int) -> AbstractContextManager[None]:
        """Draw what a module leaves to chance by the seed and the epoch alone; see `Body`."""
        return seeded(random_state(self.seed, "chance", number))

    def _mean_loss(self, parameters: Any, X: Any, T: Any, w: Any) -> tuple[Any, Any]:
        total = self._weighted(parameters, X, T, w)
        return total / len(X), total

    def _weighted(self, parameters: Any, X: Any, T: Any, w: Any) -> Any:
        from torch.func import functional_call

        each = self.loss(functional_call(self.module, parameters, (X,)), self._truth(T))
        if each.ndim == 0 or len(each) != len(w):
            raise InputError(
                f"loss gives shape {tuple(each.shape)} for {len(w)} rows; expected one number a row: of a loss of "
                "PyTorch set reduction='none'."
            )
        return (each.reshape(len(w), -1).mean(1) * w).sum()

    def _truth(self, T: Any) -> Any:
        """Return targets (B, t); of classes, codes (B,) where the loss is the user's, as those of PyTorch take them."""
        return T[:, 0].long() if self.code == OWN and self.classifies else T

    def _views(self, theta: Any) -> dict[str, Any]:
        found, place = {}, 0
        for name, shape in self.named.items():
            found[name] = theta[:, place : place + shape.numel()].reshape(len(theta), *shape)
            place += shape.numel()
        return found


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let torch draw on the processor from ``seed``; afterwards its generator is as it was."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


@dataclass(frozen=True, eq=False)
class ModuleNetwork:
    """A trained module and its parameters (P,); it answers in float64, so that a row has one answer in any company."""

    module: Any
    theta: Array

    def outputs(self, X: Array) -> Array:
        """Return the outputs (n, k) for standardised rows X (n, p)."""
        import torch

        theta, place, parameters = torch.from_numpy(self.theta).double(), 0, {}
        for name, each in self.module.named_parameters():
            parameters[name] = theta[place : place + each.numel()].reshape(each.shape)
            place += each.numel()
        with torch.no_grad():
            found = torch.func.functional_call(self.module, parameters, (torch.from_numpy(X).double(),))
        return np.asarray(found.numpy())
