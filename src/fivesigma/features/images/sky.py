"""The level and the noise of an image's border: what lies under an object and is no part of it."""

from __future__ import annotations

import numpy as np

from fivesigma.features.images.family import Floats, Images

TO_SIGMA = 1.4826022185056018
"""A Gaussian's standard deviation over its median absolute deviation: 1/Φ⁻¹(3/4)."""


def border(images: Images) -> tuple[Floats, Floats]:
    """Return the median (n,) of the outermost pixels of ``images`` (n, height, width), and their robust spread.

    >>> level, noise = border(np.full((1, 4, 4), 2.0))
    >>> float(level[0]), float(noise[0])
    (2.0, 0.0)
    """
    edge = np.concatenate(
        [images[:, 0], images[:, -1], images[:, 1:-1, 0], images[:, 1:-1, -1]], axis=1
    )  # every pixel of the border once
    level = np.median(edge, axis=1)
    return level, TO_SIGMA * np.median(np.abs(edge - level[:, None]), axis=1)
