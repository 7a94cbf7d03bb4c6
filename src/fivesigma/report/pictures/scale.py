"""Colour scales that pictures share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
MAP, DIVERGING = "viridis", "RdBu_r"
_ENDS = (0.2, 99.8)
"""Percentiles of all pixels between which the colours lie."""
_NEARLY = 99.5
"""Percentile of the sizes that a scale about 0 reaches to."""
_BRIGHT, _STRETCH = 25.0, 3.0
"""A scale is stretched where the brightest pixels lie so many spreads of all above the middle, from so many on."""
_APART = 0.09
"""Of a stretched bar, the least that lies between two ticks."""


def shared(images: Array, ends: tuple[float, float] = _ENDS) -> Any:
    """Return one norm for ``images``, between two percentiles; stretched by arsinh where few pixels are far brighter.

    >>> round(shared(np.array([[1.0, 2.0, 3.0]])).vmax, 3)
    2.996
    """
    from matplotlib.colors import AsinhNorm, Normalize

    values = images[np.isfinite(images)].astype(np.float64)
    low, high = _ends(values, ends)
    below, middle, above = np.percentile(values, (16, 50, 84)) if values.size else (0.0, 0.0, 0.0)
    spread = float(above - below) / 2
    if spread > 0 and high - middle > _BRIGHT * spread:
        return AsinhNorm(_STRETCH * spread, vmin=low, vmax=high)
    return Normalize(low, high)


def _ends(values: Array, ends: tuple[float, float]) -> tuple[float, float]:
    if not values.size:
        return 0.0, 1.0
    low, high = (float(each) for each in np.percentile(values, ends))
    if low == high:
        low, high = float(values.min()), float(values.max())
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def ticks(norm: Any) -> list[float] | None:
    """Return where a stretched bar has ticks: 0, then 1, 10, 100, ... and 5s and 2s between them; None of another.

    >>> from matplotlib.colors import AsinhNorm
    >>> ticks(AsinhNorm(1.0, vmin=-2.0, vmax=100.0))
    [-1.0, 0.0, 1.0, 5.0, 10.0, 20.0, 50.0, 100.0]
    """
    from matplotlib.colors import AsinhNorm

    if not isinstance(norm, AsinhNorm):
        return None
    low, high = float(norm.vmin or 0.0), float(norm.vmax or 0.0)
    top = int(np.floor(np.log10(max(abs(low), abs(high)))))
    sizes = [digit * 10.0**power for digit in (1.0, 5.0, 2.0) for power in range(top, top - 6, -1)]
    found: list[float] = []
    for value in (0.0, *sizes, *(-size for size in sizes)):
        if low <= value <= high and all(abs(norm(value) - norm(other)) >= _APART for other in found):
            found.append(value)
    return sorted(found)


def beyond(images: Array, norm: Any) -> str:
    """Return at which ends of a bar there are pixels beyond it, as matplotlib calls it."""
    values = images[np.isfinite(images)]
    below, above = bool((values < norm.vmin).any()), bool((values > norm.vmax).any())
    return {(False, False): "neither", (True, False): "min", (False, True): "max"}.get((below, above), "both")


def about_zero(images: Array) -> Any:
    """Return one norm for all ``images`` that has 0 in its middle.

    >>> norm = about_zero(np.array([[-1.0, 2.0]]))
    >>> round(norm.vmin, 3), round(norm.vmax, 3)
    (-1.995, 1.995)
    """
    from matplotlib.colors import Normalize

    size = np.abs(images[np.isfinite(images)])
    reach = float(np.percentile(size, _NEARLY)) if size.size else 0.0
    reach = reach or float(size.max(initial=0.0)) or 1.0
    return Normalize(-reach, reach)


def few(images: Array) -> list[float] | None:
    """Return the values of images that have one or two, as spins have; None of others.

    >>> few(np.array([[1.0, -1.0, 1.0]])), few(np.arange(5.0))
    ([-1.0, 1.0], None)
    """
    found = np.unique(images[np.isfinite(images)])
    return found.tolist() if len(found) <= 2 else None
