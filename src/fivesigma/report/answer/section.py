"""The question, and the answer in one sentence with its σ."""

from __future__ import annotations

from pathlib import Path

from fivesigma.record.results import Comparison, ModelRecord
from fivesigma.record.sections.selected import SelectedRecord
from fivesigma.report.markup import cell
from fivesigma.report.rounding import (
    count,
    interval,
    interval_decimals,
    interval_text,
    signed,
    value_with_error,
)
from fivesigma.report.section import Content, Section, View, metric_name
from fivesigma.report.text import clean
from fivesigma.report.verdict import EVIDENCE, NOT_ABOVE, NOT_DISTINGUISHED, OBSERVATION, mark
from fivesigma.risk.metrics import metrics


def sentence(view: View) -> str:
    """Return the answer in one sentence; the markup of names is left alone, escaping is the template's."""
    best, results = view.best, view.results
    if best is None:
        return "No model could be fitted, so there is no answer; the table says why."
    name = metric_name(results.metric)
    if view.blind:
        reached = _on_folds(view, best, name)
        if results.task == "clustering" and results.metric != "log_likelihood":
            reached = (
                f"{_quoted(best.name)} has {name} {value_with_error(view.score(best))}, which no fit has seen"
            )
        why = "the test set is still sealed" if results.split.n_test else "there is no test set"
        return f"{reached}; {why}{_against_baseline(view)}{_against_runner_up(view)}."
    reached = f"{_quoted(best.name)} reaches {name} {value_with_error(view.score(best))}"
    return (
        f"{reached} on {count(results.split.n_test)} sealed test events"
        f"{_against_baseline(view)}{_against_runner_up(view)}."
    )


def _on_folds(view: View, best: ModelRecord, metric: str) -> str:
    """What the best has on the folds: of a model that these folds chose among others, the corrected score."""
    kept, plain = view.results.section(SelectedRecord), value_with_error(view.score(best))
    where = (
        "all events, each scored by a fit that has not seen it"
        if view.crossfitted
        else "the validation folds"
    )
    if kept is None:
        return f"{_quoted(best.name)} has {metric} {plain} on {where}"
    score = kept.score
    return (
        f"{_quoted(best.name)}, chosen among {len(kept.chosen)} models on {where}, has {metric} "
        f"{interval_text(score.value, score.low, score.high)} once the choice is not rewarded ({plain} as it stands)"
    )


def _quoted(name: str) -> str:
    return f"“{clean(name)}”"


def _against_baseline(view: View) -> str:
    best, baseline = view.best, view.results.baseline
    if best is None or baseline is None:
        return ""
    if best.name == baseline:
        return f"; {_quoted(best.name)} is itself the baseline"
    comparison = best.versus_baseline.get(view.results.metric)
    verdict = view.word(comparison, one_sided=True)
    if comparison is None or verdict is None:
        return ""
    if comparison.sigma_global is None:
        return (
            f", without a significance against the baseline {_quoted(baseline)} ({_difference(comparison)})"
        )
    where = "above" if ((comparison.difference or 0.0) > 0) == _greater_is_better(view) else "below"
    shown = view.significance(comparison.sigma_global)
    kind = {
        OBSERVATION: f", an observation ({shown}) that it stands {where}",
        EVIDENCE: f", evidence ({shown}) that it stands {where}",
        NOT_DISTINGUISHED: f", not distinguished ({shown}) from",
        NOT_ABOVE: f", which lies {where} ({shown}, which this test does not claim)",
    }.get(verdict, f", {verdict} ({shown}) from")
    return f"{kind} the baseline {_quoted(baseline)} ({_difference(comparison)})"


def _greater_is_better(view: View) -> bool:
    known = metrics().get(view.results.metric)
    return known is None or known.greater_is_better


def _difference(comparison: Comparison) -> str:
    decimals = interval_decimals(comparison.low, comparison.high)
    value = f"in its favour by {signed(comparison.difference, decimals)}"
    if comparison.low is None and comparison.high is None:
        return value
    return f"{value}, 95 % interval {interval(comparison.low, comparison.high, decimals)}"


def _against_runner_up(view: View) -> str:
    second = view.runner_up
    comparison = second.versus_best.get(view.results.metric) if second is not None else None
    verdict = view.word(comparison)
    if second is None or comparison is None or verdict is None:
        return ""
    significance = (
        view.significance(abs(comparison.sigma_global)) if comparison.sigma_global is not None else "no σ"
    )
    found = {
        NOT_DISTINGUISHED: f"it is not distinguished ({significance})",
        EVIDENCE: f"there is evidence of a difference ({significance})",
        OBSERVATION: f"a difference is observed ({significance})",
    }.get(verdict, f"it is {verdict} ({significance})")
    return f"; from the runner-up, {_quoted(second.name)}, {found}"


def _content(view: View) -> Content:
    best = view.best
    comparison = best.versus_baseline.get(view.results.metric) if best is not None else None
    verdict = view.word(comparison, one_sided=True)
    return Content(
        {
            "question": view.question,
            "sentence": sentence(view),
            "verdict": verdict,
            "mark": mark(verdict or ""),
            "facts": _facts(view, comparison),
            "about": view.about,
        }
    )


def _facts(view: View, comparison: Comparison | None) -> list[tuple[str, str, str]]:
    best, results = view.best, view.results
    facts = []
    if best is not None:
        facts.append(_reached(view, best))
    if comparison is not None and comparison.sigma_global is not None and results.baseline is not None:
        facts.append(
            ("against the baseline", view.significance(comparison.sigma_global), "global significance")
        )
    effective = round(results.data.n_effective)
    size = "" if effective == results.data.n_samples else f"effective {count(effective)}"
    facts.append(
        ("events", count(results.data.n_samples), size or f"{count(results.data.n_features)} features")
    )
    facts.append(("test events", count(results.split.n_test), _seal(view)))
    return facts


def _reached(view: View, best: ModelRecord) -> tuple[str, str, str]:
    """The score of the best, less what it owes to the choice where the same events made it."""
    kept, name = view.results.section(SelectedRecord), metric_name(view.results.metric)
    if kept is None:
        return f"{name}, {view.part}", value_with_error(view.score(best)), clean(best.name)
    score = kept.score
    text = interval_text(score.value, score.low, score.high)
    return f"{name}, {kept.part}, corrected for the choice", text, clean(best.name)


def _seal(view: View) -> str:
    if not view.results.split.n_test:
        return "none was set aside"
    return "sealed" if view.blind else "opened"


def _markdown(view: View) -> str:
    asked = f"**{cell(view.question)}**\n\n" if view.question else ""
    return f"{asked}{cell(sentence(view))}\n\n{view.about}"


SECTION = Section(
    "answer",
    "The answer",
    lambda view: True,
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
