"""The shape of the network for tables: what each column says is spread out, and k members share most of their weights.

Columns go through waves of learnt lengths (Gorishniy, Rubachev & Babenko 2022, arXiv:2203.05556), each beside the
column itself, as in Holzmüller, Grinsztajn & Steinwart (2024, arXiv:2407.04491). The members are those of Gorishniy,
Kotelnikov & Babenko (2024, arXiv:2410.24210): layer l of member m is σ(s_lm ∘ ((r_lm ∘ x) W_l) + b_lm), with one W_l
for all, and the vectors r, s, b of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from fivesigma._core.random import generator
from fivesigma._core.saved_state import SavedState
from fivesigma.models.neural import lossfunctions as codes
from fivesigma.models.neural.member import Array, Member
from fivesigma.models.neural.tensorlosses import function_of

WAVES, SPREAD = 16, 4
"""Waves of a column, and the numbers that come of it: itself, and sums of its waves."""

_REACH = 3.0  # standard deviations from which on what lies far out is drawn in
_FREQUENCY = 0.1  # standard deviation of the first frequencies, in turns per standard deviation of a column
_LIKELIHOODS = (codes.BINARY, codes.SOFTMAX, codes.GAUSSIAN, codes.MIXTURE)
_WIDEST, _DEEPEST, _MOST = 4096, 64, 1024
_ROWS = 256


@dataclass(frozen=True)
class Tabular:
    """The sizes of the network: columns p, outputs o, ``width`` h of its ``n_blocks`` layers, k members.

    >>> Tabular(5, 1, width=8, n_blocks=2, n_members=3).n_parameters
    846
    """

    n_features: int
    n_outputs: int
    width: int = 128
    n_blocks: int = 3
    n_members: int = 8

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The name and the shape of each part of the parameters, in their order."""
        p, k, h, e = self.n_features, self.n_members, self.width, SPREAD * self.n_features
        found: dict[str, tuple[int, ...]] = {
            "frequency": (p, WAVES),
            "phase": (p, WAVES),
            "mix": (p, WAVES, SPREAD - 1),
            "offset": (p, SPREAD - 1),
        }
        for block in range(self.n_blocks):
            n_in = e if block == 0 else h
            found |= {
                f"r{block}": (k, n_in),
                f"W{block}": (n_in, h),
                f"s{block}": (k, h),
                f"b{block}": (k, h),
            }
        return found | {"out": (k, h, self.n_outputs), "bias": (k, self.n_outputs)}

    @property
    def n_parameters(self) -> int:
        """How many numbers there are to learn."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    @property
    def widest(self) -> int:
        """The most numbers that stand for a row on its way."""
        return self.n_members * max(self.width, SPREAD * self.n_features)

    def parts(self, theta: Any) -> dict[str, Any]:
        """Return the parts as views of ``theta`` (P,), an array or a tensor."""
        found, place = {}, 0
        for name, shape in self.shapes.items():
            found[name] = theta[place : place + math.prod(shape)].reshape(shape)
            place += math.prod(shape)
        return found

    def drawn(self, seed: int) -> Array:
        """Return parameters (P,) to begin with: weights uniform within ±1/√n_in; the r of the first layer are ±1."""
        rng, theta = generator(seed, "network"), np.empty(self.n_parameters)
        parts = self.parts(theta)
        parts["frequency"][:] = rng.normal(0.0, _FREQUENCY, parts["frequency"].shape)
        parts["phase"][:] = rng.uniform(-np.pi, np.pi, parts["phase"].shape)
        for name in ("mix", "offset"):
            parts[name][:] = rng.uniform(-1.0, 1.0, parts[name].shape) / math.sqrt(WAVES)
        for block in range(self.n_blocks):
            scale = 1.0 / math.sqrt(len(parts[f"W{block}"]))
            parts[f"r{block}"][:] = rng.choice([-1.0, 1.0], parts[f"r{block}"].shape) if block == 0 else 1.0
            parts[f"W{block}"][:] = rng.uniform(-scale, scale, parts[f"W{block}"].shape)
            parts[f"s{block}"][:] = 1.0
            parts[f"b{block}"][:] = rng.uniform(-scale, scale, self.width)
        for name in ("out", "bias"):
            parts[name][:] = rng.uniform(-1.0, 1.0, parts[name].shape) / math.sqrt(self.width)
        return theta

    def outputs(self, parts: dict[str, Any], X: Any, xp: ModuleType, silu: Any) -> Any:
        """Return the outputs (n, k, o) for standardised rows X (n, p); ``xp`` is numpy or torch."""
        n, k = len(X), self.n_members
        X = (X / xp.sqrt(1.0 + (X / _REACH) ** 2))[:, :, None]
        waves = xp.cos(2.0 * math.pi * X * parts["frequency"] + parts["phase"])
        sums = xp.einsum("npf,pfd->npd", waves, parts["mix"]) + parts["offset"]
        x = xp.concatenate([X, sums], axis=-1).reshape(n, 1, -1)
        for block in range(self.n_blocks):
            r, W, s, b = (parts[f"{name}{block}"] for name in "rWsb")
            x = silu(((x * r).reshape(n * k, -1) @ W).reshape(n, k, -1) * s + b)
        return xp.einsum("nkh,kho->nko", x, parts["out"]) + parts["bias"]

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.count("n_features", 1, 2**20)
        state.count("n_outputs", 1, 2**20)
        state.count("width", 1, _WIDEST)
        state.count("n_blocks", 1, _DEEPEST)
        state.count("n_members", 1, _MOST)


class TabularBody:
    """The `Body` of one network for tables, trained so that the mean loss of its members falls.

    What is held out is judged by what the members say together: the mean of their likelihoods, or else of their
    outputs.
    """

    def __init__(self, members: Sequence[Member], theta: Any) -> None:
        (member,) = members
        assert isinstance(member.layers, Tabular)
        self.shape, self.code, self.loss = member.layers, member.loss.code, function_of(member.loss)
        self.widest = self.shape.widest
        self.parts = {
            name: part.detach().requires_grad_() for name, part in self.shape.parts(theta[0]).items()
        }

    def losses(self, X: Any, T: Any, w: Any) -> Any:
        """Return Σ w loss (1,); see `Body`."""
        outputs = self._outputs(X[0])
        if self.code in _LIKELIHOODS:
            log = (-self._each(outputs, T[0])).logsumexp(1) - math.log(self.shape.n_members)
            return -(log * w).sum(-1)
        return (self.loss(outputs.mean(1), T[0]) * w).sum(-1)

    def slopes(self, X: Any, T: Any, w: Any, slope: Any) -> Any:
        """Return Σ w loss (1,) and set ``slope``; see `Body`."""
        import torch

        with torch.enable_grad():
            total = (self._each(self._outputs(X[0]), T[0]).mean(1) * w).sum(-1)
            found = torch.autograd.grad(
                total, list(self.parts.values()), torch.full_like(total, 1.0 / len(X[0]))
            )
        for to, part in zip(self.shape.parts(slope[0]).values(), found, strict=True):
            to.copy_(part)
        return total.detach()

    def epoch(self, number: int) -> AbstractContextManager[None]:
        """Nothing is left to chance; see `Body`."""
        return nullcontext()

    def _outputs(self, X: Any) -> Any:
        import torch

        return self.shape.outputs(self.parts, X, torch, torch.nn.functional.silu)

    def _each(self, outputs: Any, T: Any) -> Any:
        """Return the losses (B, k) of the members."""
        return self.loss(outputs, T[:, None].expand(-1, self.shape.n_members, -1))


@dataclass(frozen=True, eq=False)
class TabularNetwork:
    """A trained network: its shape and its parameters (P,).

    What it says is calculated without PyTorch, and in float64, so that a row has one answer in any company.
    """

    shape: Tabular
    theta: Array

    @property
    def n_in(self) -> int:
        """The number of columns."""
        return self.shape.n_features

    @property
    def n_out(self) -> int:
        """The number of outputs."""
        return self.shape.n_outputs

    def outputs(self, X: Array) -> Array:
        """Return the outputs (k, n, o) of the members for standardised rows X (n, p)."""
        parts, X = self.shape.parts(self.theta.astype(np.float64)), X.astype(np.float64)
        with np.errstate(over="ignore"):
            found = [
                self.shape.outputs(parts, X[start : start + _ROWS], np, _silu)
                for start in range(0, len(X), _ROWS)
            ]
        return np.concatenate(found).transpose(1, 0, 2)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        shape = state.part("shape", Tabular)
        state.floats("theta", (shape.n_parameters,), dtype=np.float32)


def _silu(x: Array) -> Array:
    return np.asarray(x / (1.0 + np.exp(-x)))
