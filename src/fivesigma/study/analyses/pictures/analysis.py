"""Pictures of some events that the best model was judged on, with what is true and what it said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.random import generator
from fivesigma.record.document import tuples
from fivesigma.record.sections.pictures import Picture, PicturesRecord, Strip, pixels_of
from fivesigma.record.sections.section import named
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.analyses.pictures.choice import Chosen, Told, of_classes, of_numbers
from fivesigma.study.analyses.pictures.drawn import averaged, factor
from fivesigma.study.analyses.pictures.modelled import modelled
from fivesigma.study.analyses.pictures.saliency import saliency
from fivesigma.study.evidence.calibrated import said_of
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.fit.prediction import Output, each
from fivesigma.study.prepared import Prepared
from fivesigma.study.tasks.registry import task
from fivesigma.study.tasks.task import VALIDATION

Array = NDArray[Any]
NAME = "pictures"
DRAWN = ("image", "sequence")
SHOWN = 0
"""The channel that is drawn."""
_DUMMY = "dummy"


class Pictures(Experiment):
    """Some events of the first opened test; while it is sealed, of those that folds held out."""

    def record(self, found: Evidence) -> Mapping[str, Any]:
        """Return the pictures; {} of events that are none, and where no truth is known."""
        prepared, best = self.run.prepared, found.best
        if prepared.data.kind not in DRAWN or best is None or not task(prepared.data.task).supervised:
            return {}
        part = found.tests[0] if found.tests else VALIDATION
        told = _told(found, part, best)
        chosen = [one for one in _chosen(found, told, best, part) if len(one.at)]
        if not chosen:
            return {}
        strips = tuple(_strip(prepared, told, one) for one in chosen)
        at = told.rows[np.concatenate([one.at for one in chosen])]
        more = {
            "saliency": saliency(self.run, found, strips, at),
            "modelled": modelled(prepared, found, strips, at, SHOWN),
        }
        return named(_record(prepared, strips, best, part, more))


def _record(
    prepared: Prepared, strips: tuple[Strip, ...], best: str, part: str, more: Mapping[str, Any]
) -> PicturesRecord:
    data = prepared.data
    space = data.X.shape[2:]
    return PicturesRecord(
        model=best,
        part=part,
        kind=data.kind,
        shape=tuple(averaged(np.zeros(space)).shape),
        averaged=factor(space),
        channel=data.names[SHOWN],
        n_channels=len(data.names),
        unit=data.units[SHOWN],
        strips=strips,
        **more,
    )


def _told(found: Evidence, part: str, name: str) -> Told:
    """Return the events of a part that count, and have a weight and an answer."""
    split, data = found.prepared.split, found.prepared.data
    truth, said = said_of(found, part, name)
    rows = (split.train if part == VALIDATION else split.tests[part])[truth.counts]
    kept = np.ones(len(rows), dtype=np.bool_) if truth.w is None else truth.w != 0
    for values in said.values():
        if values.dtype.kind == "f" and values.ndim < 3:
            kept &= np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    at = np.flatnonzero(kept)
    return Told(data.X, rows[at], truth.y[at], each(said, lambda values: values[at]))


def _chosen(found: Evidence, told: Told, best: str, part: str) -> Iterable[Chosen]:
    """Return the strips; a model that looks at no event has answers that tell nothing of one."""
    prepared, says = found.prepared, found.fitted[best].entry.kind != _DUMMY
    if prepared.n_classes is None:
        return of_numbers(told, says=says)
    rng = generator(prepared.spec.study.seed, NAME, part)
    return of_classes(told, prepared.n_classes, rng, says=says)


def _strip(prepared: Prepared, told: Told, chosen: Chosen) -> Strip:
    classes = prepared.data.classes or ()
    return Strip(
        of=chosen.of,
        class_=None if chosen.code is None else classes[chosen.code],
        pictures=tuple(_picture(prepared, told, int(at)) for at in chosen.at),
    )


def _picture(prepared: Prepared, told: Told, at: int) -> Picture:
    said: dict[str, Any] = {"said_class": None, "probability": None, "said": None}
    classes = prepared.data.classes or () if prepared.n_classes else None
    p, value = told.said.get(Output.PROBABILITY), told.said.get(Output.VALUE)
    if classes is not None and p is not None:
        said |= {"said_class": classes[int(p[at].argmax())], "probability": float(p[at].max())}
    elif classes is None and value is not None:
        said["said"] = tuples(np.atleast_1d(value[at]))
    row = told.rows[at]
    return Picture(
        row=int(prepared.data.rows[row]),
        class_=None if classes is None else classes[int(told.y[at])],
        value=None if classes is not None else tuples(np.atleast_1d(told.y[at])),
        pixels=pixels_of(averaged(prepared.data.X[row, SHOWN])),
        **said,
    )


ANALYSIS = Analysis(NAME, experiment=Pictures)
