"""What is said of slices, on the page and in the terminal."""

from __future__ import annotations

from fivesigma.record.results import Results
from fivesigma.record.sections.slices import Slice, SlicedColumn, SlicesRecord
from fivesigma.report.rounding import fixed, interval_decimals, interval_text
from fivesigma.report.section import metric_name
from fivesigma.report.text import clean

SHOWN = 3.0
"""σ, among all claims, from which a slice is said to differ."""


def summary(results: Results) -> list[str]:
    """Return one sentence a column: the range of the best model's score, and which slices differ from the whole."""
    kept = results.section(SlicesRecord)
    if kept is None or results.best is None:
        return []
    return [said for column in kept.columns if (said := _sentence(column, results.best, results.metric))]


def _sentence(column: SlicedColumn, best: str, metric: str) -> str:
    scored = [(each, each.models[best].scores.get(metric)) for each in column.slices if best in each.models]
    known = [(each, score) for each, score in scored if score is not None and score.value is not None]
    if not known:
        return ""
    low, high = (end(known, key=lambda pair: pair[1].value or 0.0) for end in (min, max))
    values = [
        f"{fixed(score.value, interval_decimals(score.low, score.high))} ({each.name})"
        for each, score in (low, high)
    ]
    where = f"“{clean(best)}” in {len(known)} slice{'s' * (len(known) > 1)} of {column.column}"
    span = " to ".join(values[: len(known)])
    return f"{where}: {metric_name(metric)} {span}; {_apart(column, best)}"


def _apart(column: SlicedColumn, best: str) -> str:
    """Return which slices are shown to differ from all events, of those that were tested."""
    apart = [each.name for each in column.slices if differs(each, best)]
    if apart:
        return f"other than on all events: {', '.join(apart)}"
    versus = (each.models[best].versus_whole for each in column.slices if best in each.models)
    tested = any(each is not None and each.sigma_global is not None for each in versus)
    return (
        "no slice is shown to differ from all events"
        if tested
        else "no slice could be tested against all events"
    )


def differs(each: Slice, best: str) -> bool:
    """Whether the best model's score in a slice is shown to be another than on all events."""
    versus = each.models[best].versus_whole if best in each.models else None
    return versus is not None and abs(versus.sigma_global or 0.0) >= SHOWN


def score_text(each: Slice, model: str, name: str) -> str:
    """Return a score of a model in a slice with its interval, a dash where there is none.

    >>> score_text(Slice(name="", low=0.0, high=1.0, missing=False, n=0, n_effective=0.0, models={}), "tree", "r2")
    '—'
    """
    score = each.models[model].scores.get(name) if model in each.models else None
    return (
        interval_text(None, None, None)
        if score is None
        else interval_text(score.value, score.low, score.high)
    )
