"""A section as HTML: its template, filled with what it shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from fivesigma.report.plot import Plot
from fivesigma.report.section import Content, Section, View
from fivesigma.report.text import clean, printable, short


@dataclass(frozen=True)
class Figure:
    """A figure where it stands in a section: its drawing as markup, and the address of its numbers, None without."""

    plot: Plot
    svg: str = ""
    numbers: str | None = None


@dataclass(frozen=True)
class Shown:
    """A section that applies, with what it shows."""

    section: Section
    content: Content

    def body(self, templates: Environment, figures: Mapping[str, Figure]) -> Markup:
        """Return the section's HTML, its figures by the names that they have in it."""
        filled = _template(templates, self.section).render(**self.content.context, figures=figures)
        return Markup(filled)


def shown(view: View, sections: Iterable[Section]) -> list[Shown]:
    """Return each of ``sections`` that applies, in order."""
    return [Shown(section, section.content(view)) for section in sections if section.applies(view)]


@cache
def environment() -> Environment:
    """Return where templates are found; whatever they are given is escaped, and can be printed.

    It is one for all pages of a process: a template is compiled once.
    """
    found = Environment(
        loader=PackageLoader("fivesigma.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    found.filters["clean"] = clean
    found.filters["short"] = short
    return found


def asset(name: str) -> str:
    """Return a file of ``templates`` as text."""
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8").strip()


def _printable(value: Any) -> Any:
    return printable(value) if type(value) is str else value


def _template(templates: Environment, section: Section) -> Template:
    if section.template is None:
        return templates.get_template("section.html.j2")
    return _compiled(templates, section.template.read_text(encoding="utf-8"))


@cache
def _compiled(templates: Environment, text: str) -> Template:
    return templates.from_string(text)
