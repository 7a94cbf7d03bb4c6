"""The cut flow on the page, in the text form and in LaTeX, from the record alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fivesigma.data.cuts import cut_flow, of_classes
from fivesigma.data.dataset import Dataset
from fivesigma.record.results import Results, from_document, to_document
from fivesigma.report import render
from fivesigma.report.cut_flow.figure import cut_flow as drawn_flow
from fivesigma.report.cut_flow.section import SECTION, kept, rows, sentences
from fivesigma.report.latex.tables import latex
from fivesigma.report.plot import drawing
from fivesigma.report.rounding import count
from fivesigma.report.section import View
from fivesigma.study.analyses.cut_flow import recorded
from tests.report import fixture as made
from tests.report.latex.test_tables import compiled, needs_latex

RNG = np.random.default_rng(0)
N = 2421
CODE = RNG.integers(-1, 2, 2421)
NAMES = ("b <i>", "s_1 & $")
CUTS = {"trigger": RNG.random(N) < 0.85, "<b>two muons": RNG.random(N) < 0.58}


def results(w: Any = None, *, classes: bool = False) -> Results:
    each = of_classes(CUTS, w, CODE, NAMES) if classes else {}
    weight = None if w is None else "w"
    data = Dataset(X=np.zeros((1, 1)), flow=cut_flow(CUTS, w), flow_of_classes=each, weight=weight)
    base = made.binary(3, 2, 100)
    return dataclasses.replace(base, sections={**base.sections, **recorded(data)})


def view(w: Any = None) -> View:
    return View(results(w), made.MANIFEST)


def test_the_record_keeps_the_cut_flow_with_its_keys() -> None:
    document = to_document(results())
    assert [line["name"] for line in document["cut_flow"]] == ["events read", "trigger", "<b>two muons"]
    assert set(document["cut_flow"][0]) == {"name", "n", "sum_w", "efficiency", "low", "high"}
    assert document["cut_steps"]["steps"][2]["efficiency"] == pytest.approx(
        document["cut_flow"][2]["n"] / document["cut_flow"][1]["n"]
    )
    assert from_document(document) == results()


def test_each_class_has_its_own_flow_in_record_page_and_text(tmp_path: Path) -> None:
    document = to_document(results(classes=True))
    own = document["cut_steps"]["classes"]
    assert list(own) == list(NAMES)
    both = CUTS["trigger"] & CUTS["<b>two muons"]
    assert [own[name][2]["n"] for name in NAMES] == [int((both & (k == CODE)).sum()) for k in (0, 1)]
    assert from_document(document) == results(classes=True)
    render(results(classes=True), made.MANIFEST, tmp_path)
    page, text = ((tmp_path / name).read_text(encoding="utf-8") for name in ("report.html", "report.md"))
    assert "b &lt;i&gt;" in page
    assert "b <i>" not in page
    assert "s_1 &amp; $" in page
    assert "efficiency (95 % limits)" in text
    shares = [own[name][2]["efficiency"] for name in NAMES]
    assert all(f"{100 * share:.0f}" in page for share in shares)


def test_the_first_sentence_counts_and_the_second_names_the_costliest_cut() -> None:
    said, n = sentences(view()), int((CUTS["trigger"] & CUTS["<b>two muons"]).sum())
    assert said[0] == f"Of {count(N)} events read, {count(n)} pass both cuts: {100 * n / N:.0f} %."
    assert said[1].startswith("The cut that costs most is <b>two muons")
    assert said[-1] == "Limits are exact, on counts (Clopper and Pearson)."


def test_a_line_of_the_table_has_both_efficiencies_at_the_digits_of_their_limits() -> None:
    read, trigger, _ = rows(view())
    assert read == ("events read", count(N), "100 %", "—", "100 %", "—")
    assert trigger[2] == trigger[4]
    assert trigger[2].endswith(" %")
    assert " to " in trigger[3]


def test_weights_have_a_column_and_signed_ones_a_warning() -> None:
    plain, signed = (np.where(np.arange(N) % 5, 1.5, other) for other in (1.0, -1.0))
    assert len(rows(view(plain))[0]) == 7
    assert "it may leave 0 to 100 %" not in " ".join(sentences(view(plain)))
    assert "of the summed weight" in sentences(view(plain))[0]
    assert "it may leave 0 to 100 %" in sentences(view(signed))[-1]


def test_the_page_and_its_text_form_hold_the_table_and_names_stay_text(tmp_path: Path) -> None:
    render(results(), made.MANIFEST, tmp_path)
    page, text = ((tmp_path / name).read_text(encoding="utf-8") for name in ("report.html", "report.md"))
    assert "&lt;b&gt;two muons" in page
    assert "<b>two muons" not in page
    assert "| cut | events | efficiency |" in text
    assert (tmp_path / "figures" / "cut-flow.csv").is_file()


def test_the_figure_has_the_numbers_behind_it() -> None:
    lines, steps = kept(view())
    plot = drawn_flow(lines, steps)
    assert [row[1] for row in plot.rows] == [line.n for line in lines]
    assert "of the events read" in drawing(plot).svg


def test_latex_writes_every_event_of_a_count() -> None:
    found = latex(results(), made.MANIFEST)
    assert r"\num{2421}" in found["cut-flow.tex"]
    assert "cut-flow" in found["tables.tex"]
    assert r"$\sum w$" in latex(results(np.linspace(1, 2, N)), made.MANIFEST)["cut-flow.tex"]


def test_latex_sets_the_flow_of_each_class_side_by_side() -> None:
    found = latex(results(classes=True), made.MANIFEST)["cut-flow-classes.tex"]
    assert r"\multicolumn{3}{c}{s\_1 \& \$}" in found
    assert "cut-flow-classes.tex" not in latex(results(), made.MANIFEST)


@needs_latex
def test_latex_compiles_many_classes(tmp_path: Path) -> None:
    many = of_classes(CUTS, None, RNG.integers(0, 7, N), [f"c_{i} %" for i in range(7)])
    data = Dataset(X=np.zeros((1, 1)), flow=cut_flow(CUTS), flow_of_classes=many)
    base = made.binary(3, 2, 100)
    wide = dataclasses.replace(base, sections={**base.sections, **recorded(data)})
    files = latex(wide, made.MANIFEST)
    assert {"cut-flow-classes.tex", "cut-flow-classes-2.tex", "cut-flow-classes-3.tex"} <= set(files)
    assert "Overfull" not in compiled(files, tmp_path)


def test_without_cuts_there_is_no_section_and_no_table() -> None:
    plain = View(made.binary(3, 2, 100), made.MANIFEST)
    assert not SECTION.applies(plain)
    assert "cut-flow.tex" not in latex(plain.results, made.MANIFEST)
    assert recorded(Dataset(X=np.zeros((1, 1)))) == {}
