"""Expected significances of declared yields: by the best cut and from all bins, with and without the errors of b."""

from __future__ import annotations

from pathlib import Path

from fivesigma._core.counts import counted
from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.significance import SignificanceRecord, Significances
from fivesigma.report.markup import cell, table
from fivesigma.report.rounding import DASH, count, plain_number
from fivesigma.report.section import Content, Section, View
from fivesigma.report.significance.figure import ams

HEAD = ("model", "by", "s", "b", "N_eff of b", "b exact", "with its statistics", "and its systematics")


def sentences(view: View) -> list[str]:
    """Return what the table is of."""
    _, kept = view.having(SignificanceRecord)[0]
    known = f"{100 * kept.systematic:.3g} %" if kept.systematic else "none is declared (weights.background)"
    return [
        f"Median discovery significances in σ, expected of the declared yields: those of {kept.part}, taken to the "
        "whole sample. Cut and bins are chosen on out-of-fold scores; bins hold equal parts of the signal, and at "
        "least ten effective events of background each.",
        "The background is taken to be known exactly; then to the statistics of its simulation, sqrt(Σw²); then to "
        f"the systematic uncertainty as well, common to all bins: {known}.",
    ]


def rows(view: View) -> list[tuple[str, ...]]:
    """Return two lines a model: the best cut, all bins."""
    return [row for model, kept in view.having(SignificanceRecord) for row in _rows(model, kept)]


def _rows(model: ModelRecord, kept: SignificanceRecord) -> list[tuple[str, ...]]:
    cut, bins = kept.cut, kept.bins
    first: tuple[str, ...] = (model.name, "best cut", *[DASH] * 6)
    if cut is not None:
        b = f"{plain_number(cut.b)} ± {plain_number(cut.error, 2)}"
        first = (
            model.name,
            f"score ≥ {plain_number(cut.threshold)}",
            plain_number(cut.s),
            b,
            count(cut.n_effective),
            *_sigmas(cut.significance, kept),
        )
    total = (plain_number(sum(bins.s)), plain_number(sum(bins.b)), DASH)
    return [first, (model.name, counted(len(bins.s), "bin"), *total, *_sigmas(bins.significance, kept))]


def _sigmas(found: Significances, kept: SignificanceRecord) -> tuple[str, str, str]:
    both = plain_number(found.both, 3) if kept.systematic else DASH
    return plain_number(found.exact, 3), plain_number(found.statistical, 3), both


def _content(view: View) -> Content:
    plot = ams(view)
    figures = {} if plot is None else {"ams": plot}
    return Content({"sentences": sentences(view), "head": HEAD, "rows": rows(view)}, figures)


def _markdown(view: View) -> str:
    return "\n\n".join([*map(cell, sentences(view)), table(HEAD, rows(view))])


def _terminal(view: View) -> list[str]:
    """Return what the best model's score is worth, on one line."""
    model, kept = view.having(SignificanceRecord)[0]
    cut, bins = kept.cut, kept.bins
    said = (
        []
        if cut is None
        else [
            f"at the best cut s = {plain_number(cut.s)} and b = {plain_number(cut.b)} ± "
            f"{plain_number(cut.error, 2)}: {_spoken(cut.significance, kept)}"
        ]
    )
    exact, *others = (each for each in _sigmas(bins.significance, kept) if each != DASH)
    said.append(f"from {counted(len(bins.s), 'bin')} {', '.join(f'{each}σ' for each in (exact, *others))}")
    return [f"{model.name}, expected of the declared yields: {'; '.join(said)}"]


def _spoken(found: Significances, kept: SignificanceRecord) -> str:
    exact, statistical, both = _sigmas(found, kept)
    more = f", {both}σ with its systematic error too" if kept.systematic else ""
    return f"{exact}σ with b exact, {statistical}σ with its statistics{more}"


SECTION = Section(
    "significance",
    "Expected significance",
    lambda view: bool(view.having(SignificanceRecord)),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
    terminal=_terminal,
)
