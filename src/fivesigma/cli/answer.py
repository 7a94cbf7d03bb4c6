"""What a verb answers: one JSON document, and the same for people; and the exit status that goes with it."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DONE = 0
PROMISE_FAILED = 1
WRONG_INPUT = 2
INTERRUPTED = 3


_TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
"""What makes a terminal write the other way round (Unicode Annex 9), and a name look like another."""


class Interrupted(Exception):
    """A run was stopped and can be resumed; holds its folder."""


@dataclass(frozen=True)
class Table:
    """A table for the terminal: every cell is text; columns named in ``right`` are set to the right."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    right: Sequence[str] = ()


Part = str | Table


@dataclass(frozen=True)
class Answer:
    """The outcome of a verb: ``document`` under ``--json``, ``parts`` (lines and tables) for people."""

    document: Mapping[str, Any]
    parts: Sequence[Part] = field(default=())
    status: int = DONE


def show(answer: Answer, *, as_json: bool, quiet: bool) -> None:
    """Print an answer on standard output: one document, text, or nothing."""
    if as_json:
        print(json.dumps(answer.document, ensure_ascii=False, allow_nan=False, indent=2))
    elif not quiet:
        for part in answer.parts:
            _show_part(part)


def show_error(message: str, *, as_json: bool) -> None:
    """Print one sentence on standard error, and under ``--json`` a document with it on standard output."""
    if as_json:
        print(json.dumps({"error": message}, ensure_ascii=False))
    print(f"fivesigma: {printable(message, kept='')}", file=sys.stderr)


def printable(text: str, *, kept: str = "\n\t") -> str:
    """Return text without what a terminal obeys: names of a file may hold control characters, and no line ends in one.

    >>> print(printable("\x1b[31mred\u202e"), printable("a\\nb", kept=""))
    \\x1b[31mred\\u202e a\\nb
    """
    if text.isprintable():
        return text
    return "".join(_shown(letter) if letter not in kept else letter for letter in text)


def _shown(letter: str) -> str:
    obeyed = unicodedata.category(letter) == "Cc" or unicodedata.bidirectional(letter) in _TURNS
    return ascii(letter)[1:-1] if obeyed else letter


def _show_part(part: Part) -> None:
    if isinstance(part, str):
        print(printable(part))
    elif sys.stdout.isatty():
        _show_rich(part)
    else:
        print(plain(part))


def _show_rich(table: Table) -> None:
    from rich.console import Console
    from rich.table import Table as RichTable

    drawn = RichTable(title=_cell(table.title) if table.title else None, title_justify="left")
    for name in table.header:
        drawn.add_column(_cell(name), justify="right" if name in table.right else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(*map(_cell, row))
    Console().print(drawn)


def _cell(text: str) -> Any:
    from rich.text import Text

    return Text(printable(text, kept=""))


def plain(table: Table) -> str:
    """Return a table as aligned text, for files and pipes.

    >>> print(plain(Table(["model", "auc"], [["tree", "0.8"], ["forest", "0.85"]], right=["auc"])))
    model    auc
    tree     0.8
    forest  0.85
    """
    lines = [[printable(cell, kept="") for cell in row] for row in (table.header, *table.rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(table.header))]
    right = [name in table.right for name in table.header]
    text = [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    ]
    return "\n".join([printable(table.title, kept=""), *text] if table.title else text)
