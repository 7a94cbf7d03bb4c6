"""Against the baseline and against the runner-up: each claim with its effect, its σ and its word."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fivesigma.record.results import Claim
from fivesigma.report.claims.figure import differences
from fivesigma.report.markup import table
from fivesigma.report.rounding import interval, interval_decimals, signed
from fivesigma.report.section import Content, Section, View, metric_name
from fivesigma.report.verdict import NOT_COMPARED, mark

_OPEN = 10  # so many claims are listed at once; more fold away


@dataclass(frozen=True)
class Line:
    """A claim as the page writes it."""

    text: str
    effect: str
    interval: str
    local: str
    overall: str
    verdict: str
    mark: str
    needs: str


def _line(view: View, claim: Claim) -> Line:
    decimals = interval_decimals(claim.low, claim.high)
    verdict = NOT_COMPARED if claim.sigma_local is None and claim.sigma_global is None else claim.verdict
    return Line(
        text=claim.text,
        effect=signed(claim.effect, decimals),
        interval=interval(claim.low, claim.high, decimals),
        local=view.significance(claim.sigma_local),
        overall=view.significance(claim.sigma_global),
        verdict=verdict,
        mark=mark(verdict),
        needs=claim.needs,
    )


def _content(view: View) -> Content:
    plot = differences(view)
    lines = [_line(view, claim) for claim in view.claims]
    context = {
        "first": lines[:_OPEN],
        "more": lines[_OPEN:],
        "metric": metric_name(view.results.metric),
        "about": view.about,
    }
    return Content(context, {"differences": plot} if plot is not None else {})


def _markdown(view: View) -> str:
    head = ("claim", "effect", "95 % interval", "σ local", "σ global", "verdict", "for 3σ it needs")
    rows = [
        (c.text, c.effect, c.interval, c.local, c.overall, c.verdict, c.needs)
        for c in (_line(view, claim) for claim in view.claims)
    ]
    return table(head, rows) if rows else "No claim is made."


SECTION = Section(
    "claims",
    "Against the baseline and the runner-up",
    lambda view: bool(view.results.claims) or differences(view) is not None,
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
