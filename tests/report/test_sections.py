"""Sections of the page that another distribution brings: shown without an edit of the page."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from fivesigma.record.results import from_document, to_document
from fivesigma.record.sections import SECTIONS as RECORD_SECTIONS
from fivesigma.record.sections.section import Section as RecordSection
from fivesigma.report import render, sections
from fivesigma.report.plot import Plot
from fivesigma.report.section import Content, Section, View
from tests.report import fixture as made


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpeedRecord(RecordSection):
    """How fast a model is."""

    key, of = "speed", "model"

    events_per_second: float


def speeds(view: View) -> Content:
    having = view.having(SpeedRecord)
    plot = Plot(
        name="speed",
        title="Speed",
        caption="Events a second.",
        alt="Bars.",
        size=(4.0, 2.0),
        draw=lambda figure: figure.subplots().bar(
            range(len(having)), [s.events_per_second for _, s in having]
        ),
        header=("model", "events per second"),
        rows=[(model.name, kept.events_per_second) for model, kept in having],
    )
    said = [f"{model.name} makes {kept.events_per_second:g} events a second." for model, kept in having]
    return Content({"sentences": said}, {"speed": plot})


SPEED = Section("speed", "How fast", lambda view: bool(view.having(SpeedRecord)), speeds, lambda view: "fast")


def test_a_record_section_and_its_page_section_come_from_outside(tmp_path) -> None:
    base = made.binary(3, 2, 100)
    models = tuple(
        dataclasses.replace(m, sections={**m.sections, "speed": SpeedRecord(events_per_second=12.5)})
        if m.name == base.best
        else m
        for m in base.models
    )
    document = json.loads(json.dumps(to_document(dataclasses.replace(base, models=models))))
    found = from_document(document, (*RECORD_SECTIONS, SpeedRecord))
    render(found, made.MANIFEST, tmp_path, (SPEED,))
    page = (tmp_path / "report.html").read_text()
    assert f"<p>{base.best} makes 12.5 events a second.</p>" in page
    assert page.index('id="scores"') < page.index('id="speed"') < page.index('id="data"')
    assert (tmp_path / "figures" / "speed.csv").read_text() == f"model,events per second\n{base.best},12.5\n"
    assert "## How fast\n\nfast" in (tmp_path / "report.md").read_text()


def test_without_what_was_registered_the_page_is_made_all_the_same(tmp_path) -> None:
    base = made.hollow()
    document = to_document(base) | {"theirs": {"any": 1}}
    render(from_document(document), {}, tmp_path)
    assert "theirs" not in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("noun", sections.NOUNS)
def test_a_noun_has_a_folder_with_its_section(noun) -> None:
    folder = Path(sections.__file__).parent / noun
    assert (folder / "section.py").is_file()
    section = sections.SECTIONS[sections.NOUNS.index(noun)]
    assert section.template in (None, folder / "section.html.j2")
    assert section.template is None or section.template.is_file()


def test_every_folder_of_the_page_is_on_it() -> None:
    folders = {path.parent.name for path in Path(sections.__file__).parent.glob("*/section.py")}
    assert folders == set(sections.NOUNS)


def test_a_section_says_its_lines_in_the_terminal_where_it_applies() -> None:
    results = made.hollow()
    own = Section(
        "own", "Own", lambda view: True, lambda view: Content(), terminal=lambda view: [view.results.study]
    )
    absent = dataclasses.replace(own, applies=lambda view: False)
    silent = dataclasses.replace(own, terminal=None)
    alone = sections.terminal(results, made.MANIFEST)
    assert sections.terminal(results, made.MANIFEST, [own, absent, silent]) == [*alone, results.study]
