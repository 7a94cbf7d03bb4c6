"""The models that are fitted to images, of the events that are drawn, and the truth where a simulation knows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.features.images.families import family, spoken
from fivesigma.features.images.family import Modelled
from fivesigma.record.sections.pictures import ModelledImages, ModelMaps, Strip, pixels_of
from fivesigma.simulate.tables import truth_images
from fivesigma.study.analyses.pictures.drawn import averaged
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.prepared import Prepared

Array = NDArray[Any]


def modelled(
    prepared: Prepared, found: Evidence, strips: Sequence[Strip], at: Array, channel: int
) -> ModelledImages | None:
    """Return the models of the first event of each strip that tells of answers; ``at`` are the rows of all pictures.

    None where no model of the study has a family that fits one, and of images with gaps.
    """
    first = list(_first(strips))
    if prepared.data.kind != "image" or not first:
        return None
    rows = at[first]
    images = np.asarray(prepared.data.X[rows, channel], dtype=np.float64)
    families = [(name, one) for name in found.ranked for one in found.fitted[name].entry.image]
    fits = ((name, one, family(one).modelled(images)) for name, one in families)
    best = next(((name, one, each) for name, one, each in fits if each is not None), None)
    if best is None or not np.isfinite(images).all():
        return None
    return ModelledImages(
        model=best[0], family=spoken(best[1]), maps=_maps(best[2], first, _truths(prepared, rows))
    )


def _first(strips: Sequence[Strip]) -> Iterator[int]:
    start = 0
    for strip in strips:
        if strip.of != "examples" and strip.pictures:
            yield start
        start += len(strip.pictures)


def _maps(found: Modelled, first: Sequence[int], truths: Array | None) -> tuple[ModelMaps, ...]:
    return tuple(
        ModelMaps(
            picture=picture,
            chi2=float(found.chi2[i]),
            whole=pixels_of(averaged(found.whole[i])),
            first=pixels_of(averaged(found.first[i])),
            truth=None if truths is None else pixels_of(averaged(truths[i])),
        )
        for i, picture in enumerate(first)
    )


def _truths(prepared: Prepared, rows: Array) -> Array | None:
    """Return what is behind images (n, height, width); None where no simulation says, or a test has one of its own."""
    spec, at = prepared.spec, prepared.data.rows[rows]
    given = spec.split.test if isinstance(spec.split.test, Mapping) else {}
    own = any(each.source is not None for each in given.values())
    if spec.data.simulated is None or own:
        return None
    return truth_images(
        spec.data.simulated, at, n=spec.source.n, seed=spec.study.seed, settings=spec.source.settings
    )
