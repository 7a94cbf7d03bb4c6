"""The compiled engine: one kernel a member, members in threads."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from fivesigma.models.neural import arithmetic, kernel, steps
from fivesigma.models.neural.member import Array, Course, Layers, Member, Rows

ACTIVATIONS = {
    "relu": arithmetic.RELU,
    "tanh": arithmetic.TANH,
    "sigmoid": arithmetic.SIGMOID,
    "silu": arithmetic.SILU,
    "gelu": arithmetic.GELU,
    "softplus": arithmetic.SOFTPLUS,
}
OPTIMISERS = {
    "sgd": steps.SGD,
    "rprop": steps.RPROP,
    "adagrad": steps.ADAGRAD,
    "adam": steps.ADAM,
    "adamw": steps.ADAMW,
}


class Fused:
    """Trains members on ``fit`` with the loss on ``held`` (None: on nothing) after each epoch, in ``n_threads``.

    A member gives the same bits alone and in any company.
    """

    def __init__(self, fit: Rows, held: Rows | None, n_threads: int = 1) -> None:
        self.fit = _columns(fit)
        empty = Rows(fit.X[:0], fit.T[:0], fit.w[:0])
        self.held = _columns(empty if held is None else held)
        self.n_threads = n_threads
        self._compiled = False

    def advance(self, members: Sequence[Member], courses: Sequence[Course], until: int) -> None:
        """Train each member whose course has not ended up to epoch ``until``, or to its own end."""
        going = [
            (member, course) for member, course in zip(members, courses, strict=True) if not course.ended
        ]
        if self.n_threads == 1 or len(going) == 1 or not self._compiled:  # no two threads may compile at once
            self._compiled = True
            for member, course in going:
                self._advance(member, course, until)
            return
        with ThreadPoolExecutor(self.n_threads) as threads:
            for task in [threads.submit(self._advance, *each, until) for each in going]:
                task.result()

    def _advance(self, member: Member, course: Course, until: int) -> None:
        assert isinstance(member.layers, Layers)
        until, how, n = min(until, member.epochs), member.optimiser, len(self.fit.w)
        settings = [how.learning_rate, how.momentum, float(how.nesterov), how.weight_decay, how.clip]
        sizes, loss = np.array(member.layers.sizes), member.loss
        done = kernel.run_epochs(
            kernel.SoFar(course.state, course.best, course.told, course.curve),
            kernel.Net(sizes, ACTIVATIONS[member.activation], loss.code, loss.setting),
            kernel.Steps(OPTIMISERS[how.name], np.array(settings, dtype=course.state.dtype)),
            how.rates(member.epochs)[:until],
            min(member.batch_size, n),
            kernel.Run(member.seed, course.done, member.patience),
            self.fit,
            self.held,
        )
        course.came_to(done, member)


def outputs(sizes: Array, activation: str, theta: Array, X: Array) -> Array:
    """Return the outputs (n, k) of a network with layers of these ``sizes`` for standardised rows X (n, p)."""
    return np.asarray(kernel.outputs(theta, sizes, ACTIVATIONS[activation], np.ascontiguousarray(X.T)).T)


def _columns(rows: Rows) -> kernel.Events:
    """Return rows with one column an event, as the kernel takes them."""
    return kernel.Events(*(np.ascontiguousarray(each.T) for each in (rows.X, rows.T, rows.w)))
