"""Every metric of a model, line by line: what the page, its text and the terminal show of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fivesigma.record.results import ModelRecord, Score
from fivesigma.record.sections.outputs import OutputsRecord
from fivesigma.report.metrics.units import unit_text
from fivesigma.report.rounding import (
    DASH,
    decimals_for,
    fixed,
    interval,
    plain_number,
    total_error,
    value_with_error,
)
from fivesigma.report.section import View, metric_name
from fivesigma.risk.metrics import metrics

Scores = Mapping[str, Mapping[str, Score]]


@dataclass(frozen=True)
class Cell:
    """A score as it is shown: ``value`` with its error, 95 % ``interval``, and ``pooled`` beside a mean over folds."""

    value: str
    interval: str
    pooled: str


@dataclass(frozen=True)
class Line:
    """One metric: its name in the record, as a reader knows it, its unit, and its score on each part."""

    metric: str
    label: str
    unit: str
    scores: Mapping[str, Score]

    def cell(self, part: str) -> Cell:
        """Return the score on a part as it is shown: to the digits of its error, or of the surest of the others."""
        return shown(self.scores.get(part), self.decimals)

    @property
    def decimals(self) -> int | None:
        """The decimals of the smallest error of the line; None where no part has one."""
        known = [decimals_for(score) for score in self.scores.values() if _has_error(score)]
        return max(known, default=None)


@dataclass(frozen=True)
class Table:
    """The metrics of one model on some ``parts``; of one ``target`` where it has several, "" for those of all."""

    model: str
    target: str
    parts: tuple[str, ...]
    lines: tuple[Line, ...]


def _has_error(score: Score) -> bool:
    """Whether an error or an interval says how many digits a score is worth."""
    return score.value is not None and (total_error(score) is not None or None not in (score.low, score.high))


def shown(score: Score | None, others: int | None = None) -> Cell:
    """Return a score as it is shown; one without an error to the decimals of ``others``, else to four digits.

    >>> shown(Score(0.8712, 0.851, 0.891, pooled=0.8654))
    Cell(value='0.871', interval='0.851 to 0.891', pooled='0.865')
    >>> shown(Score(403.65493)).value, shown(Score(403.65493), 0).value, shown(None).value
    ('403.7', '404', '—')
    """
    if score is None or score.value is None:
        return Cell(DASH, "", "")
    if not _has_error(score):
        return Cell(plain_number(score.value) if others is None else fixed(score.value, others), "", "")
    decimals = decimals_for(score)
    limits = "" if score.low is None and score.high is None else interval(score.low, score.high, decimals)
    apart = score.pooled is not None and score.pooled != score.value
    return Cell(value_with_error(score), limits, fixed(score.pooled, decimals) if apart else "")


def tables(view: View, model: ModelRecord) -> tuple[Table, ...]:
    """Return the metrics of a fitted model, then those of each target where it has several; none that is empty."""
    kept = model.section(OutputsRecord)
    targets = {} if kept is None else kept.targets
    found = [
        _table(view, model, "", model.scores, view.target_unit),
        *(_table(view, model, name, each.scores, each.unit) for name, each in targets.items()),
    ]
    return tuple(each for each in found if each.lines)


def _table(view: View, model: ModelRecord, target: str, scores: Scores, unit: str | None) -> Table:
    parts = tuple(part for part in view.parts if scores.get(part))
    first = [view.results.metric] if any(view.results.metric in scores[part] for part in parts) else []
    names = dict.fromkeys([*first, *(name for part in parts for name in scores[part])])
    lines = tuple(
        _line(view, name, unit, {p: scores[p][name] for p in parts if name in scores[p]}) for name in names
    )
    return Table(model.name, target, parts, lines)


def _line(view: View, name: str, unit: str | None, scores: Mapping[str, Score]) -> Line:
    known = metrics().get(name)
    columns = [feature.unit for feature in view.results.data.features]
    return Line(name, metric_name(name), "" if known is None else unit_text(known, unit, columns), scores)
