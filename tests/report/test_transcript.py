"""The page as text: what it shows, in Markdown, and nothing of it markup."""

from __future__ import annotations

import re

import pytest

from fivesigma.report.body import Figure, environment, shown
from fivesigma.report.markdown import markdown
from fivesigma.report.plot import Plot
from fivesigma.report.section import Section, View
from fivesigma.report.sections import SECTIONS
from fivesigma.report.transcript import picture, transcript
from tests.report import fixture as made

PLOT = Plot("roc", "A|B", "Say [it].", "*x*", (1.0, 1.0), lambda figure: None, ("a",), [(1,)])


def test_paragraphs_lists_and_tables_become_those_of_markdown():
    body = """<p>One <strong>a</strong>\n two.</p><ul><li>x</li><li>y</li></ul>
      <details><summary>More</summary><table><caption>C</caption><thead><tr><th>h</th><th>i</th></tr></thead>
      <tbody><tr><td>1<small>0 to 2</small></td></tr></tbody></table></details>"""
    said = "One a two.\n\n- x\n- y\n\n**More**\n\nC\n\n| h | i |\n| --- | --- |\n| 1 (0 to 2) |  |"
    assert transcript(body, ()) == said


def test_a_figure_is_named_by_its_files():
    body = '<p>a</p><figure id="figure-roc"><svg><text>no</text></svg><figcaption>no</figcaption></figure><p>b</p>'
    found = transcript(body, [PLOT])
    assert found == f"a\n\n{picture(PLOT)}\n\nb"
    assert "![\\*x\\*](figures/roc.svg)" in found
    assert "A\\|B. Say \\[it\\]. ([numbers](figures/roc.csv), [PDF](figures/roc.pdf))" in found


def test_what_a_user_named_is_no_markup():
    assert transcript("<p>&lt;b&gt;*[a](b)|</p>", ()) == "&lt;b>\\*\\[a\\](b)\\|"


@pytest.mark.parametrize("results", [made.binary(4, 5, 60), made.multiclass(), made.regression(60)])
def test_every_section_and_figure_of_the_page_is_in_the_text(results):
    view = View(results, made.MANIFEST)
    parts = shown(view, SECTIONS)
    text = markdown(view, parts)
    assert re.findall("^## (.*)$", text, re.MULTILINE) == [each.section.title for each in parts]
    for each in parts:
        for plot in each.content.plots.values():
            assert text.count(f"](figures/{plot.name}.svg)") == 1


@pytest.mark.parametrize("results", [made.binary(4, 5, 60), made.multiclass(), made.regression(60)])
def test_every_figure_that_a_section_has_stands_in_its_template(results):
    """A figure that is drawn and not shown would be in the text alone."""
    for each in shown(View(results, made.MANIFEST), SECTIONS):
        undrawn = {name: Figure(plot) for name, plot in each.content.plots.items()}
        body = each.body(environment(), undrawn)
        assert {plot.name for plot in each.content.plots.values()} == set(
            re.findall('<figure id="figure-([^"]+)"', body)
        )


def test_the_text_of_a_section_of_its_own_stands_before_its_figures():
    section = Section("s", "S", lambda view: True, SECTIONS[0].content, lambda view: "in words")
    view = View(made.hollow(), {})
    assert markdown(view, shown(view, (section,))) == "# hollow\n\n## S\n\nin words\n"
