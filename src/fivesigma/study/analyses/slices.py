"""Slices: how the models do in bins of a column, with what bias, and whether a slice differs from the whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core.errors import InputError, did_you_mean
from fivesigma._core.weights import kish
from fivesigma.data.dataset import Dataset
from fivesigma.record.results import Score
from fivesigma.record.sections.slices import Slice, SlicedColumn, SliceOfModel, SlicesRecord
from fivesigma.risk.cuts import Ams, Asimov
from fivesigma.risk.evidence import Difference
from fivesigma.risk.metric import Metric
from fivesigma.risk.metrics import metric as metric_called
from fivesigma.risk.signal import SignalBias, SignalEfficiency
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.family import Compared
from fivesigma.study.evidence.records import comparison_record
from fivesigma.study.evidence.sliced import Sliced
from fivesigma.study.prepared import Prepared
from fivesigma.study.tasks.task import Claim

Array = NDArray[Any]
NAME = "slices"
BASELINE, WHOLE = "baseline", "whole"
HALF = "rejection_50"
"""Whose cut, chosen out of fold to keep half of the signal, an efficiency is read at."""


class Bin:
    """The events of one bin of a column.

    >>> [str(each) for each in bins("pt", (25.0, 50.0))]
    ['pt below 25', 'pt from 25 to 50', 'pt from 50 on', 'pt missing']

    Edges stand with all their digits, so that two bins never have one name.

    >>> str(bins("jd", (2459000.5, 2459001.0))[1])
    'jd from 2459000.5 to 2459001'
    """

    def __init__(self, column: str, low: float, high: float, *, missing: bool = False) -> None:
        self.column, self.low, self.high, self.missing = column, low, high, missing

    def __str__(self) -> str:
        if self.missing:
            return f"{self.column} missing"
        if self.low == -np.inf:
            return f"{self.column} below {_digits(self.high)}"
        if self.high == np.inf:
            return f"{self.column} from {_digits(self.low)} on"
        return f"{self.column} from {_digits(self.low)} to {_digits(self.high)}"

    def holds(self, values: Array) -> Array:
        """Return which ``values`` (n,) are in the bin."""
        if self.missing:
            return np.isnan(values)
        above = True if self.low == -np.inf else values >= self.low
        return ~np.isnan(values) & above & (True if self.high == np.inf else values < self.high)


def _digits(edge: float) -> str:
    """Return an edge with all its digits."""
    return repr(float(edge)).removesuffix(".0")


def bins(column: str, edges: tuple[float, ...]) -> list[Bin]:
    """Return the bins of a column: below the first edge, between two, from the last on, and without a value."""
    ends = [-np.inf, *edges, np.inf]
    whole = [Bin(column, low, high) for low, high in pairwise(ends)]
    return [*whole, Bin(column, np.nan, np.nan, missing=True)]


def values_of(data: Dataset, column: str) -> Array:
    """Return a column of the events as numbers (n,), NaN where it has none.

    Raises
    ------
    InputError
        Where the events do not bring it along, or it is text.
    """
    features = {} if data.kind != "table" else dict(zip(data.names, data.X.T, strict=True))
    known: Mapping[str, Array] = {**features, **data.spectators, **data.extras}
    if column not in known:
        raise InputError(
            f"evaluate.slices: {column!r} is not among the columns that the events bring along; name it a spectator."
            f"{did_you_mean(column, known)}"
        )
    if column in data.categories or kinds.is_text(known[column]):
        raise InputError(
            f"evaluate.slices: {column!r} is a text column, and slices are bins of numbers; name another column."
        )
    return kinds.numbers(known[column]).astype(np.float64)


class Slices(Experiment):
    """The slices that a study asks for."""

    def compared(self, found: Evidence, /) -> Iterator[Compared]:
        """Yield what is asked of the best model slice by slice; what few events refuse is asked nothing."""
        for compared in self._asked_of_best(found):
            if compared.difference.sigma_local is not None:
                yield compared

    def _asked_of_best(self, found: Evidence) -> Iterator[Compared]:
        """Yield its difference over the baseline there, and over itself on all events of the part."""
        metric, best, baseline = found.prepared.metric, found.best, found.baseline
        for bin_, sliced in self._made(found) if best is not None else ():
            assert best is not None
            subject, about = f"{best} at {bin_}", (bin_.column, str(bin_), best)
            if baseline is not None and best != baseline:
                versus = sliced.versus(metric, best, baseline)
                yield Compared(subject, f"{baseline} there", versus, NAME, (BASELINE, *about, baseline))
            whole = sliced.versus_whole(metric, best)
            yield Compared(subject, f"{best} on all events", whole, NAME, (WHOLE, *about, best))

    def record(self, found: Evidence) -> Mapping[str, Any]:
        """Return the section ``slices``; {} where none are asked for."""
        made = self._made(found)
        if not made:
            return {}
        units = dict(zip(found.prepared.data.names, found.prepared.data.units, strict=True))
        units |= found.prepared.data.column_units
        columns = [
            SlicedColumn(
                column=column,
                unit=units.get(column),
                part=found.judged_on,
                slices=tuple(
                    self._slice(found, bin_, sliced)
                    for bin_, sliced in made
                    if bin_.column == column and (sliced.n or not bin_.missing)
                ),
            )
            for column in self._asked
        ]
        return {NAME: SlicesRecord(columns=tuple(columns))}

    @property
    def _asked(self) -> Mapping[str, tuple[float, ...]]:
        return self.run.prepared.spec.evaluate.slices

    @cached_property
    def _cached(self) -> dict[int, list[tuple[Bin, Sliced]]]:
        return {}

    def _made(self, found: Evidence) -> list[tuple[Bin, Sliced]]:
        """Return the slices of all columns with the scores of their events, made once for what is ``found``."""
        if id(found) not in self._cached:
            metric, data = found.prepared.metric, found.prepared.data
            made = []
            for column, edges in self._asked.items():
                values = values_of(data, column)
                for bin_ in bins(column, edges):
                    sliced = Sliced.of(found.scores, metric, found.judged_on, bin_.holds(values))
                    if sliced.n or not bin_.missing:
                        made.append((bin_, sliced))
            self._cached[id(found)] = made
        return self._cached[id(found)]

    def _slice(self, found: Evidence, bin_: Bin, sliced: Sliced) -> Slice:
        low, high = (float(end) if np.isfinite(end) else None for end in (bin_.low, bin_.high))
        return Slice(
            name=str(bin_),
            low=low,
            high=high,
            missing=bin_.missing,
            n=sliced.n,
            n_effective=kish(sliced.weights),
            models={name: _of_model(found, bin_, sliced, name) for name in found.fitted},
        )


def _of_model(found: Evidence, bin_: Bin, sliced: Sliced, name: str) -> SliceOfModel:
    metric, baseline = found.prepared.metric, found.baseline
    scores = {word: sliced.score(each, name, claim=claim) for word, each, claim in _metrics(found, name)}
    versus = None
    if baseline is not None and name != baseline:
        kept = found.family.of(NAME, (BASELINE, bin_.column, str(bin_), name, baseline))
        versus = comparison_record(_difference(kept) or sliced.versus(metric, name, baseline))
    whole = _difference(found.family.of(NAME, (WHOLE, bin_.column, str(bin_), name, name)))
    kept_scores: dict[str, Score] = {word: each for word, each in scores.items() if each is not None}
    return SliceOfModel(
        scores=kept_scores,
        versus_baseline=versus,
        versus_whole=None if whole is None else comparison_record(whole),
    )


def _difference(compared: Compared | None) -> Difference | None:
    return None if compared is None else compared.difference


def _metrics(found: Evidence, name: str) -> Iterator[tuple[str, Metric, Claim | None]]:
    """Yield what a model is asked in a slice; an efficiency at a cut held fixed is about the fitted model."""
    primary, n_classes = found.prepared.metric, found.prepared.n_classes
    yield primary.name, primary, None
    if n_classes == 2:
        yield "bias", SignalBias(), None
        cut = found.scores.cut(metric_called(HALF), name)
        if cut is not None:
            yield "efficiency", SignalEfficiency(at=cut), "fitted"
    if n_classes is None:
        others = (metric_called(word) for word in ("median_bias", "scatter") if word != primary.name)
        yield from ((each.name, each, None) for each in others)


def check(prepared: Prepared) -> None:
    """Raise what is wrong with the slices, before anything is fitted."""
    spec, data = prepared.spec, prepared.data
    if not spec.evaluate.slices:
        return
    if data.task not in ("classification", "regression") or data.several:
        raise spec.error(
            "evaluate.slices", "slices are of a classification, or of a regression of one target."
        )
    if isinstance(prepared.metric, Asimov | Ams):
        raise spec.error(
            "evaluate.slices",
            f"{prepared.metric.name} is a significance of the whole sample; give another evaluate.metric, or remove "
            "the slices.",
        )
    for column in spec.evaluate.slices:
        values_of(data, column)


ANALYSIS = Analysis(NAME, check=check, experiment=Slices)
