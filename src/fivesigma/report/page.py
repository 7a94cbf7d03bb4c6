"""Join the sections into one page that asks nothing of anybody: no request, one script of our own, hashed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from fivesigma.record.results import Results
from fivesigma.report.markdown import markdown
from fivesigma.report.plot import Drawing, drawing
from fivesigma.report.section import Section, View
from fivesigma.report.sections import SECTIONS, with_others
from fivesigma.report.style import VARIABLES
from fivesigma.report.text import clean, printable, short


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
    """Return the page of ``results``: each of ``sections`` that applies, in order."""
    view = View(results, manifest)
    environment = _environment()
    shown = [section for section in sections if section.applies(view)]
    parts, drawings = [], []
    for section in shown:
        body, drawn = _section(environment, section, view)
        parts.append({"id": section.id, "title": section.title, "body": body})
        drawings += drawn
    script = _asset("sort.js")
    html = environment.get_template("page.html.j2").render(
        study=results.study,
        sections=parts,
        style=Markup(_asset("page.css").replace("/* variables */", _variables())),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
    return Page(html, markdown(view, shown), tuple(drawings))


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("fivesigma.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters["clean"] = clean
    environment.filters["short"] = short
    return environment


def _printable(value: Any) -> Any:
    return printable(value) if type(value) is str else value


def _section(environment: Environment, section: Section, view: View) -> tuple[Markup, list[Drawing]]:
    content = section.content(view)
    drawn = {name: drawing(plot) for name, plot in content.plots.items()}
    figures = {name: {"plot": each.plot, "svg": Markup(each.inline)} for name, each in drawn.items()}
    template = _template(environment, section)
    return Markup(template.render(**content.context, figures=figures)), list(drawn.values())


def _template(environment: Environment, section: Section) -> Template:
    if section.template is None:
        return environment.get_template("section.html.j2")
    return environment.from_string(section.template.read_text(encoding="utf-8"))


def _asset(name: str) -> str:
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8").strip()


def _variables() -> str:
    """Return the colours of the figures as CSS: light, then dark where the reader's system asks for it."""
    light = " ".join(f"{name}: {hexadecimal};" for hexadecimal, (name, _) in VARIABLES.items())
    dark = " ".join(f"{name}: {value};" for name, value in VARIABLES.values())
    return f":root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"
