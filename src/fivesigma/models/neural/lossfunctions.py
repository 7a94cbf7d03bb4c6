"""The losses of a network's outputs, compiled: value and derivative for a batch with one column an event."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fivesigma.models.neural.arithmetic import compiled

SQUARED, ABSOLUTE, HUBER, QUANTILE, BINARY, SOFTMAX, HINGE, GAUSSIAN, MIXTURE = range(9)

_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
LEAST_LOG = -12.0
"""No ln σ of a law goes below this, in standard deviations of the target: there a likelihood has no bound."""


@compiled
def loss_and_slope(kind: int, setting: float, outputs: Any, truth: Any, w: Any, slope: Any) -> float:
    """Return Σ w loss of the ``outputs`` (k, B) for the ``truth`` (t, B), and set ``slope`` (k, B) to its derivative.

    ``setting`` is Huber's threshold, the level of a quantile or the number of components. Of several targets, and of
    one hinge a class, a loss is the mean. Classes are codes: 0 and 1 where there is one output.
    """
    if kind == SQUARED:
        return _squared(outputs, truth, w, slope)
    if kind <= QUANTILE:
        return _of_residuals(kind, setting, outputs, truth, w, slope)
    if kind == BINARY:
        return _binary(outputs[0], truth[0], w, slope[0])
    if kind == SOFTMAX:
        return _softmax(outputs, truth[0], w, slope)
    if kind == HINGE:
        return _hinge(outputs, truth[0], w, slope)
    if kind == GAUSSIAN:
        return _gaussian(outputs, truth, w, slope)
    return _mixture(int(setting), outputs, truth, w, slope)


@compiled
def _squared(outputs: Any, truth: Any, w: Any, slope: Any) -> float:
    n, total = outputs.dtype.type(len(outputs)), 0.0
    for j in range(len(outputs)):
        o, t, d = outputs[j], truth[j], slope[j]
        for e in range(len(w)):
            r, share = o[e] - t[e], w[e] / n
            total += share * r * r
            d[e] = share * (r + r)
    return total


@compiled
def _of_residuals(kind: int, setting: float, outputs: Any, truth: Any, w: Any, slope: Any) -> float:
    n, B = outputs.shape
    total = 0.0
    for j in range(n):
        for e in range(B):
            r, share = outputs[j, e] - truth[j, e], w[e] / n
            if kind == ABSOLUTE:
                value, by = abs(r), np.sign(r)
            elif kind == QUANTILE:
                by = (1.0 - setting if r > 0 else -setting) if r != 0 else 0.0
                value = by * r
            elif abs(r) <= setting:
                value, by = 0.5 * r * r, r
            else:
                by = math.copysign(setting, r)
                value = by * r - 0.5 * setting * setting
            total += share * value
            slope[j, e] = share * by
    return total


@compiled
def _binary(o: Any, t: Any, w: Any, slope: Any) -> float:
    total = 0.0
    for e in range(len(o)):
        tail = math.exp(-abs(o[e]))
        total += w[e] * (max(o[e], 0.0) - t[e] * o[e] + math.log1p(tail))
        above = 1.0 / (1.0 + tail)
        slope[e] = w[e] * ((above if o[e] >= 0 else 1.0 - above) - t[e])
    return total


@compiled
def _softmax(o: Any, t: Any, w: Any, slope: Any) -> float:
    total = 0.0
    for e in range(o.shape[1]):
        most = o[0, e]
        for j in range(1, len(o)):
            most = max(most, o[j, e])
        norm = 0.0
        for j in range(len(o)):
            slope[j, e] = math.exp(o[j, e] - most)
            norm += slope[j, e]
        for j in range(len(o)):
            slope[j, e] *= w[e] / norm
        right = int(t[e])
        slope[right, e] -= w[e]
        total += w[e] * (math.log(norm) + most - o[right, e])
    return total


@compiled
def _hinge(o: Any, t: Any, w: Any, slope: Any) -> float:
    n, total = len(o), 0.0
    for j in range(n):
        for e in range(o.shape[1]):
            inside = t[e] > 0 if n == 1 else int(t[e]) == j
            sign = 1.0 if inside else -1.0
            gap = 1.0 - sign * o[j, e]
            total += w[e] * max(gap, 0.0) / n
            slope[j, e] = -sign * w[e] / n if gap > 0 else 0.0
    return total


@compiled
def _gaussian(o: Any, t: Any, w: Any, slope: Any) -> float:
    n, total = len(t), 0.0
    for j in range(n):
        for e in range(o.shape[1]):
            free = o[n + j, e] > LEAST_LOG
            s = max(o[n + j, e], LEAST_LOG)
            per = math.exp(-s)
            z, share = (o[j, e] - t[j, e]) * per, w[e] / n
            total += share * (s + 0.5 * z * z + _HALF_LOG_2PI)
            slope[j, e] = share * z * per
            slope[n + j, e] = share * (1.0 - z * z) if free else 0.0
    return total


@compiled
def _mixture(n_components: int, o: Any, t: Any, w: Any, slope: Any) -> float:
    """Rows of ``o``: of each target the logits, means and ln σ of its components."""
    C, n, total = n_components, len(t), 0.0
    for j in range(n):
        logit, mean, log = 3 * C * j, 3 * C * j + C, 3 * C * j + 2 * C
        for e in range(o.shape[1]):
            top, most = o[logit, e], -math.inf
            for c in range(1, C):
                top = max(top, o[logit + c, e])
            norm = 0.0
            for c in range(C):
                norm += math.exp(o[logit + c, e] - top)
            for c in range(C):
                s = max(o[log + c, e], LEAST_LOG)
                z = (o[mean + c, e] - t[j, e]) * math.exp(-s)
                slope[log + c, e] = o[logit + c, e] - top - s - 0.5 * z * z
                most = max(most, slope[log + c, e])
            density = 0.0
            for c in range(C):
                density += math.exp(slope[log + c, e] - most)
            share = w[e] / n
            total -= share * (most + math.log(density) - math.log(norm) - _HALF_LOG_2PI)
            for c in range(C):
                s = max(o[log + c, e], LEAST_LOG)
                per = math.exp(-s)
                z = (o[mean + c, e] - t[j, e]) * per
                part = share * math.exp(slope[log + c, e] - most) / density
                slope[logit + c, e] = share * math.exp(o[logit + c, e] - top) / norm - part
                slope[mean + c, e] = part * z * per
                slope[log + c, e] = part * (1.0 - z * z) if o[log + c, e] > LEAST_LOG else 0.0
    return total
