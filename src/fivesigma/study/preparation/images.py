"""Which models of a study of images get a table of features, and of which."""

from __future__ import annotations

from typing import Any

from fivesigma._core.errors import InputError, did_you_mean
from fivesigma.data.dataset import Dataset
from fivesigma.features.images.plan import ImageFeatures
from fivesigma.study.plan import Entry
from fivesigma.study.registry.kind import ModelKind
from fivesigma.study.spec.document import Spec

MEASURED = ("image", "sequence")
"""The kinds of events that have such features."""


def image_families(
    spec: Spec, data: Dataset, kind: ModelKind, own: tuple[Any, ...] | None = None
) -> tuple[Any, ...]:
    """Return the families of features that a model of ``kind`` gets; () of one that takes the events as they are.

    ``own`` are those that its entry names in place of those of the study.

    Raises
    ------
    InputError
        Where the events have no such features, or the model takes them as they are.
    """
    asked = own if own is not None else spec.features.image
    if asked is not None and data.kind not in MEASURED:
        raise InputError(
            f"image features are of images and sequences, and an event is of kind '{data.kind}'; remove "
            f"{'image' if own is not None else 'features.image'}."
        )
    if data.kind in kind.data or data.kind not in MEASURED:
        if own is not None:
            raise InputError(f"{kind.name!r} takes events of kind '{data.kind}' as they are; remove image.")
        return ()
    if asked is None:
        return ()
    _of(asked, data)
    return asked


def _of(families: tuple[Any, ...], data: Dataset) -> ImageFeatures:
    return ImageFeatures(families, data.names, data.X.shape[2:], data.units)


def n_measured(spec: Spec, data: Dataset) -> int | None:
    """Return how many image features the study gives to models of tables; None where it gives none."""
    asked = spec.features.image
    return None if asked is None or data.kind not in MEASURED else len(_of(asked, data).names)


def names_seen(entry: Entry, data: Dataset) -> tuple[str, ...]:
    """Return the columns or channels that there are for a model."""
    return _of(entry.image, data).names if entry.image else data.names


def check_names(entry: Entry, data: Dataset) -> None:
    """Raise `InputError` where a model names a feature that is not there."""
    if not entry.image:
        data.positions(entry.features or ())
        return
    names = names_seen(entry, data)
    for name in entry.features or ():
        if name not in names:
            raise InputError(f"{name!r} is not one of its image features.{did_you_mean(name, names)}")


def width(entry: Entry, data: Dataset) -> int:
    """Return how many values of an event a model sees, before anything is made of them."""
    if not entry.image:
        return data.n_features
    return len(names_seen(entry, data) if entry.features is None else entry.features)
