"""The best model of a finished run, as it enters a comparison with that of another run."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.columns import missing
from fivesigma._core.errors import InputError
from fivesigma.record.packed import unpack
from fivesigma.record.results import ModelRecord, Score
from fivesigma.record.sections.columns import RowsOfTest, RowsOfTestsRecord, TrainingRowsRecord
from fivesigma.record.sections.outputs import OutputsRecord
from fivesigma.record.store import GROUPS, RunFolder
from fivesigma.risk import evidence
from fivesigma.risk.evidence import Measurement, Part
from fivesigma.risk.metric import Metric
from fivesigma.risk.metrics import metric as metric_called
from fivesigma.risk.targets import OverTargets
from fivesigma.study.finished.result import Result
from fivesigma.study.fit.prediction import Predictions, scored, unpacked
from fivesigma.study.plan import ENOUGH_REFITS, SHARES, share
from fivesigma.study.spec.models import GIVEN
from fivesigma.study.tasks.registry import task
from fivesigma.study.tasks.task import TRAIN, VALIDATION

Array = NDArray[Any]
FEWEST_REFITS = 2
"""Refits from which there is a spread at all."""


@dataclass(frozen=True, eq=False)
class Entrant:
    """The best model of one run, with the predictions that were stored of it and of its refits."""

    result: Result
    alone: bool = True
    """Whether no other run of the comparison has a folder of that name."""
    called: str | None = None
    """The model that enters; None for the one that the validation folds chose."""

    @property
    def name(self) -> str:
        """The run, as people call it: its folder's name, or the path where that names several."""
        return self.result.path.name if self.alone else str(self.result.path)

    @cached_property
    def folder(self) -> RunFolder:
        """The places inside its folder."""
        return RunFolder(self.result.path)

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """What surrounds the run."""
        return self.folder.manifest()

    @cached_property
    def model(self) -> ModelRecord:
        """The record of the model that enters."""
        if self.called is not None:
            return self.result.results.model(self.called)
        if self.result.results.best is None:
            raise InputError(
                f"{self.result.path}: no model of this run could be fitted; there is nothing to compare."
            )
        return self.result.results.model(self.result.results.best)

    @cached_property
    def part(self) -> str:
        """The first opened test set, or all events where they are cross-fitted; else the validation folds."""
        return next((part for part in self.model.scores if part not in (TRAIN, VALIDATION)), VALIDATION)

    # --- which events ------------------------------------------------------------------------------------------

    @cached_property
    def sealed(self) -> Mapping[str, str]:
        """The hashes of the events of each test, in their order; {} of a run of version 0.1.0."""
        kept = self.result.results.split.section(RowsOfTestsRecord)
        rows = {} if kept is None else kept.rows
        return {name: each.sha256 for name, each in rows.items() if isinstance(each, RowsOfTest)}

    @property
    def training(self) -> str | None:
        """The hash of the training rows; None of a run of version 0.1.0."""
        kept = self.result.results.split.section(TrainingRowsRecord)
        return None if kept is None else kept.sha256

    def part_like(self, sha256: str | None) -> str:
        """The opened test whose events have this hash; the first where none has."""
        opened = [name for name, each in self.sealed.items() if each == sha256 and name in self.model.scores]
        return next(iter(opened), self.part)

    # --- what it says ------------------------------------------------------------------------------------------

    def score(self, metric: str) -> Score:
        """The score of the model by ``metric``; without a value where it has none."""
        return self.model.scores[self.part].get(metric, Score(None))

    @cached_property
    def asked(self) -> Mapping[str, Any]:
        """How its study has models judged, as the complete study file says."""
        found: Mapping[str, Any] = tomllib.loads(self.folder.study.read_text(encoding="utf-8"))["evaluate"]
        return found

    @property
    def weights_asked(self) -> Mapping[str, Any]:
        """What its study says of weights; {} where it says nothing."""
        found = tomllib.loads(self.folder.study.read_text(encoding="utf-8")).get("weights", {})
        return dict(found)

    @property
    def about(self) -> str:
        """What its study claims of: the procedure or the fitted model."""
        return str(self.result.results.claim or self.asked["claim"])

    @property
    def claims_procedure(self) -> bool:
        """Whether its study claims of the procedure, and has the refits to show it.

        Those of a metric at a cut do not: each chose a cut of its own (decision 0023), which is not kept.
        """
        enough = ENOUGH_REFITS if self.model.kind == GIVEN else FEWEST_REFITS
        return self.about == "procedure" and not self.metric.has_cut and len(self.refits) >= enough

    @cached_property
    def refits(self) -> tuple[Mapping[str, Predictions], ...]:
        """What the refits say, by part; () where they are not kept in a form that can be found."""
        return self._said_by([key for kind in self._again for key in self._kept[kind]])

    @cached_property
    def seeds(self) -> tuple[Mapping[str, Predictions], ...]:
        """What fits with other seeds say, by part; () where they are not kept."""
        return self._said_by(self._kept.get("all", [])[1:])

    @property
    def share(self) -> float | None:
        """The part of the training rows that a refit has seen, each once; None for bootstrap samples."""
        return next((share(kind, self.result.results.split.n_train) for kind in self._again), None)

    @cached_property
    def _kept(self) -> Mapping[str, Sequence[str]]:
        """The keys of its fits by the kind of their sample."""
        return self.folder.tasks.index().get(self.model.name, {})

    @property
    def _again(self) -> list[str]:
        return [kind for kind in self._kept if kind in ("resample", *SHARES)]

    def _said_by(self, keys: Sequence[str]) -> tuple[Mapping[str, Predictions], ...]:
        """Return what some fits say, by part; () where one is not kept."""
        tasks = self.folder.tasks
        read = [tasks.read(key) if tasks.has(key) else None for key in keys]
        found = [unpacked(_predicted(each[0])) for each in read if each is not None]
        return tuple(found) if len(found) == len(keys) else ()

    @cached_property
    def table(self) -> dict[str, Array]:
        """The columns of ``predictions.parquet``."""
        from fivesigma.data.tables import read_columns

        return read_columns(self.folder.predictions)

    def rows(self, part: str) -> Array:
        """Mark the lines of the stored predictions that a score of a part is of: those with a truth."""
        mine = self.table["part"] == ("train" if part == VALIDATION else part)
        if task(self.result.results.task).supervised or "target" not in self.table:
            return np.asarray(mine)
        return np.asarray(mine & ~missing(self.table["target"]))

    def column(self, name: str, part: str) -> Array:
        """A column of the stored predictions on the rows of one part."""
        found: Array = self.table[name][self.rows(part)]
        return found

    def groups(self, part: str) -> Array | None:
        """The groups of the rows of one part, as numbers from 0; None where events have none, or none are kept."""
        named = self.result.results.split.group
        if named is None:
            return None
        every = self.table[named].astype(str) if named in self.table else self._kept_groups
        return None if every is None else np.unique(every[self.rows(part)], return_inverse=True)[1]

    @cached_property
    def _kept_groups(self) -> Array | None:
        """The group of each line of the stored predictions, where a run has kept it beside the hashes of its rows."""
        if not self.folder.rows.is_file():
            return None
        kept, n = unpack(self.folder.rows.read_bytes())[GROUPS], len(self.table["part"])
        return kept[:n] if len(kept) >= n else None

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """The names of several targets, () of one."""
        kept = self.model.section(OutputsRecord)
        return () if kept is None else tuple(kept.targets)

    @property
    def metric(self) -> Metric:
        """The primary metric of the run."""
        return self.metric_of(self.result.results.metric)

    def metric_of(self, name: str) -> Metric:
        """The metric called ``name``, over all targets where there are several."""
        found = metric_called(name)
        return OverTargets(found, len(self.targets)) if self.targets else found

    def truth(self, part: str) -> Array:
        """What the metric holds predictions of a part against."""
        if self.targets:
            return np.column_stack([self.column(f"target:{target}", part) for target in self.targets])
        classes, target = self.result.results.data.classes, self.column("target", part)
        if classes is None:
            return target.astype(float)
        return np.array([classes.index(_label(value)) for value in target])

    def prediction(self, metric: Metric, part: str) -> Array:
        """What the metric scores of the stored predictions."""
        results = self.result.results
        said = task(results.task).stored(self.table, self.model.name, results.data.classes or self.targets)
        found = scored(said, metric)
        assert found is not None
        return np.asarray(found[self.rows(part)])

    def measured(self, metric: Metric, part: str, events: Part) -> Measurement:
        """Return what it says of the ``events`` of a part, with its refits, scored on their resamples."""
        here = self.rows(part)[self.table["part"] == ("train" if part == VALIDATION else part)]
        again, seeds = (
            [said[here] for each in fits if (said := scored(each.get(part, {}), metric)) is not None]
            for fits in (self.refits, self.seeds)
        )
        return evidence.measure(
            metric,
            events,
            self.prediction(metric, part),
            refits=again,
            seeds=seeds,
            cut=self.cut(metric),
            scale=self._scale(part),
            share=self.share,
        )

    def cut(self, metric: Metric) -> float | None:
        """The threshold of a metric that has one, from the training events' out-of-fold predictions."""
        prediction = self.prediction(metric, "train")
        known = np.isfinite(prediction.reshape(len(prediction), -1)).all(axis=1)
        y = self.truth("train")[known]
        weight = self.column("weight", "train").astype(float)
        scale = float(self.table["weight"].sum() / weight[known].sum())
        return metric.cut(y, prediction[known], weight[known], scale=scale)

    def _scale(self, part: str) -> float:
        """Factor from the yields of the test events to those of the whole sample."""
        weight = self.table["weight"].astype(float)
        return float(weight.sum() / weight[self.rows(part)].sum())


def entrants(results: Sequence[Result]) -> list[Entrant]:
    """Return runs as they enter a comparison."""
    folders = [result.path.name for result in results]
    return [Entrant(result, folders.count(result.path.name) == 1) for result in results]


def _predicted(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the predictions of a fit, without what diagnostics read off it."""
    return {name: each for name, each in arrays.items() if "|" not in name}


def _label(value: Any) -> str:
    return (
        str(int(value))
        if isinstance(value, (float, np.floating)) and float(value).is_integer()
        else str(value)
    )


def same_file(a: Entrant, b: Entrant) -> bool:
    """Whether two runs read files of the same bytes, in the same order."""
    files = [[each.get("sha256") for each in entrant.manifest.get("data", ())] for entrant in (a, b)]
    return bool(files[0]) and None not in files[0] and files[0] == files[1]
