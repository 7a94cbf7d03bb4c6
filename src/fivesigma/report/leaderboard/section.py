"""Every model with its score, its uncertainty and its significance; what failed or was skipped, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fivesigma.record.leaderboard import Line, leaderboard
from fivesigma.record.results import ErrorBudget, Score
from fivesigma.report.leaderboard.figure import budget
from fivesigma.report.markup import cell, table
from fivesigma.report.rounding import (
    DASH,
    decimals_for,
    duration,
    fixed,
    interval,
    value_with_error,
)
from fivesigma.report.section import Content, Section, View

VALIDATION = "validation"


@dataclass(frozen=True)
class Shown:
    """One line of the leaderboard: texts as shown, and the numbers by which columns sort."""

    name: str
    kind: str
    status: str
    message: str
    score: str
    error: str
    interval: str
    validation: str
    validation_interval: str
    further: tuple[str, ...]
    baseline: str
    best: str
    time: str
    role: str
    keys: Mapping[str, float | None]


def lines(view: View) -> list[Shown]:
    """Return the leaderboard as it is shown."""
    return [_shown(view, line) for line in leaderboard(view.results)]


def told(message: str, most: int = 3) -> str:
    """Return a model's message, of many remarks the first ones; all of them are in the record.

    >>> told("a; b; c; d; e")
    'a; b; c; and 2 more remarks, which results.json has'
    """
    remarks = message.split("; ")
    if len(remarks) <= most + 1:
        return message
    return "; ".join([*remarks[:most], f"and {len(remarks) - most} more remarks, which results.json has"])


def _shown(view: View, line: Line) -> Shown:
    model, score, validation = line.model, line.score, line.validation
    seconds = view.seconds_per_fit(model.name)
    return Shown(
        name=model.name,
        kind="" if _plain(model.kind) == _plain(model.name) else model.kind,
        status=model.status,
        message=told(model.message),
        score=value_with_error(score),
        error=_split(score.error, decimals_for(score)) if score is not None else "",
        interval=_interval(score) or DASH,
        validation=value_with_error(validation),
        validation_interval=_interval(validation),
        further=tuple(value_with_error(view.score(model, test)) for test in view.tests[1:]),
        baseline=view.significance(line.sigma_baseline),
        best=view.significance(line.sigma_best),
        time=duration(seconds),
        role=line.role,
        keys={
            "score": score.value if score is not None else None,
            "validation": validation.value if validation is not None else None,
            "baseline": line.sigma_baseline,
            "best": line.sigma_best,
            "time": seconds,
        },
    )


def _interval(score: Score | None) -> str:
    if score is None or (score.low is None and score.high is None):
        return ""
    return interval(score.low, score.high, decimals_for(score))


def _plain(name: str) -> str:
    return name.lower().replace("-", " ").replace("_", " ")


def _split(error: ErrorBudget, decimals: int) -> str:
    parts = (("stat", error.stat), ("train", error.train), ("seed", error.seed))
    shown = [f"{fixed(size, decimals)} {name}" for name, size in parts if size]
    return ", ".join(shown)


def _content(view: View) -> Content:
    shown = lines(view)
    plot = budget(view)
    ok = [line for line in shown if line.status == "ok"]
    return Content(
        {
            "metric": view.metric,
            "part": view.part,
            "further": view.tests[1:],
            "blind": view.blind,
            "sealed": view.blind and view.results.split.n_test > 0,
            "lines": ok,
            "budgeted": any(line.error for line in ok),
            "folded": view.part == VALIDATION and any(line.interval != DASH for line in ok),
            "not_fitted": [line for line in shown if line.status != "ok"],
            "timed": any(line.keys["time"] is not None for line in ok),
            "baseline": view.results.baseline,
        },
        {"budget": plot} if plot is not None else {},
    )


def _markdown(view: View) -> str:
    head = ("model", f"{view.metric}, {view.part}", "uncertainty", "95 % interval",
            "validation", *view.tests[1:], "σ vs baseline (global)", "σ vs best", "time per fit")  # fmt: skip
    rows = [
        (
            line.name,
            line.score,
            line.error,
            line.interval,
            line.validation,
            *line.further,
            line.baseline,
            line.best,
            line.time,
        )
        for line in lines(view)
        if line.status == "ok"
    ]
    refused = [
        f"- {cell(line.name)} ({cell(line.status)}): {cell(line.message)}"
        for line in lines(view)
        if line.status != "ok"
    ]
    return "\n".join([table(head, rows), *(["", *refused] if refused else [])])


SECTION = Section(
    "leaderboard",
    "Leaderboard",
    lambda view: bool(view.results.models),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
