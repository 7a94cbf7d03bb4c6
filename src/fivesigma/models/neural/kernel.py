"""One member of an ensemble, compiled: epochs of mini-batches by index, and its loss on rows held out."""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma.models.neural.arithmetic import (
    activate,
    backward,
    compiled,
    forward,
    in_order,
    slope_of_activation,
)
from fivesigma.models.neural.lossfunctions import loss_and_slope
from fivesigma.models.neural.steps import RATE, step

_GOLDEN, _FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@in_order
def shuffle(seed: int, epoch: int, order: Any) -> None:
    """Put 0 to n - 1 into ``order`` (n,) at random: by the seed and the number of the epoch alone.

    Fisher and Yates with SplitMix64 (Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195).
    """
    n = len(order)
    for i in range(n):
        order[i] = i
    state = np.uint64(seed) + np.uint64(epoch) * np.uint64(0xD1B54A32D192ED03)
    for i in range(n - 1, 0, -1):
        state += _GOLDEN
        z = (state ^ (state >> np.uint64(30))) * _FIRST
        z = (z ^ (z >> np.uint64(27))) * _SECOND
        z = z ^ (z >> np.uint64(31))
        j = int(float(z >> np.uint64(11)) * 1.1102230246251565e-16 * (i + 1))
        order[i], order[j] = order[j], order[i]


@compiled
def gather(source: Any, order: Any, start: int, to: Any) -> None:
    """Copy the columns ``order[start:]`` of ``source`` (k, n) to ``to`` (k, B)."""
    for i in range(len(to)):
        row, out = source[i], to[i]
        for e in range(to.shape[1]):
            out[e] = row[order[start + e]]


@compiled
def pass_forward(theta: Any, sizes: Any, activation: int, B: int, at: Any, values: Any) -> None:
    """Fill the layers behind the inputs, which are the first rows of ``values``; of the last, ``at`` is the output.

    ``at`` and ``values`` (units × events, flat) hold each layer before and after its activation.
    """
    place, unit, last = 0, 0, len(sizes) - 2
    for layer in range(last + 1):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        W = theta[place : place + n_in * n_out].reshape(n_out, n_in)
        place += n_in * n_out
        inside = values[unit * B : (unit + n_in) * B].reshape(n_in, B)
        unit += n_in
        out = at[unit * B : (unit + n_out) * B].reshape(n_out, B)
        forward(W, theta[place : place + n_out], inside, out)
        place += n_out
        if layer < last:
            activate(activation, out, values[unit * B : (unit + n_out) * B].reshape(n_out, B))


@compiled
def pass_backward(
    theta: Any, sizes: Any, activation: int, B: int, at: Any, values: Any, slopes: Any, slope: Any
) -> None:
    """Set ``slope`` (P,) to the derivative by theta; the last rows of ``slopes`` are that by the outputs."""
    place, unit = len(theta), sizes.sum()
    for layer in range(len(sizes) - 2, -1, -1):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        unit -= n_out
        of_out = slopes[unit * B : (unit + n_out) * B].reshape(n_out, B)
        if layer < len(sizes) - 2:
            out = at[unit * B : (unit + n_out) * B].reshape(n_out, B)
            slope_of_activation(activation, out, values[unit * B : (unit + n_out) * B].reshape(n_out, B), of_out)
        low = unit - n_in
        inside = values[low * B : unit * B].reshape(n_in, B)
        to_inside = slopes[low * B : unit * B].reshape(n_in, B)
        db = slope[place - n_out : place]
        place -= n_out
        first = place - n_in * n_out
        W, dW = theta[first:place].reshape(n_out, n_in), slope[first:place].reshape(n_out, n_in)
        backward(W, inside, of_out, dW, db, to_inside, layer == 0)
        place = first


@compiled
def mean_loss(
    theta: Any, sizes: Any, activation: int, loss: int, setting: float, B: int, X: Any, T: Any, w: Any, room: Any
) -> float:
    """Return the weighted mean loss on X (p, n), T (t, n), w (n,), B events at a time."""
    n, total, order = len(w), 0.0, np.arange(len(w))
    outputs, units = sizes[-1], sizes.sum()
    for start in range(0, n, B):
        b = min(B, n - start)
        gather(X, order, start, room[1, : sizes[0] * b].reshape(sizes[0], b))
        pass_forward(theta, sizes, activation, b, room[0], room[1])
        truth, weight = np.empty((len(T), b), T.dtype), w[start : start + b]
        gather(T, order, start, truth)
        out = room[0, (units - outputs) * b : units * b].reshape(outputs, b)
        by = room[2, (units - outputs) * b : units * b].reshape(outputs, b)
        total += loss_and_slope(loss, setting, out, truth, weight, by)
    return total / w.sum()


@compiled
def run_epoch(
    theta: Any, sizes: Any, activation: int, loss: int, setting: float, optimiser: int, how: Any, B: int,
    order: Any, X: Any, T: Any, w: Any, t: int, first: Any, second: Any, slope: Any, room: Any,
) -> float:  # fmt: skip
    """Take a step on each batch of B events of X (p, n) in this ``order``; return the mean loss on the way."""
    n, total, outputs, units = len(w), 0.0, sizes[-1], sizes.sum()
    weight = np.empty((1, B), w.dtype)
    for start in range(0, n, B):
        b = min(B, n - start)
        gather(X, order, start, room[1, : sizes[0] * b].reshape(sizes[0], b))
        pass_forward(theta, sizes, activation, b, room[0], room[1])
        truth = np.empty((len(T), b), T.dtype)
        gather(T, order, start, truth)
        for e in range(b):
            weight[0, e] = w[order[start + e]] / b
        out = room[0, (units - outputs) * b : units * b].reshape(outputs, b)
        by = room[2, (units - outputs) * b : units * b].reshape(outputs, b)
        total += b * loss_and_slope(loss, setting, out, truth, weight[0], by)
        pass_backward(theta, sizes, activation, b, room[0], room[1], room[2], slope)
        t += 1
        step(optimiser, how, t, theta, slope, first, second)
    return total / w.sum()


@compiled
def run_epochs(
    state: Any, best: Any, told: Any, sizes: Any, codes: Any, setting: float, how: Any, rates: Any, B: int, seed: int,
    begin: int, patience: int, X: Any, T: Any, w: Any, held_X: Any, held_T: Any, held_w: Any, curve: Any,
) -> int:  # fmt: skip
    """Run the epochs from ``begin`` to that of the last of ``rates``, or until patience ends; return how many are done.

    Parameters
    ----------
    state : (3, P) parameters, and what the optimiser remembers; moved in place
    best : (P,) the parameters of the best epoch; told : (2,) its held-out loss, and its number
    codes : (4,) activation, loss, optimiser, whether batches are shuffled; ``setting``: of the loss
    how : settings of the optimiser; rates : (epochs,) learning rate of each epoch
    patience : epochs without a better loss on the rows held out after which it stops; 0 for never
    curve : (2, epochs) the mean loss of the rows fitted to and of those held out, filled
    """
    n, theta = len(w), state[0]
    order, slope = np.arange(n), np.empty_like(theta)
    room = np.empty((3, sizes.sum() * max(B, min(len(held_w), B))), theta.dtype)
    per_epoch = (n + B - 1) // B
    for epoch in range(begin, len(rates)):
        if codes[3] > 0:
            shuffle(seed, epoch, order)
        how[RATE] = rates[epoch]
        curve[0, epoch] = run_epoch(
            theta, sizes, codes[0], codes[1], setting, codes[2], how, B,
            order, X, T, w, epoch * per_epoch, state[1], state[2], slope, room,
        )  # fmt: skip
        if len(held_w):
            curve[1, epoch] = mean_loss(
                theta, sizes, codes[0], codes[1], setting, B, held_X, held_T, held_w, room
            )
        if not np.isfinite(curve[0, epoch]):
            return epoch + 1
        if len(held_w) and curve[1, epoch] < told[0]:
            told[0], told[1] = curve[1, epoch], epoch
            best[:] = theta
        if patience > 0 and epoch - told[1] >= patience:
            return epoch + 1
    return len(rates)


@compiled
def outputs(theta: Any, sizes: Any, activation: int, X: Any) -> Any:
    """Return the outputs (k, n) for X (p, n)."""
    n, k, units = X.shape[1], sizes[-1], sizes.sum()
    found, B = np.empty((k, n), theta.dtype), min(n, 256)
    room, order = np.empty((2, units * B), theta.dtype), np.arange(n)
    for start in range(0, n, B):
        b = min(B, n - start)
        gather(X, order, start, room[1, : sizes[0] * b].reshape(sizes[0], b))
        pass_forward(theta, sizes, activation, b, room[0], room[1])
        found[:, start : start + b] = room[0, (units - k) * b : units * b].reshape(k, b)
    return found
