"""The values of an image as they are, one column a pixel."""

from __future__ import annotations

from typing import ClassVar

from fivesigma.features.images.family import Column, Family, Floats, Images, Shape


class Pixels(Family):
    """Each pixel a column, row by row; of a sequence each of its places.

    Examples
    --------
    >>> [each.name for each in Pixels().columns((1, 3))], Pixels().columns((2, 2))[1].name
    (['pixel 0', 'pixel 1', 'pixel 2'], 'pixel 0,1')
    """

    name: ClassVar[str] = "pixels"
    kept: ClassVar[bool] = False

    def columns(self, shape: Shape) -> tuple[Column, ...]:
        """Return a column a pixel, named by its row and column from 0."""
        height, width = shape
        at = ("" if height == 1 else f"{i}," for i in range(height))
        return tuple(Column(f"pixel {row}{j}", "brightness") for row in at for j in range(width))

    def measured(self, images: Images) -> Floats:
        """Return the values (n, height * width)."""
        return images.reshape(len(images), -1)
