"""Symmetries of images and sequences that a study declares: their elements, what these do, and what has none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError, one_of

Array = NDArray[Any]

SYMMETRIES = {
    "rotate90": "quarter turns",
    "flip": "mirror images",
    "spin-flip": "the opposite sign of all values",
    "translate": "cyclic shifts",
}
"""Each symmetry by its name, in the words of the page."""

MOST, SHIFTS = 8, 3
"""Elements over which a prediction is averaged at most, and shifts that stand for all of them."""


@dataclass(frozen=True)
class Element:
    """One element of a group: a shift, then a mirror image, then quarter turns, then the sign.

    >>> Element(turns=1).of(np.array([[[[1, 2], [3, 4]]]])).tolist()
    [[[[2, 4], [1, 3]]]]
    """

    shift: tuple[int, ...] = ()
    mirrored: bool = False
    turns: int = 0
    negated: bool = False

    def of(self, X: Any, xp: ModuleType = np) -> Any:
        """Return the events ``X`` (n, channels, \\*space) as it leaves them; ``xp`` is numpy or torch."""
        space = tuple(range(2, X.ndim))
        if any(self.shift):
            X = xp.roll(X, self.shift, space)
        if self.mirrored:
            X = xp.flip(X, space[-1:])
        if self.turns:
            X = xp.rot90(X, self.turns, space)
        return -X if self.negated else X


PLAIN = Element()


def check(names: Sequence[str], kind: str, space: Sequence[int]) -> None:
    """Raise `InputError` for a symmetry that events of a ``kind`` with these sides do not have.

    >>> check(["flip", "rotate90"], "image", (8, 8))
    >>> check(["rotate90"], "image", (8, 6))
    Traceback (most recent call last):
        ...
    fivesigma._core.errors.InputError: 'rotate90' turns square images, and these are 8 × 6 pixels; leave it out.
    """
    for name in names:
        one_of(name, SYMMETRIES, "symmetry")
    if len(set(names)) < len(names):
        raise InputError(f"symmetries are {list(names)}; name each of them once.")
    if names and kind not in ("image", "sequence"):
        raise InputError(
            f"symmetries are of images and sequences, and an event is of kind '{kind}'; leave them out."
        )
    if "rotate90" in names and kind != "image":
        raise InputError(f"'rotate90' turns square images, and an event is of kind '{kind}'; leave it out.")
    if "rotate90" in names and len(set(space)) > 1:
        sides = " × ".join(map(str, space))
        raise InputError(f"'rotate90' turns square images, and these are {sides} pixels; leave it out.")


def group(
    names: Sequence[str], space: Sequence[int], rng: np.random.Generator, most: int = MOST
) -> list[Element]:
    """Return the elements of the group that some symmetries make: all, or ``most`` of them, the plain one first.

    >>> len(group(["rotate90", "flip"], (4, 4), np.random.default_rng(0)))
    8
    """
    shifts = math.prod(space) if "translate" in names else 1
    rest = list(_rest(names))
    order = shifts * len(rest)
    chosen = range(order) if order <= most else [0, *(1 + rng.choice(order - 1, most - 1, replace=False))]
    return [_numbered(int(i), rest, space if shifts > 1 else ()) for i in chosen]


def _rest(names: Sequence[str]) -> list[tuple[bool, int, bool]]:
    mirrored, negated = ((False, True) if name in names else (False,) for name in ("flip", "spin-flip"))
    turns = range(4 if "rotate90" in names else 1)
    return [(m, turn, sign) for m in mirrored for turn in turns for sign in negated]


def _numbered(i: int, rest: Sequence[tuple[bool, int, bool]], space: Sequence[int]) -> Element:
    i, j = divmod(i, len(rest))
    shift = tuple(int(each) for each in np.unravel_index(i, tuple(space))) if space else ()
    return Element(shift if any(shift) else (), *rest[j])


def alone(name: str, space: Sequence[int], rng: np.random.Generator) -> list[Element]:
    """Return the elements of one symmetry beside the plain one; of shifts a few.

    >>> alone("flip", (4, 4), np.random.default_rng(0))
    [Element(shift=(), mirrored=True, turns=0, negated=False)]
    """
    return group([name], space, rng, most=1 + SHIFTS)[1:]


@dataclass(frozen=True, eq=False)
class Drawn:
    """An element for each of n events.

    Attributes
    ----------
    shifts : (n, d) along each side; ``turns`` (n,); ``mirrored``, ``negated`` (n,) true or false
    """

    shifts: Array
    mirrored: Array
    turns: Array
    negated: Array

    @classmethod
    def of(cls, names: Sequence[str], space: Sequence[int], n: int, rng: np.random.Generator) -> Drawn:
        """Draw elements of the group evenly."""
        far = [side if "translate" in names else 1 for side in space]
        shifts = np.stack([rng.integers(0, side, n) for side in far], axis=1)
        signs = [
            rng.integers(0, 2, n) == 1 if name in names else np.zeros(n, bool)
            for name in ("flip", "spin-flip")
        ]
        turns = rng.integers(0, 4, n) if "rotate90" in names else np.zeros(n, dtype=np.int64)
        return cls(shifts, signs[0], turns, signs[1])
