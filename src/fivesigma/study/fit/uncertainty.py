"""The error of each prediction of a model: what its folds said of events held out, and where it was never trained.

Of a regression it is an interval (conformal, of the law where there is one, else of residuals in units of their local
width), of a classification the band of the calibration. Beyond the range of the training events either is moved outward
(`fivesigma.risk.extrapolation`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.weights import signed
from fivesigma.risk.bands import CalibrationBand
from fivesigma.risk.conformal import DENSE, ConformalIntervals, refusal, units_of
from fivesigma.risk.extrapolation import TrainingRange, moved_out, moved_to_ignorance
from fivesigma.risk.local_width import LocalWidth
from fivesigma.risk.predictive import QuantileLaw
from fivesigma.study.fit.data import FitData
from fivesigma.study.fit.intervals import HeldOut, law_of, of_target
from fivesigma.study.fit.prediction import Output, Predictions
from fivesigma.study.plan import Entry

Array = NDArray[Any]

DEFAULT_LEVEL = 0.68
TOGETHER = 256
"""Events, or their image features, that are looked at side by side."""
MOST_EVENTS = 200_000
"""Events held out that tell the reach of an interval, to 0.1 % of the level."""
_SIGNED = "some training weights are negative, and a rank or a share of signed events means nothing"


@dataclass(frozen=True, eq=False)
class TargetInterval:
    """How the interval of one target is made.

    Attributes
    ----------
    reaches : how far the law's intervals are moved outward.
    width : the width that stands for a law; None where the model has one.
    spread : the standard deviation of the target of the training events.
    grouped : whether the events held out come in groups.
    """

    reaches: ConformalIntervals
    width: LocalWidth | None
    spread: float
    grouped: bool = False

    @classmethod
    def of(cls, held: HeldOut, how: str) -> Self:
        """Return it of events held out; ``how`` is "conformal", or "law" for the law's own intervals."""
        middle = np.average(held.y, weights=held.w)
        spread = float(np.average((held.y - middle) ** 2, weights=held.w) ** 0.5)
        grouped = held.groups is not None
        if how == "law" and Output.LAW in held.said:
            return cls(ConformalIntervals.of_law(DENSE), None, spread, grouped)
        some = _some(held)
        units = units_of(some.w, some.groups)
        width = None
        if Output.LAW not in some.said:
            width = LocalWidth.of(some.said[Output.VALUE], some.y, some.w, units=units)
        law = law_of(some.said) if width is None else width.law(some.said[Output.VALUE])
        reaches = ConformalIntervals.calibrated(law, some.y, some.w, some.groups, DENSE)
        return cls(reaches, width, spread, grouped)

    def law(self, said: Predictions) -> QuantileLaw:
        """Return the laws (n,) that the intervals are made of."""
        return law_of(said) if self.width is None else self.width.law(said[Output.VALUE])

    def why_not(self, level: float) -> str:
        """Return why there is no interval at a level, "" where there is one."""
        if self.reaches.reach_at(level) is not None:
            return ""
        known = [
            each
            for each, reach in zip(self.reaches.levels, self.reaches.reaches, strict=True)
            if reach is not None
        ]
        why = refusal(self.reaches.units, level, grouped=self.grouped) if self.reaches.units else ""
        return why or (
            f"level {level:g} is outside of what is kept with a model; expected {known[0]:g} to {known[-1]:g}."
            if known
            else "too few events were held out."
        )

    @property
    def kind(self) -> str:
        """What the interval is, in words."""
        if self.width is not None:
            return "conformal interval of residuals held out, in units of their width at such a prediction"
        if self.reaches.units:
            return "conformal interval of the model's law, widened until events held out were inside"
        return "interval of the model's own law"

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON's own types."""
        width = None if self.width is None else self.width.to_document()
        reaches = self.reaches.to_document()
        return {"reaches": reaches, "width": width, "spread": self.spread, "grouped": self.grouped}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return what `to_document` wrote."""
        width = None if document["width"] is None else LocalWidth.from_document(document["width"])
        reaches = ConformalIntervals.from_document(document["reaches"])
        return cls(reaches, width, float(document["spread"]), bool(document["grouped"]))


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """The error of each prediction of one model.

    Attributes
    ----------
    seen : the range of its training events.
    intervals : one a target of a regression.
    bands : one a class; of two classes that of the last one alone.
    why : why there are none, "" where there are.
    """

    seen: TrainingRange
    intervals: tuple[TargetInterval, ...] = ()
    bands: tuple[CalibrationBand, ...] = ()
    why: str = ""

    @classmethod
    def of(cls, seen: TrainingRange, held: Sequence[HeldOut], how: str = "conformal") -> Self:
        """Return it of the events that folds held out, one entry a target; one of a classification."""
        known = [_known(each) for each in held]
        if not known:
            return cls(seen, why="a clustering has no truth that it could be off from")
        if any(signed(each.w) for each in known):
            return cls(seen, why=_SIGNED)
        if any(not each.w.sum() > 0 for each in known):
            return cls(seen, why="no events were held out that would tell them")
        if Output.PROBABILITY in known[0].said:
            return cls(seen, bands=_bands(known[0]))
        return cls(seen, tuple(TargetInterval.of(each, how) for each in known))

    def why_not(self, level: float) -> str:
        """Return why predictions have no error at a level, "" where they have."""
        if not 0 < level < 1:
            raise InputError(f"level is {level:g}; expected a number between 0 and 1, such as 0.68 or 0.95.")
        reasons = [each.why_not(level) for each in self.intervals] + [each.why_not for each in self.bands]
        return self.why or next(filter(None, reasons), "")

    @property
    def kind(self) -> str:
        """What the error is, in words."""
        if self.bands:
            return "band of the calibration: where the share of such events lies that are of the class"
        return self.intervals[0].kind

    def beyond(self, X: Array, kind: str = "table") -> Array:
        """Return how far (n, p) events of a kind lie beyond the training range, in standard deviations."""
        return self.seen.beyond(*_extremes(X, kind))

    def ends(self, said: Predictions, level: float, far: Array) -> Array:
        """Return low and high (n, 2) of each prediction; (n, m, 2) of m targets, (n, K, 2) of K classes.

        ``far`` (n,) is the distance from the training range.
        """
        if self.bands:
            p = said[Output.PROBABILITY]
            bands = [
                moved_to_ignorance(band.at(p[:, k - len(self.bands)], level), far)
                for k, band in enumerate(self.bands)
            ]
            return np.stack([1 - bands[0][:, ::-1], *bands] if len(bands) == 1 else bands, axis=1)
        each = (
            [of_target(said, at) for at in range(len(self.intervals))]
            if said[Output.VALUE].ndim == 2
            else [said]
        )
        ends = [
            moved_out(one.reaches.at(one.law(part), level), far, one.spread)
            for one, part in zip(self.intervals, each, strict=True)
        ]
        return ends[0] if said[Output.VALUE].ndim == 1 else np.stack(ends, axis=1)

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON's own types."""
        return {
            "seen": self.seen.to_document(),
            "intervals": [each.to_document() for each in self.intervals],
            "bands": [each.to_document() for each in self.bands],
            "why": self.why,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return what `to_document` wrote."""
        return cls(
            TrainingRange.from_document(document["seen"]),
            tuple(TargetInterval.from_document(each) for each in document["intervals"]),
            tuple(CalibrationBand.from_document(each) for each in document["bands"]),
            str(document["why"]),
        )


def training_range(data: FitData) -> TrainingRange:
    """Return the range of the training events in every column, channel or feature."""
    meta, rows = data.meta, data.train
    unordered = {*meta["categories"], *meta.get("angles", {})}
    w = None if data.w is None else data.w[rows]
    if meta["kind"] == "table":
        columns = (data.X[rows, j] for j in range(data.X.shape[1]))
        return TrainingRange.of(columns, meta["names"], w, unordered=unordered)
    pieces = (rows[start : start + TOGETHER] for start in range(0, len(rows), TOGETHER))
    ends = [
        _extremes(data.X[piece], meta["kind"]) for piece in pieces
    ]  # images fill the memory: some at a time
    low, high = (np.concatenate([np.asarray(each[side]) for each in ends]) for side in (0, 1))
    lower, upper = (TrainingRange.of(each.T, meta["names"], w, unordered=unordered) for each in (low, high))
    return replace(lower, high=upper.high, spread=np.maximum(lower.spread, upper.spread))


def range_of_features(data: FitData, entry: Entry) -> TrainingRange:
    """Return the range of the training events in the image features of a model, some columns at a time."""
    names, w = data.seen(entry)["names"], None if data.w is None else data.w[data.train]
    taken = [names[j] for j in data.columns(entry)]
    pieces = (taken[start : start + TOGETHER] for start in range(0, len(taken), TOGETHER))
    tables = (data.table(data.train, replace(entry, features=tuple(piece))) for piece in pieces)
    return TrainingRange.of((column for table in tables for column in table.T), taken, w)


def _extremes(X: Array, kind: str) -> tuple[Array, Array | None]:
    """Return the least value (n, p) of each column of an event, and the greatest where it holds several.

    A set has its features last, an image or a sequence its channels first.
    """
    if kind == "table":
        return X, None
    axes = (1,) if kind == "set" else tuple(range(2, X.ndim))
    return np.fmin.reduce(X, axis=axes), np.fmax.reduce(X, axis=axes)


def _known(held: HeldOut) -> HeldOut:
    """Return the events of which something is said."""
    first = next(iter(held.said.values()))
    known = np.isfinite(first.reshape(len(first), -1)).all(axis=1) & (held.w != 0)
    return _at(held, np.flatnonzero(known))


def _some(held: HeldOut) -> HeldOut:
    """Return so many events that a quantile is known well enough, evenly over all of them."""
    step = -(-len(held.y) // MOST_EVENTS)
    return held if step <= 1 else _at(held, np.arange(0, len(held.y), step))


def _at(held: HeldOut, rows: Array) -> HeldOut:
    groups = None if held.groups is None else held.groups[rows]
    said = {output: values[rows] for output, values in held.said.items()}
    return HeldOut(held.y[rows], held.w[rows], held.fold[rows], groups, said)


def _bands(held: HeldOut) -> tuple[CalibrationBand, ...]:
    p = held.said[Output.PROBABILITY]
    classes = range(p.shape[1]) if p.shape[1] > 2 else [1]
    return tuple(CalibrationBand.of(p[:, k], held.y == k, held.w, held.groups) for k in classes)


def no_errors(model: str, level: float, why: str) -> InputError:
    """Return the error of a level that was asked for and cannot be had.

    >>> print(no_errors("tree", 0.9, "no events were held out"))
    'tree' has no errors at level 0.9: no events were held out; leave the level out.
    """
    said = why if why.endswith(".") else f"{why}; leave the level out."
    return InputError(f"'{model}' has no errors at level {level:g}: {said}")
