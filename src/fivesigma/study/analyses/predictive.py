"""Whether predictive intervals hold what they say: coverage, width, the transform; and conformal ones beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.weights import kish
from fivesigma.record.document import tuples
from fivesigma.record.sections.predictive import Coverage, PredictiveRecord, ProbabilityTransform
from fivesigma.risk.conformal import STATED
from fivesigma.risk.predictive import QuantileLaw
from fivesigma.risk.shares import Share, flat_error
from fivesigma.study.fit.prediction import Output, Predictions

Array = NDArray[Any]

N_BINS = 20
FEWEST = 10
"""Events below which no coverage is quoted."""


@dataclass(frozen=True, eq=False)
class Judged:
    """Events that intervals are judged on: truth (n,), what is said of them, weights and groups (n,) or None."""

    y: Array
    said: Predictions
    w: Array | None = None
    groups: Array | None = None

    @property
    def weight(self) -> Array:
        """The weights, ones where there are none."""
        return np.ones(len(self.y)) if self.w is None else np.asarray(self.w, dtype=np.float64)

    def held(self, low: Array, high: Array, level: float) -> Coverage:
        """Return the share inside, with its exact 95 % limits for these fitted models, and the mean width."""
        share = Share.of((low <= self.y) & (self.y <= high), self.weight, self.groups)
        ends = share.limits() or (None, None)
        width = float(np.average(high - low, weights=self.weight))
        return Coverage(level=level, coverage=share.value, low=ends[0], high=ends[1], width=width)


def recorded(
    judged: Judged,
    width: float | None,
    *,
    conformal: Array | None = None,
    given: str | None = None,
    refused: Sequence[str] = (),
) -> PredictiveRecord | None:
    """Return what the record keeps of the intervals of a regression; None where no law is known or events are few.

    Parameters
    ----------
    judged : the events
    width : of the Gaussian that stands for a prediction without a law
    conformal : (n, L, 2) ends of conformal intervals at `STATED`, NaN at a level that has none; or None
    given : which intervals the model gives, "conformal" or "law"; None of a model without a law
    refused : why there are none
    """
    said, n = judged.said, kish(judged.weight)
    law = QuantileLaw.of(said.get(Output.LAW, said[Output.VALUE]), width)
    if law is None or n < FEWEST:
        return None
    return PredictiveRecord(
        own=Output.LAW in said,
        width=None if Output.LAW in said else width,
        intervals=tuple(judged.held(*law.interval(level), level) for level in STATED),
        conformal=() if conformal is None else _conformal(judged, conformal),
        pit=_pit(law.cdf(judged.y), judged),
        given=given,
        refused=tuple(refused) or None,
    )


def _conformal(judged: Judged, ends: Array) -> tuple[Coverage, ...]:
    known = [j for j in range(len(STATED)) if np.isfinite(ends[:, j]).all()]
    return tuple(judged.held(ends[:, j, 0], ends[:, j, 1], STATED[j]) for j in known)


def _pit(u: Array, judged: Judged) -> ProbabilityTransform:
    """Return the histogram of the probability integral transform as a density, with the error of a flat one."""
    index = np.minimum((np.clip(u, 0, 1) * N_BINS).astype(np.intp), N_BINS - 1)
    share = np.bincount(index, judged.weight, N_BINS)
    return ProbabilityTransform(
        edges=tuples(np.linspace(0, 1, N_BINS + 1)),
        density=tuples(share / share.sum() * N_BINS),
        error=flat_error(index, N_BINS, judged.weight, judged.groups),
    )
