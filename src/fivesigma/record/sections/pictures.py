"""Pictures of some events: images or sequences as they are, with what is true and what was said of them."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.document import optional
from fivesigma.record.sections.section import Section

Array = NDArray[Any]
_FORM = "<f4"


def pixels_of(values: Array) -> str:
    """Return an image as text: float32, the lowest byte first, row by row, in base64.

    >>> pixels_of(np.array([[1.0, -1.0]]))
    'AACAPwAAgL8='
    """
    return base64.b64encode(np.ascontiguousarray(values, dtype=_FORM).tobytes()).decode()


def image_of(pixels: str, shape: Sequence[int]) -> Array:
    """Return the image that `pixels_of` wrote, float32; `ValueError` for one of another size.

    >>> image_of("AACAPwAAgL8=", (1, 2))
    array([[ 1., -1.]], dtype=float32)
    """
    values = np.frombuffer(base64.b64decode(pixels), dtype=_FORM)
    return values.reshape(tuple(shape)).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One event.

    Attributes
    ----------
    row : its number in the input, from 0.
    class_, said_class : its class and the one of the largest probability, which is ``probability``; null of numbers.
    value, said : its targets and what was said of them; null of classes.
    pixels : the channel that is drawn, see `pixels_of`.
    """

    row: int
    class_: str | None
    said_class: str | None
    probability: float | None
    value: tuple[float, ...] | None
    said: tuple[float, ...] | None
    pixels: str


@dataclass(frozen=True, kw_only=True)
class Strip:
    """Some events side by side.

    Attributes
    ----------
    of : why these: "examples"; of classes "certain", "doubtful" and "wrong", of numbers "least", "middle" and "largest"
        by their residual.
    class_ : of the examples, the class that they are of.
    """

    of: str
    class_: str | None
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, kw_only=True)
class SaliencyMap:
    """Which pixels of an event bring how much of what a network says of it.

    Attributes
    ----------
    picture : which one, counted through all strips from 0.
    class_ : whose log odds are explained; null of numbers.
    score : what the network says of the event.
    pixels : parts of the score less that of a flat event, summed over channels and the pixels that were averaged, see
        `pixels_of`.
    """

    picture: int
    class_: str | None
    score: float
    pixels: str


@dataclass(frozen=True, kw_only=True)
class Saliency:
    """Integrated gradients of the best network of images.

    Attributes
    ----------
    model : the network.
    scale : what its score is in: "log odds", or the "prediction".
    residual : the largest that the parts of an event miss of their sum, over the largest such sum.
    """

    model: str
    scale: str
    residual: float
    maps: tuple[SaliencyMap, ...]


@dataclass(frozen=True, kw_only=True)
class ModelMaps:
    """The model of an image that was fitted to it.

    Attributes
    ----------
    picture : which one, counted through all strips from 0.
    chi2 : χ² a degree of freedom.
    whole, first : the model, and its first part alone without the sky, see `pixels_of`.
    truth : what that part is of, as the simulation has it; null where it does not say.
    """

    picture: int
    chi2: float | None
    whole: str
    first: str
    truth: str | None


@dataclass(frozen=True, kw_only=True)
class ModelledImages:
    """Images beside the models that a family of features fits to them.

    Attributes
    ----------
    model : the best model that has the family, which is ``family`` with its settings.
    """

    model: str
    family: str
    maps: tuple[ModelMaps, ...]


@dataclass(frozen=True, kw_only=True)
class PicturesRecord(Section):
    """Some of the events that a model was judged on.

    Attributes
    ----------
    model : whose answers are told: the best.
    part : which events they are: an opened test, or those that folds held out.
    kind : "image" or "sequence".
    shape : of a picture, (height, width) or (length,).
    averaged : side of the squares of pixels of which a picture has the mean; 1 of one as it is.
    channel, unit : which channel is drawn, of ``n_channels``, and in what.
    """

    key, of = "pictures", "results"

    model: str
    part: str
    kind: str
    shape: tuple[int, ...]
    averaged: int
    channel: str
    n_channels: int
    unit: str | None
    strips: tuple[Strip, ...]
    saliency: Saliency | None = optional()
    modelled: ModelledImages | None = optional()

    @property
    def pictures(self) -> Iterator[Picture]:
        """All of them, strip by strip."""
        return (picture for strip in self.strips for picture in strip.pictures)
