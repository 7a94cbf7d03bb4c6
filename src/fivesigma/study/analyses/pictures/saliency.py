"""What a network of images looks at in the events that are drawn: integrated gradients by its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import FivesigmaError
from fivesigma.explain.integrated import integrated_gradients
from fivesigma.record.sections.pictures import Saliency, SaliencyMap, Strip, pixels_of
from fivesigma.study.analyses.analysis import Run
from fivesigma.study.analyses.kept import kept_model
from fivesigma.study.analyses.pictures.drawn import summed
from fivesigma.study.evidence.evidence import Evidence

Array = NDArray[Any]
KIND = "cnn"
EACH = 2
"""Events of a strip that are explained."""


@dataclass(frozen=True, eq=False)
class Asked:
    """An event that is explained: its number among the pictures, its place in the data, and the code of a class."""

    picture: int
    at: int
    code: int


def asked_of(strips: Sequence[Strip], at: Array, classes: Sequence[str]) -> list[Asked]:
    """Return the first events of each strip that tells of answers; of the surest the first and the last.

    The surest stand class by class, so that these are of two classes. Of two classes the log odds of the last are
    explained, of several those of the class that was said.
    """
    found, start = list[Asked](), 0
    for strip in strips:
        n = len(strip.pictures)
        chosen = [0, n - 1] if strip.of == "certain" else range(EACH)
        for i in sorted({i for i in chosen if i < n and strip.of != "examples"}):
            said = strip.pictures[i].said_class
            code = -1 if said is None or len(classes) <= 2 else list(classes).index(said)
            found.append(Asked(start + i, int(at[start + i]), code))
        start += n
    return found


def saliency(run: Run, found: Evidence, strips: Sequence[Strip], at: Array) -> Saliency | None:
    """Return the attributions of the best network of images, whose pictures stand ``at`` rows of the data.

    None without one, without PyTorch, of several targets, and where its model is not kept in the run folder.
    """
    classes = run.prepared.data.classes or () if run.prepared.n_classes else ()
    asked = asked_of(strips, at, classes)
    name = next((each for each in found.ranked if found.fitted[each].entry.kind == KIND), None)
    model = None if name is None or not asked else kept_model(run, name)
    if name is None or model is None:
        return None
    try:
        return _explained(run, name, model.estimator, asked, classes)
    except FivesigmaError:
        return None  # the pictures stand, whatever cannot be said of them


def _explained(
    run: Run, name: str, estimator: Any, asked: Sequence[Asked], classes: Sequence[str]
) -> Saliency:
    from fivesigma.study.fit.inside import model_of, pipeline_of

    entry = next(each for each in run.plan.entries if each.name == name)
    events, steps = (
        run.prepared.fit_data.table(np.array([each.at for each in asked]), entry),
        pipeline_of(estimator),
    )
    X = steps[:-1].transform(events) if len(steps) > 1 else events
    parts, score, scale = _attributed(model_of(estimator), X, [each.code for each in asked])
    each_sum = parts.reshape(len(parts), -1).sum(axis=1)
    miss = np.abs(each_sum - (score[:, 0] - score[:, 1])).max()
    return Saliency(
        model=name,
        scale=scale,
        residual=float(miss / (np.abs(each_sum).max() or 1.0)),
        maps=tuple(
            SaliencyMap(
                picture=one.picture,
                class_=classes[one.code] if classes else None,
                score=float(said),
                pixels=pixels_of(summed(values.sum(axis=0))),
            )
            for one, values, said in zip(asked, parts, score[:, 0], strict=True)
        ),
    )


def _attributed(model: Any, X: Array, codes: Sequence[int]) -> tuple[Array, Array, str]:
    """Return parts (n, channels, \\*space) of scores, the scores of events and a flat one (n, 2), and their scale."""
    from fivesigma.models.neural.map_slopes import MapSlopes

    parts, scores, of = np.empty(X.shape), np.empty((len(X), 2)), np.array(codes)
    for code in sorted(set(codes)):
        own, slopes = of == code, MapSlopes(model, code)
        Z = slopes.inputs(X[own])
        found = integrated_gradients(slopes, Z, np.zeros(Z.shape[1]))
        parts[own] = found.values.reshape(X[own].shape)
        scores[own] = np.column_stack([slopes(Z)[0], np.full(len(Z), found.base)])
    return parts, scores, MapSlopes(model).scale
