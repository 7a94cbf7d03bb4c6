"""Declared symmetries on the page: said from a record alone."""

from __future__ import annotations

import copy
import dataclasses

from fivesigma.record.sections.symmetries import SymmetriesRecord
from fivesigma.report.page import page
from fivesigma.report.section import View
from fivesigma.report.symmetries.section import SECTION, said
from tests.record.sections.test_sections import BY_HAND
from tests.report import fixture as made


def view(**changed):
    base = made.binary(3, 2, 100)
    kept = SymmetriesRecord.from_document(copy.deepcopy(BY_HAND["symmetries"]) | changed)
    name = base.best
    models = tuple(
        dataclasses.replace(m, sections={**m.sections, "symmetries": kept}) if m.name == name else m
        for m in base.models
    )
    return View(dataclasses.replace(base, models=models), made.MANIFEST)


def test_a_model_that_breaks_a_symmetry_is_named_with_the_share_of_its_error():
    shown = view()
    sentence = said(shown)
    assert (
        sentence
        == f"Answers are apart, in shares of the model's error: {shown.best.name} 50 % by quarter turns."
    )
    assert said(view(error={"value": 9.0, "low": 8.0, "high": 10.0})) == ""


def test_the_table_has_error_distances_and_the_change_with_its_sigma():
    text = SECTION.markdown(view())
    assert "apart by quarter turns | apart by mirror images" in text
    assert "0.125 \\[0.100, 0.150\\] | 0, but for rounding | +0.020 | 0.010 to 0.030 | 2.5σ" in text
    assert "over 8 images of each event" in text
    assert "training events, each by the fold that held it out" in SECTION.markdown(view(part="validation"))
    assert "| — |" in SECTION.markdown(view(change=None))


def test_it_stands_on_the_page_and_only_where_it_is_known():
    assert SECTION.applies(view())
    assert not SECTION.applies(View(made.binary(3, 2, 100), made.MANIFEST))
    html = page(view().results, made.MANIFEST).html
    assert "Declared symmetries" in html
    assert "it is certain of a model that is not built for the symmetry" in html
