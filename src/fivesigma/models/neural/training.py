"""Training an ensemble in steps of some epochs, so that it can be watched, and kept on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from fivesigma.models.neural.member import Course, Member

_SECONDS = 1.0  # between two looks


class Engine(Protocol):
    """What trains members."""

    def advance(self, members: Sequence[Member], courses: Sequence[Course], until: int) -> None:
        """Train each member whose course has not ended up to epoch ``until``, or to its own end."""


class Watcher(Protocol):
    """Who is told how far a training has come: ``done`` of ``total`` epochs of all members."""

    def __call__(self, done: int, total: int, /) -> None:
        """Take note."""


def train(
    engine: Engine,
    members: Sequence[Member],
    courses: Sequence[Course],
    tell: Watcher | None = None,
    keep: Callable[[Sequence[Course]], Any] | None = None,
) -> None:
    """Train ``members`` to their ends from where their ``courses`` stand, which are moved on.

    About once a second ``tell`` hears how far it is, and ``keep`` is handed the courses. When that happens depends on
    the machine; what comes out does not.
    """
    at, stride = min((course.done for course in courses if not course.ended), default=0), 1
    while any(not course.ended for course in courses):
        began = time.perf_counter()
        at += stride
        engine.advance(members, courses, at)
        took = time.perf_counter() - began
        stride = max(1, min(4 * stride, int(stride * _SECONDS / max(took, 1e-6))))
        if keep is not None:
            keep(courses)
        if tell is not None:
            done = sum(m.epochs if c.ended else c.done for m, c in zip(members, courses, strict=True))
            tell(done, sum(member.epochs for member in members))
