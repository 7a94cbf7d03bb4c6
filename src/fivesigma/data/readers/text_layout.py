"""How a text table is laid out: what separates its fields, where its names stand, what is a comment."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fivesigma._core.errors import DataError, InputError
from fivesigma.data.readers.text_bytes import PACKED

_SEPARATORS = ",;\t|"
_LOOKED_AT = 50  # lines


@dataclass(frozen=True)
class Layout:
    """How the text is laid out; a blank as ``separator`` is any run of blanks."""

    separator: str
    names: tuple[str, ...]
    skipped: int
    header: bool
    missing: bool = False  # whether words that mean a missing value stand in the first lines
    text: frozenset[str] = frozenset()  # columns that are text whatever they look like
    comment: str | None = None  # what begins a comment between the rows, where there is one
    comments: str = "#"  # what would begin one
    decimal: str | None = None  # the mark of decimals, where it was said
    returns: bool = False  # whether lines end in a carriage return alone, as on the first Macintosh

    @property
    def written(self) -> str:
        """The separator between the fields as polars reads them."""
        return "\t" if self.separator == " " else self.separator


def find_layout(path: Path, head: str, options: Mapping[str, Any]) -> Layout:
    """Find out separator and names from the first lines of the text.

    >>> find_layout(Path("x.csv"), "a;b\\n1;2\\n", {}).separator
    ';'
    """
    comment = _comment(options)
    lines = list(_records(head, comment))
    above = 0
    while above < len(lines) and (_is_comment(lines[above], comment) or not lines[above].strip()):
        above += 1
    body = [line for line in lines[above:] if not _is_comment(line, comment)][:_LOOKED_AT]
    if not body:
        raise DataError(f"{path}: the file is empty; give one with a line of names and a row for each event.")
    separator = _said(options) or _separator(path, body)
    last = lines[above - 1] if above else ""
    names, header = _names(path, last, body, separator, options)
    said = options.get("text") or ()
    return Layout(
        separator,
        names,
        above,
        header,
        text=frozenset([said] if isinstance(said, str) else said),
        comment=comment if any(_is_comment(line, comment) for line in lines[above:]) else None,
        comments=comment,
        decimal=_decimal(options),
        returns="\n" not in head and "\r" in head,
    )


def _comment(options: Mapping[str, Any]) -> str:
    """Return what begins a comment, "" where nothing does."""
    comment = options.get("comment", "#")
    if not isinstance(comment, str) or len(comment) > 5 or comment != comment.strip():
        raise InputError(
            f"comment = {comment!r} does not begin a comment; expected one to five characters such as '#', or ''."
        )
    return comment


def _is_comment(line: str, comment: str) -> bool:
    return bool(comment) and line.startswith(comment)


def _decimal(options: Mapping[str, Any]) -> str | None:
    """Return the mark of decimals that was said."""
    mark = options.get("decimal")
    if mark not in (None, ".", ","):
        raise InputError(f"decimal = {mark!r} is not a mark of decimals; expected '.' or ','.")
    return mark


def _said(options: Mapping[str, Any]) -> str:
    """Return the separator that was asked for, if any."""
    separator = options.get("separator") or ""
    if not isinstance(separator, str) or len(separator) > 1:
        raise InputError(f"separator = {separator!r} is not a single character; expected one such as ';'.")
    return separator


def _names(
    path: Path, above: str, body: Sequence[str], separator: str, options: Mapping[str, Any]
) -> tuple[tuple[str, ...], bool]:
    """Return the names of the columns, and whether they stand in the first line of ``body``."""
    first, header = _split(body[0], separator), options.get("header")
    if not isinstance(header, bool | None):
        raise InputError(f"header = {header!r} says neither; expected true or false.")
    if names := options.get("names"):
        return _checked(path, [str(name) for name in names], len(first)), bool(header)
    if header is not None:
        return _checked(path, first if header else _numbered(first)), header
    # the habit of astronomers: the names stand in the last comment, and the first line holds some number
    comment = _comment(options)
    said = _split(above.lstrip(comment + " "), separator) if _is_comment(above, comment) else []
    numbers = [_is_number(word) for word in first]
    if len(said) == len(first) and any(numbers) and not any(map(_is_number, said)):
        return _checked(path, said), False
    if all(numbers):
        return _checked(path, _numbered(first)), False
    return _checked(path, first), True


def _numbered(fields: Sequence[str]) -> list[str]:
    """Return names of columns that have none, as those of an array."""
    return [f"x{i}" for i in range(len(fields))]


def _records(head: str, comment: str = "#") -> Iterator[str]:
    """Yield the lines of the text; one that ends inside quotes goes on in the next.

    >>> list(_records('a,"b\\nc"\\n1,2\\n'))
    ['a,"b\\nc"', '1,2']
    """
    held, inside = "", False
    for line in io.StringIO(head, newline=""):
        held += line
        inside ^= line.count('"') % 2 == 1 and not _is_comment(held, comment)
        if not inside:
            yield held.rstrip("\r\n")
            held = ""
    yield from held.splitlines()  # a lone quote, as in 5'11", opens nothing


def _separator(path: Path, lines: Sequence[str]) -> str:
    """Return the separator that cuts all of the first lines into the same, greatest number of fields."""
    name = path.name.lower()
    for packed in PACKED:
        name = name.removesuffix(packed)
    blanks = "" if name.endswith((".csv", ".tsv")) else " "
    best, most = ",", 1
    for separator in _SEPARATORS + blanks:
        # the last line may be cut off by the size of the head
        counts = {
            len(_split(line, separator)) for line in lines[: max(1, min(20, len(lines) - 1))] if line.strip()
        }
        if len(counts) == 1 and (count := counts.pop()) > most:
            best, most = separator, count
    if most == 1 and not blanks and _in_blanks(lines):
        return " "
    if most == 1:
        best = max(_SEPARATORS, key=lambda separator: len(_split(lines[0], separator)))
    return best


def _in_blanks(lines: Sequence[str]) -> bool:
    """Whether blanks cut the lines, all numbers below the first, into the same number of fields, more than one."""
    fields = [line.split() for line in lines if line.strip()]
    numbers = all(_is_number(word) for row in fields[1:] for word in row)
    return len(fields) > 1 and numbers and len(set(map(len, fields))) == 1 and len(fields[0]) > 1


def _split(line: str, separator: str) -> list[str]:
    if separator == " ":
        return line.split()
    if '"' not in line:
        return [word.strip() for word in line.split(separator)]  # of any length, as no field of csv is
    return [word.strip() for word in next(csv.reader(io.StringIO(line, newline=""), delimiter=separator), [])]


def _checked(path: Path, names: list[str], width: int | None = None) -> tuple[str, ...]:
    """Refuse names that repeat; a column without a name gets one that says so."""
    if width is not None and len(names) != width:
        raise InputError(f"{path}: {len(names)} names for {width} columns; give one each.")
    named = [name or f"unnamed {i}" for i, name in enumerate(names)]
    if len(set(named)) < len(named):
        twice = next(name for i, name in enumerate(named) if name in named[:i])
        raise InputError(f"{path}: the column name {twice!r} occurs twice; rename one of the columns.")
    return tuple(named)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def has_word(text: str, words: Sequence[str]) -> bool:
    """Whether one of the words stands in the text by itself."""
    return (
        re.search(r"\b(?:" + "|".join(re.escape(word) for word in words if word) + r")\b", text) is not None
    )


def is_table(text: str) -> bool:
    """Whether a text looks like a table: two lines or more, cut into the same number of fields, some of them numbers.

    >>> is_table("x y\\n1 2\\n3 4\\n"), is_table("To be, or not to be,\\nthat is\\n")
    (True, False)
    """
    lines = [line for line in text.splitlines()[:_LOOKED_AT] if line.strip() and not line.startswith("#")]
    lines = lines[:-1] if len(lines) > 2 else lines  # the last may be cut off
    for separator in (*_SEPARATORS, " "):
        rows = [_split(line, separator) for line in lines]
        if len(rows) > 1 and len(rows[0]) > 1 and len(set(map(len, rows))) == 1:
            return any(_is_number(word) for word in rows[-1])
    return False
