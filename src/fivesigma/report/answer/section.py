"""The question, the answer in one sentence, and how the best stands to the others where that is another."""

from __future__ import annotations

from pathlib import Path

from fivesigma.record.results import Comparison, ModelRecord
from fivesigma.record.sections.selected import SelectedRecord
from fivesigma.report.answer.answers import evidence, sentence
from fivesigma.report.markup import cell
from fivesigma.report.rounding import count, interval_text, value_with_error
from fivesigma.report.section import Content, Section, View, metric_name
from fivesigma.report.text import clean
from fivesigma.report.verdict import mark


def _content(view: View) -> Content:
    best = view.best
    comparison = best.versus_baseline.get(view.results.metric) if best is not None else None
    verdict = view.word(comparison, one_sided=True)
    return Content(
        {
            "question": view.question,
            "sentence": sentence(view),
            "evidence": evidence(view),
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
    effective, n = round(results.data.n_effective), results.data.n_features
    size = "" if effective == results.data.n_samples else f"effective {count(effective)}"
    facts.append(("events", count(results.data.n_samples), size or f"{count(n)} feature{'s' * (n != 1)}"))
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
    said = [cell(each) for each in (sentence(view), evidence(view)) if each]
    return "\n\n".join([*said, view.about]) if not asked else asked + "\n\n".join([*said, view.about])


SECTION = Section(
    "answer",
    "The answer",
    lambda view: True,
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
