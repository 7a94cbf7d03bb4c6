"""The engine of PyTorch (extra ``[neural]``): members of equal shape stacked in layers with a leading axis."""

from __future__ import annotations

from collections.abc import Sequence

from fivesigma._core.errors import require
from fivesigma.models.neural.member import Course, Member, Rows


class Stacked:
    """Trains members on ``fit`` with the loss on ``held`` (None: on nothing) after each epoch."""

    def __init__(self, fit: Rows, held: Rows | None) -> None:
        require("torch", "neural")
        self.fit, self.held = fit, held

    def advance(self, members: Sequence[Member], courses: Sequence[Course], until: int) -> None:
        """Train each member whose course has not ended up to epoch ``until``, or to its own end."""
        raise NotImplementedError
