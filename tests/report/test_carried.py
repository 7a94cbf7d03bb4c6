"""The numbers that a page carries: whole, within what a mail takes, and named where they are too large."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from html.parser import HTMLParser
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fivesigma.record.results import from_document
from fivesigma.report.carried import LARGEST_PAGE, RECORD, _quoted, carried
from fivesigma.report.page import page
from fivesigma.report.plot import Plot
from fivesigma.report.section import Content, Section
from fivesigma.report.sections import SECTIONS
from tests.report import fixture as made


class Links(HTMLParser):
    """The files that a page offers, by name."""

    def __init__(self, html):
        super().__init__()
        self.files = {}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "a" and "download" in found:
            self.files[found["download"]] = found["href"]


def decoded(link):
    head, _, content = link.partition(",")
    return base64.b64decode(content).decode() if head.endswith("base64") else unquote(content)


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def large(n, name="large"):
    """A section whose one figure has ``n`` rows of ten characters."""
    plot = Plot(name, "T", "c", "a", (1.0, 1.0), lambda figure: None, ("aaaaaaaaa",), [("b" * 9,)] * n)
    return Section(name, name, lambda view: True, lambda view: Content({}, {name: plot}))


@pytest.mark.parametrize("results", [made.binary(4, 5, 60), made.multiclass(), made.regression(60)])
def test_every_figure_brings_its_numbers_and_the_page_the_record(results):
    built = page(results, made.MANIFEST)
    files = Links(built.html).files
    assert set(files) == {RECORD, *(f"{each.plot.name}.csv" for each in built.drawings)}
    for each in built.drawings:
        assert decoded(files[f"{each.plot.name}.csv"]) == each.table
    document = json.loads(decoded(files[RECORD]))
    assert dataclasses.replace(from_document(document), timing={}) == dataclasses.replace(results, timing={})


def test_when_a_run_was_made_changes_nothing_that_a_page_carries():
    results = made.binary(3, 2, 60)
    later = dataclasses.replace(results, timing={**results.timing, "total": 1e6, "page": 3.0})
    assert page(results, made.MANIFEST).html == page(later, made.MANIFEST).html


def test_the_largest_tables_are_left_out_and_named_and_the_page_can_be_mailed():
    sections = (*SECTIONS, large(150_000), large(120_000, "middle"), large(100_000, "small"))
    html = page(made.regression(60), made.MANIFEST, sections).html
    files = Links(html).files
    assert "large.csv" not in files
    assert {"middle.csv", "small.csv", "residuals.csv", RECORD} <= set(files)
    assert "Too large to be mailed with it: large.csv, which lies in the run folder." in text_of(html)
    assert 2_500_000 < len(html.encode()) <= LARGEST_PAGE


def test_a_page_without_room_carries_nothing_and_says_so():
    results = made.regression(60)
    found = carried(results, {"a.csv": "a,b\n"}, 10)
    assert found.links == {}
    assert set(found.left_out) == {"a.csv", RECORD}


def test_the_record_is_the_last_to_be_left_out():
    results = made.regression(60)
    room = len(carried(results, {}, LARGEST_PAGE).links[RECORD]) + 50
    assert set(carried(results, {"a.csv": "a" * 40}, room).links) == {RECORD}


def test_names_in_numbers_are_no_markup():
    payload = "\"><script>x</script>' onclick=\U0001f600\x00"
    plot = Plot("p", "T", "c", "a", (1.0, 1.0), lambda figure: None, (payload,), [(payload,)])
    section = Section("p", "P", lambda view: True, lambda view: Content({}, {"p": plot}))
    html = page(made.hollow(), {}, (section,)).html
    assert html.count("<script") == 1
    assert "onclick" not in re.sub(r'href="data:[^"]*"', "", html)
    assert "<script>x</script>" in decoded(Links(html).files["p.csv"])


@given(st.text())
def test_an_address_is_quoted_as_the_standard_library_does(text) -> None:
    assert _quoted(text) == quote(text, safe=",")
