"""The engine of PyTorch (extra ``[neural]``): members of equal shape stacked in layers with a leading axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from fivesigma._core.errors import InputError, one_of, require
from fivesigma.models.neural import kernel
from fivesigma.models.neural.descent import Descent
from fivesigma.models.neural.layered import Body, Perceptrons
from fivesigma.models.neural.member import Course, Member, Rows
from fivesigma.models.neural.pixels import Batches

Pair = tuple[Member, Course]
_MOST = 2**24
"""Numbers that are gathered, or pass through a layer, at a time."""


class Tensors(NamedTuple):
    """The parts of `Rows` on a device: X (n, p), T (n, t), w (n,)."""

    X: Any
    T: Any
    w: Any


class Stacked:
    """Trains members on ``fit`` with the loss on ``held`` (None: on nothing) after each epoch, on a ``device``.

    Members that differ in nothing but seed, rates, decays and clips are one stack, in which none sees another: one
    that ends leaves, and what it has come to stays as it is. ``body`` makes the losses of a stack.
    """

    def __init__(
        self,
        fit: Rows,
        held: Rows | None,
        device: str = "cpu",
        body: Callable[[Sequence[Member], Any], Body] = Perceptrons,
    ) -> None:
        torch = require("torch", "neural")
        self.device = device_called(device)
        self.fit = _on(self.device, fit)
        self.held = None if held is None else _on(self.device, held)
        self.body = body
        self._threads = torch.get_num_threads()  # before others limit them

    def advance(self, members: Sequence[Member], courses: Sequence[Course], until: int) -> None:
        """Train each member whose course has not ended up to epoch ``until``, or to its own end."""
        import torch

        with one_thread(self._threads), torch.no_grad():
            for pairs in _alike(members, courses):
                while pairs:
                    end = min(until, pairs[0][0].epochs)
                    self._advance(pairs, end)
                    pairs = [pair for pair in pairs if not pair[1].ended and pair[1].done < end]

    def _advance(self, pairs: Sequence[Pair], end: int) -> None:
        """Train a stack up to epoch ``end``, or until one of it ends."""
        stack = Stack(pairs, self.body, self.device)
        done = pairs[0][1].done
        while done < end and not any(course.ended for _, course in pairs):
            with stack.body.epoch(done):
                lost = stack.run_epoch(self.fit, done)
            out = None if self.held is None else stack.mean_losses(self.held)
            stack.judged(done, lost, out)
            done += 1
            for member, course in pairs:
                course.came_to(done, member)
        stack.kept()


class Stack:
    """Members of one shape and one past: the tensors of their parameters and of what an optimiser remembers."""

    def __init__(
        self, pairs: Sequence[Pair], body: Callable[[Sequence[Member], Any], Body], device: Any
    ) -> None:
        import torch

        self.members, self.courses = [member for member, _ in pairs], [course for _, course in pairs]
        state = np.stack([course.state for course in self.courses], axis=1)
        self.theta, *memory = torch.tensor(state, device=device).unbind()
        self.memory = tuple(memory)
        self.best = torch.tensor(np.stack([course.best for course in self.courses]), device=device)
        self.slope = torch.zeros_like(self.theta)
        self.body = body(self.members, self.theta)
        self.descent = Descent.of([member.optimiser for member in self.members], self.theta)
        rates = np.stack([member.optimiser.rates(member.epochs) for member in self.members], axis=1)
        self.rates = self.theta.new_tensor(rates).unsqueeze(-1)

    def run_epoch(self, rows: Tensors, epoch: int) -> Any:
        """Take a step on each batch; return the mean losses (M,) on the way, in float64."""
        n, B = len(rows.w), min(self.members[0].batch_size, len(rows.w))
        t, total = epoch * -(-n // B), self.theta.new_zeros(len(self.members), dtype=_float64())
        for X, T, w in self._batches(rows, self._orders(n, B, epoch), B):
            t += 1
            total += self.body.slopes(X, T, w, self.slope)
            self.descent.step(self.rates[epoch], t, self.theta, self.slope, self.memory)
        return total / rows.w.sum(dtype=_float64())

    def mean_losses(self, rows: Tensors) -> Any:
        """Return the weighted mean losses (M,), in float64."""
        M, n = len(self.members), len(rows.w)
        total = self.theta.new_zeros(M, dtype=_float64())
        length = max(1, _MOST // (M * self.body.widest))
        for part in range(0, n, length):
            some = [each[part : part + length] for each in rows]
            total += self.body.losses(*(each.expand(M, *each.shape) for each in some))
        return total / rows.w.sum(dtype=_float64())

    def judged(self, epoch: int, lost: Any, out: Any) -> None:
        """Write the losses of an epoch into the courses, and note where those held out are the lowest so far."""
        better = np.zeros(len(self.courses), dtype=bool)
        told = np.stack([each.cpu().numpy() for each in (lost, out) if each is not None])
        for m, course in enumerate(self.courses):
            known = len(told) if np.isfinite(told[0, m]) else 1
            course.curve[:known, epoch] = told[:known, m]
            better[m] = known == 2 and told[1, m] < course.told[0]
            if better[m]:
                course.told[:] = told[1, m], epoch
        if better.any():
            mask = self.theta.new_tensor(better).bool()
            self.best.copy_(self.theta.where(mask.unsqueeze(1), self.best))

    def kept(self) -> None:
        """Write the tensors back into the courses."""
        parts = [each.cpu().numpy() for each in (self.theta, *self.memory, self.best)]
        for m, course in enumerate(self.courses):
            course.state[:] = [part[m] for part in parts[:3]]
            course.best[:] = parts[3][m]

    def _orders(self, n: int, B: int, epoch: int) -> Any:
        """Return the order of the rows (M, n) of each member, as the kernel draws it; None for that of the table."""
        import torch

        if n == B:
            return None
        orders = np.empty((len(self.members), n), dtype=np.int64)
        for member, order in zip(self.members, orders, strict=True):
            kernel.shuffle(member.seed, epoch, order)
        return torch.from_numpy(orders).to(self.theta.device)

    def _batches(self, rows: Tensors, orders: Any, B: int) -> Iterator[Tensors]:
        """Yield X (M, B, p), T (M, B, t), w (M, B), gathered for many batches at once."""
        M, n = len(self.members), len(rows.w)
        if orders is None:
            yield Tensors(*(each.expand(M, *each.shape) for each in rows))
            return
        most = _MOST // 8 if isinstance(rows.X, Batches) else _MOST  # each of them is standardised on its way
        length = B * max(1, most // (M * B * (math.prod(rows.X.shape[1:]) + 2)))
        for start in range(0, n, length):
            some = orders[:, start : start + length]
            chosen = [each.index_select(0, some.reshape(-1)).unflatten(0, some.shape) for each in rows]
            yield from map(Tensors, *(each.split(B, dim=1) for each in chosen))


def _alike(members: Sequence[Member], courses: Sequence[Course]) -> list[list[Pair]]:
    """Return the members whose courses have not ended, those of one shape and one past together."""
    found: dict[Any, list[Pair]] = {}
    for member, course in zip(members, courses, strict=True):
        own = replace(member.optimiser, learning_rate=0.0, weight_decay=0.0, clip=0.0, schedule="constant")
        if not course.ended:
            found.setdefault((replace(member, optimiser=own, seed=0), course.done), []).append(
                (member, course)
            )
    return list(found.values())


def _on(device: Any, rows: Rows) -> Tensors:
    """Return rows as tensors on a device."""
    import torch

    T, w = (torch.tensor(each, device=device) for each in (rows.T, rows.w))
    X = rows.X.on(device) if isinstance(rows.X, Batches) else torch.tensor(rows.X, device=device)
    return Tensors(X, T, w)


def _float64() -> Any:
    import torch

    return torch.float64


@contextmanager
def one_thread(afterwards: int) -> Iterator[None]:
    """Let torch calculate in one thread, so that sums keep their order, and in as many as it had ``afterwards``."""
    import torch

    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(afterwards)


def device_called(name: str) -> Any:
    """Return the device of torch called ``name``, "cpu" or "cuda".

    Raises
    ------
    InputError
        For another name, or a device that is absent.
    """
    torch = require("torch", "neural")
    if one_of(name, ("cpu", "cuda"), "device") == "cuda" and not torch.cuda.is_available():
        raise InputError("'cuda' is a device that torch does not find here; expected device = 'cpu'.")
    return torch.device(name)
