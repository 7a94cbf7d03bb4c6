"""Which features of images a study takes, what they are called, and the table of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.executor import available_cores
from fivesigma.features.images.families import FAMILIES, Asked, family, named
from fivesigma.features.images.family import Column, Family, Floats, Shape

Array = NDArray[Any]
BLOCK = 1 << 19
"""Values of images that are measured at a time: 4 MB as float64."""
MOST_THREADS = 8


@dataclass(frozen=True)
class Block:
    """Columns that stand side by side: those of a family, of one channel."""

    family: Family
    channel: int
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class ImageFeatures:
    """The features of images, or of sequences, that are columns of a table.

    Parameters
    ----------
    families : names of families (`fivesigma.features.images.families`), or tables with their ``kind`` and settings
    channels : names of the channels; of more than one, each column says of which it is
    shape : height and width of an image, or the length of a sequence
    units : the unit of each channel, or None

    Raises
    ------
    InputError
        For a family that is unknown, named twice, or cannot be measured on events of this shape.

    Examples
    --------
    >>> made = ImageFeatures(("magnetisation", "pixels"), ("spins",), (2, 2))
    >>> made.names
    ('|m|', 'energy per bond', 'pixel 0,0', 'pixel 0,1', 'pixel 1,0', 'pixel 1,1')
    >>> made.table(np.ones((1, 1, 2, 2)))
    array([[ 1., -1.,  1.,  1.,  1.,  1.]])
    """

    families: tuple[Asked, ...]
    channels: tuple[str, ...]
    shape: tuple[int, ...]
    units: tuple[str | None, ...] = ()

    def __post_init__(self) -> None:
        names = [named(each) for each in self.families]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise InputError(f"features.image names '{twice[0]}' twice; keep one.")
        for each in self.families:
            self._refuse(family(each))

    def _refuse(self, each: Family) -> None:
        """Raise `InputError` where a family cannot be measured on these events."""
        if len(self.shape) == 1 and not each.flat:
            able = ", ".join(name for name in FAMILIES if family(name).flat)
            raise InputError(
                f"features.image: '{each.name}' is measured on images, and an event is a sequence; expected some of "
                f"{able}."
            )
        if min(self.shape) < each.least:
            raise InputError(
                f"features.image: '{each.name}' needs {each.least} pixels a side, and an image is "
                f"{' × '.join(map(str, self.shape))}; choose another family."
            )

    @property
    def plane(self) -> Shape:
        """Height and width; a sequence has the height 1."""
        return (1, self.shape[0]) if len(self.shape) == 1 else (self.shape[0], self.shape[1])

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """What stands one after the other: each family, of each channel."""
        made = [family(each) for each in self.families]
        return tuple(
            Block(each, i, each.columns(self.plane)) for each in made for i in range(len(self.channels))
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns of the table, (p,)."""
        alone = len(self.channels) == 1
        return tuple(
            column.name if alone else f"{column.name} of {self.channels[block.channel]}"
            for block in self.blocks
            for column in block.columns
        )

    @cached_property
    def column_units(self) -> tuple[str | None, ...]:
        """The unit of each column, (p,); a length is in pixels."""
        units = self.units or (None,) * len(self.channels)
        return tuple(column.unit(units[block.channel]) for block in self.blocks for column in block.columns)

    def table(
        self,
        X: Array,
        columns: Sequence[int] | Array | None = None,
        *,
        rows: Array | None = None,
        known: tuple[Sequence[str], Array] | None = None,
    ) -> Floats:
        """Return the columns (n, p), or those of them at the positions ``columns``, of the events ``X`` (m, \\*shape),
        or of those at the positions ``rows`` (n,).

        ``known`` are names and values (n, q) of columns that have been measured. An event is measured alone, in
        float64; a channel with a gap has no features (NaN), but for its pixels.
        """
        at = np.arange(len(X)) if rows is None else np.asarray(rows)
        wanted = np.arange(len(self.names)) if columns is None else np.asarray(columns, dtype=np.int64)
        found, still = np.empty((len(at), len(wanted))), np.ones(len(wanted), dtype=np.bool_)
        if known is not None:
            place = {name: j for j, name in enumerate(known[0])}
            still = np.array([self.names[j] not in place for j in wanted], dtype=np.bool_)
            found[:, ~still] = known[1][:, [place[self.names[j]] for j in wanted[~still]]]
        if still.any():
            self._fill(found, X, at, list(self._asked(wanted, still)))
        return found

    def _fill(self, found: Floats, X: Array, at: Array, asked: Sequence[tuple[Block, Array, Array]]) -> None:
        """Measure what is asked of the events ``at``, a piece of them at a time, in a thread a core."""
        from concurrent.futures import ThreadPoolExecutor  # here and not above: a check measures no image

        def measure(part: slice) -> None:
            piece = np.asarray(X[at[part]], dtype=np.float64)
            piece = piece.reshape(-1, len(self.channels), *self.plane)
            for block, of_block, places in asked:
                found[part, places] = _measured(block.family, piece[:, block.channel])[:, of_block]

        with ThreadPoolExecutor(min(available_cores(), MOST_THREADS)) as threads:
            for _ in threads.map(measure, self._pieces(len(at))):
                pass  # a failure in a thread is raised here

    def _asked(self, wanted: Array, still: Array) -> Iterator[tuple[Block, Array, Array]]:
        """Yield each block of which something is ``still`` wanted: which of its columns, and where they go."""
        start = 0
        for block in self.blocks:
            end = start + len(block.columns)
            places = np.flatnonzero((wanted >= start) & (wanted < end) & still)
            if len(places):
                yield block, wanted[places] - start, places
            start = end

    def _pieces(self, n: int) -> Iterator[slice]:
        size = max(BLOCK // (len(self.channels) * self.plane[0] * self.plane[1]), 1)
        return (slice(start, min(start + size, n)) for start in range(0, n, size))


def _measured(each: Family, images: Array) -> Floats:
    """Return the columns of a family (n, p); NaN for images with a gap."""
    gaps: Array = np.asarray(np.isnan(images).any(axis=(1, 2)))
    if not each.kept or not gaps.any():
        return each.measured(np.ascontiguousarray(images))
    found = each.measured(np.where(gaps[:, None, None], 0.0, images))
    found[gaps] = np.nan
    return found
