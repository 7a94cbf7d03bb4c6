"""Several files of one table: those of the same columns one after the other, another one beside them by a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fivesigma._core import columns as kinds
from fivesigma._core.errors import InputError
from fivesigma.data import join, tables
from fivesigma.data.tables import Columns


@dataclass(frozen=True)
class Together:
    """Files as one table.

    Attributes
    ----------
    paths : those that are read one after the other.
    beside, key : the file that is joined to them, and the column both have; "" where there is none.
    columns : name -> (n_rows,) of all of them; rows without a partner are not there.
    units : of the columns, as far as the files say them.
    """

    paths: tuple[str, ...]
    columns: Columns
    units: Mapping[str, str]
    beside: str = ""
    key: str = ""


def together(files: Sequence[str | Path], options: Mapping[str, Any] | None = None) -> Together:
    """Return several files as one table.

    Parameters
    ----------
    files : the first decides: those with its columns are read after it, one other is joined to it.
    options : of the format of the first.

    Raises
    ------
    InputError
        There are two that would have to be joined, or no column tells the rows of the second one apart.
    DataError
        A file is absent or damaged.
    """
    first, *more = [str(file) for file in files]
    said, names = dict(options or {}), set(_names(files[0], options or {}))
    others = [file for file in more if set(_names(file, {})) != names]
    paths = tuple(file for file in (first, *more) if file not in others)
    if len(others) > 1:
        raise InputError(
            f"{' and '.join(others)} have other columns than {first}, and one table can be joined; join them first."
        )
    columns, units = _read(paths, said)
    if not others:
        return Together(paths, columns, units)
    right, theirs = _read((others[0],), {})
    key = _key(columns, right, first, others[0])
    both, found = join.joined(columns, {"path": others[0], "on": key})
    kept = {name: column[found] for name, column in both.items()}
    return Together(paths, kept, {**theirs, **units}, others[0], key)


def _names(file: str | Path, options: Mapping[str, Any]) -> tuple[str, ...]:
    with tables.opened(file, **options) as table:
        return (*table.names, *table.jagged)


def _read(paths: Sequence[str], options: Mapping[str, Any]) -> tuple[Columns, Mapping[str, str]]:
    with tables.opened(list(paths), **options) as table:
        return table.columns(table.names), table.units


def _key(left: Columns, right: Columns, first: str, other: str) -> str:
    """Return the column of both tables that tells the rows of the second apart, and finds most rows of the first."""
    shared = [name for name in left if name in right and left[name].ndim == right[name].ndim == 1]
    telling = {name: _partners(left[name], right[name]) for name in shared if _distinct(right[name])}
    best = max(telling, key=lambda name: telling[name], default="")
    if not best or not telling[best]:
        said = f"they share {', '.join(shared)}" if shared else "they share no column"
        raise InputError(
            f"{other} has other columns than {first}, and none by which each row finds its one partner ({said}); give "
            "both a column with the same identifiers."
        )
    return best


def _distinct(values: Any) -> bool:
    present = values[~kinds.missing(values)].tolist()
    return len(set(present)) == len(present) > 0


def _partners(left: Any, right: Any) -> int:
    """Return how many of the rows have a partner, by values that are equal digit by digit."""
    known = set(right[~kinds.missing(right)].tolist())
    return int(np.sum([value in known for value in left.tolist()]))
