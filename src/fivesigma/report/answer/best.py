"""The best model: what it reaches, and how it stands to the baseline and to the runner-up."""

from __future__ import annotations

from fivesigma.record.results import Comparison, ModelRecord
from fivesigma.record.sections.selected import SelectedRecord
from fivesigma.report.answer.answer import Answer
from fivesigma.report.answer.phrases import (
    difference,
    greater_is_better,
    measured,
    on_events,
    quoted,
    scatter,
    significance,
    unit_of,
    unopened,
    with_unit,
)
from fivesigma.report.rounding import interval_text
from fivesigma.report.section import View
from fivesigma.report.text import clean
from fivesigma.report.verdict import EVIDENCE, NOT_ABOVE, NOT_DISTINGUISHED, NOT_RELEVANT, OBSERVATION


def _sentence(view: View) -> str:
    best = view.best
    if best is None:
        return "No model could be fitted, so there is no answer; the table says why."
    standing = f"{against_baseline(view)}{against_runner_up(view)}"
    return f"{_reached(view, best)}{standing}{unopened(view)}."


def _reached(view: View, best: ModelRecord) -> str:
    """What the best reaches; of a model that these folds chose among others, the score without that reward."""
    kept, metric = view.results.section(SelectedRecord), view.results.metric
    plain, off = with_unit(view, view.score(best)), scatter(view, best)
    and_off = f" and {off}" if off else ""
    if view.tests:
        return f"{quoted(best.name)} reaches {measured(metric, plain)}{and_off} {on_events(view)}"
    if kept is None:
        return f"{quoted(best.name)} has {measured(metric, plain)}{and_off} {on_events(view)}"
    score, unit = kept.score, unit_of(view, kept.metric)
    corrected = f"{interval_text(score.value, score.low, score.high)}{unit}"
    return (
        f"{quoted(best.name)}, chosen among {len(kept.chosen)} models {on_events(view)}, has "
        f"{measured(metric, corrected)} once the choice is not rewarded ({plain} as it stands){and_off}"
    )


def against_baseline(view: View) -> str:
    """Return how the best stands to the baseline, behind a comma; empty where nothing is known."""
    best, baseline = view.best, view.results.baseline
    if best is None or baseline is None:
        return ""
    if best.name == baseline:
        return f"; {quoted(best.name)} is itself the baseline"
    comparison = best.versus_baseline.get(view.results.metric)
    if comparison is None or comparison.difference is None:
        return ""
    by = f"({difference(comparison)})"
    if comparison.sigma_global is None:
        return f", without a significance against the baseline {quoted(baseline)} {by}"
    return f", {_verdict(view, comparison)} the baseline {quoted(baseline)} {by}"


def _verdict(view: View, comparison: Comparison) -> str:
    ahead = (comparison.difference or 0.0) > 0
    more = greater_is_better(view)
    where = "above" if ahead == more else "below"
    stands = f"it stands {where}" if more else f"it lies {where} that of"
    shown = significance(view, comparison.sigma_global)
    word = view.word(comparison, one_sided=True) or NOT_DISTINGUISHED
    return {
        OBSERVATION: f"an observation ({shown}) that {stands}",
        EVIDENCE: f"evidence ({shown}) that {stands}",
        NOT_DISTINGUISHED: f"which is not distinguished ({shown}) from",
        NOT_RELEVANT: f"which is distinguished ({shown}), by less than is relevant, from",
        NOT_ABOVE: f"which lies {where} ({shown}, which this test does not claim)",
    }.get(word, f"{clean(word)} ({shown}) from")


def against_runner_up(view: View) -> str:
    """Return how the best stands to the runner-up, behind a semicolon; empty where there is none."""
    second = view.runner_up
    comparison = second.versus_best.get(view.results.metric) if second is not None else None
    if second is None or comparison is None or comparison.difference is None:
        return ""
    name = quoted(second.name)
    if comparison.sigma_global is None:
        return f"; with the runner-up, {name}, it could not be compared"
    shown = significance(view, abs(comparison.sigma_global))
    word = view.word(comparison) or NOT_DISTINGUISHED
    found = {
        NOT_DISTINGUISHED: f"it is not distinguished ({shown})",
        NOT_RELEVANT: f"it is distinguished ({shown}), by less than is relevant",
        EVIDENCE: f"there is evidence of a difference ({shown})",
        OBSERVATION: f"a difference is observed ({shown})",
    }.get(word, f"it is {clean(word)} ({shown})")
    return f"; from the runner-up, {name}, {found}"


ANSWER = Answer("best", lambda view: True, _sentence)
