"""How a study divides its events, as a table for those who fit their models with other tools."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core import expressions
from fivesigma._core.errors import InputError
from fivesigma.data.dataset import Dataset
from fivesigma.risk.splits import Split
from fivesigma.study.fit.data import FitData
from fivesigma.study.plan import Sample
from fivesigma.study.preparation.prepare import divided
from fivesigma.study.spec.document import Spec

Array = NDArray[Any]


def division(spec: Spec, data: Dataset | None = None, *, refits: int | None = None) -> dict[str, Array]:
    """Return one line an event: ``row``, the spectators, ``part``, ``fold``, ``resample_1`` … ``resample_R``.

    Parameters
    ----------
    spec : the study; what it says of models is not looked at
    data : its events, where they were given in Python
    refits : R, the resamples of the training rows; default: ``evaluate.refits``

    Returns
    -------
    dict of (n,) : ``row`` in the table, from 0; ``part``, "train", the name of a test set, or None for a row that is
        in neither; ``fold`` that holds a training row out, missing where none does; and how often a training row
        stands in the refits' samples, the very ones that our own refits use, missing of others. Neither the target
        is there nor a spectator that it is computed from.

    Raises
    ------
    InputError, DataError, StudyError
        For whatever study, table and split cannot be together.
    """
    events, split = divided(spec, data)
    R = spec.evaluate.refits if refits is None else refits
    own = {
        "row": events.rows,
        "part": _parts(events.n_samples, split),
        "fold": _of_training(split.folds, split, events.n_samples, known=split.folds >= 0),
        **{f"resample_{1 + r}": each for r, each in enumerate(_resamples(spec, events, split, R))},
    }
    shown = {
        name if name not in own else f"{name} (spectator)": each
        for name, each in {**_key(spec, events), **_spectators(spec, events)}.items()
    }
    return {"row": own.pop("row"), **shown, **own}


def _key(spec: Spec, data: Dataset) -> dict[str, Array]:
    """Return the column whose hash divides the events, by which another table knows them."""
    name = spec.split.key
    return {} if name is None or name not in data.extras else {name: data.extras[name]}


def _parts(n: int, split: Split) -> Array:
    part = np.full(n, None, dtype=object)
    for name, rows in {"train": split.train, **split.tests}.items():
        part[rows] = name
    return part


def _of_training(values: Array, split: Split, n: int, *, known: Array | None = None) -> Array:
    """Return what is known of training rows as a column of all n rows, missing elsewhere."""
    rows = split.train if known is None else split.train[known]
    found, absent = np.zeros(n, dtype=np.int64), np.ones(n, dtype=np.bool_)
    found[rows], absent[rows] = values if known is None else values[known], False
    return kinds.gapped(found, absent)


def _resamples(spec: Spec, data: Dataset, split: Split, R: int) -> list[Array]:
    """Return how often each training row stands in each of R resamples."""
    y = np.zeros(data.n_samples)
    shared = FitData(data.X, y, None, split.units, split.train, split.folds, split.tests, {})
    drawn = [shared.rows(Sample("resample", r), spec.study.seed) for r in range(R)]
    counts = [np.bincount(rows, minlength=data.n_samples)[split.train] for rows in drawn]
    return [_of_training(each, split, data.n_samples) for each in counts]


def _spectators(spec: Spec, data: Dataset) -> dict[str, Array]:
    """Return the spectators that do not tell the target: it is not one of them, nor computed from them."""
    made = dict(spec.features.expressions)
    target = spec.data.target or data.target or ""
    told = {target} if isinstance(target, str) else set(target)
    known = dict.fromkeys([*data.spectators, *made])
    vectors = dict(spec.features.fourvectors or {})
    declared = (*(spec.objects or ()), *vectors)
    while (
        more := {
            part
            for each in told
            for name in _used(made.get(each, each), known, declared)
            for part in (name, *vectors.get(name, ()))
        }
        - told
    ):
        told |= more
    return {name: column for name, column in data.spectators.items() if name not in told}


def _used(text: str, known: dict[str, None], declared: Collection[str]) -> tuple[str, ...]:
    """Return the columns and objects that an expression uses; none of a column's name that is no expression."""
    try:
        return expressions.names(text, known, declared)
    except InputError:
        return ()
