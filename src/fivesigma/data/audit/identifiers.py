"""Features that number an event, its row or its file, or that the generator wrote."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.names import in_words
from fivesigma.data.audit.audited import FEWEST_TO_JUDGE, Audited, listed
from fivesigma.data.audit.leaks import monotone
from fivesigma.risk.findings import Audit

FILE = "\x00file"
"""The column that numbers the file from which a row came."""

_IDENTIFIER = re.compile(
    r"(^|[^a-z])(id|number|num|index|row|event|evt|run|lumi|luminosity|key)s?($|[^a-z])", re.IGNORECASE
)
_WEIGHT = re.compile(
    r"(mc|event|gen|generator|sample|total|lhe)_?weights?(_\d+)?|weight_?(mc|nominal|\d+)|x_?sec(tion)?|cross_?section",
    re.IGNORECASE,
)
_GENERATOR = re.compile(
    r"(mc_?)?(truth|gen|generator)(_?(label|class|type|id|process))?|dsid|(mc_?)?channel_?number|"
    r"(mc_?)?process(_?(id|name|type|number))?|is_?(signal|sig|background|bkg)|(true_?)?label|sample(_?(id|number|name))?",
    re.IGNORECASE,
)
FEW_LABELS = 100
ADVICE = "leave it out of data.features; as one of data.spectators it is written beside the predictions"


def event_numbers(audited: Audited) -> Sequence[Audit]:
    """Name features that are called like the number of an event: whole numbers, no two equal."""
    suspects = [
        name
        for name, column in audited.columns()
        if len(column) >= FEWEST_TO_JUDGE
        and _IDENTIFIER.search(in_words(name)) is not None
        and _all_distinct_integers(column)
    ]
    return _named("this looks like an event number, which no model should learn from", suspects)


def _all_distinct_integers(column: NDArray[np.float64]) -> bool:
    return bool(np.array_equal(column, np.round(column))) and len(np.unique(column)) == len(column)


def row_numbers(audited: Audited) -> Sequence[Audit]:
    """Name features that count the rows: whole numbers that rise or fall by the same step from row to row.

    A feature without others may be the axis of a series.
    """
    if len(audited.data.names) < 2:
        return ()
    suspects = [
        name
        for name, column in audited.columns()
        if len(column) >= FEWEST_TO_JUDGE and _counts(audited, column)
    ]
    what = "it counts the rows of the table, which no model should learn from"
    return _named(what, suspects, check="row number")


def _counts(audited: Audited, column: NDArray[np.float64]) -> bool:
    """Whether 99 % of the steps of a column from row to row are one number a row."""
    if not np.array_equal(column, np.round(column)):
        return False
    steps = np.diff(column) / np.diff(audited.data.rows[audited.looked_at])
    middle = float(np.median(steps))
    return middle != 0 and bool(np.mean(steps == middle) > 0.99)


def file_numbers(audited: Audited) -> Sequence[Audit]:
    """Name features with one value in each file, another in another."""
    file = audited.data.extras.get(FILE)
    if file is None or len(np.unique(file)) < 2:
        return ()
    at = file[audited.looked_at]
    suspects = [name for name, column in audited.columns() if _numbers_files(column, at)]
    return _named(
        "it has one value in each file, so that it numbers the files", suspects, check="file number"
    )


def _numbers_files(column: NDArray[np.float64], file: NDArray[np.int32]) -> bool:
    """Whether a column is constant in each file and not in all."""
    values = [column[file == number] for number in np.unique(file)]
    within = all(len(np.unique(each)) == 1 for each in values)
    return within and len(np.unique([each[0] for each in values])) > 1


def event_weights(audited: Audited) -> Sequence[Audit]:
    """Name features that are the weight of the event, by its values or by its name."""
    w = audited.data.w
    at = None if w is None else w[audited.looked_at]
    suspects = [
        name
        for name, column in audited.columns()
        if _WEIGHT.fullmatch(name) is not None or (at is not None and monotone(column, at))
    ]
    return _named("it is a weight of the event, which knows its sample", suspects, check="event weight")


def generator_labels(audited: Audited) -> Sequence[Audit]:
    """Name features called as generators call the process of an event: few values, of whole numbers or text."""
    suspects = [
        name
        for name, column in audited.columns()
        if _GENERATOR.fullmatch(in_words(name)) is not None and _is_label(column)
    ]
    what = "this looks like a label of the generator, which no measurement has"
    return _named(what, suspects, check="generator label")


def _is_label(column: NDArray[np.float64]) -> bool:
    present = column[~np.isnan(column)]
    return bool(np.array_equal(present, np.round(present))) and len(np.unique(present)) <= FEW_LABELS


def _named(what: str, suspects: Sequence[str], *, check: str = "identifier") -> Sequence[Audit]:
    if not suspects:
        return ()
    return [Audit(check, "warning", f"{what}: {listed(suspects)}", tuple(suspects), advice=ADVICE)]
