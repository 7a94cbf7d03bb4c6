"""The sorts of answer by name: a new one is a module here, and a line."""

from __future__ import annotations

from collections.abc import Mapping

from fivesigma.record.sections.answer import AnswerRecord
from fivesigma.record.sections.mixture import MixtureRecord
from fivesigma.report.answer import (
    ablation,
    best,
    coefficients,
    difference,
    importance,
    law,
    place,
    populations,
    transition,
    trend,
)
from fivesigma.report.answer.answer import Answer
from fivesigma.report.section import View

ANSWERS: Mapping[str, Answer] = {
    each.ANSWER.name: each.ANSWER
    for each in (best, difference, coefficients, law, populations, trend, importance, ablation, transition)
}
"""Those of `fivesigma.record.sections.answer.ANSWERS`."""


def chosen(view: View) -> Answer:
    """Return the answer of a page: that which was asked for, where the results can fill it, else that of the task."""
    kept = view.results.section(AnswerRecord)
    if kept is not None:
        asked = ANSWERS[kept.asked] if kept.asked in ANSWERS else place.answer(kept.asked)
        if asked.filled(view):
            return asked
    return ANSWERS[_of_task(view)]


def _of_task(view: View) -> str:
    """Return the name of the answer that a study without a wish of its own has."""
    if transition.filled(view):
        return "transition"
    if trend.of_scan(view):
        return "trend"
    if view.results.task == "clustering" and view.having(MixtureRecord):
        return "populations"
    if view.results.task == "regression" and law.of_the_best(view) is not None:
        return "law"
    return "best"


def sentence(view: View) -> str:
    """Return the answer in one sentence; the markup of names is left alone, escaping is the template's."""
    return chosen(view).sentence(view)


def evidence(view: View) -> str:
    """Return how the best stands to the others, where the answer is another; empty of a scan, whose points differ."""
    shown = chosen(view)
    alone = shown.name == "best" or (shown.name == "trend" and trend.of_scan(view))
    return "" if alone else ANSWERS["best"].sentence(view)
