"""Images and sequences on their way to a network: never copied as a whole, each batch standardised when wanted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.saved_state import SavedState
from fivesigma.features.scale import Scale
from fivesigma.models.neural.rows import InputScale
from fivesigma.risk.row_hashes import row_hash

Array = NDArray[Any]

_AT_ONCE = 2**19
"""Numbers that are in float64 at a time."""


@dataclass(frozen=True, eq=False)
class Pixels:
    """Some events of an array, of which none is copied.

    Attributes
    ----------
    held : (m, channels, \\*space) what the caller has, in its own precision
    at : (n,) where the events stand in it
    identity : (n, 2) the halves of a hash of each event: equal events have equal ones

    >>> some = Pixels.of(np.zeros((5, 1, 2, 2)))[np.array([0, 3])]
    >>> some.shape, some[np.array([1])].at
    ((2, 1, 2, 2), array([3]))
    """

    held: Array
    at: Array
    identity: Array

    @classmethod
    def of(cls, X: Array) -> Self:
        """Return all events of ``X``."""
        hashes = row_hash(X)
        halves = np.column_stack([hashes >> np.uint64(32), hashes & np.uint64(2**32 - 1)])
        return cls(X, np.arange(len(X)), halves.astype(np.float64))

    def __len__(self) -> int:
        return len(self.at)

    def __getitem__(self, rows: Any) -> Self:
        return type(self)(self.held, self.at[rows], self.identity[rows])

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the events, as if they stood in an array of their own."""
        return (len(self.at), *self.held.shape[1:])

    def blocks(self) -> Iterator[tuple[slice, Array]]:
        """Yield the values (b, channels) of some events at a time, each of which is b / m times there."""
        for rows in _parts(len(self.at), math.prod(self.held.shape[1:])):
            yield rows, by_channel(self.held[self.at[rows]].astype(np.float64, copy=False))


def channel_scale(pixels: Pixels, w: Array, *, about_zero: bool = False) -> Scale:
    """Return the scale of the channels of events with weights ``w`` (n,), of which none is 0.

    As `Scale.of` over all pixels of all events, without a copy of them: a channel has one mean and one deviation.
    ``about_zero`` takes 0 for the mean: then the opposite of a value has the opposite score.
    """
    ends = [(block.min(axis=0), block.max(axis=0)) for _, block in pixels.blocks()]
    lowest, highest = np.min([low for low, _ in ends], axis=0), np.max([high for _, high in ends], axis=0)
    placed = Scale.of(np.stack([lowest, highest]))
    if about_zero:
        placed = Scale(placed.unit, *_plain(lowest), *_plain(lowest))
        spread = np.sqrt(_mean(pixels, w, placed, power=2))
        return Scale(placed.unit, *_plain(lowest), placed.mean, np.where(highest > lowest, spread, 0.0))
    mean = _mean(pixels, w, Scale(placed.unit, placed.origin, placed.width, *_plain(lowest)), power=1)
    centred = Scale(placed.unit, placed.origin, placed.width, mean, np.ones_like(mean))
    spread = np.sqrt(_mean(pixels, w, centred, power=2))
    return Scale(placed.unit, placed.origin, placed.width, mean, np.where(highest > lowest, spread, 0.0))


def _plain(like: Array) -> tuple[Array, Array]:
    return np.zeros_like(like), np.ones_like(like)


def _mean(pixels: Pixels, w: Array, scale: Scale, *, power: int) -> Array:
    """Return the weighted means (channels,) of the scores, or of their squares."""
    total, share = 0.0, w / w.sum()
    for rows, block in pixels.blocks():
        scores = scale.scores(block) ** power
        each = scores.reshape(rows.stop - rows.start, -1, scores.shape[1]).mean(axis=1)
        total = total + share[rows] @ each
    return np.asarray(total)


def by_channel(X: Array) -> Array:
    """Return (n · space, channels) of ``X`` (n, channels, \\*space): what a scale takes."""
    return np.moveaxis(X, 1, -1).reshape(-1, X.shape[1])


@dataclass(frozen=True, eq=False)
class ChannelScale:
    """Standard scores of channels, on a grid, in the precision of a training."""

    each: InputScale

    @property
    def dtype(self) -> str:
        """The precision of the training."""
        return self.each.dtype

    def rows(self, X: Any) -> Any:
        """Return the inputs of a network: of an array (n, channels, \\*space) as an array, of `Pixels` as `Batches`."""
        if isinstance(X, Pixels):
            return Batches(X, self)
        found = np.empty(X.shape, dtype=self.dtype)
        for some in _parts(len(X), math.prod(X.shape[1:])):
            each = self.each.rows(by_channel(X[some])).reshape(len(X[some]), *X.shape[2:], X.shape[1])
            found[some] = np.moveaxis(each, -1, 1)
        return found

    def check_state(self, state: SavedState) -> None:
        """Say what makes a loaded state sound; see `fivesigma._core.saved_state`."""
        state.part("each", InputScale)


@dataclass(frozen=True, eq=False)
class Batches:
    """Events as a training takes them, each standardised when its batch is wanted; on a ``device`` as tensors."""

    pixels: Pixels
    scale: Any
    device: Any = None

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, channels, \\*space)."""
        return self.pixels.shape

    @property
    def dtype(self) -> Any:
        """The precision of the training."""
        return np.dtype(self.scale.dtype)

    def on(self, device: Any) -> Batches:
        """Return the same, whose batches are tensors on a ``device``."""
        return Batches(self.pixels, self.scale, device)

    def index_select(self, axis: int, rows: Any) -> Any:
        """Return the events at ``rows``, as the method of a tensor does."""
        return self._tensor(rows.cpu().numpy())

    def expand(self, *shape: int) -> Any:
        """Return all events for each of the members, as the method of a tensor does; a scale may widen an event."""
        found = self[:]
        return found.expand(shape[0], *found.shape)

    def __getitem__(self, rows: Any) -> Any:
        return self._tensor(rows)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        return np.asarray(self.scale.rows(self.pixels.held[self.pixels.at]), dtype=dtype)

    def _tensor(self, rows: Any) -> Any:
        import torch

        found = self.scale.rows(self.pixels.held[self.pixels.at[rows]])
        return torch.from_numpy(found).to(self.device)


def _parts(n: int, each: int) -> Iterator[slice]:
    length = max(1, _AT_ONCE // max(each, 1))
    for start in range(0, n, length):
        yield slice(start, min(start + length, n))


def parts(X: Array) -> Iterator[Array]:
    """Yield some events at a time."""
    for rows in _parts(len(X), math.prod(X.shape[1:])):
        yield X[rows]
