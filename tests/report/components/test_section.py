"""The components on the page: of a classification with its figure, of a clustering without one."""

from __future__ import annotations

import dataclasses

import pytest

from fivesigma.record.sections.components import ComponentsRecord, Loadings
from fivesigma.report import render
from fivesigma.report.components.figure import components
from fivesigma.report.components.section import SECTION
from fivesigma.report.plot import drawing
from fivesigma.report.section import View
from tests.report import fixture as made

KEPT = ComponentsRecord(
    n_columns=12,
    n_missing=1,
    explained=(0.4, 0.021),
    columns=tuple(
        Loadings(name=f"<b>{j}", centre=0.0, scale=1.0, loadings=(0.9 - j / 20, -j / 20)) for j in range(12)
    ),
    values=((-1.0, 0.5), (1.0, -0.5), (2.0, 0.25)),
    target=(0, 1, 1),
)


def view(kept: ComponentsRecord = KEPT) -> View:
    base = made.binary(3, 2, 100)
    return View(dataclasses.replace(base, sections={**base.sections, "components": kept}), made.MANIFEST)


def test_every_event_has_the_colour_and_in_the_table_the_name_of_its_class() -> None:
    seen = view()
    plot = components(seen, KEPT)
    assert plot is not None
    classes = seen.results.data.classes
    assert [row[2] for row in plot.rows] == [classes[0], classes[1], classes[1]]
    drawn = drawing(plot)
    assert drawn.table.splitlines()[1] == f"-1.0,0.5,{classes[0]}"
    assert all(name in drawn.svg for name in classes)
    assert "component 2 (2.1 %)" in drawn.svg


def test_the_page_says_what_they_hold_and_names_the_largest_columns(tmp_path) -> None:
    seen = view()
    render(seen.results, made.MANIFEST, tmp_path)
    page, text = ((tmp_path / name).read_text() for name in ("report.html", "report.md"))
    assert "Of the variance of 12 standardised columns the first principal component holds 40 %" in page
    assert "the second 2.1 %; evenly spread, each direction would hold 8.3 %." in text
    assert "1 training event misses a value" in page
    assert "&lt;b&gt;9" in page
    assert "&lt;b&gt;10" not in page
    assert "2 more columns." in page
    assert (tmp_path / "figures" / "components.csv").is_file()
    assert "| &lt;b>0 | +0.90 |" in text


def test_a_clustering_has_them_in_the_figure_of_its_clusters() -> None:
    kept = dataclasses.replace(KEPT, target=None)
    assert components(view(kept), kept) is None
    assert SECTION.content(view(kept)).plots == {}


@pytest.mark.parametrize("n_missing", [0, 2])
def test_missing_values_are_told_where_there_are_any(n_missing) -> None:
    kept = dataclasses.replace(KEPT, n_missing=n_missing)
    said = SECTION.content(view(kept)).context["said"]
    assert any("2 training events miss a value" in each for each in said) is bool(n_missing)
    assert ("missing value" in components(view(kept), kept).caption) is bool(n_missing)


def test_a_record_without_them_has_no_section() -> None:
    assert not SECTION.applies(View(made.binary(3, 2, 100), {}))
