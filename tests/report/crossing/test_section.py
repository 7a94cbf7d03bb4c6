"""Crossings on the page: said, drawn and tabled from a record alone."""

from __future__ import annotations

import copy
import dataclasses

from fivesigma.record.sections.crossing import CrossingRecord
from fivesigma.report.crossing.section import SECTION
from fivesigma.report.crossing.text import summary
from fivesigma.report.page import page
from fivesigma.report.plot import drawing
from fivesigma.report.section import View
from tests.record.sections.test_sections import BY_HAND
from tests.report import fixture as made


def kept(**changed):
    return CrossingRecord.from_document(copy.deepcopy(BY_HAND["crossing"]) | changed)


def view(record):
    base = made.binary(3, 2, 100)
    found = {**base.sections, **({} if record is None else {"crossing": record})}
    return View(dataclasses.replace(base, sections=found), made.MANIFEST)


def test_it_says_the_value_with_its_error_its_parts_and_how_far_off_what_is_known_it_is():
    counted, other = summary(kept())
    assert counted.startswith("“net”, the peak of the variance: T = 2.25 ± 0.05 J for an infinite size")
    assert "(repeats 0.04, range of sizes 0.03); known is 2.25: 0.0 %, 0.0 errors" in counted
    assert other == (
        "“net”, where the mean output is 0.5 gives no T of an infinite system (it crosses 0.5 nowhere)"
    )


def test_it_says_where_the_points_are_on_no_line():
    (model,) = copy.deepcopy(BY_HAND["crossing"]["models"])
    on, off = (summary(kept(models=[{**model, "chi2": chi2, "dof": 2}]))[0] for chi2 in (7.0, 30.0))
    assert "no line" not in on
    assert "the points are on no line in 1/size (χ²/dof = 30/2)" in off


def test_test_sets_are_named_where_there_are_several():
    (square,) = copy.deepcopy(BY_HAND["crossing"]["others"])
    found = summary(kept(others=[square, {**square, "at": None, "test": "triangular"}]))
    assert [" on square" in line for line in found] == [True, True, False]
    assert " on triangular" in found[2]


def test_every_reading_of_the_first_test_set_is_drawn_and_nothing_a_user_named_is_markup():
    named = [{**each, "model": "<b>net</b>"} for each in copy.deepcopy(BY_HAND["crossing"]["models"])]
    shown = view(kept(models=named))
    plots = SECTION.content(shown).plots
    assert list(plots) == ["crossing", "crossing-2"]
    assert all(drawing(plot).inline.startswith("<svg") for plot in plots.values())
    html = page(shown.results, made.MANIFEST).html
    assert 'id="crossing"' in html
    assert "<b>net" not in html
    assert "&lt;b>net" in SECTION.markdown(shown)


def test_a_record_without_it_has_no_section():
    assert not SECTION.applies(view(None))
