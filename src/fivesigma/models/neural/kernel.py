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
from fivesigma.models.neural.vectors import matrix, padded


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
    """Room for a batch of `padded` length: (units × events,) each before and after the activations, and slopes; targets
    (t × events,) and weights (events,); and a slope (P,).
    """

    at: Any
    values: Any
    slopes: Any
    truth: Any
    weight: Any
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
def gather(source: Any, order: Any, start: int, b: int, to: Any) -> None:
    """Copy the b columns ``order[start:]`` of ``source`` (k, n) to the first of ``to`` (k, B); zeros follow."""
    for i in range(len(to)):
        row, out = source[i], to[i]
        for e in range(b):
            out[e] = row[order[start + e]]
        for e in range(b, len(out)):
            out[e] = 0


@compiled
def pass_forward(theta: Any, sizes: Any, activation: int, B: int, at: Any, values: Any) -> None:
    """Fill the layers behind the inputs, which are the first rows of ``values``; of the last, ``at`` is the output.

    ``at`` and ``values`` (units × events, flat) hold each layer before and after its activation.
    """
    place, unit, last = 0, 0, len(sizes) - 2
    for layer in range(last + 1):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        inside = matrix(values, unit * B, n_in, B)
        unit += n_in
        out = matrix(at, unit * B, n_out, B)
        forward(
            matrix(theta, place, n_out, n_in), matrix(theta, place + n_out * n_in, 1, n_out)[0], inside, out
        )
        place += n_out * n_in + n_out
        if layer < last:
            activate(activation, out, matrix(values, unit * B, n_out, B))


@compiled
def pass_backward(theta: Any, sizes: Any, activation: int, B: int, room: Room) -> None:
    """Set the slope in ``room`` to the derivative by theta, where the last of the slopes are those by the outputs."""
    place, unit = len(theta), sizes.sum()
    for layer in range(len(sizes) - 2, -1, -1):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        unit -= n_out
        of_out = matrix(room.slopes, unit * B, n_out, B)
        if layer < len(sizes) - 2:
            out, value = matrix(room.at, unit * B, n_out, B), matrix(room.values, unit * B, n_out, B)
            slope_of_activation(activation, out, value, of_out)
        inside = matrix(room.values, (unit - n_in) * B, n_in, B)
        to_inside = matrix(room.slopes, (unit - n_in) * B, n_in, B)
        place -= n_out * n_in + n_out
        W, dW = matrix(theta, place, n_out, n_in), matrix(room.slope, place, n_out, n_in)
        db = matrix(room.slope, place + n_out * n_in, 1, n_out)[0]
        backward(W, inside, of_out, dW, db, to_inside, layer == 0)


@compiled
def mean_loss(theta: Any, net: Net, B: int, events: Events, room: Room) -> Any:
    """Return the weighted mean loss on ``events``, B of them at a time, for which there is room."""
    n, total, order = len(events.w), 0.0, np.arange(len(events.w))
    for start in range(0, n, B):
        b = min(B, n - start)
        room.weight[:b], room.weight[b:] = events.w[start : start + b], 0
        total += _loss_of_batch(theta, net, order, start, b, events, room)
    return total / events.w.sum()


@compiled
def _loss_of_batch(theta: Any, net: Net, order: Any, start: int, b: int, events: Events, room: Room) -> Any:
    """Return Σ weight loss of the b events from ``order[start]`` on; the slopes by the outputs are set too.

    Events of zeros and of no weight fill the last vector.
    """
    p, k, units, B = net.sizes[0], net.sizes[-1], net.sizes.sum(), padded(b, theta)
    gather(events.X, order, start, b, matrix(room.values, 0, p, B))
    pass_forward(theta, net.sizes, net.activation, B, room.at, room.values)
    truth = matrix(room.truth, 0, len(events.T), B)
    gather(events.T, order, start, b, truth)
    out, by = matrix(room.at, (units - k) * B, k, B), matrix(room.slopes, (units - k) * B, k, B)
    return loss_and_slope(net.loss, net.setting, out, truth, room.weight[:B], by)


@compiled
def run_epoch(
    state: Any, net: Net, steps: Steps, B: int, order: Any, events: Events, t: int, room: Room
) -> Any:
    """Take a step on each batch of B events in this ``order``; return the mean loss on the way."""
    n, total, theta = len(events.w), 0.0, state[0]
    for start in range(0, n, B):
        b = min(B, n - start)
        for e in range(b):
            room.weight[e] = events.w[order[start + e]] / b
        room.weight[b:] = 0
        total += b * _loss_of_batch(theta, net, order, start, b, events, room)
        pass_backward(theta, net.sizes, net.activation, padded(b, theta), room)
        t += 1
        step(steps.optimiser, steps.how, t, theta, room.slope, state[1], state[2])
    return total / events.w.sum()


@compiled
def _room(B: int, sizes: Any, n_targets: int, theta: Any) -> Room:
    kind, n = theta.dtype, sizes.sum() * B
    at, values, slopes, truth = (
        np.empty(n, kind),
        np.empty(n, kind),
        np.empty(n, kind),
        np.empty(n_targets * B, kind),
    )
    return Room(at, values, slopes, truth, np.empty(B, kind), np.empty_like(theta))


@compiled
def run_epochs(
    so_far: SoFar, net: Net, steps: Steps, rates: Any, B: int, how: Run, fit: Events, held: Events
) -> int:
    """Run the epochs from ``how.begin`` to that of the last of ``rates``, or until patience ends.

    ``held`` without any event is nothing held out. Returns how many epochs are done.
    """
    n, theta, told = len(fit.w), so_far.state[0], so_far.told
    order, per_epoch, at_once = np.arange(n), (n + B - 1) // B, max(B, 256)
    room = _room(padded(at_once, theta), net.sizes, len(fit.T), theta)
    for epoch in range(how.begin, len(rates)):
        if n > B:
            shuffle(how.seed, epoch, order)
        steps.how[RATE] = rates[epoch]
        loss = run_epoch(so_far.state, net, steps, B, order, fit, epoch * per_epoch, room)
        so_far.curve[0, epoch] = loss
        if not np.isfinite(loss):
            return epoch + 1
        if len(held.w):
            out = mean_loss(theta, net, at_once, held, room)
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
    order, most = np.arange(n), units * padded(B, theta)
    at, values = np.empty(most, theta.dtype), np.empty(most, theta.dtype)
    for start in range(0, n, B):
        b = min(B, n - start)
        wide = padded(b, theta)
        gather(X, order, start, b, matrix(values, 0, sizes[0], wide))
        pass_forward(theta, sizes, activation, wide, at, values)
        found[:, start : start + b] = matrix(at, (units - k) * wide, k, wide)[:, :b]
    return found
