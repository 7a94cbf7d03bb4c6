"""Files of several tables: which of them is meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fivesigma._core.errors import DataError, InputError, WrongTypeError, did_you_mean

_MOST_NAMED = 12


def chosen(path: Path, word: str, parts: Mapping[str, str], asked: Any = None) -> str:
    """Return which of the tables in a file is ``asked`` for by the option ``word``; the only one where none is.

    Parameters
    ----------
    parts : what each table is, by its name, such as ``{"Events": "200 rows"}``

    Raises
    ------
    DataError
        If the file holds no table.
    InputError
        If it holds no such table, or several and none is asked for; the message names them.

    >>> chosen(Path("a.root"), "tree", {"Events": "200 rows"})
    'Events'
    """
    if not parts:
        raise DataError(f"{path}: holds no table that could be read; give a file with one.")
    if asked is None:
        if len(parts) == 1:
            return next(iter(parts))
        raise InputError(f"{path}: holds {_listed(parts)}; say which: {word} = {next(iter(parts))!r}.")
    if not isinstance(asked, str):
        raise WrongTypeError(f"{path}: {word} = {asked!r} is no name; it holds {_listed(parts)}.")
    if asked in parts:
        return asked
    raise InputError(
        f"{path}: holds no {word} {asked!r}, but {_listed(parts)}; name one of these.{did_you_mean(asked, parts)}"
    )


def agreed(units: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the units of the columns of several tables, of a name those on which they agree.

    >>> agreed([{"pt": "GeV", "x": "mm"}, {"pt": "GeV", "x": "cm"}])
    {'pt': 'GeV'}
    """
    said: dict[str, set[str]] = {}
    for each in units:
        for name, unit in each.items():
            said.setdefault(name, set()).add(unit)
    return {name: next(iter(found)) for name, found in said.items() if len(found) == 1}


def _listed(parts: Mapping[str, str]) -> str:
    some = [f"{name!r} ({said})" if said else repr(name) for name, said in list(parts.items())[:_MOST_NAMED]]
    return ", ".join(some) + (f" and {len(parts) - _MOST_NAMED} more" if len(parts) > _MOST_NAMED else "")
