"""What a verb answers: one JSON document, and the same for people; and the exit status that goes with it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DONE = 0
PROMISE_FAILED = 1
WRONG_INPUT = 2
INTERRUPTED = 3


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
    print(f"fivesigma: {message}", file=sys.stderr)


def _show_part(part: Part) -> None:
    if isinstance(part, str):
        print(part)
    elif sys.stdout.isatty():
        _show_rich(part)
    else:
        print(plain(part))


def _show_rich(table: Table) -> None:
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(title=Text(table.title) if table.title else None, title_justify="left")
    for name in table.header:
        drawn.add_column(Text(name), justify="right" if name in table.right else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(cell) for cell in row))
    Console().print(drawn)


def plain(table: Table) -> str:
    """Return a table as aligned text, for files and pipes.

    >>> print(plain(Table(["model", "auc"], [["tree", "0.8"], ["forest", "0.85"]], right=["auc"])))
    model    auc
    tree     0.8
    forest  0.85
    """
    lines = [list(table.header), *(list(row) for row in table.rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(table.header))]
    right = [name in table.right for name in table.header]
    text = [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    ]
    return "\n".join([table.title, *text] if table.title else text)
