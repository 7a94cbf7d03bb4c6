"""One step of an optimiser on all parameters of a network, compiled; the formulas are those of PyTorch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fivesigma.models.neural.arithmetic import in_order

SGD, RPROP, ADAGRAD, ADAM, ADAMW = range(5)
RATE, MOMENTUM, NESTEROV, DECAY, CLIP = range(5)
"""Places of the settings of an optimiser; momentum is β₁ of Adam, and a clip of 0 is none."""

_SECOND, _EPSILON, _ADAGRAD_EPSILON = 0.999, 1e-8, 1e-10
SHORTEST, LONGEST = 1e-9, 50.0
"""Between these lie the steps of Rprop; PyTorch's 1e-6 would leave a linear model that far from least squares."""


@in_order
def step(kind: int, how: Any, t: int, theta: Any, slope: Any, first: Any, second: Any) -> None:
    """Move ``theta`` (P,) by step number ``t`` (from 1) down the ``slope`` (P,), which is changed.

    ``how`` holds the settings; ``first`` and ``second`` (P,), zeros before the first step, are what is remembered.
    """
    if how[CLIP] > 0:
        _clip(how[CLIP], slope)
    if kind == SGD:
        _sgd(how, t, theta, slope, first)
    elif kind == RPROP:
        _rprop(how, t, theta, slope, first, second)
    elif kind == ADAGRAD:
        _adagrad(how, theta, slope, second)
    else:
        _adam(kind == ADAMW, how, t, theta, slope, first, second)


@in_order
def _clip(most: Any, slope: Any) -> None:
    """Shorten ``slope`` to the length ``most`` where it is longer."""
    total = 0.0
    for i in range(len(slope)):
        total += slope[i] * slope[i]
    factor = slope.dtype.type(most / (math.sqrt(total) + 1e-6))
    if factor < 1:
        for i in range(len(slope)):
            slope[i] *= factor


@in_order
def _sgd(how: Any, t: int, theta: Any, slope: Any, velocity: Any) -> None:
    rate, decay, momentum = how[RATE], how[DECAY], how[MOMENTUM]
    kept = momentum if t > 1 else momentum * 0
    own = how[NESTEROV]  # 1 or 0
    ahead = momentum if own > 0 else momentum * 0 + 1
    for i in range(len(theta)):
        d = slope[i] + decay * theta[i]
        velocity[i] = kept * velocity[i] + d
        theta[i] -= rate * (own * d + ahead * velocity[i])


@in_order
def _rprop(how: Any, t: int, theta: Any, slope: Any, last: Any, length: Any) -> None:
    number = theta.dtype.type
    shorter, longer, least, most = number(0.5), number(1.2), number(SHORTEST), number(LONGEST)
    for i in range(len(theta)):
        d = slope[i] + how[DECAY] * theta[i]
        size = how[RATE] if t == 1 else length[i]
        turned = d * last[i]
        if turned > 0:
            size *= longer
        elif turned < 0:
            size *= shorter
            d = d * 0
        size = min(max(size, least), most)
        if d > 0:
            theta[i] -= size
        elif d < 0:
            theta[i] += size
        length[i], last[i] = size, d


@in_order
def _adagrad(how: Any, theta: Any, slope: Any, squares: Any) -> None:
    least = theta.dtype.type(_ADAGRAD_EPSILON)
    for i in range(len(theta)):
        d = slope[i] + how[DECAY] * theta[i]
        squares[i] += d * d
        theta[i] -= how[RATE] * d / (np.sqrt(squares[i]) + least)


@in_order
def _adam(apart: bool, how: Any, t: int, theta: Any, slope: Any, first: Any, second: Any) -> None:
    """``apart`` takes the decay from the parameters themselves, as AdamW does, and not by way of the slope."""
    number = theta.dtype.type
    one, beta, most = number(1), how[MOMENTUM], number(_SECOND)
    rate = number(how[RATE] / (1.0 - float(beta) ** t))
    root, least = number(math.sqrt(1.0 - _SECOND**t)), number(_EPSILON)
    shrink = one - how[RATE] * how[DECAY] if apart else one
    decay = number(0) if apart else how[DECAY]
    for i in range(len(theta)):
        d = slope[i] + decay * theta[i]
        first[i] = beta * first[i] + (one - beta) * d
        second[i] = most * second[i] + (one - most) * d * d
        theta[i] = shrink * theta[i] - rate * first[i] / (np.sqrt(second[i]) / root + least)
