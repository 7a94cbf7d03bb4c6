"""The division of the events, as the study says."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core.errors import InputError, did_you_mean
from fivesigma.data.dataset import Dataset
from fivesigma.record.sections.columns import GivenFoldsRecord, KeyRecord, TimeRecord
from fivesigma.record.sections.section import Section, named
from fivesigma.risk.given_folds import crossing, with_folds
from fivesigma.risk.keyed import split_by_key
from fivesigma.risk.row_hashes import row_hash, table_hash
from fivesigma.risk.splits import Split, make_split, make_units
from fivesigma.risk.time_blocks import split_by_time, times
from fivesigma.study.preparation.events import PART, _given, fold_column
from fivesigma.study.spec.document import Spec
from fivesigma.study.spec.split import TestRows

Array = NDArray[Any]


def split_of(spec: Spec, data: Dataset) -> Split:
    """Divide the events as the study says.

    Copies are rows of which the table says the same, so that no choice of features moves an event across the seal;
    where a column divides the events it tells copies apart, and they are rows of the same features.
    """
    section, column = spec.split, fold_column(spec)
    if spec.scan is not None and (section.time or column):
        raise spec.error(
            "scan",
            "its studies divide the events anew, and here a column divides them; remove one of the two.",
        )
    if section.time is not None:
        return _by_time(spec, data, section.time)
    given = {name: _rows_of(name, rows, data) for name, rows in _given(spec).items()}
    if section.key is not None:
        return _by_key(spec, data, given)
    split = make_split(
        data.row_hashes,
        data.y,
        task=data.task,
        test=None if isinstance(section.test, Mapping) else section.test,
        n_folds=section.n_folds or 2,
        validation=section.validation,
        stratify=section.stratify,
        groups=data.group_hashes,
        copies=row_hash(data.X) if given or column is not None else data.row_hashes,
        duplicates=section.duplicates,
        salt=spec.study.name,
        seed=spec.study.seed,
        test_rows=given or None,
        classes=data.classes,
        repeats=section.repeats or 1,
        alone=_alone(spec),
    )
    if column is None:
        return split
    labels = _labels(data, column)
    return with_folds(split, labels, _codes(data), column=column, classes=data.classes)


def _alone(spec: Spec) -> bool:
    """Whether an event's own hash alone says if it is sealed: where a study may be read with other rows and cuts."""
    return bool(spec.cuts) or spec.data.rows is not None or spec.data.fraction is not None


def keyed(spec: Spec, data: Dataset) -> Dataset:
    """Return the events with the hash of their key as what they are known by, where the study names one."""
    name = spec.split.key
    if name is None:
        return data
    column = _column(data, name, "split.key")
    absent = int(kinds.missing(column).sum())
    if absent:
        raise InputError(
            f"split.key: {absent} of {len(column)} events have no {name}; drop them with data.select, or name a "
            "column that every event has."
        )
    if not (kinds.is_text(column) or kinds.is_whole(column)):
        raise spec.error(
            "split.key",
            f"'{name}' holds numbers that are not whole, which another file may round; name whole numbers or text.",
        )
    if spec.data.group not in (None, name):
        raise spec.error(
            "split.key",
            f"'{name}' alone says which side an event is on, and data.group = '{spec.data.group}' would be parted; "
            "name the group's column as the key, or remove one of the two.",
        )
    return dataclasses.replace(data, identity=table_hash({name: column}))


def _by_key(spec: Spec, data: Dataset, given: dict[str, NDArray[np.int64]]) -> Split:
    """Divide the events by the hashes of their keys."""
    section = spec.split
    return split_by_key(
        data.row_hashes,
        _codes(data),
        test=None if isinstance(section.test, Mapping) else section.test,
        n_folds=section.n_folds or 2,
        validation=section.validation,
        salt=spec.study.name,
        test_rows=given or None,
        copies=row_hash(data.X),
        classes=data.classes,
        repeats=section.repeats or 1,
    )


def _by_time(spec: Spec, data: Dataset, name: str) -> Split:
    """Divide the events into blocks of time."""
    section = spec.split
    together = section.duplicates == "together"
    units = make_units(data.row_hashes, row_hash(data.X), data.group_hashes, together, None)
    return split_by_time(
        times(_column(data, name, "split.time"), name),
        _codes(data),
        gap=section.gap,
        test=None if isinstance(section.test, Mapping) else section.test,
        n_folds=section.n_folds or 2,
        validation=section.validation,
        units=units.of_row,
        groups=data.group_hashes,
        classes=data.classes,
    )


def _codes(data: Dataset) -> Array | None:
    """Return the codes of the classes, where there are classes to learn."""
    return data.y if data.task == "classification" else None


def _column(data: Dataset, name: str, key: str) -> Array:
    """Return a column that the events bring along."""
    brought = {**data.spectators, **data.extras}
    if name not in brought:
        raise InputError(
            f"{key}: {name!r} is not among the columns that the events bring along; name it a spectator."
            f"{did_you_mean(name, brought)}"
        )
    return brought[name]


def _labels(data: Dataset, name: str) -> Array:
    """Return the folds that a column gives, as whole numbers where all are, else as text."""
    column = _column(data, name, "split.folds")
    absent = int(kinds.missing(column).sum())
    if absent:
        raise InputError(
            f"split.folds: {absent} of {len(column)} events have no {name}; give each its fold, or drop them with "
            "data.select."
        )
    text = [_label(value) for value in column.tolist()]
    whole = all(word.removeprefix("-").isdecimal() for word in text)
    return (
        np.array([int(word) for word in text], dtype=object if whole else None) if whole else np.array(text)
    )


def _rows_of(name: str, rows: TestRows, data: Dataset) -> NDArray[np.int64]:
    """Return the positions of a test set given by hand."""
    if rows.column is None:
        found = np.flatnonzero(data.extras[PART] == name)
    else:
        column = _column(data, rows.column, "split.test")
        wanted = {str(value) for value in rows.value or ()}
        found = np.flatnonzero([_label(value) in wanted for value in column])
    if len(found) == 0:
        raise InputError(f"split.test: no row belongs to the test set {name!r}; check its column and value.")
    return found


def _label(value: Any) -> str:
    return (
        str(int(value))
        if isinstance(value, (float, np.floating)) and float(value).is_integer()
        else str(value)
    )


def sections(spec: Spec, split: Split) -> dict[str, Section]:
    """Return what the record says of a division that a column makes, by key."""
    if spec.split.key is not None:
        keys = len(np.unique(split.units))
        return named(KeyRecord(column=spec.split.key, keys=keys))
    if spec.split.time is not None:
        beside = tuple(map(int, split.near.sum(axis=1))) if split.near.size else (0,) * split.n_folds
        column, gap = spec.split.time, spec.split.gap
        return named(TimeRecord(column=column, gap=gap, left_out=split.left_out, left_out_of_folds=beside))
    if (of_folds := fold_column(spec)) is not None:
        rows = tuple(map(int, np.bincount(split.folds)))
        return named(GivenFoldsRecord(column=of_folds, rows=rows, crossing=crossing(split)))
    return {}


def notes(spec: Spec, split: Split) -> Iterator[tuple[str, str, str]]:
    """Yield what a reader should know of the division: checks with their status and a message."""
    if split.overlap:
        yield "overlap", "warning", f"{split.overlap} training rows equal a test row"
    if spec.split.key is not None:
        yield "key", "ok", _in_keys(spec.split.key, split)
    if spec.split.time is not None:
        yield "time", "ok", _in_time(spec, split)
    elif split.left_out:
        rows = "1 row is" if split.left_out == 1 else f"{split.left_out} rows are"
        what = "because of equal rows or the same group in a given test"
        yield "overlap", "warning", f"{rows} left out of training, {what}"
    if fold_column(spec) or spec.split.time is not None:
        crossed = crossing(split)
        if crossed:
            what = "groups, or sets of equal rows," if spec.data.group else "sets of equal rows"
            yield (
                "folds",
                "warning",
                f"{crossed} {what} have training rows in two folds or more: a fold's model has seen what it is "
                "scored on",
            )


def _in_keys(name: str, split: Split) -> str:
    """Return what a split by a key means."""
    n_keys, n = len(np.unique(split.units)), len(split.units)
    shared = "" if n_keys == n else f" ({n_keys} keys of {n} events, those of one key together)"
    return f"the hash of {name} alone says which part an event is in, in every file{shared}"


def _in_time(spec: Spec, split: Split) -> str:
    """Return what a split by time means for its scores."""
    section = spec.split
    test = (
        f"the test is the last {len(split.tests['test'])} events by {section.time}, and "
        if split.tests
        else ""
    )
    gap = (
        f"; less than {section.gap:g} before the test {split.left_out} events are left out, and beside the folds' "
        f"blocks {', '.join(map(str, split.near.sum(axis=1)))}"
        if section.gap
        else ""
    )
    return (
        f"{test}folds are blocks of {section.time}{gap}: scores of the test are of a forecast, of events later than "
        "those fitted to; intervals take the events of a block as independent (data.group says which are not)"
    )
