"""The difference between the best model and the runner-up, or the baseline where there is no other."""

from __future__ import annotations

from fivesigma.record.results import Comparison, ModelRecord
from fivesigma.report.answer.answer import Answer
from fivesigma.report.answer.phrases import difference, on_events, quoted, significance, unopened
from fivesigma.report.section import View, metric_name
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
    what = f"{metric_name(view.results.metric)} of {quoted(best.name)} {on_events(view)}"
    metric = f"{what} differs from that of {quoted(other.name)} {difference(comparison)}"
    return f"{metric[0].upper()}{metric[1:]}: {_found(view, other, comparison)}{unopened(view)}."


def _found(view: View, other: ModelRecord, comparison: Comparison) -> str:
    if comparison.sigma_global is None:
        return "no significance could be had"
    shown = significance(view, abs(comparison.sigma_global))
    one_sided = other.name == view.results.baseline
    return {
        NOT_DISTINGUISHED: f"they are not distinguished ({shown})",
        NOT_RELEVANT: f"they are distinguished ({shown}), by less than is relevant",
        EVIDENCE: f"there is evidence of a difference ({shown})",
        OBSERVATION: f"a difference is observed ({shown})",
        NOT_ABOVE: f"it is not above, which alone was tested ({shown})",
    }[view.word(comparison, one_sided=one_sided) or NOT_DISTINGUISHED]


ANSWER = Answer("difference", lambda view: _pair(view) is not None, _sentence)
