"""The verdict on flexibility on the page: what a word of it means is said where it stands."""

from __future__ import annotations

import dataclasses

import pytest

from fivesigma.record.results import Generalisation
from fivesigma.report.body import Shown, environment
from fivesigma.report.generalisation.section import SECTION
from fivesigma.report.section import View
from tests.report import fixture as made


@pytest.mark.parametrize("verdict", ["not tested", "neither shown"])
def test_a_page_says_why_flexibility_was_not_tested(verdict: str) -> None:
    base = made.binary(2, 2, 100)
    models = [dataclasses.replace(each, generalisation=Generalisation(0.01, verdict)) for each in base.models]
    view = View(dataclasses.replace(base, models=tuple(models)), made.MANIFEST)
    content = dataclasses.replace(SECTION.content(view), plots={})
    html = Shown(SECTION, content).body(environment(), {})
    assert html.count(f">{verdict}<") == 2
    assert ("Not tested: none was fitted beside it." in html) is (verdict == "not tested")
