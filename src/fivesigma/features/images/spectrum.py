"""Fluctuations of a field by their scale: the power spectrum, and the two-point function."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import numpy as np
from scipy import fft

from fivesigma.features.images.family import Column, Family, Floats, Images, Shape, side

MOST_SHELLS = 16
FAINTEST = 1e-12
"""Power of a shell at the least, as a share of the power of all and of the mean: a field without fluctuations has a
finite logarithm."""


def shells(shape: Shape) -> tuple[tuple[int, int], ...]:
    """Return the first and the last wave number of each shell, in units of 2π over the side: wider ones further out.

    >>> shells((8, 8)), shells((64, 64))[-1]
    (((1, 1), (2, 2), (3, 3), (4, 4)), (27, 32))
    """
    highest = max(side(shape) // 2, 1)
    edges = np.arange(1, highest + 2)
    if highest > MOST_SHELLS:
        edges = np.unique(np.round(np.geomspace(1, highest + 1, MOST_SHELLS + 1)).astype(int))
    return tuple((int(low), int(high) - 1) for low, high in pairwise(edges))


class Power(Family):
    """``ln P(k)``: the mean of ``|F(k)|² / N`` over a ring of wave vectors, ``F`` the discrete transform of N pixels.

    ``k`` counts periods across the shorter side; the image is taken as periodic. The mean of the image does not enter,
    but as a floor: ``P`` is at least 10⁻¹² of the mean square of the values times N.

    Examples
    --------
    >>> wave = np.sin(2 * np.pi * 3 * np.arange(16) / 16)[None, :] * np.ones((16, 1))
    >>> int(Power().measured(wave[None]).argmax()) + 1
    3
    """

    name: ClassVar[str] = "power"

    def columns(self, shape: Shape) -> tuple[Column, ...]:
        """Return a column a shell."""
        return tuple(
            Column(f"ln P(k={low})" if low == high else f"ln P(k={low}–{high})")
            for low, high in shells(shape)
        )

    def measured(self, images: Images) -> Floats:
        """Return the logarithms (n, n_shells); NaN of an image that is zero everywhere."""
        height, width = images.shape[1:]
        power = np.square(np.abs(fft.fft2(images))) / (height * width)
        every = power.reshape(len(images), -1)
        ring = _ring((height, width))
        bands = shells((height, width))
        inside = np.array([(ring >= low - 0.5) & (ring < high + 0.5) for low, high in bands], dtype=float)
        mean = every @ (inside / np.maximum(inside.sum(axis=1, keepdims=True), 1)).T
        with np.errstate(divide="ignore"):
            found = np.log(np.maximum(mean, FAINTEST * every.sum(axis=1, keepdims=True)))
        return np.where(np.isfinite(found), found, np.nan)


def _ring(shape: Shape) -> Floats:
    """Return the wave number of each mode (height * width,), in periods across the side."""
    ky, kx = (np.fft.fftfreq(size) * side(shape) for size in shape)
    return np.asarray(np.hypot(ky[:, None], kx[None, :]).reshape(-1))


def distances(shape: Shape) -> tuple[int, ...]:
    """Return the distances of the two-point function, at most half the side.

    >>> distances((8, 8)), distances((64, 64))
    ((1, 2, 3, 4), (1, 2, 3, 4, 6, 8, 12, 16, 24, 32))
    """
    every = (1, 2, 3, 4, *(each * 2**power for power in range(1, 14) for each in (3, 4)))
    return tuple(each for each in every if each <= max(side(shape) // 2, 1))


class TwoPoint(Family):
    """``C(r) = ⟨δ(x) δ(x + r)⟩`` along rows and columns, ``δ`` the values less the mean of the image.

    The image is taken as periodic. Landy & Szalay (1993, ApJ 412 64) give the estimator for points instead.

    Examples
    --------
    >>> TwoPoint().measured(np.array([[[1.0, -1.0, 1.0, -1.0]] * 4]))
    array([[0., 1.]])
    """

    name: ClassVar[str] = "two-point"

    def columns(self, shape: Shape) -> tuple[Column, ...]:
        """Return a column a distance."""
        return tuple(Column(f"C(r={r})", "square") for r in distances(shape))

    def measured(self, images: Images) -> Floats:
        """Return the function (n, n_distances)."""
        delta = images - images.mean(axis=(1, 2), keepdims=True)
        axes = [axis for axis in (1, 2) if images.shape[axis] > 1] or [2]
        found = [
            np.mean([(delta * np.roll(delta, -r, axis)).mean(axis=(1, 2)) for axis in axes], axis=0)
            for r in distances((images.shape[1], images.shape[2]))
        ]
        return np.column_stack(found)
