"""What is kept of an event that is drawn: one channel, small enough for a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
LARGEST = {1: 512, 2: 64}
"""The longest side of a picture, by its dimensions."""


def factor(space: tuple[int, ...]) -> int:
    """Return the side of the squares of pixels that become one.

    >>> factor((32, 32)), factor((65, 20)), factor((2000,))
    (1, 2, 4)
    """
    return -(-max(space) // LARGEST[len(space)])


def averaged(image: Array) -> Array:
    """Return an image (\\*space) with the mean of each square of pixels, where it is larger than a picture.

    What is left over at the lower and right edge is the mean of what there is.

    >>> averaged(np.arange(1024.0))[:2]
    array([0.5, 2.5])
    """
    return _pooled(np.asarray(image, dtype=np.float64), np.add.reduceat, mean=True)


def summed(image: Array) -> Array:
    """Return an image (\\*space) with the sum of each square of pixels, where it is larger than a picture."""
    return _pooled(np.asarray(image, dtype=np.float64), np.add.reduceat, mean=False)


def _pooled(image: Array, over: Callable[..., Array], *, mean: bool) -> Array:
    side = factor(image.shape)
    for axis, length in enumerate(image.shape):
        edges = np.arange(0, length, side)
        image = over(image, edges, axis=axis)
        if mean:
            counts = np.diff(np.append(edges, length))
            image = image / np.expand_dims(counts, [a for a in range(image.ndim) if a != axis])
    return image
