"""Two or more runs side by side: paired where data and split are the same, else no difference is claimed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from fivesigma._core.errors import InputError
from fivesigma._core.random import generator
from fivesigma.record.results import ModelRecord, Score
from fivesigma.record.sections.outputs import OutputsRecord
from fivesigma.record.store import RunFolder
from fivesigma.report.rounding import interval_text
from fivesigma.risk.evidence import Part
from fivesigma.risk.intervals import refusal, welch_satterthwaite
from fivesigma.risk.metrics import Metric
from fivesigma.risk.metrics import metric as metric_called
from fivesigma.risk.significance import t_tail
from fivesigma.risk.targets import OverTargets
from fivesigma.study.finished.result import Result, load
from fivesigma.study.fit.prediction import scored
from fivesigma.study.plan import ENOUGH_REFITS
from fivesigma.study.spec.document import Spec
from fivesigma.study.spec.models import GIVEN
from fivesigma.study.tasks.registry import task

LEVEL = 0.95
N_BOOT = 2000


@dataclass(frozen=True, eq=False)
class Entrant:
    """The best model of one run, with the predictions that were stored of it."""

    result: Result
    alone: bool = True
    """Whether no other run of the comparison has a folder of that name."""

    @property
    def name(self) -> str:
        """The run, as people call it: its folder's name, or the path where that names several."""
        return self.result.path.name if self.alone else str(self.result.path)

    @cached_property
    def model(self) -> ModelRecord:
        """The record of the model that the validation folds chose."""
        if self.result.results.best is None:
            raise InputError(
                f"{self.result.path}: no model of this run could be fitted; there is nothing to compare."
            )
        return self.result.results.model(self.result.results.best)

    @cached_property
    def part(self) -> str:
        """The first opened test set; the validation folds where there is none."""
        return next((part for part in self.model.scores if part not in ("train", "validation")), "validation")

    def score(self, metric: str) -> Score:
        """The score of the model by ``metric``; without a value where it has none."""
        return self.model.scores[self.part].get(metric, Score(None))

    @cached_property
    def refits(self) -> int:
        """How many refits stand behind the error of the training set."""
        spec = Spec.read(RunFolder(self.result.path).study)
        given = next((each for each in spec.models if each.name == self.model.name and each.file), None)
        return spec.evaluate.refits if given is None else len(given.refits or ())

    @property
    def procedure(self) -> bool:
        """Whether the error of its score is about the procedure: of scores made elsewhere, by their refits."""
        return self.model.kind != GIVEN or self.refits >= ENOUGH_REFITS

    @cached_property
    def table(self) -> dict[str, NDArray[Any]]:
        """The columns of ``predictions.parquet``."""
        from fivesigma.data.tables import read_columns

        return read_columns(RunFolder(self.result.path).predictions)

    def column(self, name: str, part: str) -> NDArray[Any]:
        """A column of the stored predictions on the rows of one part."""
        found: NDArray[Any] = self.table[name][self.table["part"] == part]
        return found

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """The names of several targets, () of one."""
        kept = self.model.section(OutputsRecord)
        return () if kept is None else tuple(kept.targets)

    @property
    def metric(self) -> Metric:
        """The primary metric of the run."""
        found = metric_called(self.result.results.metric)
        return OverTargets(found, len(self.targets)) if self.targets else found

    def truth(self, part: str) -> NDArray[Any]:
        """What the metric holds predictions of a part against."""
        if self.targets:
            return np.column_stack([self.column(f"target:{target}", part) for target in self.targets])
        classes, target = self.result.results.data.classes, self.column("target", part)
        if classes is None:
            return target.astype(float)
        return np.array([classes.index(_label(value)) for value in target])

    def prediction(self, metric: Metric, part: str) -> NDArray[np.float64]:
        """What the metric scores of the stored predictions."""
        results = self.result.results
        said = task(results.task).stored(self.table, self.model.name, results.data.classes or self.targets)
        found = scored(said, metric)
        assert found is not None
        return np.asarray(found[self.table["part"] == part], dtype=np.float64)


def compare(runs: Sequence[str | Path]) -> dict[str, Any]:
    """Compare the best models of finished runs with that of the first.

    Returns
    -------
    dict : ``metric``, ``part``, ``runs`` (for each: run, model, score, whether it is ``paired`` with the
        first, and if so difference, interval and ``sigma_local``), ``notes``. Positive differences favour the
        later run. They are of the procedure: the errors of the two training sets, unpaired here, are added to
        that of the common test events; of scores made elsewhere with too few refits they are of the fitted models
        (``claim``), by the test events alone.

    Raises
    ------
    InputError
        Fewer than two runs, or runs of different tasks or metrics.
    """
    if len(runs) < 2:
        raise InputError("compare needs two or more runs; name their folders.")
    results = [load(run) for run in runs]
    folders = [result.path.name for result in results]
    entrants = [Entrant(result, folders.count(result.path.name) == 1) for result in results]
    first = entrants[0]
    metric = first.metric
    _refuse_other_questions(entrants)
    rows, notes = [_row(first, metric)], []
    for entrant in entrants[1:]:
        reason = why_unpaired(first, entrant)
        if reason:
            notes.append(
                f"{first.name} and {entrant.name} cannot be paired: {reason}; no difference is claimed."
            )
        rows.append(_row(entrant, metric) | ({} if reason else _difference(first, entrant, metric)))
    return {
        "metric": metric.name,
        "part": first.part,
        "runs": rows,
        "notes": [*notes, *_sentences(rows, metric)],
    }


def _refuse_other_questions(entrants: Sequence[Entrant]) -> None:
    first = entrants[0].result.results
    for entrant in entrants[1:]:
        other = entrant.result.results
        if (other.task, other.metric) != (first.task, first.metric):
            raise InputError(
                f"{entrant.name} is a {other.task} judged by {other.metric}, {entrants[0].name} a "
                f"{first.task} by {first.metric}; compare runs of one task and metric."
            )


def why_unpaired(a: Entrant, b: Entrant) -> str:
    """Return why two runs have no test events in common, or an empty string."""
    mine, other = a.result.results, b.result.results
    if not task(mine.task).supervised:
        return "clusterings are compared inside one run; put both models into one study"
    if mine.data.sha256 != other.data.sha256:
        return "their data differ"
    if mine.split.sha256 != other.split.sha256:
        return "their splits differ"
    if a.part == "validation" or b.part == "validation":
        return "a test set is absent or sealed"
    if mine.split.group is not None and mine.split.group not in a.table:
        return f"their events come in groups; name '{mine.split.group}' among data.spectators and run again"
    return ""


def _row(entrant: Entrant, metric: Metric) -> dict[str, Any]:
    score = entrant.score(metric.name)
    return {
        "run": entrant.name,
        "path": str(entrant.result.path),
        "model": entrant.model.name,
        "part": entrant.part,
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "text": interval_text(score.value, score.low, score.high),
        "paired": False,
        "difference": None,
        "sigma_local": None,
        "difference_text": "",
        "sigma_text": "",
    }


def _difference(a: Entrant, b: Entrant, metric: Metric) -> dict[str, Any]:
    """The difference of ``b`` over ``a`` on the same test events, positive in favour of ``b``."""
    part = _common_part(a)
    stat_draws, value = _paired(a, b, metric, part)
    whole = a.procedure and b.procedure
    trains = [(entrant.score(metric.name).error.train or 0.0) * whole for entrant in (a, b)]
    stat = float(np.nanstd(stat_draws, ddof=1))
    found: dict[str, Any] = {"paired": True, "difference": value, "difference_text": f"{value:+.4g}"}
    found["claim"] = "procedure" if whole else "fitted"
    if refusal(part) or not np.isfinite(value):
        return found | {"sigma_text": refusal(part)}
    total = math.hypot(stat, *trains)
    units = part.n_effective if part.n_groups is None else float(part.n_groups)
    dofs = [max(min(units, len(stat_draws)) - 1, 1.0), *(max(entrant.refits - 1, 1) for entrant in (a, b))]
    dof = welch_satterthwaite([stat**2, *(train**2 for train in trains)], dofs)
    half = float(stats.t.ppf((1 + LEVEL) / 2, dof)) * total
    tail = t_tail(value / total if total > 0 else 0.0, dof, one_sided=False)
    return found | {
        "difference_low": value - half,
        "difference_high": value + half,
        "p": tail.p,
        "sigma_local": tail.sigma,
        "difference_text": interval_text(value, value - half, value + half),
        "sigma_text": f"{tail.sigma:+.1f}",
    }


def _common_part(a: Entrant) -> Part:
    results, y = a.result.results, a.truth(a.part)
    weight = a.column("weight", a.part).astype(float)
    groups = None
    if results.split.group is not None:
        _, groups = np.unique(a.column(results.split.group, a.part).astype(str), return_inverse=True)
    rng = generator(results.seed, "compare", results.split.sha256)
    return Part.draw(y, rng, w=None if (weight == 1).all() else weight, groups=groups, n_boot=N_BOOT)


def _label(value: Any) -> str:
    return (
        str(int(value))
        if isinstance(value, (float, np.floating)) and float(value).is_integer()
        else str(value)
    )


def _paired(a: Entrant, b: Entrant, metric: Metric, part: Part) -> tuple[NDArray[np.float64], float]:
    """Return resampled and actual difference of merit, cuts chosen on the out-of-fold predictions of each."""
    sign = 1.0 if metric.greater_is_better else -1.0
    (draws_a, value_a), (draws_b, value_b) = (_scored(entrant, metric, part) for entrant in (a, b))
    return sign * (draws_b - draws_a), sign * (value_b - value_a)


def _scored(entrant: Entrant, metric: Metric, part: Part) -> tuple[NDArray[np.float64], float]:
    prediction, cut, scale = entrant.prediction(metric, entrant.part), _cut(entrant, metric), _scale(entrant)
    draws = metric.resampled(part.y, prediction, part.w, part.counts, cut=cut, scale=scale)
    return np.asarray(draws), float(metric.value(part.y, prediction, part.w, cut=cut, scale=scale))


def _cut(entrant: Entrant, metric: Metric) -> float | None:
    """The threshold of a metric that has one, from the training events' out-of-fold predictions."""
    prediction = entrant.prediction(metric, "train")
    known = np.isfinite(prediction.reshape(len(prediction), -1)).all(axis=1)
    y = entrant.truth("train")[known]
    weight = entrant.column("weight", "train").astype(float)
    scale = float(entrant.table["weight"].sum() / weight[known].sum())
    return metric.cut(y, prediction[known], weight[known], scale=scale)


def _scale(entrant: Entrant) -> float:
    """Factor from the yields of the test events to those of the whole sample."""
    weight = entrant.table["weight"].astype(float)
    return float(weight.sum() / weight[entrant.table["part"] == entrant.part].sum())


def _sentences(rows: Sequence[dict[str, Any]], metric: Metric) -> list[str]:
    return [_sentence(rows[0], row, metric) for row in rows[1:] if row["sigma_local"] is not None]


def _sentence(first: dict[str, Any], row: dict[str, Any], metric: Metric) -> str:
    sigma = abs(row["sigma_local"])
    word = "observation" if sigma >= 5 else "evidence" if sigma >= 3 else "not distinguished"
    about = "the procedures" if row["claim"] == "procedure" else "these fitted models"
    return (
        f"{row['model']} ({row['run']}) over {first['model']} ({first['run']}): {metric.name} "
        f"{row['difference_text']}, {word} ({sigma:.1f}σ local, of {about}; same test events)."
    )
