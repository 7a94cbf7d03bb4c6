"""The errors of the predictions of a saved model: as the run kept them beside it, or as its predictions tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fivesigma._core.columns import words
from fivesigma._core.errors import DataError
from fivesigma.data.tables import read_columns
from fivesigma.record.results import Results
from fivesigma.record.store import RunFolder, read_json
from fivesigma.risk.extrapolation import TrainingRange
from fivesigma.study.finished.brought import record_sections
from fivesigma.study.fit.intervals import HeldOut, of_target
from fivesigma.study.fit.prediction import Output
from fivesigma.study.fit.saved import errors_file
from fivesigma.study.fit.uncertainty import Uncertainty
from fivesigma.study.tasks.registry import task
from fivesigma.study.tasks.task import TRAIN

_UNKNOWN_GROUPS = (
    "the events come in groups, which this run of an older version has not kept; run the study again"
)


def errors_of(model: Path, meta: Mapping[str, Any]) -> Uncertainty | None:
    """Return the errors of the predictions of a model file: those beside it, or told by the run that it lies in.

    None of a model that left its run without them.

    Raises
    ------
    DataError
        Where what is there is damaged.
    """
    kept, folder = kept_beside(model, meta), RunFolder(model.parent.parent)
    if kept is not None or not folder.predictions.is_file() or not (folder.path / "results.json").is_file():
        return kept
    results = folder.results(record_sections())
    return told_by(folder, results, str(meta["name"]), meta["names"])


def kept_beside(model: Path, meta: Mapping[str, Any]) -> Uncertainty | None:
    """Return the errors that are kept beside a model file; None where there are none.

    Raises
    ------
    DataError
        Where they are not those of the model.
    """
    place = errors_file(model)
    if not place.is_file():
        return None
    try:
        found = Uncertainty.from_document(read_json(place))
        sound = _belongs(found, meta)
    except DataError:
        raise
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        sound = False
    if not sound:
        raise DataError(
            f"{place}: does not hold the errors of {model.name}; copy it from the run again, or move it away."
        )
    return found


def _belongs(found: Uncertainty, meta: Mapping[str, Any]) -> bool:
    """Whether errors have the columns, targets and classes of a model, and numbers that are some."""
    p, n_classes = len(meta["names"]), len(meta["classes"] or ())
    numbers = [found.seen.spread, *(each.width.widths for each in found.intervals if each.width is not None)]
    shapes = (
        len(each) == p for each in (found.seen.low, found.seen.high, found.seen.spread, found.seen.gaps)
    )
    return (
        found.seen.names == tuple(meta["names"])
        and all(shapes)
        and all(np.isfinite(each).all() and (each >= 0).all() for each in numbers)
        and len(found.intervals) in (0, max(len(meta.get("targets", ())), 1))
        and len(found.bands) in (0, 1 if n_classes == 2 else n_classes)
        and (
            bool(found.why)
            or bool(found.bands if n_classes else found.intervals)
            or not task(meta["task"]).supervised
        )
    )


def told_by(folder: RunFolder, results: Results, name: str, names: Sequence[str]) -> Uncertainty:
    """Return the errors of the model ``name``, which takes the columns ``names``, by what an older run has.

    That is the table of predictions; the range is that of the columns that the page shows.
    """
    known = {each.name: each for each in results.data.features}
    every = [known.get(each) for each in names]
    seen = TrainingRange(
        tuple(names),
        _numbers(every, "min", -np.inf),
        _numbers(every, "max", np.inf),
        _numbers(every, "std", 0.0),
        np.array([each is None or each.n_missing > 0 for each in every]),
    )
    if not task(results.task).supervised:
        return Uncertainty.of(seen, ())
    held = _held_out(folder, results, name)
    return Uncertainty(seen, why=_UNKNOWN_GROUPS) if held is None else Uncertainty.of(seen, held)


def _numbers(every: Sequence[Any], word: str, unknown: float) -> Any:
    """Return what is said of each column, ``unknown`` where it is not."""
    said = [None if each is None else getattr(each, word) for each in every]
    return np.array([unknown if each is None else each for each in said])


def _held_out(folder: RunFolder, results: Results, name: str) -> list[HeldOut] | None:
    """Return the events that folds held out, by the table of predictions; None where their groups are not known."""
    table, group = read_columns(folder.predictions), results.split.group
    if group is not None and group not in table:
        return None
    targets = [each.removeprefix("target:") for each in table if each.startswith("target:")]
    train = table["part"] == TRAIN
    said = task(results.task).stored(table, name, results.data.classes or targets)
    said = {output: values[train] for output, values in said.items() if output is not Output.INTERVAL}
    groups = None if group is None else np.unique(table[group][train].astype(str), return_inverse=True)[1]
    w, fold = np.asarray(table["weight"][train], dtype=np.float64), np.zeros(int(train.sum()), dtype=np.int64)
    if targets:
        columns = [np.asarray(table[f"target:{each}"][train], dtype=np.float64) for each in targets]
        return [HeldOut(y, w, fold, groups, of_target(said, j)) for j, y in enumerate(columns)]
    return [HeldOut(_codes(table["target"][train], results.data.classes), w, fold, groups, said)]


def _codes(target: Any, classes: Sequence[str] | None) -> Any:
    if classes is None:
        return np.asarray(target, dtype=np.float64)
    place = {label: code for code, label in enumerate(classes)}
    return np.array([place.get(word or "", -1) for word in words(target)])
