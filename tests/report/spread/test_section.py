"""The spread of members on the page: said and drawn from a record alone."""

from __future__ import annotations

import copy
import dataclasses

import pytest

from fivesigma.record.sections.spread import MemberSpreadRecord
from fivesigma.report.page import page
from fivesigma.report.plot import drawing
from fivesigma.report.section import View
from fivesigma.report.spread.section import SECTION, said
from tests.record.sections.test_sections import BY_HAND
from tests.report import fixture as made


def kept(**changed):
    return MemberSpreadRecord.from_document(copy.deepcopy(BY_HAND["spread"]) | changed)


def view(*records):
    base = made.binary(3, 2, 100)
    own = iter(records)
    models = tuple(
        dataclasses.replace(m, sections={**m.sections, "spread": each}) if (each := next(own, None)) else m
        for m in base.models
    )
    return View(dataclasses.replace(base, models=models), made.MANIFEST)


def sentence(record):
    shown = view(record)
    return said(shown, shown.ranked[0], record)


def bin_(spread, low, high, stated):
    return {
        "n": 9,
        "spread": spread,
        "error": {"value": (low + high) / 2, "low": low, "high": high},
        "stated": stated,
    }


def test_it_says_whether_the_error_rises_with_the_spread_and_what_the_pulls_are_like():
    text = sentence(kept())
    assert "the error rises with the spread, from 1.00 [0.75, 1.50] at a spread of 0.5" in text
    assert "pulls by the spread" in text
    assert "σ is too small, as the noise of the events is not in it" in text
    wide = copy.deepcopy(BY_HAND["spread"]["pulls"][:1])
    wide[0]["width"] = {"value": 2.0, "low": 0.9 * wide[0]["expected"], "high": 9.0}
    assert "] where an honest σ has" in sentence(kept(pulls=wide))
    assert ": compatible" in sentence(kept(pulls=wide))
    flat = kept(bins=[bin_(0.5, 1.0, 2.0, 0.5), bin_(1.5, 1.1, 2.1, 1.5)])
    assert "no rise of the error with the spread is shown" in sentence(flat)


def test_it_says_where_probabilities_are_too_sure():
    sure = kept(what="probability", bins=[bin_(0.01, 0.1, 0.3, 0.2), bin_(0.1, 0.4, 0.5, 0.3)], pulls=None)
    assert "too sure in 1 of 2 bins of the spread" in sentence(sure)
    held = kept(what="probability", bins=[bin_(0.01, 0.1, 0.3, 0.2)] * 2, pulls=None)
    assert "no bin shows that probabilities are off" in sentence(held)


def test_members_that_agree_are_told_and_not_drawn():
    pulls = copy.deepcopy(BY_HAND["spread"]["pulls"][:1])
    pulls[0]["width"] = {"value": 1e7, "low": 9e6, "high": 2e7}
    record = kept(pulls=pulls)
    assert "their spread says nothing of it" in sentence(record)
    assert SECTION.content(view(record)).plots == {}


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("what", ["value", "probability"])
def test_every_number_of_models_is_drawn(n, what):
    record = kept(what=what, **({} if what == "value" else {"pulls": None}))
    shown = view(*[record] * n)
    plots = SECTION.content(shown).plots
    assert list(plots) == (["spread", "pulls"] if what == "value" else ["spread"])
    for plot in plots.values():
        assert drawing(plot).inline.startswith("<svg")
    assert 'id="spread"' in page(shown.results, made.MANIFEST).html


def test_a_record_without_it_has_no_section():
    assert not SECTION.applies(view())
