"""Join the sections into one page that asks nothing of anybody: no request, one script of our own, hashed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from fivesigma.record.results import Results
from fivesigma.report.body import Figure, Shown, asset, environment, shown
from fivesigma.report.carried import LARGEST_PAGE, RECORD, Carried, carried
from fivesigma.report.markdown import markdown
from fivesigma.report.plot import Drawing, drawing
from fivesigma.report.section import Section, View
from fivesigma.report.sections import SECTIONS, with_others
from fivesigma.report.style import VARIABLES

_AROUND = 200
"""Bytes that a link to numbers takes beside its address, and a name of what is left out."""


@dataclass(frozen=True)
class Page:
    """A page in memory: the HTML, the text form, and the figures that stand in it."""

    html: str
    markdown: str
    drawings: tuple[Drawing, ...]

    def save(self, folder: Path) -> None:
        """Write ``report.html``, ``report.md`` and ``figures/``."""
        figures = folder / "figures"
        figures.mkdir(parents=True, exist_ok=True)
        for each in self.drawings:
            each.save(figures)
        _replace(folder / "report.md", self.markdown)
        _replace(folder / "report.html", self.html)


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8", newline="\n")
    partial.replace(path)


def write(results: Results, manifest: Mapping[str, Any], out: Path, others: Iterable[Section] = ()) -> None:
    """Build the page of ``results``, with the sections of other distributions, and save it into ``out``."""
    page(results, manifest, with_others(others)).save(out)


def page(results: Results, manifest: Mapping[str, Any], sections: Sequence[Section] = SECTIONS) -> Page:
    """Return the page of ``results``: each of ``sections`` that applies, in order.

    It carries its numbers within itself, as far as `LARGEST_PAGE` has room for them beside what is read.
    """
    view = View(results, manifest)
    parts = [Drawn.of(each) for each in shown(view, sections)]
    drawings = tuple(drawing for part in parts for drawing in part.drawings.values())
    room = LARGEST_PAGE - len(_html(view, parts, Carried({})).encode()) - _AROUND * (len(drawings) + 1)
    numbers = carried(results, {f"{each.plot.name}.csv": each.table for each in drawings}, room)
    return Page(_html(view, parts, numbers), markdown(view, [part.shown for part in parts]), drawings)


@dataclass(frozen=True)
class Drawn:
    """A section with its figures drawn, by the names that they have in it."""

    shown: Shown
    drawings: Mapping[str, Drawing]

    @classmethod
    def of(cls, shown: Shown) -> Drawn:
        """Draw the figures of a section."""
        return cls(shown, {name: drawing(plot) for name, plot in shown.content.plots.items()})

    def part(self, templates: Environment, numbers: Carried) -> dict[str, Any]:
        """Return what the template of the page needs of this section."""
        figures = {
            name: Figure(each.plot, Markup(each.inline), numbers.links.get(f"{each.plot.name}.csv"))
            for name, each in self.drawings.items()
        }
        section = self.shown.section
        return {"id": section.id, "title": section.title, "body": self.shown.body(templates, figures)}


def _html(view: View, parts: Sequence[Drawn], numbers: Carried) -> str:
    """Return the page with the ``numbers`` that it carries."""
    templates, script = environment(), asset("sort.js")
    return templates.get_template("page.html.j2").render(
        study=view.results.study,
        sections=[part.part(templates, numbers) for part in parts],
        record=numbers.links.get(RECORD),
        left_out=numbers.left_out,
        style=Markup(asset("page.css").replace("/* variables */", variables())),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def variables() -> str:
    """Return the colours of the figures as CSS: light, then dark where the reader's system asks for it."""
    light = " ".join(f"{name}: {hexadecimal};" for hexadecimal, (name, _) in VARIABLES.items())
    dark = " ".join(f"{name}: {value};" for name, value in VARIABLES.values())
    return f":root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"
