"""A family of features: columns that are measured on each image alone, named and with units."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.float64]
"""Images (n, height, width) of one channel; a sequence is an image of height 1."""
Floats = NDArray[np.float64]
Shape = tuple[int, int]
"""Height and width of an image, in pixels."""
Dimension = Literal["brightness", "square", "length", "number"]


@dataclass(frozen=True)
class Column:
    """One feature: its name, and what it is measured in.

    ``brightness`` is in the unit of the image's values, ``square`` in that unit squared, ``length`` in pixels; a
    ``number`` has no unit, as a logarithm, a count or a ratio.
    """

    name: str
    of: Dimension = "number"

    def unit(self, of_image: str | None) -> str | None:
        """Return the unit, of images with values in ``of_image``.

        >>> Column("flux", "brightness").unit("nJy"), Column("C(r=1)", "square").unit("K"), Column("gini").unit("K")
        ('nJy', '(K)^2', None)
        """
        if self.of == "length":
            return "pixel"
        if of_image is None or self.of == "number":
            return None
        return of_image if self.of == "brightness" else f"({of_image})^2"


@dataclass(frozen=True, eq=False)
class Modelled:
    """Models that were fitted to images (n, height, width), in the unit of their values.

    Attributes
    ----------
    whole : all of it, with the sky; NaN where no fit came to an end
    first : its first part alone, without the sky; the whole where there is one part
    chi2 : (n,) χ² a degree of freedom
    """

    whole: Images
    first: Images
    chi2: Floats


class Family(ABC):
    """Features that are measured together.

    Nothing is learnt: what an image yields depends on that image alone. The features follow a change of its unit:
    values times ``c > 0`` give columns times ``c`` (brightness), ``c²`` (square), themselves (length, number) or plus
    a constant (logarithms).
    """

    name: ClassVar[str]
    flat: ClassVar[bool] = True
    """Whether it can be measured on sequences too."""
    least: ClassVar[int] = 1
    """Pixels that either side of an image has at the least."""
    kept: ClassVar[bool] = True
    """Whether it is worth keeping for all fits; what is as large as the images is taken from them again."""

    @abstractmethod
    def columns(self, shape: Shape) -> tuple[Column, ...]:
        """Return the columns of images of ``shape``, in order."""

    @abstractmethod
    def measured(self, images: Images) -> Floats:
        """Return the columns (n, p) of ``images`` (n, height, width); NaN where an image has no such number."""

    def modelled(self, images: Images) -> Modelled | None:
        """Return the models that it fits to ``images`` (n, height, width); None of a family that fits none."""
        return None


def side(shape: Shape) -> int:
    """Return the shorter side of an image, or the length of a sequence.

    >>> side((8, 6)), side((1, 20))
    (6, 20)
    """
    return max(shape) if min(shape) == 1 else min(shape)
