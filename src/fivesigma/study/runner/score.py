"""A saved model judged on newly labelled events: by every metric, beside the sealed test, on record in the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.counts import counted
from fivesigma._core.errors import InputError
from fivesigma._core.random import generator
from fivesigma.data.dataset import Dataset
from fivesigma.data.shape import incomplete, members
from fivesigma.record.ledger import Ledger, Rows
from fivesigma.record.store import RunFolder
from fivesigma.report.rounding import interval_text
from fivesigma.risk import evidence
from fivesigma.risk.evidence import Difference, Measurement, Part
from fivesigma.risk.metric import Metric
from fivesigma.risk.metrics import metrics
from fivesigma.risk.row_hashes import place_hash, rows_key
from fivesigma.study.evidence.records import finite
from fivesigma.study.finished.compare import events_of
from fivesigma.study.finished.entrant import Entrant
from fivesigma.study.finished.fitted_model import FittedModel
from fivesigma.study.finished.openings import ledger_of_run
from fivesigma.study.finished.other_table import OtherTable
from fivesigma.study.finished.result import Result, load
from fivesigma.study.fit.prediction import Output, Predictions, each, scored
from fivesigma.study.preparation.events import read
from fivesigma.study.runner.kept_rows import KnownRows, hashed, without_rows
from fivesigma.study.runner.manifest import file_hash
from fivesigma.study.runner.openings import place_of
from fivesigma.study.spec.document import Spec
from fivesigma.study.tasks.task import CROSSFIT, TRAIN, VALIDATION

Array = NDArray[Any]

N_BOOT = 2000
_NO_TEST = "this study has no opened test to compare with"
_SAME = "these are the rows of the test themselves"


@dataclass(frozen=True, eq=False)
class Labelled:
    """Events with a truth that a model has not been trained on.

    Attributes
    ----------
    data : the events, read as the study reads its own; ``X`` in the columns of the model.
    n_trained : how many more there were that it was trained on.
    n_refused : how many more miss a feature where the study drops such rows.
    tested : (n,) which of them are of a sealed test of the run.
    known : the rows of the run.
    """

    data: Dataset
    X: Array
    n_trained: int
    n_refused: int
    tested: NDArray[np.bool_]
    known: KnownRows

    def rows(self, file: str) -> Rows:
        """Return the rows as the ledger knows them."""
        place = place_hash([file_hash(Path(file)) or file], self.data.rows)
        hashes = np.column_stack([self.data.event_hashes, place])
        return Rows(rows_key(self.data.row_hashes), self.data.n_samples, hashes)


def score(run: str | Path, file: str | Path, *, model: str | None = None) -> dict[str, Any]:
    """Score a saved model on newly labelled events, and hold the scores against those of the sealed test.

    Parameters
    ----------
    run : a finished run folder.
    file : a table that has the features, the target, and the weight and group where the study has them.
    model : its name; default: the best by validation.

    Returns
    -------
    dict : ``model``, ``metric``, ``scores`` (of each metric ``value``, ``low``, ``high``, ``difference`` from the
        first test with ``difference_low``, ``difference_high`` and ``sigma``, positive in favour of the new events, and
        the ``method``), ``n`` events, ``n_trained`` rows left out as the model was trained on them, ``n_test`` rows of
        the sealed test among the events, ``n_refused``, ``openings`` (how often the most-opened row was opened by
        now), ``before`` (how many rows other runs had opened), ``notes``. All is of the fitted model.

    Raises
    ------
    InputError
        For rows of a test that is still sealed, a clustering, or events of which none is left.
    DataError
        Where the ledger cannot record the opening; then nothing is scored.
    """
    result = load(run)
    name = model if model is not None else result.results.best
    fitted: FittedModel = result.best if name is None else result.model(name)
    if fitted.clusters:
        raise InputError(
            "score holds predictions against a truth, and a clustering is judged on its own events; use predict."
        )
    folder = RunFolder(result.path)
    events = _labelled(result, folder, fitted, str(file))
    openings, before = _opened(result, folder, events, str(file))
    judged = _Judged(Entrant(result, called=str(fitted.meta["name"])), fitted, events)
    found = {each.name: judged.of(each) for each in judged.metrics}
    return {
        "run": str(result.path),
        "model": judged.entrant.model.name,
        "metric": result.results.metric,
        "scores": found,
        "n": events.data.n_samples,
        "n_trained": events.n_trained,
        "n_test": int(events.tested.sum()),
        "n_refused": events.n_refused,
        "openings": openings,
        "before": before,
        "notes": list(_notes(judged, found)),
    }


def _labelled(result: Result, folder: RunFolder, model: FittedModel, file: str) -> Labelled:
    """Read the events of a file, less those trained on; refuse those that are sealed."""
    spec = Spec.read(folder.study)
    path = str(Path(file).absolute())
    data = read(without_rows(spec, result.results, model.names, path))
    X = _features(model, spec, file, data)
    whole = np.ones(len(X), dtype=np.bool_)
    if spec.features.missing == "drop":
        whole = ~incomplete(X, members(X, model.events))
    known = KnownRows.of_run(folder)
    hashes, _ = hashed(data, [file_hash(Path(path)) or path])
    trained, tested = (known.within(hashes, rows) for rows in (known.train, known.sealed))
    if result.results.blind and (n := int(tested.sum())):
        raise InputError(
            f"{file}: {counted(n, 'row')} of it {'is' if n == 1 else 'are'} sealed in this blind run; "
            f"`fivesigma unblind {folder.path}` opens them, or leave them out."
        )
    kept = np.flatnonzero(whole & ~trained)
    if not len(kept):
        raise InputError(
            f"{file}: no event is left to score: {int(trained.sum())} of {len(X)} were trained on; give new ones."
        )
    n_refused = int((~whole & ~trained).sum())
    return Labelled(data.take(kept), X[kept], int(trained.sum()), n_refused, tested[kept], known)


def _features(model: FittedModel, spec: Spec, file: str, data: Dataset) -> Array:
    """Return the model's columns of the events, read as training read them."""
    if spec.data.files is not None:
        return model.columns(data)
    made, _ = OtherTable.read(model, spec, file).features
    found: Array = made[data.rows]
    return found


def _opened(result: Result, folder: RunFolder, events: Labelled, file: str) -> tuple[int, int]:
    """Note in the ledger that these rows are opened: how often the most-opened was by now, how many by other runs."""
    manifest, ledger = folder.manifest(), Ledger(ledger_of_run(folder.path))
    entries = ledger.entries()
    run = manifest["run"]
    times = sum(each.by == run and each.of.startswith(_WORD) for each in entries)
    rows, key = events.rows(str(Path(file).absolute())), f"{run}:{_WORD}{times + 1}"
    test = f"{_WORD}{times + 1}: {Path(file).name}"
    most = ledger.open(key, rows, result.results.study, test=test, folder=place_of(folder))
    return most, ledger.seen(key, rows).before


_WORD = "score "


@dataclass(frozen=True, eq=False)
class _Judged:
    """A model on new events, and on the first opened test of its run."""

    entrant: Entrant
    model: FittedModel
    events: Labelled

    @cached_property
    def metrics(self) -> list[Metric]:
        """Those that the run scored the model by, the primary one first."""
        scores = self.entrant.model.scores
        named = list(scores.get(self.entrant.part, scores.get(VALIDATION, {})))
        primary = self.entrant.result.results.metric
        known = [name for name in sorted(named, key=lambda name: name != primary) if name in metrics()]
        found = [self.entrant.metric_of(name) for name in known]
        return [each for each in found if not (each.of_yields and self._yields) and self._has(each)]

    @property
    def _yields(self) -> bool:
        return "yields" in self.entrant.weights_asked

    def _has(self, metric: Metric) -> bool:
        signed = self.events.data.w is not None and bool((self.events.data.w < 0).any())
        return scored(self.said, metric) is not None and not (metric.unsigned and signed)

    @cached_property
    def said(self) -> Predictions:
        """What the model says of the new events."""
        if self.model.classes is not None:
            return {Output.PROBABILITY: self.model.predict_proba(self.events.X)}
        return self.model.said(self.events.X)

    @property
    def part(self) -> str | None:
        """The opened test that the scores are held against; None where there is none."""
        part = self.entrant.part
        return None if part in (TRAIN, VALIDATION, CROSSFIT) else part

    @cached_property
    def fresh(self) -> NDArray[np.bool_]:
        """Which events are not of the test."""
        return ~self.events.tested

    @cached_property
    def new(self) -> Part:
        """The new events with their resamples."""
        return self._drawn(np.ones(len(self.events.X), dtype=np.bool_))

    @cached_property
    def beside(self) -> Part:
        """Those of them that are not of the test."""
        return self.new if self.fresh.all() else self._drawn(self.fresh)

    def _drawn(self, rows: NDArray[np.bool_]) -> Part:
        data, results = self.events.data, self.entrant.result.results
        assert data.y is not None
        rng = generator(results.seed, "score", rows_key(data.row_hashes[rows]))
        w = None if data.w is None else data.w[rows]
        groups = None if data.groups is None else data.groups[rows]
        return Part.draw(data.y[rows], rng, w=w, groups=groups, n_boot=N_BOOT)

    @cached_property
    def test(self) -> Part:
        """The events of the test with their resamples."""
        groups, n = self.events.known.groups, self.entrant.result.results.split.n_train
        if not len(groups):
            return events_of(self.entrant)
        first = list(dict.fromkeys(self.entrant.table["part"].tolist())).index(self.entrant.part)
        assert first == 1, "claims are made on the first test"
        return events_of(self.entrant, groups[n : n + int(self.entrant.rows(self.entrant.part).sum())])

    @cached_property
    def _cuts(self) -> dict[str, float | None]:
        return {each.name: self.entrant.cut(each) if each.has_cut else None for each in self.metrics}

    def of(self, metric: Metric) -> dict[str, Any]:
        """Return the score by a metric, and its difference from that on the test."""
        found = evidence.score(self._measured(metric, self.new), claim="fitted")
        told = {"value": finite(found.value), "low": finite(found.low), "high": finite(found.high)}
        return told | _difference(self._against(metric)) | {"method": found.method}

    def _measured(self, metric: Metric, events: Part) -> Measurement:
        said = scored(
            self.said if events is self.new else each(self.said, lambda all_: all_[self.fresh]), metric
        )
        assert said is not None
        scale = float(self.entrant.table["weight"].sum() / events.weights.sum())
        return evidence.measure(metric, events, said, cut=self._cuts[metric.name], scale=scale)

    def _against(self, metric: Metric) -> Difference:
        """Return how much better the model is on the new events than on the test: both are finite, it is one model."""
        if self.part is None or not self.fresh.any():
            return Difference(None, claim="fitted", method=_NO_TEST if self.part is None else _SAME)
        if metric.name not in self.entrant.model.scores[self.part]:
            return Difference(None, claim="fitted", method="the test has no such score")
        ours, theirs = (
            self._measured(metric, self.beside),
            self.entrant.measured(metric, self.part, self.test),
        )
        B = min(len(ours.draws), len(theirs.draws))  # many events have fewer resamples
        ours, theirs = (replace(each, draws=each.draws[:B]) for each in (ours, theirs))
        return evidence.drop(ours, theirs, claim="fitted")


def _difference(d: Difference) -> dict[str, Any]:
    return {
        "difference": finite(d.difference),
        "difference_low": finite(d.low),
        "difference_high": finite(d.high),
        "sigma": finite(d.sigma_local),
        "compared": d.method,
    }


def _notes(judged: _Judged, found: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """Yield what is to be said beside the table: whether new events and test agree, and which rows were left out."""
    events, primary = judged.events, judged.entrant.result.results.metric
    if primary in found:
        yield _verdict(judged, primary, found[primary])
    for _, _, message in events.data.notes:
        if message.endswith("dropped"):
            yield f"{message}."
    if events.n_trained:
        rows = counted(events.n_trained, "row")
        yield f"{rows} left out: the model was trained on them, or on events of the same features."
    if n := int(events.tested.sum()):
        are = "is" if n == 1 else "are"
        yield f"{counted(n, 'row')} of those scored {are} of the sealed test, which the difference leaves out."
    if events.n_refused:
        yield f'{counted(events.n_refused, "row")} left out, where a feature is missing (features.missing = "drop").'
    if events.known.only_by_place():
        yield (
            "Rows of this table are mostly alike, so that one that was trained on is known only in the very file "
            "of the study."
        )
    yield "Values, limits and σ are of this fitted model; the opening is in the ledger."


def _verdict(judged: _Judged, metric: str, found: Mapping[str, Any]) -> str:
    if found["sigma"] is None:
        return f"Not compared with the sealed test: {found['compared']}."
    size = interval_text(found["difference"], found["difference_low"], found["difference_high"])
    sigma = evidence.sigma_text(found["sigma"])
    word = "agrees with" if abs(found["sigma"]) < 3 else "disagrees with"
    return (
        f"{metric} on the new events {word} the sealed test '{judged.part}': difference {size}, {sigma} (positive: "
        "the new events are better)."
    )
