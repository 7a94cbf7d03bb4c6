"""Observed events beside the simulation, column by column, and in the score below the cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fivesigma._core.counts import counted
from fivesigma.record.sections.observed import ObservedColumn, ObservedRecord
from fivesigma.report.markup import cell, table
from fivesigma.report.observed.figure import columns_plot, score_plot
from fivesigma.report.rounding import DASH, compact, plain_number
from fivesigma.report.section import Content, Section, View
from fivesigma.report.text import clean

SMALL = 0.00135
"""p among all columns below which data and simulation are said to disagree: 3σ, one-sided."""

_HEAD = ("column", "χ²", "degrees of freedom", "p", "p among all")


def _kept(view: View) -> ObservedRecord:
    found = view.results.section(ObservedRecord)
    assert found is not None
    return found


def sentences(kept: ObservedRecord) -> list[str]:
    """Return what is seen, what disagrees, and what is not looked at."""
    return [_sizes(kept), _worst(kept), *([_blind(kept)] if kept.blind else [])]


def _sizes(kept: ObservedRecord) -> str:
    seen = f"{counted(kept.n_seen, 'observed event')}{' below the cut' if kept.blind else ''}"
    if kept.scaled is None:
        return f"{seen}, where {compact(kept.expected, kept.error)} are expected (the error is the simulation's)."
    return (
        f"{seen}; the simulation is scaled to their number (× {plain_number(kept.scaled, 3)}), so that shapes are "
        "compared: [weights.yields] would compare numbers."
    )


def _worst(kept: ObservedRecord) -> str:
    tested = [each for each in _all(kept) if each.p_global is not None]
    if not tested:
        return "Too few events are expected for a test in any column."
    worst = min(tested, key=lambda each: (each.p_global or 0.0, each.name))
    apart = [each for each in tested if (each.p_global or 0.0) < SMALL]
    chi2 = f"χ² = {plain_number(worst.chi2, 3)} for {counted(worst.dof, 'degree')} of freedom"
    largest = f"the largest is in “{clean(worst.name)}” ({chi2}, p = {_p(worst.p_global)} among all)"
    if not apart:
        return f"No column shows a disagreement of 3σ; {largest}."
    names = ", ".join(f"“{clean(each.name)}”" for each in apart[:6])
    more = f" and {len(apart) - 6} more" if len(apart) > 6 else ""
    return f"Data and simulation disagree by 3σ or more in {names}{more}; {largest}."


def _blind(kept: ObservedRecord) -> str:
    return (
        f"Observed events with a score of {plain_number(kept.cut, 3)} or more, the best cut on the folds, are not "
        "looked at until fivesigma unblind RUN."
    )


def _p(value: float | None) -> str:
    return DASH if value is None else "< 1e−300" if value == 0.0 else plain_number(value, 2)


def _all(kept: ObservedRecord) -> tuple[ObservedColumn, ...]:
    return (*kept.columns, *(() if kept.score is None else (kept.score,)))


def _lines(kept: ObservedRecord) -> list[tuple[str, ...]]:
    return [
        (each.name, plain_number(each.chi2, 3), str(each.dof), _p(each.p), _p(each.p_global))
        for each in _all(kept)
    ]


def _content(view: View) -> Content:
    kept = _kept(view)
    plots = {"observed": columns_plot(view, kept)}
    if kept.score is not None:
        plots["score"] = score_plot(view, kept, kept.score)
    context: dict[str, Any] = {"sentences": sentences(kept), "head": _HEAD, "lines": _lines(kept)}
    return Content(context, plots)


def _markdown(view: View) -> str:
    kept = _kept(view)
    told = "\n\n".join(cell(each) for each in sentences(kept))
    return f"{told}\n\n{table(_HEAD, _lines(kept))}"


SECTION = Section(
    "observed",
    "Observed and expected",
    lambda view: view.results.section(ObservedRecord) is not None,
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
    terminal=lambda view: sentences(_kept(view)),
)
