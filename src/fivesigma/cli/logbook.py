"""The verbs of the logbook: all runs of a folder with what changed between them, and a note beside one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fivesigma._core.commands import command
from fivesigma.cli.answer import Answer, Part, Table
from fivesigma.cli.options import Debug, Json, Quiet, Run

if TYPE_CHECKING:
    from fivesigma.record.logbook import Entry, Logbook


def log(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where runs lie, at any depth.")] = Path(),
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write it as one page, such as log.html."),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Show the logbook: all runs, oldest first.

    Of each its score, what changed since the run before, the paired difference with its σ, your notes (`note`) and
    how often its test rows are open by now.
    """
    from fivesigma.study.finished.logbook import logbook

    book = logbook(folder)
    told = [] if out is None else ["", f"page: {_written(book, out)}"]
    return Answer(book.to_document(), [*_parts(book), *told])


def _written(book: Logbook, out: Path) -> Path:
    from fivesigma.record.store import write_bytes
    from fivesigma.report.logbook.page import page
    from fivesigma.study.finished.written import refuse_other_than_page

    refuse_other_than_page(out)
    write_bytes(out, page(book, out.absolute().parent).encode())
    return out


def _parts(book: Logbook) -> list[Part]:
    from fivesigma.report.logbook.lines import among, line

    header = ["", "started", "run", "study", "metric", "score", "over the run before", "σ (local)", "open"]
    numbered = list(enumerate(book.entries, start=1))
    rows = [[str(number), *line(book, entry)] for number, entry in numbered]
    said = [text for number, entry in numbered for text in _said(book, number, entry)]
    more = ["", among(book)] if among(book) else []
    return [Table(header, rows, right=[header[0], *header[-4:]]), "", *said, *more]


def _said(book: Logbook, number: int, entry: Entry) -> list[str]:
    """Return what is said of an entry and its notes, under its number."""
    from fivesigma.report.logbook.lines import day, remarks

    notes = [f"note of {day(each.time)}: {' '.join(each.text.split())}" for each in entry.notes]
    first = f"{number}. "
    return [
        f"{' ' * len(first) if at else first}{text}"
        for at, text in enumerate([*remarks(book, entry), *notes])
    ]


def note(
    run: Run,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to remember of it, in quotes.")],
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Write a dated note beside a run; the logbook shows it.

    The record of the run keeps its bytes, and a run may have several notes.
    """
    from fivesigma.record.notes import add
    from fivesigma.record.results import plain

    written = add(run, text)
    lines: list[Part] = [f"noted beside {run}; {command('log', run.parent)} shows it"]
    return Answer({"run": str(run), "notes": plain(list(written))}, lines)
