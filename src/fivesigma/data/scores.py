"""Scores that were made elsewhere: a table of them, each row led to its event."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core.errors import InputError, did_you_mean
from fivesigma.data import tables

Array = NDArray[Any]

TOLERANCE = 1e-3
"""By how much probabilities may miss a sum of 1: those of half precision, or written with three decimals, do."""
_EXACT = 1e-12


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """A table of scores and where its events are.

    Attributes
    ----------
    source : what messages call it.
    columns : its columns by name.
    at : (n,) the row of the table that each event has; -1 for none.
    """

    source: str
    columns: tables.Columns
    at: NDArray[np.int64]

    def values(self, names: Sequence[str], needed: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the columns called ``names`` as (n, c) by event, NaN where it has no row.

        Raises
        ------
        InputError
            For a column that is not there or holds text, and a value that is not finite of an event that is
            ``needed`` (n,).
        """
        found = np.full((len(self.at), len(names)), np.nan)
        there = self.at >= 0
        for j, name in enumerate(names):
            found[there, j] = self._numbers(name)[self.at[there]]
            self._refuse(~np.isfinite(found[:, j]) & needed, name, found[:, j], "a finite number")
        return found

    def _numbers(self, name: str) -> NDArray[np.float64]:
        if name not in self.columns:
            raise InputError(
                f"{self.source} has no column {name!r}; name one of its columns.{did_you_mean(name, self.columns)}"
            )
        column = self.columns[name]
        if kinds.is_text(column) or column.ndim > 1:
            what = "text" if column.ndim == 1 else "several values in each row"
            raise InputError(
                f"{self.source}: the column {name!r} holds {what}; expected one number, the score."
            )
        return kinds.numbers(column)

    def probabilities(
        self, names: Sequence[str], n_classes: int, needed: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Return the probabilities (n, n_classes) by event; one column alone is the last of two classes.

        They are divided by their sum where that is not 1 to the last digits.

        Raises
        ------
        InputError
            As `values` does; for a number of columns that is not that of the classes, a probability outside
            [0, 1], and a sum that is not 1 within `TOLERANCE`.
        """
        if len(names) != n_classes and not (len(names) == 1 and n_classes == 2):
            several = "" if n_classes != 2 else ", or one, the probability of the last"
            raise InputError(
                f"{_listed(names)} for {n_classes} classes; name one column a class, in their order{several}."
            )
        found = self.values(names, needed)
        for j, name in enumerate(names):
            outside = ~((found[:, j] >= 0) & (found[:, j] <= 1)) & needed
            self._refuse(outside, name, found[:, j], "a probability, from 0 to 1")
        if len(names) == 1:
            return np.column_stack([1.0 - found[:, 0], found[:, 0]])
        total = found.sum(axis=1)
        self._refuse((np.abs(total - 1) > TOLERANCE) & needed, " + ".join(names), total, "1, their sum")
        off = np.abs(total - 1) > _EXACT
        found[off] /= np.where(total[off] > 0, total[off], 1.0)[:, None]
        return found

    def _refuse(self, wrong: NDArray[np.bool_], name: str, values: Array, expected: str) -> None:
        """Raise `InputError` naming the first of the ``wrong`` events."""
        if wrong.any():
            first = int(np.argmax(wrong))
            raise InputError(
                f"{self.source}: {name!r} is {values[first]:g} in row {self.at[first]}, and so in "
                f"{int(wrong.sum())} of the rows that are needed; expected {expected}."
            )


def _listed(names: Sequence[str]) -> str:
    return f"columns names {len(names)} column{'s' if len(names) != 1 else ''}"


def read(path: str, *, on: str | None, keys: Array | None, n: int, needed: NDArray[np.bool_]) -> ScoreTable:
    """Read the table ``path`` and lead each of its rows to one of ``n`` events.

    Parameters
    ----------
    path : a file of any format that `fivesigma.read` knows
    on : the key, a column of both tables; None where the rows are those of the events, in their order
    keys : (n,) the key of each event; 64-bit numbers are compared exactly
    n : number of events
    needed : (n,) the events that must have a row

    Raises
    ------
    DataError
        If the file is absent, damaged or of no known format.
    InputError
        For a key that is missing or repeated in either table, or in one of the two only; or without a key another
        number of rows.
    """
    columns, source = tables.read_columns(path), Path(path).name
    if on is None:
        height = len(next(iter(columns.values()), ()))
        if height != n:
            raise InputError(
                f"{source} has {height} rows for {n} events; expected the same rows in the same order, or name "
                'the key that both tables have: on = "KEY".'
            )
        return ScoreTable(source, columns, np.arange(n))
    if on not in columns:
        raise InputError(
            f"the key {on!r} is not a column of {source}; name one that is in both tables.{did_you_mean(on, columns)}"
        )
    assert keys is not None
    return ScoreTable(source, columns, _rows_by_key(keys, columns[on], needed, on, source))


def _rows_by_key(
    keys: Array, given: Array, needed: NDArray[np.bool_], on: str, source: str
) -> NDArray[np.int64]:
    """Return for each of ``keys`` its row in ``given``, -1 where there is none and none is needed."""
    if kinds.is_text(keys) != kinds.is_text(given):
        raise InputError(
            f"the key {on!r} is text in one table and numbers in {source}; write it in the same way in both."
        )
    row_of, event_of = (_positions(each, on, where) for each, where in ((given, source), (keys, "the data")))
    if strange := next((key for key in row_of if key not in event_of), None):
        raise InputError(
            f"{source} has the key {on} = {strange!r}, which no event of the study has; leave that row out, or "
            "check that the scores are of these events."
        )
    at = np.fromiter((row_of.get(key, -1) for key in event_of), np.int64, len(keys))
    if (lost := (at < 0) & needed).any():
        first = keys.tolist()[int(np.argmax(lost))]
        raise InputError(
            f"{source} has no row with {on} = {first!r}, and lacks {int(lost.sum())} of {len(keys)} events; give "
            "a score of every event."
        )
    return at


def _positions(keys: Array, on: str, where: str) -> dict[Any, int]:
    """Return the position of each key, as Python's own numbers, which compare exactly across types."""
    if (gaps := kinds.missing(keys)).any():
        raise InputError(
            f"the key {on!r} is missing in row {int(np.argmax(gaps))} of {where}; give every row its own key."
        )
    found: dict[Any, int] = {}
    for position, key in enumerate(keys.tolist()):
        if found.setdefault(key, position) != position:
            raise InputError(
                f"the key {on} = {key!r} stands more than once in {where}; expected each key once."
            )
    return found


def sha256(path: str) -> str:
    """Return the hash of the bytes of the file, or of several, one after the other."""
    digest = hashlib.sha256()
    for file in tables.paths(path):
        with file.open("rb") as opened:
            while block := opened.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
