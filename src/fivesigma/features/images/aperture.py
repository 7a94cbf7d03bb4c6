"""The logarithm of the light in apertures of given radii: what a scaling relation is a line of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fivesigma._core.errors import InputError, one_of
from fivesigma.features.images.family import Column, Family, Floats, Images, Shape
from fivesigma.features.images.objects import centres_of, less_sky, rings_of

AROUND = ("light", "middle")


@dataclass(frozen=True)
class Aperture(Family):
    """``lg Σ (I − sky)`` over the pixels within each radius of the centre of light, or of the middle of the image.

    Parameters
    ----------
    radii : in pixels
    around : "light", or "middle" of the image

    Raises
    ------
    InputError
        For radii that are none, or another centre.

    Examples
    --------
    >>> Aperture((4, 8)).columns((32, 32))[1].name
    'lg flux(r<8)'
    """

    name: ClassVar[str] = "aperture"
    flat: ClassVar[bool] = False
    least: ClassVar[int] = 5

    radii: Sequence[float] = (4.0, 8.0)
    around: str = "light"

    def __post_init__(self) -> None:
        one_of(self.around, AROUND, "centre of an aperture")
        numbers = isinstance(self.radii, Sequence) and all(
            isinstance(each, int | float) and not isinstance(each, bool) and each > 0 for each in self.radii
        )
        if not numbers or isinstance(self.radii, str) or not self.radii:
            raise InputError(
                f"aperture: radii = {self.radii!r}; expected radii in pixels above 0, as in [4, 8]."
            )
        if len(set(map(float, self.radii))) < len(self.radii):
            raise InputError(f"aperture: radii = {list(self.radii)!r} names one twice; keep one.")

    def columns(self, shape: Shape) -> tuple[Column, ...]:
        """Return a column a radius."""
        return tuple(Column(f"lg flux(r<{each:g})") for each in self.radii)

    def measured(self, images: Images) -> Floats:
        """Return the logarithms (n, n_radii); NaN where an aperture holds no light above the sky."""
        images, _ = less_sky(images)
        middle = (np.array(images.shape[:0:-1]) - 1) / 2
        at = centres_of(images) if self.around == "light" else np.tile(middle, (len(images), 1))
        order = np.argsort(np.asarray(self.radii, dtype=np.float64))
        edges = np.concatenate([[0.0], np.asarray(self.radii, dtype=np.float64)[order]])
        light = np.cumsum(rings_of(images, at, edges)[0], axis=1)[:, np.argsort(order)]
        return np.log10(np.where(light > 0, light, np.nan))
