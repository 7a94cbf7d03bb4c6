"""The difference between the best model and the runner-up, or the baseline where there is no other."""

from __future__ import annotations

from fivesigma.record.results import Comparison, ModelRecord
from fivesigma.report.answer.answer import Answer
from fivesigma.report.answer.phrases import limits, on_events, quoted, significance, unopened
from fivesigma.report.rounding import fixed, interval_decimals
from fivesigma.report.section import View, metric_name
from fivesigma.report.text import clean
from fivesigma.report.verdict import EVIDENCE, NOT_ABOVE, NOT_DISTINGUISHED, NOT_RELEVANT, OBSERVATION


def _pair(view: View) -> tuple[ModelRecord, ModelRecord, Comparison] | None:
    """The best, the other, and what the best has over it, positive in favour of the best."""
    best, second = view.best, view.runner_up
    if best is None:
        return None
    found = None if second is None else second.versus_best.get(view.results.metric)
    if second is not None and found is not None and found.difference is not None:
        return best, second, _turned(found)
    baseline = next((m for m in view.ranked if m.name == view.results.baseline), None)
    found = best.versus_baseline.get(view.results.metric)
    known = (
        baseline is not None and baseline is not best and found is not None and found.difference is not None
    )
    return (best, baseline, found) if known and baseline is not None and found is not None else None


def _turned(one: Comparison) -> Comparison:
    """The same difference, in favour of the other model."""
    difference, high, low, local, overall = (
        None if each is None else -each
        for each in (one.difference, one.low, one.high, one.sigma_local, one.sigma_global)
    )
    return Comparison(difference, low, high, one.p, local, overall)


def _sentence(view: View) -> str:
    pair = _pair(view)
    assert pair is not None
    best, other, comparison = pair
    found, behind = _found(view, other, comparison), (comparison.difference or 0.0) < 0
    ahead = _turned(comparison) if behind else comparison
    size = fixed(ahead.difference, interval_decimals(ahead.low, ahead.high))
    who = f"{quoted(best.name)} and {quoted(other.name)} differ in {metric_name(view.results.metric)}"
    by = f"by {size} in favour of the {'second' if behind else 'first'}{limits(ahead, ' (', ')')}"
    return f"{who} {by} {on_events(view)}, {found}{unopened(view)}."


def _found(view: View, other: ModelRecord, comparison: Comparison) -> str:
    if comparison.sigma_global is None:
        return "without a significance"
    shown = significance(view, abs(comparison.sigma_global))
    one_sided = other.name == view.results.baseline
    word = view.word(comparison, one_sided=one_sided) or NOT_DISTINGUISHED
    return {
        NOT_DISTINGUISHED: f"which does not distinguish them ({shown})",
        NOT_RELEVANT: f"which distinguishes them ({shown}) by less than is relevant",
        EVIDENCE: f"evidence of a difference ({shown})",
        OBSERVATION: f"an observation of a difference ({shown})",
        NOT_ABOVE: f"while only “above” was tested ({shown})",
    }.get(word, f"{clean(word)} ({shown})")


ANSWER = Answer("difference", lambda view: _pair(view) is not None, _sentence)
