"""A convolutional network: stages of convolutions with residual blocks, pooled in between, averaged, then layers.

x ← σ(W ∗ x + b) enters a stage, and each of its blocks is x ← x + V ∗ σ(W ∗ x + b) + c with V = 0 at first (He et al.
2016, arXiv:1512.03385; without averages over batches, so that an event has one answer in any company). σ is SiLU. The
first stage has no blocks: there an event is largest, and half of the time would go into them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from fivesigma._core.errors import InputError
from fivesigma._core.random import generator
from fivesigma._core.saved_state import SavedState
from fivesigma.features.symmetries import SYMMETRIES, Drawn, Element, group
from fivesigma.models.neural.member import Array

MOST_CHANNELS, MOST_STAGES, MOST_BLOCKS, WIDEST = 4096, 16, 64, 2**16
_NUMBERS, _LARGEST_GROUP = 2**20, 16
_ROWS = 16
"""Events that are answered at a time: always as many, so that an event has one answer in any company."""


@dataclass(frozen=True)
class Convolutional:
    """The sizes of the network.

    Attributes
    ----------
    n_channels, height, width : of an event; a sequence is of height 1
    n_outputs : o
    channels : of each stage
    kernel : odd side of the convolutions; along a side of length 1 it is 1
    n_blocks : residual blocks of each stage but the first
    pool : factor by which the sides shrink between stages
    strided : whether they shrink by strides of the convolution that enters a stage, and not by averages
    periodic : whether opposite edges touch; else zeros surround an event
    hidden : width of the layer behind the global average; 0 for none
    symmetries : of the events, by their names in `fivesigma.features.symmetries`; a training turns them at random
    pooled : whether the average is over the group of the symmetries too (all but shifts), and nothing is turned

    >>> Convolutional(1, 8, 8, 1, channels=(4,), n_blocks=0, hidden=0).n_parameters
    45
    """

    n_channels: int
    height: int
    width: int
    n_outputs: int
    channels: tuple[int, ...] = (8, 16, 32)
    kernel: int = 3
    n_blocks: int = 1
    pool: int = 2
    strided: bool = False
    periodic: bool = False
    hidden: int = 32
    symmetries: tuple[str, ...] = ()
    pooled: bool = False

    def checked(self) -> Convolutional:
        """Return it; `InputError` where an event is smaller than what is to be pooled of it."""
        shrunk = self.pool ** (len(self.channels) - 1)
        sides = [side for side in (self.height, self.width) if side > 1] or [1]
        if min(sides) < shrunk:
            raise InputError(
                f"events of {self._said()} are smaller than the pooling of {len(self.channels)} stages by {self.pool} "
                f"({shrunk}); name fewer channels (got {list(self.channels)}), or a smaller pool."
            )
        return self

    def _said(self) -> str:
        return f"{self.width} values" if self.height == 1 else f"{self.height} x {self.width} pixels"

    @property
    def sides(self) -> tuple[int, int]:
        """Of a kernel."""
        return (1 if self.height == 1 else self.kernel, 1 if self.width == 1 else self.kernel)

    @property
    def pools(self) -> tuple[int, int]:
        """By how much each side shrinks between stages."""
        return (1 if self.height == 1 else self.pool, 1 if self.width == 1 else self.pool)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The name and the shape of each part of the parameters, in their order."""
        found: dict[str, tuple[int, ...]] = {}
        for stage, (n_in, n) in enumerate(
            zip((self.n_channels, *self.channels), self.channels, strict=False)
        ):
            found |= {f"W{stage}": (n, n_in, *self.sides), f"b{stage}": (n,)}
            for block in range(self._blocks(stage)):
                for name, offset in ("Wb", "Vc"):
                    found |= {f"{name}{stage}.{block}": (n, n, *self.sides), f"{offset}{stage}.{block}": (n,)}
        last = self.channels[-1]
        if self.hidden:
            found |= {"hidden": (self.hidden, last), "offset": (self.hidden,)}
        return found | {"out": (self.n_outputs, self.hidden or last), "bias": (self.n_outputs,)}

    def _blocks(self, stage: int) -> int:
        return self.n_blocks if stage else 0

    @property
    def n_parameters(self) -> int:
        """How many numbers there are to learn."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    @property
    def widest(self) -> int:
        """The most numbers that stand for an event on its way."""
        return self.height * self.width * max(self.n_channels, self.channels[0])

    @property
    def at_once(self) -> int:
        """How many events go through it at a time: so few that what lies between two layers stays in cache."""
        return max(1, _NUMBERS // (self.widest * len(self._group)))

    def parts(self, theta: Any) -> dict[str, Any]:
        """Return the parts as views of ``theta`` (P,), an array or a tensor."""
        found, place = {}, 0
        for name, shape in self.shapes.items():
            found[name] = theta[place : place + math.prod(shape)].reshape(shape)
            place += math.prod(shape)
        return found

    def drawn(self, seed: int) -> Array:
        """Return parameters (P,) to begin with: weights uniform within ±√(6/n_in), V and offsets 0."""
        rng, theta = generator(seed, "network"), np.zeros(self.n_parameters)
        for name, part in self.parts(theta).items():
            if part.ndim == 1 or name.startswith("V"):
                continue
            n_in = math.prod(part.shape[1:])
            part[:] = rng.uniform(-1.0, 1.0, part.shape) * math.sqrt((1.0 if name == "out" else 6.0) / n_in)
        return theta

    def averages(self, parts: dict[str, Any], X: Any) -> Any:
        """Return the last maps, averaged over the pixels (n, channels), of standardised events X, tensors all."""
        import torch

        x = X.reshape(len(X), self.n_channels, self.height, self.width)
        every = [self._averages(parts, each.of(x, torch)) for each in self._group]
        return sum(every[1:], start=every[0]) / len(every)

    @property
    def _group(self) -> list[Element]:
        return _pooled(tuple(name for name in self.symmetries if self.pooled and name != "translate"))

    def _averages(self, parts: dict[str, Any], x: Any) -> Any:
        import torch

        silu = torch.nn.functional.silu
        x = x.contiguous(memory_format=torch.channels_last)
        for stage in range(len(self.channels)):
            strides = self.pools if self.strided and stage else (1, 1)
            if stage and not self.strided:
                x = torch.nn.functional.avg_pool2d(x, self.pools)
            x = silu(self._convolved(x, parts[f"W{stage}"], parts[f"b{stage}"], strides))
            for block in range(self._blocks(stage)):
                W, b, V, c = (parts[f"{name}{stage}.{block}"] for name in "WbVc")
                x = x + self._convolved(silu(self._convolved(x, W, b)), V, c)
        return x.mean((2, 3))

    def answers(self, parts: dict[str, Any], averages: Any, silu: Callable[[Any], Any]) -> Any:
        """Return the outputs (n, o) for ``averages`` (n, channels): tensors, or arrays with their ``silu``."""
        if self.hidden:
            averages = silu(averages @ parts["hidden"].T + parts["offset"])
        return averages @ parts["out"].T + parts["bias"]

    def outputs(self, parts: dict[str, Any], X: Any) -> Any:
        """Return the outputs (n, o) for standardised events X, tensors all."""
        import torch

        return self.answers(parts, self.averages(parts, X), torch.nn.functional.silu)

    def varied(self, X: Any, rng: np.random.Generator) -> Any:
        """Return events (B, channels, \\*space) of a training, each under an element of the group of its own."""
        if not self.symmetries or self.pooled:
            return X
        return turned(X, Drawn.of(self.symmetries, X.shape[2:], len(X), rng))

    def _convolved(self, x: Any, W: Any, b: Any, strides: tuple[int, int] = (1, 1)) -> Any:
        import torch

        around = tuple(side // 2 for side in self.sides)
        if self.periodic and any(around):
            x = torch.cat([x[:, :, x.shape[2] - around[0] :], x, x[:, :, : around[0]]], 2)
            x = torch.cat([x[..., x.shape[3] - around[1] :], x, x[..., : around[1]]], 3)
            around = (0, 0)
        return torch.nn.functional.conv2d(x, W, b, stride=strides, padding=around)

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        for name in ("n_channels", "height", "width", "n_outputs"):
            state.count(name, 1, 2**20)
        channels = self.channels
        state.expect(
            isinstance(channels, tuple | list)
            and 0 < len(channels) <= MOST_STAGES
            and all(type(each) is int and 0 < each <= MOST_CHANNELS for each in channels),
            "channels",
            f"from 1 to {MOST_STAGES} whole numbers",
        )
        state.count("kernel", 1, 63)
        state.expect(self.kernel % 2 == 1, "kernel", "an odd number")
        state.count("n_blocks", 0, MOST_BLOCKS)
        state.count("pool", 1, 64)
        state.count("hidden", 0, WIDEST)
        state.truth("strided")
        state.truth("pooled")
        names = self.symmetries
        known = isinstance(names, tuple | list) and all(
            type(each) is str and each in SYMMETRIES for each in names
        )
        state.expect(known, "symmetries", f"some of {', '.join(SYMMETRIES)}")
        state.expect(
            "rotate90" not in names or self.height == self.width, "symmetries", "those of its events"
        )
        state.truth("periodic")
        try:
            self.checked()
        except InputError:
            state.refuse("pool", str(self.pool), "one that leaves a pixel of an event")


@cache
def _pooled(names: tuple[str, ...]) -> list[Element]:
    """Return the whole group of symmetries without shifts."""
    return group(names, (), np.random.default_rng(0), most=_LARGEST_GROUP)


def turned(X: Any, drawn: Drawn) -> Any:
    """Return the events X (n, channels, \\*space), a tensor, each under its element.

    >>> import torch
    >>> some = Drawn(np.array([[1]]), np.array([True]), np.array([0]), np.array([True]))
    >>> turned(torch.tensor([[[1.0, 2.0, 3.0]]]), some)
    tensor([[[-2., -1., -3.]]])
    """
    import torch

    def on(values: Array) -> Any:
        return torch.from_numpy(values).to(X.device)

    if drawn.shifts.any():
        for axis, shift in enumerate(drawn.shifts.T, start=2):
            side = X.shape[axis]
            at = (torch.arange(side, device=X.device) - on(shift)[:, None]) % side
            at = at.reshape(len(X), *(side if a == axis else 1 for a in range(1, X.ndim)))
            X = X.gather(axis, at.expand(X.shape))
    X = torch.where(_per_event(on(drawn.mirrored), X), X.flip(-1), X)
    for turns in range(1, 1 + int(drawn.turns.max(initial=0))):
        X = torch.where(_per_event(on(drawn.turns == turns), X), X.rot90(turns, (2, 3)), X)
    return torch.where(_per_event(on(drawn.negated), X), -X, X)


def _per_event(values: Any, like: Any) -> Any:
    return values.reshape(-1, *(1,) * (like.ndim - 1))


@dataclass(frozen=True, eq=False)
class ConvolutionalNetwork:
    """A trained network: its shape and its parameters (P,).

    Its maps are float32, and what follows their averages is calculated in float64 without PyTorch.
    """

    shape: Convolutional
    theta: Array

    @property
    def n_out(self) -> int:
        """The number of outputs."""
        return self.shape.n_outputs

    def outputs(self, X: Array) -> Array:
        """Return the outputs (n, k) for standardised events X (n, channels, ...)."""
        import torch

        with torch.no_grad():
            parts = self.shape.parts(torch.from_numpy(self.theta))
            found = [self.shape.averages(parts, some).numpy() for some in _by_rows(X)]
        averages = np.concatenate(found)[: len(X)].astype(np.float64)
        with np.errstate(over="ignore"):
            return np.asarray(
                self.shape.answers(self.shape.parts(self.theta.astype(np.float64)), averages, _silu)
            )

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        shape = state.part("shape", Convolutional)
        state.floats("theta", (shape.n_parameters,), dtype=np.float32)


def _by_rows(X: Array) -> Iterator[Any]:
    """Yield tensors of `_ROWS` events each, zeros behind the last."""
    import torch

    for start in range(0, len(X), _ROWS):
        some = np.zeros((_ROWS, *X.shape[1:]), dtype=X.dtype)
        some[: len(X) - start] = X[start : start + _ROWS]
        yield torch.from_numpy(some)


def _silu(x: Array) -> Array:
    return np.asarray(x / (1.0 + np.exp(-x)))
