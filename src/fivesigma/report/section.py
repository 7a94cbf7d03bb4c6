"""What a section of the page is: an extension point. A capability adds a folder, and a line to `NOUNS`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from fivesigma._core.units import power
from fivesigma.record import leaderboard
from fivesigma.record.opened import not_blind
from fivesigma.record.results import Claim, Comparison, ModelRecord, Results, Score
from fivesigma.record.sections.columns import TargetUnitRecord
from fivesigma.record.sections.explained import Explained
from fivesigma.record.sections.score_curves import ScoreCurvesRecord
from fivesigma.record.sections.section import Section as RecordSection
from fivesigma.report import seal
from fivesigma.report.panels import MOST_MODELS
from fivesigma.report.plot import Plot
from fivesigma.report.rounding import sigma
from fivesigma.report.style import class_colours
from fivesigma.report.text import labelled, short
from fivesigma.report.verdict import EVIDENCE, OBSERVATION, word
from fivesigma.risk import evidence
from fivesigma.risk.metric import Unit
from fivesigma.risk.metrics import metrics

S = TypeVar("S", bound=RecordSection)
T = TypeVar("T")
DUMMY = "dummy"
"""The kind of a model that looks at no column."""


_CRITERIA = {"bic": "BIC"}
"""Scores that are read off a fit, and are no metrics."""


def metric_name(metric: str) -> str:
    """Return the name of a metric as a reader knows it.

    >>> metric_name("roc_auc"), metric_name("my_metric"), metric_name("bic")
    ('ROC AUC', 'my metric', 'BIC')
    """
    return metrics()[metric].label if metric in metrics() else _CRITERIA.get(metric, metric.replace("_", " "))


def unit_of_metric(metric: str, target: str | None) -> str | None:
    """Return the unit of a score, of which ``target`` is that of the target; None where it has none.

    >>> unit_of_metric("rmse", "g"), unit_of_metric("r2", "g")
    ('g', None)
    """
    known = metrics().get(metric)
    if known is None or not target:
        return None
    return (
        {Unit.TARGET: target, Unit.SQUARED_TARGET: power(target, 2)}.get(known.unit) if known.unit else None
    )


def metric_label(metric: str, target: str | None) -> str:
    """Return a metric for an axis or the head of a column, with its unit.

    >>> metric_label("rmse", "g"), metric_label("r2", "g")
    ('RMSE [g]', 'R²')
    """
    unit = unit_of_metric(metric, target)
    return f"{metric_name(metric)} [{short(unit, 16)}]" if unit else metric_name(metric)


@dataclass(frozen=True)
class View:
    """What a section reads: the results and the manifest, with the questions every section asks of them."""

    results: Results
    manifest: Mapping[str, Any]

    @cached_property
    def ranked(self) -> list[ModelRecord]:
        """The fitted models, best validation score first: the order in which the choice was made."""
        return leaderboard.ranked(self.results)

    def having(self, kind: type[S]) -> list[tuple[ModelRecord, S]]:
        """Return the fitted models that have a section of this ``kind``, best first, each with its section."""
        return [(model, kept) for model in self.ranked if (kept := model.section(kind)) is not None]

    def with_curve(self, curve: Callable[[ScoreCurvesRecord], T | None]) -> list[tuple[ModelRecord, T]]:
        """Return the fitted models whose predictions have a ``curve``, best first, each with it."""
        found = ((model, curve(kept)) for model, kept in self.having(ScoreCurvesRecord))
        return [(model, drawn) for model, drawn in found if drawn]

    @property
    def explained(self) -> Explained:
        """What was asked of the models, empty where nothing was."""
        return self.results.explain or Explained()

    @property
    def runner_up(self) -> ModelRecord | None:
        """The second best on the validation folds, the baseline left aside."""
        return next(
            (m for m in self.ranked if m.name not in (self.results.best, self.results.baseline)), None
        )

    @property
    def not_fitted(self) -> list[ModelRecord]:
        """The models that failed or were skipped."""
        return leaderboard.not_fitted(self.results)

    @property
    def question(self) -> str:
        """The question of the study, or an empty string."""
        asked = self.results.question or self.manifest.get("question")
        study = self.manifest.get("study")
        return str(asked or (study.get("question") if isinstance(study, Mapping) else None) or "")

    def score(self, model: ModelRecord, part: str | None = None, metric: str | None = None) -> Score | None:
        """Return a score of ``model``: on the part that is compared and of the primary metric unless said."""
        return leaderboard.score(self.results, model, part or self.part, metric)

    @property
    def best(self) -> ModelRecord | None:
        """The model chosen on the validation folds."""
        return next((model for model in self.results.models if model.name == self.results.best), None)

    def seconds_per_fit(self, name: str) -> float | None:
        """Return the time of one fit of a model, where the run kept it."""
        timing = self.results.timing.get("models")
        kept = timing.get(name) if isinstance(timing, Mapping) else None
        if isinstance(kept, Mapping):
            kept = kept.get("per_fit", kept.get("fit", kept.get("seconds")))
        return float(kept) if isinstance(kept, (int, float)) else None

    @property
    def blind(self) -> bool:
        """Whether no model has a test score: the test set is sealed, or there is none."""
        return not self.tests

    @cached_property
    def tests(self) -> tuple[str, ...]:
        """The test sets that were opened, the first of which decides; others are reported apart."""
        return leaderboard.opened_tests(self.results)

    @property
    def parts(self) -> tuple[str, ...]:
        """All parts of the data that have scores, training first."""
        return (
            tuple(
                part for part in leaderboard.TRAINING if any(m.scores.get(part) for m in self.results.models)
            )
            + self.tests
        )

    @property
    def part(self) -> str:
        """The part of the data on which models are compared here."""
        return leaderboard.compared_on(self.results)

    @property
    def crossfitted(self) -> bool:
        """Whether claims are made on all events, each scored by a fit that has not seen it."""
        return self.part == leaderboard.CROSSFIT

    @cached_property
    def not_blind(self) -> bool:
        """Whether rows that claims are made on had been opened by other runs before."""
        return not_blind(self.manifest, self.part)

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """The claims of the record, as they are made on rows that may have been open before."""
        said = self.results.claims
        return tuple(map(evidence.not_blind, said)) if self.not_blind else said

    def word(self, comparison: Comparison | None, *, one_sided: bool = False) -> str | None:
        """Return the verdict on a comparison; nothing that is not blind is an observation."""
        found = word(comparison, self.claims, one_sided=one_sided)
        return EVIDENCE if self.not_blind and found == OBSERVATION else found

    def significance(self, value: float | None) -> str:
        """Return a significance in σ, labelled where it is not blind."""
        return f"{sigma(value)} (not blind)" if self.not_blind and value is not None else sigma(value)

    @property
    def about(self) -> str:
        """What intervals and σ are about, and whether they are blind."""
        return f"{self._about} {seal.not_blind(self.manifest, self.tests)}" if self.not_blind else self._about

    @property
    def _about(self) -> str:
        """What intervals and σ are about: the procedure or the fitted model."""
        if self.results.task == "clustering" and self.results.claim == "procedure":
            return (
                "Intervals and σ are of the procedure, fitted afresh to another sample of as many events with a new "
                "seed: uncertain because these events are finite, and because its fits differ."
            )
        if self.results.task == "clustering" and self.results.claim == "fitted":
            return (
                "Intervals and σ are of these fits, uncertain because the events are finite; another sample of events "
                "would be fitted afresh, and scatters more."
            )
        if self.crossfitted:
            return _crossfitted(self.results)
        if self.results.claim == "fitted":
            return "Intervals and σ are of these fitted models, uncertain because the test set is finite."
        finite = (
            "the test set and the training set are" if self.results.split.n_test else "the training set is"
        )
        return (
            "Intervals and σ are of the procedure, trained afresh on a training set of this size: uncertain "
            f"because {finite} finite."
        )

    @property
    def events(self) -> str:
        """The events on which models are compared, in words."""
        if self.crossfitted:
            return "cross-fitted events"
        return f"{self.part} events" if self.tests else "validation events"

    @property
    def signal(self) -> str | None:
        """The name of the signal class of a binary task."""
        classes = self.results.data.classes
        learnt = classes is not None and self.results.task == "classification"
        return classes[-1] if learnt and classes is not None and len(classes) == 2 else None

    @property
    def target_unit(self) -> str | None:
        """The unit of the target, None where it has none."""
        kept = self.results.data.section(TargetUnitRecord)
        return None if kept is None else kept.unit

    @property
    def target(self) -> str:
        """The target with its unit, for an axis."""
        return labelled(self.results.data.target or "target", self.target_unit)

    @cached_property
    def class_colours(self) -> dict[str, str]:
        """The colour of each class, the same in all figures."""
        return class_colours(self.results.data.classes or ())

    def foremost(self, names: Iterable[str]) -> list[str]:
        """Return those of some models that a figure of curves tells apart: the best five, the baseline not among them.

        Where there is no other model it is the baseline.
        """
        held = set(names)
        ranked = [model.name for model in self.ranked if model.name in held]
        return [name for name in ranked if name != self.results.baseline][:MOST_MODELS] or ranked

    @cached_property
    def dummies(self) -> frozenset[str]:
        """The models that look at no column: none of them sets the scale of a figure."""
        return frozenset(model.name for model in self.results.models if model.kind == DUMMY)

    @property
    def metric(self) -> str:
        """The primary metric with its unit, for an axis or the head of a column."""
        return metric_label(self.results.metric, self.target_unit)

    def only(self, shown: int) -> str:
        """Return a sentence for a caption where only ``shown`` of the classes have a curve; else nothing."""
        n_classes = len(self.results.data.classes or ())
        if n_classes <= max(shown, 2):
            return ""
        return f" Shown are the {shown} classes of the largest weight, of {n_classes}."


def _crossfitted(results: Results) -> str:
    """What intervals and σ are about where all events are scored by fits that have not seen them."""
    k = results.split.folds
    size = f"trained on {k - 1}/{k} of {results.split.n_train} events, each event scored by a fit that has not seen it"
    if results.claim == "fitted":
        return f"Intervals and σ are of these {k} fitted models, {size}: uncertain because the events are finite."
    return (
        f"Intervals and σ are of the procedure {size}: uncertain because these events both train and judge, as "
        "cross-validations on disjoint halves of them show."
    )


@dataclass(frozen=True)
class Content:
    """What a section shows: the variables of its template, and its figures by the names it has there."""

    context: Mapping[str, Any] = field(default_factory=dict)
    plots: Mapping[str, Plot] = field(default_factory=dict)


@dataclass(frozen=True)
class Section:
    """One section of the page.

    Parameters
    ----------
    id : str
        The anchor.
    title : str
        The heading.
    applies : callable
        Whether the results hold what the section shows; a section that does not apply is left out.
    content : callable
        From a `View` to a `Content`; computes no metric.
    markdown : callable, optional
        From a `View` to the section's text in ``report.md``; without it the text is that of the page.
    template : Path, optional
        The Jinja template, which stands beside the section; without one the page shows the ``sentences`` of the
        context, one a paragraph, and every figure.
    terminal : callable, optional
        From a `View` to the lines that the terminal says of it, after the claims.
    """

    id: str
    title: str
    applies: Callable[[View], bool]
    content: Callable[[View], Content]
    markdown: Callable[[View], str] | None = None
    template: Path | None = None
    terminal: Callable[[View], list[str]] | None = None
