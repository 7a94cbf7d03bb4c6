"""What a model of tables gets where events are images or sequences: a table of their features."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from fivesigma.features.images.families import family
from fivesigma.features.images.plan import ImageFeatures
from fivesigma.study.plan import Entry


def image_features(meta: Mapping[str, Any], entry: Entry) -> ImageFeatures | None:
    """Return the features that are the columns of a model; None of one that takes events as they are."""
    if not entry.image:
        return None
    return _of(entry.image, meta)


def _of(families: tuple[Any, ...], meta: Mapping[str, Any]) -> ImageFeatures:
    return ImageFeatures(families, tuple(meta["names"]), tuple(meta["shape"][1:]), tuple(meta["units"]))


def measured_features(entries: Iterable[Entry], meta: Mapping[str, Any]) -> ImageFeatures | None:
    """Return the features that are measured once for all fits; None where no model takes any."""
    every = {json.dumps(each, sort_keys=True): each for entry in entries for each in entry.image}
    features = tuple(each for each in every.values() if family(each).kept)
    if not features:
        return None
    return _of(features, meta)


def described(meta: Mapping[str, Any], entry: Entry) -> Mapping[str, Any]:
    """Return what the columns of a model mean: those of ``meta``, or in their place those of its image features."""
    features = image_features(meta, entry)
    if features is None:
        return meta
    return {
        **meta,
        "names": list(features.names),
        "units": list(features.column_units),
        "categories": {},
        "angles": {},
        "kind": "table",
        "shape": [len(features.names)],
    }
