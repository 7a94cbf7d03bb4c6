"""The logbook as one page to keep or mail: no script, no request, links to the pages of its runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from fivesigma.record.logbook import Entry, Logbook
from fivesigma.report.body import Figure, asset, environment
from fivesigma.report.logbook.figure import plots
from fivesigma.report.logbook.lines import among, day, difference, line, significance
from fivesigma.report.page import variables
from fivesigma.report.plot import drawing
from fivesigma.report.rounding import DASH, count
from fivesigma.report.verdict import mark


def page(book: Logbook, folder: Path) -> str:
    """Return the logbook as HTML, as it is to lie in ``folder``, from which the pages of the runs are linked.

    Whatever users have written, names and notes, is text in it. Equal logbooks give equal bytes.
    """
    template = environment().from_string((Path(__file__).parent / "page.html.j2").read_text(encoding="utf-8"))
    figures = [Figure(plot, Markup(drawing(plot).inline)) for plot in plots(book)]
    return template.render(
        about=about(book),
        entries=[_shown(book, number, entry, folder) for number, entry in enumerate(book.entries, start=1)],
        among=among(book),
        figures=figures,
        style=Markup(asset("page.css").replace("/* variables */", variables())),
    )


def about(book: Logbook) -> str:
    """Return how many runs of how many studies there are, and of which days."""
    days = sorted(day(entry.time)[:10] for entry in book.entries if entry.time)
    studies = len({entry.study for entry in book.entries if entry.study})
    runs = f"{count(len(book.entries))} {'run' if len(book.entries) == 1 else 'runs'}"
    of = f"{count(studies)} {'study' if studies == 1 else 'studies'}"
    when = f", {days[0]} to {days[-1]}" if days and days[0] != days[-1] else f", {days[0]}" if days else ""
    return f"{runs} of {of}{when}, oldest first. Times are UTC."


def _shown(book: Logbook, number: int, entry: Entry, folder: Path) -> Mapping[str, Any]:
    """Return what the template needs of an entry."""
    started, name, study, metric, score, _, _, openings = line(book, entry)
    return {
        "number": number,
        "started": started,
        "name": name,
        "study": study,
        "metric": metric,
        "score": score,
        "model": entry.model or "",
        "before": book.name(entry.before) if entry.before else "",
        "changed": entry.changed,
        "difference": "" if entry.difference is None else difference(entry),
        "sigma": "" if entry.sigma is None else significance(entry),
        "mark": _mark(entry),
        "openings": DASH if entry.openings is None else openings,
        "notes": [{"day": day(note.time), "lines": note.text.splitlines()} for note in entry.notes],
        "said": entry.said,
        "ended": entry.ended,
        "link": _link(entry, folder),
    }


def _mark(entry: Entry) -> str:
    """Return the colour of a significance: what is not blind is no observation."""
    size = abs(entry.sigma or 0.0)
    word = "observation" if size >= 5.0 and entry.blind else "evidence" if size >= 3.0 else "none"
    return mark(word)


def _link(entry: Entry, folder: Path) -> str | None:
    """Return the address of a run's page from ``folder``, None where there is none."""
    target = Path(entry.run).resolve() / "report.html"
    if not target.is_file():
        return None
    try:
        return quote(Path(os.path.relpath(target, folder.resolve())).as_posix())
    except ValueError:  # on another drive
        return target.as_uri()
