"""Expected significances stand in one table, two lines a model, and AMS against the cut in a figure."""

from __future__ import annotations

import dataclasses

from fivesigma.record.sections.significance import (
    AmsCurve,
    BinYields,
    CutYields,
    SignificanceRecord,
    Significances,
)
from fivesigma.report.plot import drawing
from fivesigma.report.section import View
from fivesigma.report.significance.figure import ams
from fivesigma.report.significance.section import HEAD, SECTION, rows, sentences
from tests.report import fixture as made

CUT = CutYields(
    threshold=0.9,
    s=12.5,
    b=100.0,
    error=20.0,
    n_effective=25.0,
    significance=Significances(exact=1.2, statistical=0.5, both=0.4),
)
BINS = BinYields(
    edges=(0.5,),
    s=(5.0, 12.5),
    b=(900.0, 100.0),
    error=(30.0, 20.0),
    significance=Significances(exact=1.4, statistical=0.6, both=0.5),
)
CURVE = AmsCurve(
    b_reg=10.0,
    chosen=0.9,
    threshold=(0.1, 0.5, 0.9),
    ams=(0.5, 0.8, 1.1),
    low=(0.4, 0.7, 0.9),
    high=(0.6, 0.9, 1.3),
)
RECORD = SignificanceRecord(part="test", systematic=0.1, cut=CUT, bins=BINS, curve=CURVE)


def view(kept=RECORD):
    results = made.binary(3, 2, 100)
    best = next(each for each in results.models if each.name == results.best)
    changed = dataclasses.replace(best, sections={**best.sections, "significance": kept})
    return View(
        dataclasses.replace(
            results, models=tuple(changed if each is best else each for each in results.models)
        ),
        {},
    )


def test_a_model_has_its_best_cut_and_its_bins():
    cut, bins = (dict(zip(HEAD, row, strict=True)) for row in rows(view()))
    assert (cut["by"], cut["s"], cut["b"], cut["N_eff of b"]) == ("score ≥ 0.9", "12.5", "100 ± 20", "25")
    assert [cut[word] for word in HEAD[-3:]] == ["1.2", "0.5", "0.4"]
    assert (bins["by"], bins["s"], bins["b"]) == ("2 bins", "17.5", "1000")


def test_without_a_declared_systematic_none_is_shown():
    plain = view(dataclasses.replace(RECORD, systematic=0.0, cut=None))
    assert "none is declared" in sentences(plain)[1]
    assert [row[-1] for row in rows(plain)] == ["—", "—"]


def test_the_figure_draws_and_says_its_highest_point():
    plot = ams(view())
    assert "at most 1.1 at 0.9" in plot.alt
    assert drawing(plot).table.splitlines()[0] == "threshold,ams,low,high"
    assert ams(view(dataclasses.replace(RECORD, curve=None))) is None


def test_a_page_without_yields_has_no_such_section():
    assert not SECTION.applies(View(made.binary(3, 2, 100), {}))
    assert "12.5" in SECTION.markdown(view())


def test_the_terminal_says_what_the_best_model_is_worth():
    said = SECTION.terminal(view())
    assert len(said) == 1
    assert (
        "at the best cut s = 12.5 and b = 100 ± 20: 1.2σ with b exact, 0.5σ with its statistics, 0.4σ"
        in said[0]
    )
    assert "from 2 bins 1.4σ, 0.6σ, 0.5σ" in said[0]
