"""The cut flow: how many events are left after each cut, of all that were read and of those before it."""

from __future__ import annotations

from pathlib import Path

from fivesigma._core.rounding import DASH, fixed, interval_decimals
from fivesigma.record.sections.cut_flow import CutFlowRecord, CutLine, CutStep, CutStepsRecord
from fivesigma.report.cut_flow.figure import cut_flow
from fivesigma.report.markup import cell, table
from fivesigma.report.rounding import count, interval, plain_number
from fivesigma.report.section import Content, Section, View
from fivesigma.report.text import percent

HEAD = ("cut", "events", "efficiency", "95 % limits", "of those before", "95 % limits")
WEIGHTED = (*HEAD[:2], "Σw", *HEAD[2:])


def kept(view: View) -> tuple[tuple[CutLine, ...], CutStepsRecord]:
    """Return the lines of the cut flow, and the steps beside them."""
    flow, steps = view.results.section(CutFlowRecord), view.results.section(CutStepsRecord)
    assert flow is not None
    assert steps is not None
    return flow.lines, steps


def sentences(view: View) -> list[str]:
    """Return what the cut flow says, and what its limits are."""
    lines, steps = kept(view)
    first, last = lines[0], lines[-1]
    cuts = len(lines) - 1
    said = [
        f"Of {count(first.n)} events read, {count(last.n)} pass {_cuts(cuts)}"
        + ("" if last.efficiency is None else f": {percent(last.efficiency)}{_of_weight(steps)}")
        + "."
    ]
    if cuts > 1 and (hardest := _hardest(lines, steps)) is not None:
        name, share = hardest
        said.append(f"The cut that costs most is {name}: {percent(share)} of what comes to it passes.")
    said.append(_limits(steps))
    return said


def _cuts(n: int) -> str:
    return {1: "the cut", 2: "both cuts"}.get(n, f"all {count(n)} cuts")


def _of_weight(steps: CutStepsRecord) -> str:
    return " of the summed weight" if steps.weighted else ""


def _hardest(lines: tuple[CutLine, ...], steps: CutStepsRecord) -> tuple[str, float] | None:
    known = [
        (step.efficiency, line.name)
        for line, step in list(zip(lines, steps.steps, strict=True))[1:]
        if step.efficiency is not None
    ]
    return (min(known)[1], min(known)[0]) if known else None


def _limits(steps: CutStepsRecord) -> str:
    if not steps.weighted:
        return "Limits are exact, on counts (Clopper and Pearson)."
    said = "Efficiencies are of the summed weights; limits are by their variance, none below ten effective events."
    if steps.signed:
        said += " Some weights are negative, so an efficiency is no probability: it may leave 0 to 100 %."
    return said


def rows(view: View) -> list[tuple[str, ...]]:
    """Return a line a cut."""
    lines, steps = kept(view)
    return [_row(line, step, steps.weighted) for line, step in zip(lines, steps.steps, strict=True)]


def _row(line: CutLine, step: CutStep, weighted: bool) -> tuple[str, ...]:
    sums = (plain_number(line.sum_w, 6),) if weighted else ()
    return (line.name, count(line.n), *sums, *_share(line), *_share(step))


def _share(found: CutLine | CutStep) -> tuple[str, str]:
    if found.efficiency is None:
        return DASH, DASH
    if found.low is None or found.high is None or found.low == found.high:
        return percent(found.efficiency), DASH
    low, high = 100 * found.low, 100 * found.high
    decimals = interval_decimals(low, high)
    return f"{fixed(100 * found.efficiency, decimals)} %", f"{interval(low, high, decimals)} %"


def of_classes(view: View) -> list[tuple[str, ...]]:
    """Return a line a cut: of each class its events and the efficiency with limits; [] where none are learnt."""
    lines, steps = kept(view)
    if not steps.classes:
        return []
    flows = steps.classes.values()
    return [
        (line.name, *(word for flow in flows for word in _of_class(flow[at])))
        for at, line in enumerate(lines)
    ]


def _of_class(line: CutLine) -> tuple[str, str]:
    value, limits = _share(line)
    return count(line.n), value if limits == DASH else f"{value} ({limits})"


def _names(view: View) -> tuple[str, ...]:
    return tuple(kept(view)[1].classes or {})


def _content(view: View) -> Content:
    steps = kept(view)[1]
    context = {
        "said": sentences(view),
        "head": WEIGHTED if steps.weighted else HEAD,
        "rows": rows(view),
        "classes": _names(view),
        "of_classes": of_classes(view),
    }
    return Content(context, {"cut-flow": cut_flow(*kept(view))})


def _markdown(view: View) -> str:
    head = WEIGHTED if kept(view)[1].weighted else HEAD
    found = [*map(cell, sentences(view)), "", table(head, rows(view))]
    if lines := of_classes(view):
        own = (
            word for name in _names(view) for word in (f"{name}: events", f"{name}: efficiency (95 % limits)")
        )
        found += ["", table(("cut", *own), lines)]
    return "\n".join(found)


SECTION = Section(
    "cut-flow",
    "Cut flow",
    lambda view: (
        view.results.section(CutFlowRecord) is not None and view.results.section(CutStepsRecord) is not None
    ),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
