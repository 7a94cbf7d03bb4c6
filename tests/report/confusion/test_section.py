"""The W on the page: said and drawn from a record alone."""

from __future__ import annotations

import copy
import dataclasses

from fivesigma.record.sections.confusion import ConfusionRecord
from fivesigma.report.confusion.section import SECTION, summary
from fivesigma.report.page import page
from fivesigma.report.plot import drawing
from fivesigma.report.section import View
from tests.record.sections.test_sections import BY_HAND
from tests.report import fixture as made


def view(record):
    base = made.binary(3, 2, 100)
    found = {**base.sections, **({} if record is None else {"confusion": record})}
    return View(dataclasses.replace(base, sections=found), made.MANIFEST)


def test_it_says_where_the_middle_peak_is_or_that_there_is_no_w():
    peaked, flat = summary(ConfusionRecord.from_document(copy.deepcopy(BY_HAND["confusion"])))
    assert peaked == (
        "the middle peak of the W of “net” is at T = 2.300 ± 0.020 J; known is 2.25: +2.2 %, +2.5 errors"
    )
    assert flat == "the accuracy of “flat” over labellings of T is no W (no peak stands between two dips)"


def test_it_is_drawn_and_nothing_a_user_named_is_markup():
    document = copy.deepcopy(BY_HAND["confusion"])
    document["models"][0]["model"] = "<b>net</b>"
    shown = view(ConfusionRecord.from_document(document))
    assert drawing(SECTION.content(shown).plots["confusion"]).inline.startswith("<svg")
    html = page(shown.results, made.MANIFEST).html
    assert 'id="confusion"' in html
    assert "<b>net" not in html
    assert "&lt;b>net" in SECTION.markdown(shown)


def test_a_record_without_it_has_no_section():
    assert not SECTION.applies(view(None))
