"""What the figure of ROC curves says in words is what the table of metrics says."""

from __future__ import annotations

import dataclasses

from fivesigma.record.results import ErrorBudget, Score
from fivesigma.report.roc.figure import roc
from fivesigma.report.rounding import value_with_error
from fivesigma.report.section import View
from tests.report import fixture as made


def view(**scores: Score) -> View:
    base = made.binary(3, 2, 200)
    part = next(iter(base.models[0].scores))
    assert part
    models = tuple(
        dataclasses.replace(each, scores={name: kept | scores for name, kept in each.scores.items()})
        for each in base.models
    )
    return View(dataclasses.replace(base, models=models), made.MANIFEST)


def test_the_words_of_the_figure_have_the_rejection_of_the_table() -> None:
    score = Score(12.345, 11.0, 14.0, error=ErrorBudget(stat=0.7))
    plot = roc(view(rejection_50=score))
    assert plot is not None
    assert "background rejection at 50 % signal efficiency: " in plot.alt
    assert value_with_error(score) in plot.alt


def test_without_that_score_it_is_read_off_the_curve() -> None:
    base = made.binary(3, 2, 200)
    models = tuple(
        dataclasses.replace(
            each,
            scores={
                part: {name: score for name, score in kept.items() if name != "rejection_50"}
                for part, kept in each.scores.items()
            },
        )
        for each in base.models
    )
    plot = roc(View(dataclasses.replace(base, models=models), made.MANIFEST))
    assert plot is not None
    assert "read off at half signal efficiency, rejection: " in plot.alt
