"""Whether predictive intervals hold what they say: coverage, width, the transform; and conformal ones beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from fivesigma.record.document import tuples
from fivesigma.record.sections.predictive import Coverage, PredictiveRecord, ProbabilityTransform
from fivesigma.risk.intervals import clopper_pearson
from fivesigma.risk.predictive import QuantileLaw
from fivesigma.risk.resampling import kish
from fivesigma.study.fit.prediction import Output, Predictions

Array = NDArray[Any]

Calibration = tuple[Array, Predictions, Array | None]

STATED = (float(1 - 2 * ndtr(-1.0)), 0.95)
"""Levels of the intervals: a Gaussian's ±1σ, and 95 %."""
N_BINS = 20
FEWEST = 10
"""Events below which no coverage is quoted."""


def recorded(
    y: Array, said: Predictions, w: Array | None, calibration: Calibration | None, width: float | None
) -> PredictiveRecord | None:
    """Return what the record keeps of the intervals of a regression; None where no law is known or events are few.

    Parameters
    ----------
    y, said, w : of the events that are judged
    calibration : y, out-of-fold predictions and weights of other events, from which conformal intervals are made;
        None where there are no others
    width : of the Gaussian that stands for a prediction without a law
    """
    weight = np.ones(len(y)) if w is None else np.asarray(w, dtype=np.float64)
    law, n = QuantileLaw.of(said.get(Output.LAW, said[Output.VALUE]), width), kish(weight)
    if law is None or n < FEWEST:
        return None
    conformal = [_conformal(y, said, weight, calibration, level, n) for level in STATED]
    return PredictiveRecord(
        own=Output.LAW in said,
        width=None if Output.LAW in said else width,
        intervals=tuple(_held(y, *law.interval(level), weight, level, n) for level in STATED),
        conformal=tuple(each for each in conformal if each is not None),
        pit=_pit(law.cdf(y), weight, n),
    )


def _held(y: Array, low: Array, high: Array, w: Array, level: float, n: float) -> Coverage:
    """Return the share of events inside, with its exact 95 % limits for these fitted models, and the mean width."""
    share = float(np.average((low <= y) & (y <= high), weights=w))
    ends = clopper_pearson(share, n)
    width = float(np.average(high - low, weights=w))
    return Coverage(level=level, coverage=share, low=ends[0], high=ends[1], width=width)


def _conformal(
    y: Array, said: Predictions, w: Array, calibration: Calibration | None, level: float, n: float
) -> Coverage | None:
    """Return coverage and width of conformal intervals; None where the calibrating events are too few for the level."""
    if calibration is None:
        return None
    y0, said0, w0 = calibration
    scores = np.abs(y0 - said0[Output.VALUE]) / _scale(said0)
    reach = conformal_reach(scores, np.ones(len(y0)) if w0 is None else w0, level)
    if reach is None:
        return None
    half, value = reach * _scale(said), said[Output.VALUE]
    return _held(y, value - half, value + half, w, level, n)


def _scale(said: Predictions) -> Array:
    """Return half the central 68 % interval (n,) of a law, 1 of a value alone."""
    if Output.LAW not in said:
        return np.ones(len(said[Output.VALUE]))
    low, high = QuantileLaw(said[Output.LAW]).interval(STATED[0])
    half = (high - low) / 2
    return np.asarray(np.where(half > 0, half, half[half > 0].min() if (half > 0).any() else 1.0))


def conformal_reach(scores: Array, w: Array, level: float) -> float | None:
    """Return the weighted ⌈(n + 1) level⌉-th smallest score, Lei et al. (2018); None where n is too small for it.

    >>> conformal_reach(np.arange(1.0, 100.0), np.ones(99), 0.9)
    90.0
    """
    n = kish(w)
    wanted = level * (n + 1) / n
    if wanted > 1:
        return None
    order = np.argsort(scores, kind="stable")
    at = np.searchsorted(np.cumsum(w[order]) / w.sum(), wanted - 1e-12)
    return float(scores[order][min(int(at), len(scores) - 1)])


def _pit(u: Array, w: Array, n: float) -> ProbabilityTransform:
    """Return the histogram of the probability integral transform as a density, with the error of a flat one."""
    share, edges = np.histogram(np.clip(u, 0, 1), bins=N_BINS, range=(0, 1), weights=w)
    density = share / w.sum() * N_BINS
    error = float(((N_BINS - 1) / n) ** 0.5)
    return ProbabilityTransform(edges=tuples(edges), density=tuples(density), error=error)
