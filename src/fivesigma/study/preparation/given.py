"""Models that are scores from elsewhere: what of them every result depends on, and the scores themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import FivesigmaError, InputError, StudyError, did_you_mean
from fivesigma.data import scores
from fivesigma.data.dataset import Dataset
from fivesigma.data.scores import ScoreTable
from fivesigma.risk.metric import Metric
from fivesigma.risk.splits import Split
from fivesigma.study.plan import Entry
from fivesigma.study.spec.document import Spec
from fivesigma.study.spec.models import ModelSection

Array = NDArray[Any]


def settled(spec: Spec, model: ModelSection) -> dict[str, Any] | None:
    """Return what a result depends on, the bytes of the table among it; None for a model that is fitted here."""
    if model.file is None or model.columns is None:
        return None
    return {
        "sha256": scores.sha256(spec.absolute(model.file)),
        "on": model.on,
        "columns": list(model.columns),
        "refits": [list(names) for names in model.refits or ()],
        "seeds": [list(names) for names in model.seeds or ()],
        "out_of_fold": bool(model.out_of_fold),
    }


def check(spec: Spec, split: Split, metric: Metric) -> None:
    """Raise `StudyError` for scores of which nothing could be judged."""
    for where, model in _given(spec):
        if spec.scan is not None:
            raise spec.error(
                where,
                "scores are of the events of one table, and a scan changes what is studied; remove [scan].",
            )
        if not split.tests and not model.out_of_fold:
            raise spec.error(
                where,
                "without a test set and without out_of_fold there is no score to judge; give split.test, or scores of "
                "models that have not seen their rows and out_of_fold = true.",
            )
        if not split.tests and (model.refits or model.seeds):
            raise spec.error(
                where, "refits and seeds are scored on a test set, and there is none; give split.test."
            )
        if not model.out_of_fold and metric.has_cut:
            raise spec.error(
                where,
                f"{metric.name} is at a cut or a width that is chosen on scores of models that have not seen their "
                "rows; give such scores and out_of_fold = true, or another metric.",
            )


def _given(spec: Spec) -> Iterator[tuple[str, ModelSection]]:
    for place, model in enumerate(spec.models):
        if model.file is not None:
            yield f"models[{place}]", model


def scores_of(
    spec: Spec, data: Dataset, split: Split, entries: tuple[Entry, ...], n_classes: int | None
) -> dict[str, Array]:
    """Return the scores of each such model by name: (s, n, n_classes), (s, n) values, or (s, n, m) of m targets.

    The first of the s sets is the model's, then come those of its refits and of its seeds. Each table is read once.

    Raises
    ------
    StudyError, DataError
        For a table that does not fit the events, with the place in the study.
    """
    entry_of = {entry.name: entry for entry in entries}
    used = np.zeros(data.n_samples, dtype=np.bool_)
    used[np.concatenate([split.train, *split.tests.values()])] = True
    sealed = np.zeros(data.n_samples, dtype=np.bool_)
    sealed[np.concatenate([split.train[:0], *split.tests.values()])] = True
    tables: dict[tuple[str, str | None], ScoreTable] = {}
    found: dict[str, Array] = {}
    for where, model in _given(spec):
        source = (spec.absolute(str(model.file)), model.on)
        try:
            if source not in tables:
                tables[source] = scores.read(
                    source[0], on=model.on, keys=_keys(data, model.on), n=data.n_samples, needed=used
                )
            given = entry_of[model.name].given or {}
            found[model.name] = _sets(tables[source], given, n_classes, data.several, used, sealed)
        except InputError as error:
            raise StudyError(f"{spec.place}: {where}: {error}") from None
        except FivesigmaError as error:
            raise type(error)(f"{spec.place}: {where}.file: {error}") from None
    return found


def _keys(data: Dataset, on: str | None) -> Array | None:
    """Return the key of each event; it is carried along from the table, or is a spectator."""
    if on is None:
        return None
    columns: Mapping[str, Array] = {**data.spectators, **data.extras}
    if on not in columns:
        raise InputError(
            f"the key {on!r} is not among the columns that the events bring along; name it a spectator."
            f"{did_you_mean(on, columns)}"
        )
    return columns[on]


def _sets(
    table: ScoreTable,
    given: Mapping[str, Any],
    n_classes: int | None,
    several: tuple[str, ...],
    used: Array,
    sealed: Array,
) -> Array:
    """Return the sets of scores of a model; those of refits and seeds are wanted of the sealed events alone."""
    asked = [(given["columns"], used), *((names, sealed) for names in (*given["refits"], *given["seeds"]))]
    if n_classes is not None:
        return np.stack([table.probabilities(names, n_classes, needed) for names, needed in asked])
    n, m = len(given["columns"]), max(len(several), 1)
    if n != m:
        named, wanted = f"{n} column{'s' if n != 1 else ''}", f"{m} target{'s' if m != 1 else ''}"
        raise InputError(f"columns names {named} for {wanted}; name one each, its predicted value.")
    values = [table.values(names, needed) for names, needed in asked]
    return np.stack(values if several else [each[:, 0] for each in values])
