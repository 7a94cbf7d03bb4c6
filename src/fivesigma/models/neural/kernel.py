"""One member of an ensemble, compiled: epochs of mini-batches by index, and its loss on rows held out."""

from __future__ import annotations

from typing import Any, NamedTuple

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


class Events(NamedTuple):
    """Events, one column each: X (p, n), targets T (t, n), weights w (n,)."""

    X: Any
    T: Any
    w: Any


class Net(NamedTuple):
    """The sizes of the layers, the codes of activation and loss, and the setting of the loss."""

    sizes: Any
    activation: int
    loss: int
    setting: float


class Steps(NamedTuple):
    """The code of an optimiser, and its settings in the precision of the parameters."""

    optimiser: int
    how: Any


class Run(NamedTuple):
    """The seed of the batches, the epoch to begin with, and the patience (0: none)."""

    seed: int
    begin: int
    patience: int


class SoFar(NamedTuple):
    """See `fivesigma.models.neural.member.Course`: state (3, P), best (P,), told (2,) and curve (2, epochs)."""

    state: Any
    best: Any
    told: Any
    curve: Any


class Room(NamedTuple):
    """Room for a batch: (3, units × events) before and after the activations, and slopes; and a slope (P,)."""

    layers: Any
    slope: Any


_GOLDEN, _FIRST, _SECOND = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
)


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
def pass_backward(theta: Any, sizes: Any, activation: int, B: int, layers: Any, slope: Any) -> None:
    """Set ``slope`` (P,) to the derivative by theta, where the last slopes in ``layers`` are those by the outputs."""
    at, values, slopes = layers[0], layers[1], layers[2]
    place, unit = len(theta), sizes.sum()
    for layer in range(len(sizes) - 2, -1, -1):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        unit -= n_out
        of_out = slopes[unit * B : (unit + n_out) * B].reshape(n_out, B)
        if layer < len(sizes) - 2:
            out = at[unit * B : (unit + n_out) * B].reshape(n_out, B)
            slope_of_activation(
                activation, out, values[unit * B : (unit + n_out) * B].reshape(n_out, B), of_out
            )
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
def mean_loss(theta: Any, net: Net, B: int, events: Events, layers: Any) -> Any:
    """Return the weighted mean loss on ``events``, B of them at a time."""
    n, total, order = len(events.w), 0.0, np.arange(len(events.w))
    for start in range(0, n, B):
        b = min(B, n - start)
        weight = events.w[start : start + b]
        total += _loss_of_batch(theta, net, order, start, b, events, weight, layers)
    return total / events.w.sum()


@compiled
def _loss_of_batch(
    theta: Any, net: Net, order: Any, start: int, b: int, events: Events, weight: Any, layers: Any
) -> Any:
    """Return Σ weight loss of the b events from ``order[start]`` on; the slopes by the outputs are set too."""
    p, k, units = net.sizes[0], net.sizes[-1], net.sizes.sum()
    at, values, slopes = layers[0], layers[1], layers[2]
    gather(events.X, order, start, values[: p * b].reshape(p, b))
    pass_forward(theta, net.sizes, net.activation, b, at, values)
    truth = np.empty((len(events.T), b), events.T.dtype)
    gather(events.T, order, start, truth)
    out, by = at[(units - k) * b : units * b], slopes[(units - k) * b : units * b]
    return loss_and_slope(net.loss, net.setting, out.reshape(k, b), truth, weight, by.reshape(k, b))


@compiled
def run_epoch(
    state: Any, net: Net, steps: Steps, B: int, order: Any, events: Events, t: int, room: Room
) -> Any:
    """Take a step on each batch of B events in this ``order``; return the mean loss on the way."""
    n, total, theta = len(events.w), 0.0, state[0]
    weight = np.empty((1, B), events.w.dtype)
    for start in range(0, n, B):
        b = min(B, n - start)
        for e in range(b):
            weight[0, e] = events.w[order[start + e]] / b
        total += b * _loss_of_batch(theta, net, order, start, b, events, weight[0], room.layers)
        pass_backward(theta, net.sizes, net.activation, b, room.layers, room.slope)
        t += 1
        step(steps.optimiser, steps.how, t, theta, room.slope, state[1], state[2])
    return total / events.w.sum()


@compiled
def run_epochs(
    so_far: SoFar, net: Net, steps: Steps, rates: Any, B: int, how: Run, fit: Events, held: Events
) -> int:
    """Run the epochs from ``how.begin`` to that of the last of ``rates``, or until patience ends.

    ``held`` without any event is nothing held out. Returns how many epochs are done.
    """
    n, theta, told = len(fit.w), so_far.state[0], so_far.told
    order, per_epoch = np.arange(n), (n + B - 1) // B
    room = Room(np.empty((3, net.sizes.sum() * B), theta.dtype), np.empty_like(theta))
    for epoch in range(how.begin, len(rates)):
        if n > B:
            shuffle(how.seed, epoch, order)
        steps.how[RATE] = rates[epoch]
        loss = run_epoch(so_far.state, net, steps, B, order, fit, epoch * per_epoch, room)
        so_far.curve[0, epoch] = loss
        if not np.isfinite(loss):
            return epoch + 1
        if len(held.w):
            out = mean_loss(theta, net, B, held, room.layers)
            so_far.curve[1, epoch] = out
            if out < told[0]:
                told[0], told[1] = out, epoch
                so_far.best[:] = theta
        if how.patience > 0 and epoch - told[1] >= how.patience:
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
