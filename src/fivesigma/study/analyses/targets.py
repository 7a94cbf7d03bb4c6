"""Each of several targets: its scores, its comparisons, and claims of its own where the metric has a unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fivesigma.record.results import Comparison
from fivesigma.risk import curves as shapes
from fivesigma.risk.evidence import Difference
from fivesigma.risk.metrics import metrics_for
from fivesigma.risk.targets import OfTarget
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.family import Compared
from fivesigma.study.evidence.records import comparison_record
from fivesigma.study.fit.prediction import Output
from fivesigma.study.tasks.task import VALIDATION

NAME = "targets"


class Targets(Experiment):
    """The targets of a study that has several."""

    def compared(self, found: Evidence, /) -> Iterator[Compared]:
        """Yield every pair of models on each target, where a mean over targets would have a unit."""
        metric = found.prepared.metric
        if not metric.has_unit:
            return
        for target, metrics in _metrics(found).items():
            one = metrics[metric.name]
            for a, b in found.pairs():
                difference = found.difference(one, a, b)
                yield Compared(a, b, difference, NAME, (target, a, b), metric=one.name)

    def of_model(self, found: Evidence, name: str) -> Mapping[str, Any]:
        """Return the section ``outputs``; {} of one target."""
        units = dict(zip(found.prepared.data.targets, found.prepared.data.target_units, strict=True))
        outputs = {
            target: {
                "unit": units[target],
                "scores": found.scores.of(name, metrics),
                "versus_baseline": _versus(found, metrics, name, found.baseline),
                "versus_best": _versus(found, metrics, name, found.best),
                "residuals": _residuals(found, metrics, name),
            }
            for target, metrics in _metrics(found).items()
        }
        return {"outputs": outputs} if outputs else {}


def _metrics(found: Evidence) -> dict[str, dict[str, OfTarget]]:
    """Return the metrics of each target by their names, also those that have no mean over targets."""
    able = metrics_for(found.parts.task.outputs, asked=[each.name for each in found.prepared.metrics])
    return {
        target: {metric.name: OfTarget(metric, target, at) for metric in able}
        for at, target in enumerate(found.prepared.data.several)
    }


def _versus(
    found: Evidence, metrics: Mapping[str, OfTarget], name: str, other: str | None
) -> dict[str, Comparison]:
    """Return the comparison with another model on each metric of a target; σ among all where it is in the family."""
    if other is None or name == other:
        return {}
    return {
        word: comparison_record(_between(found, metric, name, other))
        for word, metric in metrics.items()
        if metric.interval
    }


def _between(found: Evidence, metric: OfTarget, name: str, other: str) -> Difference:
    primary, kept = found.prepared.metric, None
    if primary.has_unit and metric.metric.name == primary.name:
        kept = found.family.between(name, other, NAME, (metric.target,))
    return found.difference(metric, name, other) if kept is None else kept


def _residuals(found: Evidence, metrics: Mapping[str, OfTarget], name: str) -> Any:
    """Return what shows the predictions of a target: on the first opened test, else on the out-of-fold ones."""
    metric = metrics["r2"]
    part = found.tests[0] if found.tests else VALIDATION
    truth, at = found.parts.truth(metric, part), metric.number
    values = found.fitted[name].said(part)[Output.VALUE][truth.counts]
    return shapes.residuals(shapes.Scored(truth.y[:, at], values[:, at], truth.w, truth.groups))


ANALYSIS = Analysis(NAME, experiment=Targets)
