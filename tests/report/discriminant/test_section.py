"""A mixture of backgrounds on the page: a line a background, limits where nothing passes, one line in the terminal."""

from __future__ import annotations

import dataclasses

import pytest

from fivesigma.record.results import Score
from fivesigma.record.sections.discriminant import DiscriminantHistogram, DiscriminantRecord, Rejected, Share
from fivesigma.report.discriminant.figure import discriminant
from fivesigma.report.discriminant.section import SECTION, head, rows, sentences
from fivesigma.report.plot import drawing
from fivesigma.report.section import View
from tests.report import fixture as made

EDGES = (-1.0, 0.0, 1.0)


def rejected(background, efficiency, value, low=None, high=None):
    return Rejected(background=background, efficiency=efficiency, cut=0.1, rejection=Score(value, low, high))


def view(names, **changed):
    results = made.binary(3, 2, 100)
    *others, signal = results.data.classes
    record = DiscriminantRecord(
        signal=signal,
        shares=(Share(class_=names or others[0], share=1.0),),
        part="test",
        edges=EDGES,
        histograms=tuple(
            DiscriminantHistogram(class_=each, density=(0.4, 0.6), error=(0.1, 0.1))
            for each in results.data.classes
        ),
        rejections=(rejected(others[0], 0.5, None, 240.0), rejected(others[0], 0.7, 12.34, 10.0, 15.6)),
    )
    best = next(each for each in results.models if each.name == results.best)
    held = dataclasses.replace(
        best, sections={**best.sections, "discriminant": dataclasses.replace(record, **changed)}
    )
    models = tuple(held if each is best else each for each in results.models)
    return View(dataclasses.replace(results, models=models), {})


def test_each_background_has_a_line_with_limits_where_nothing_passes():
    assert head(view(None)) == ("model", "background", "at 50 %", "at 70 %")
    [row] = rows(view(None))
    assert row[2:] == ("above 240", "12.3 [10, 15.6]")


def test_the_formula_stands_with_its_shares():
    signal = made.binary(3, 2, 100).data.classes[-1]
    assert sentences(view(None))[0].startswith(f"D = ln [p({signal}) / (1 p(")


def test_the_figure_draws_both_panels_and_keeps_its_numbers():
    shown = view(None)
    plot = discriminant(shown)
    assert drawing(plot).table.splitlines()[:2] == [
        "class,low,high,density,error",
        f"{shown.results.data.classes[0]},-1.0,0.0,0.4,0.1",
    ]
    assert discriminant(View(made.binary(3, 2, 100), {})) is None


def test_the_terminal_speaks_of_one_efficiency():
    [line] = SECTION.terminal(view(None))
    assert "at 70 % of " in line
    assert "rejection 12.3 [10, 15.6] of " in line
    assert SECTION.terminal(view(None, rejections=(rejected("x", 0.5, 3.0),))) == []


def test_a_name_stays_text():
    hostile = "<script>alert(1)</script>"
    assert "<script>" not in SECTION.markdown(view(hostile))


def test_a_page_without_a_mixture_has_no_such_section():
    assert not SECTION.applies(View(made.binary(3, 2, 100), {}))


@pytest.mark.parametrize("word", ["at 50 %", "above 240"])
def test_the_text_has_the_table(word):
    assert word in SECTION.markdown(view(None))
