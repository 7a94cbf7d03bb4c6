"""A second table beside the first: each row looks up its one partner by a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core.errors import InputError, did_you_mean
from fivesigma.data import readers, tables


def check(join: Mapping[str, Any]) -> str:
    """Return the key of ``join``, which must say ``path`` and ``on``; other words are options of the path's reader."""
    for word in ("path", "on"):
        if word not in join:
            raise InputError(f'join = {dict(join)} lacks {word!r}; expected {{ path = "FILE", on = "KEY" }}.')
    options = readers.reader_for(tables.paths(join["path"])[0]).options
    for word in join:
        if word not in ("path", "on", *options):
            known = ["path", "on", *options]
            raise InputError(
                f"{word!r} is not a key of join; expected path and on, or an option of its reader "
                f"({', '.join(options) or 'none'}).{did_you_mean(word, known)}"
            )
    return str(join["on"])


def joined(
    columns: tables.Columns, join: Mapping[str, Any], *, as_text: Sequence[str] = ()
) -> tuple[tables.Columns, NDArray[np.bool_]]:
    """Return the columns of both tables, and which rows found a partner (the others hold arbitrary values).

    ``as_text`` are columns of the second table that are left as they are written.

    Raises
    ------
    InputError
        If the key is absent, repeats in the second table, or a column is in both.
    """
    key, path = check(join), join["path"]
    options = {word: value for word, value in join.items() if word not in ("path", "on")}
    right = tables.read_columns(path, as_text=as_text, **options)
    for table, where in ((columns, "the data"), (right, str(path))):
        if key not in table:
            raise InputError(f"the join key {key!r} is not a column of {where}.{did_you_mean(key, table)}")
    if both := sorted((set(columns) & set(right)) - {key}):
        raise InputError(f"column {both[0]!r} is in both the data and {path}; rename it in one of them.")
    at = _partners(columns[key], right[key], f"the join key {key!r}", str(path))
    found = at >= 0
    if not found.any():
        raise InputError(f"no row of the data has a partner in {path} by {key!r}; is it the right key?")
    added = {name: column[np.maximum(at, 0)] for name, column in right.items() if name != key}
    return columns | added, found


def _partners(left: NDArray[Any], right: NDArray[Any], what: str, path: str) -> NDArray[np.int64]:
    """Return for each of ``left`` its position in ``right``, -1 where there is none (or no key).

    Python's own numbers are looked up: whole numbers of any type are equal digit by digit, and only then.
    """
    if kinds.is_text(left) != kinds.is_text(right):
        raise InputError(
            f"{what} is text in one table and numbers in {path}; write it in the same way in both."
        )
    there = np.flatnonzero(~kinds.missing(right))
    keys = right[there].tolist()
    position = dict(zip(keys, there.tolist(), strict=True))
    if len(position) < len(keys):
        seen: set[object] = set()
        twice = next(value for value in keys if value in seen or seen.add(value))  # type: ignore[func-returns-value]
        raise InputError(
            f"{what} has the value {twice!r} more than once in {path}; expected one row for each key."
        )
    return np.fromiter((position.get(value, -1) for value in left.tolist()), np.int64, len(left))
