"""Weights of either sign: what the policy for negative ones costs in yield and shape, measured; and other weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns
from fivesigma._core.errors import FitError
from fivesigma._core.weights import kish, signed
from fivesigma.models.signed import Trained
from fivesigma.record.sections.section import named
from fivesigma.record.sections.weights import Alternative, Unscored, Weighed, WeightsRecord
from fivesigma.risk.efficiency import falls
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.fit.prediction import Output
from fivesigma.study.prepared import Prepared
from fivesigma.study.tasks.task import VALIDATION

Array = NDArray[Any]


def settle(prepared: Prepared) -> Mapping[str, Any] | None:
    """Return what fits depend on: the policy, where there is something for it to do."""
    weights = prepared.spec.weights
    return {"negative": "keep" if weights is None else weights.negative} if signed(prepared.data.w) else None


class Weights(Experiment):
    """What the weights are worth, and what training makes of them."""

    def record(self, found: Evidence) -> Mapping[str, Any]:
        """Return the section; nothing where no weight is negative and ``[weights]`` asks for nothing."""
        prepared = found.prepared
        weights, data = prepared.spec.weights, prepared.data
        if data.w is None or (weights is None and not signed(data.w)):
            return {}
        trained, failed = _trained(prepared)
        return named(
            WeightsRecord(
                policy="keep" if weights is None else weights.negative,
                samples=tuple(_weighed(prepared, trained)),
                failed=failed,
                unscored=tuple(
                    Unscored(metric=m.name, why=m.unsigned)
                    for m in prepared.metrics
                    if m.unsigned and signed(data.w)
                ),
                alternatives=tuple(_alternatives(prepared)),
            )
        )

    def notes(self, found: Evidence) -> Iterable[tuple[str, str, str]]:
        """Say which metrics have no score, and by how much a ROC curve falls."""
        if not signed(found.prepared.data.w):
            return
        if unscored := [m.label for m in found.prepared.metrics if m.unsigned]:
            yield "weights", "ok", f"not scored, as some weights are negative: {', '.join(unscored)}"
        yield from _falling(found)


def _falling(found: Evidence) -> Iterator[tuple[str, str, str]]:
    """Say of each model by how much its ROC curve falls on the part where claims are made."""
    part = next(iter(found.parts.tests), VALIDATION)
    truth = found.parts.truth(found.prepared.metric, part)
    if found.prepared.n_classes != 2 or truth.w is None:
        return
    for outcome in found.outcomes:
        said = outcome.said(part).get(Output.PROBABILITY) if outcome.ok else None
        fall = 0.0 if said is None else falls(said[truth.counts][:, 1], truth.y == 1, truth.w)
        if fall > 0:
            yield (
                "weights",
                "ok",
                f"{outcome.entry.name}: with negative weights its ROC curve on {part} is not monotone; an efficiency "
                f"falls by up to {fall:.2g}",
            )


def _trained(prepared: Prepared) -> tuple[Trained, str]:
    """Return the weights of a fit to all training events, and why there are none; then those of the sample."""
    data, train = prepared.data, prepared.split.train
    assert data.w is not None
    try:
        found = prepared.fit_data.trained(train)
        assert found is not None
        return found, ""
    except FitError as error:
        return Trained(data.w[train], np.zeros(len(train), dtype=np.bool_)), str(error)


def _weighed(prepared: Prepared, trained: Trained) -> Iterator[Weighed]:
    data, train = prepared.data, prepared.split.train
    assert data.w is not None
    w, X = data.w[train], data.X[train]
    learnt = prepared.n_classes is not None and data.y is not None
    names = data.classes if learnt and data.classes else ("all events",)
    of = data.y[train] if learnt and data.y is not None else np.zeros(len(train), dtype=np.int64)
    for code, name in enumerate(names):
        own = of == code
        shift, feature = (
            _shift(X[own], w[own], trained.w[own], data.names) if data.kind == "table" else (None, None)
        )
        error, own_trained = _error(w[own]), trained.w[own]
        yield Weighed(
            name=str(name),
            n=int(own.sum()),
            n_negative=int((w[own] < 0).sum()),
            sum_w=float(w[own].sum()),
            error=error,
            n_effective=kish(w[own]),
            n_trained=int(np.count_nonzero(own_trained)),
            sum_trained=float(own_trained.sum()),
            error_trained=_error(own_trained),
            pull=float((own_trained.sum() - w[own].sum()) / error) if error > 0 else 0.0,
            shift=shift,
            feature=feature,
            n_lost=int(trained.lost[own].sum()),
            sum_lost=float(w[own][trained.lost[own]].sum()),
        )


def _error(w: Array) -> float:
    return float(np.sqrt(np.square(w).sum()))


def _shift(X: Array, w: Array, trained: Array, names: tuple[str, ...]) -> tuple[float | None, str | None]:
    """Return the largest shift of a feature's mean from one set of weights to another, in errors of the first."""
    if not (w.sum() > 0 and trained.sum() > 0):
        return None, None
    with np.errstate(invalid="ignore", divide="ignore"):
        there = ~np.isnan(X)
        values, (total, after) = np.where(there, X, 0.0), (w @ there, trained @ there)
        mean, moved = w @ values / total, trained @ values / after
        error = np.sqrt(np.square(w) @ np.where(there, values - mean, 0.0) ** 2) / total
        shift = np.nan_to_num(np.abs(moved - mean) / error, nan=0.0, posinf=0.0)
    at = int(shift.argmax())
    return float(shift[at]), names[at]


def _alternatives(prepared: Prepared) -> Iterator[Alternative]:
    """Yield the sums of other weights; of a column of several, of each."""
    weights, data = prepared.spec.weights, prepared.data
    assert data.w is not None
    for name in () if weights is None else weights.alternatives:
        values = columns.numbers(data.extras[name]).reshape(data.n_samples, -1)
        for number, total in enumerate(values.sum(axis=0)):
            full = name if values.shape[1] == 1 else f"{name}[{number}]"
            yield Alternative(name=full, sum_w=float(total), ratio=float(total / data.w.sum()))


ANALYSIS = Analysis("weights", settle=settle, experiment=Weights)
