"""How the models do on the tests after the first, what they lose there, and in what the events differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fivesigma.record.opened import not_blind
from fivesigma.record.results import Claim
from fivesigma.record.sections.further import FurtherTest, FurtherTestsRecord
from fivesigma.report.further.figure import calibrations
from fivesigma.report.markup import cell, table
from fivesigma.report.rounding import (
    count,
    interval,
    interval_decimals,
    interval_text,
    plain_number,
    sigma,
    signed,
    value_with_error,
)
from fivesigma.report.section import Content, Section, View, metric_name
from fivesigma.report.text import labelled
from fivesigma.risk import evidence

MOST_COLUMNS = 10
"""Features of which the page shows how they differ."""


def _kept(view: View) -> tuple[FurtherTest, ...]:
    kept = view.results.section(FurtherTestsRecord)
    return () if kept is None else kept.tests


def claims_of(view: View, test: FurtherTest) -> tuple[Claim, ...]:
    """Return the claims of a test, as they are made on rows that may have been open before."""
    return tuple(map(evidence.not_blind, test.claims)) if not_blind(view.manifest, test.test) else test.claims


def differs(test: FurtherTest) -> Iterator[str]:
    """Yield in what the events of a test differ from those of the first."""
    if test.told_apart is not None and test.told_apart.value is not None:
        found = test.told_apart
        low = 0.5 if found.low is None else found.low
        said = "tell" if low > 0.5 else "do not tell"
        auc = interval_text(found.value, found.low, found.high)
        yield f"Trees {said} its events from those of {test.against}: ROC AUC {auc}, where 0.5 is no difference."
    shifted = [each for each in test.columns if each.sigma_global >= 3]
    if test.columns:
        which = f": {', '.join(each.name for each in shifted[:MOST_COLUMNS])}" if shifted else ""
        yield (
            f"{len(shifted) or 'None'} of its {len(test.columns)} features differ{'s' * (len(shifted) < 2)} "
            f"by 3σ or more among all of them{which}."
        )
    if test.calibrated is not None and test.calibrated.error.value is not None:
        found = test.calibrated.error
        p = (
            ""
            if test.calibrated.p is None
            else f"; that they come true has p = {plain_number(test.calibrated.p, 2)}"
        )
        off = interval_text(found.value, found.low, found.high)
        yield f"The probabilities of the best model are off by {off} there{p}."


def _terminal(view: View) -> list[str]:
    """Return what is claimed of the best model on each test after the first, and of what it loses."""
    return [each.text for test in _kept(view) for each in claims_of(view, test)[:2]]


def _models(view: View, test: FurtherTest) -> list[dict[str, str]]:
    lost = {each.model: each.drop for each in test.drops}
    lines = []
    for model in view.ranked:
        here, drop = view.score(model, test.test), lost.get(model.name)
        if here is None:
            continue
        line = {
            "model": model.name,
            "first": value_with_error(view.score(model, test.against)),
            "drop": "",
            "sigma": "",
        }
        line["here"] = value_with_error(here)
        if drop is not None:
            decimals = interval_decimals(drop.low, drop.high)
            line["drop"] = f"{signed(drop.difference, decimals)} [{interval(drop.low, drop.high, decimals)}]"
            line["sigma"] = sigma(drop.sigma_global)
        lines.append(line)
    return lines


def _columns(test: FurtherTest) -> list[dict[str, str]]:
    return [
        {
            "name": labelled(each.name, each.unit),
            "statistic": plain_number(each.statistic, 2),
            "p": plain_number(each.p, 2),
            "sigma": sigma(each.sigma_global),
        }
        for each in test.columns[:MOST_COLUMNS]
    ]


def _shown(view: View, test: FurtherTest) -> dict[str, Any]:
    return {
        "name": test.test,
        "first": test.against,
        "n": count(test.n),
        "models": _models(view, test),
        "columns": _columns(test),
        "n_columns": len(test.columns),
        "claims": [each.text for each in claims_of(view, test)],
        "differs": list(differs(test)),
    }


def _content(view: View) -> Content:
    plot = calibrations(view)
    context = {
        "metric": metric_name(view.results.metric),
        "tests": [_shown(view, test) for test in _kept(view)],
        "most": MOST_COLUMNS,
    }
    return Content(context, {} if plot is None else {"calibrations": plot})


def _markdown(view: View) -> str:
    return "\n\n".join(part for test in _kept(view) for part in _written(view, test))


def _written(view: View, test: FurtherTest) -> Iterator[str]:
    shown = _shown(view, test)
    yield f"### {cell(test.test)} ({shown['n']} events), against {cell(test.against)}"
    yield "\n".join(f"- {cell(each)}" for each in [*shown["claims"], *shown["differs"]])
    head = ("model", f"{metric_name(view.results.metric)}, {test.against}", test.test, "lost", "σ")
    yield table(
        head,
        [tuple(line[key] for key in ("model", "first", "here", "drop", "sigma")) for line in shown["models"]],
    )
    if shown["columns"]:
        yield table(
            ("feature", "distance", "p", "global σ"), [tuple(each.values()) for each in shown["columns"]]
        )


SECTION = Section(
    "further",
    "On the other tests",
    lambda view: bool(_kept(view)),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
    terminal=_terminal,
)
