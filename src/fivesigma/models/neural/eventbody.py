"""Networks of events that are no rows of a table, in PyTorch: their losses, and the slopes of these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, cast

import numpy as np

from fivesigma._core.random import generator
from fivesigma.models.neural.member import Member, Shape
from fivesigma.models.neural.tensorlosses import function_of


class EventShape(Shape, Protocol):
    """The shape of such a network."""

    @property
    def widest(self) -> int:
        """The most numbers that stand for an event on its way."""

    @property
    def at_once(self) -> int:
        """How many events go through it at a time."""

    def parts(self, theta: Any) -> dict[str, Any]:
        """Return the parts as views of ``theta`` (P,)."""

    def outputs(self, parts: dict[str, Any], X: Any) -> Any:
        """Return the outputs (n, o) for standardised events X, tensors all."""

    def varied(self, X: Any, rng: np.random.Generator) -> Any:
        """Return events of a training as they may be varied at random."""


class EventBody:
    """The `Body` of networks of one shape, whose slopes are autograd's, some events at a time.

    On a processor members go one by one: a convolution is long enough to pay for its call, and several of them in one
    (in groups, or by `torch.func`) take up to three times as long.
    """

    def __init__(self, members: Sequence[Member], theta: Any) -> None:
        self.shape = cast(EventShape, members[0].layers)
        self.loss = function_of(members[0].loss)
        self.widest = self.shape.widest
        self.seeds = [member.seed for member in members]
        self.draws: list[np.random.Generator] = []
        self.parts = [
            {name: part.detach().requires_grad_() for name, part in self.shape.parts(each).items()}
            for each in theta
        ]

    def losses(self, X: Any, T: Any, w: Any) -> Any:
        """Return Σ w loss (M,); see `Body`."""
        import torch

        each = [
            sum(self._total(parts, *some) for some in self._few(X[m], T[m], w[m]))
            for m, parts in enumerate(self.parts)
        ]
        return torch.stack(each)

    def slopes(self, X: Any, T: Any, w: Any, slope: Any) -> Any:
        """Return Σ w loss (M,) and set ``slope``; see `Body`."""
        import torch

        slope.zero_()
        each = []
        for m, rng in enumerate(self.draws):
            varied = self.shape.varied(X[m], rng)
            each.append(self._descended(m, varied, T[m], w[m], slope[m]))
        return torch.stack(each)

    def _descended(self, m: int, X: Any, T: Any, w: Any, slope: Any) -> Any:
        """Return Σ w loss of a member and add the derivatives to ``slope`` (P,), some events at a time."""
        import torch

        parts, to, found = self.parts[m], self.shape.parts(slope).values(), 0.0
        for some in self._few(X, T, w):
            with torch.enable_grad():
                total = self._total(parts, *some)
                by = torch.autograd.grad(total / len(X), list(parts.values()))
            for each, more in zip(to, by, strict=True):
                each.add_(more)
            found = found + total.detach()
        return found

    def _few(self, *rows: Any) -> Iterator[tuple[Any, ...]]:
        return zip(*(each.split(self.shape.at_once) for each in rows), strict=True)

    def epoch(self, number: int) -> AbstractContextManager[None]:
        """What is varied at random is drawn by each member's seed and the epoch alone; see `Body`."""
        self.draws = [generator(seed, "varied", number) for seed in self.seeds]
        return nullcontext()

    def _total(self, parts: dict[str, Any], X: Any, T: Any, w: Any) -> Any:
        return (self.loss(self.shape.outputs(parts, X), T) * w).sum()
