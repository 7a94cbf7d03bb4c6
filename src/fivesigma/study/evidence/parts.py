"""The events that scores are of: training rows, held-out folds, opened tests; with the resamples that all share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.random import generator
from fivesigma.risk.evidence import Part
from fivesigma.study.prepared import Prepared

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Parts:
    """The events of each part of a study; ``opened`` is False while the test sets stay sealed."""

    prepared: Prepared
    opened: bool

    @property
    def tests(self) -> tuple[str, ...]:
        """The names of the opened test sets; the first is the one that claims are made on."""
        return tuple(self.prepared.split.tests) if self.opened else ()

    @cached_property
    def validated(self) -> Array:
        """Which training rows have an out-of-fold prediction."""
        return np.asarray(self.prepared.split.folds >= 0)

    @cached_property
    def held_out(self) -> Array:
        """The positions of these rows."""
        return np.asarray(self.prepared.split.train[self.validated])

    def events(self, rows: Array) -> tuple[Array, Array | None, float]:
        """Return target, weights and the factor from the yields of ``rows`` to those of the whole sample."""
        data = self.prepared.data
        assert data.y is not None
        if data.w is None:
            return data.y[rows], None, data.n_samples / len(rows)
        return data.y[rows], data.w[rows], float(data.w.sum() / data.w[rows].sum())

    def scale(self, test: str) -> float:
        """Return the factor from the yields of a test to those of the whole sample."""
        return self.events(self.prepared.split.tests[test])[2]

    @cached_property
    def resampled(self) -> dict[str, Part]:
        """The opened tests with their resamples: the same for all models and metrics."""
        rows = self.prepared.split.tests
        return {test: self.drawn(rows[test], "bootstrap", test) for test in self.tests}

    def drawn(self, rows: Array, *stream: str) -> Part:
        """Return ``rows`` with resamples from the random stream of that name."""
        spec, (y, w, _) = self.prepared.spec, self.events(rows)
        rng = generator(spec.study.seed, *stream)
        return Part.draw(y, rng, w=w, groups=self.groups(rows), n_boot=spec.evaluate.bootstrap)

    def groups(self, rows: Array) -> Array | None:
        """Return the groups of ``rows``; None where events are independent."""
        groups = self.prepared.data.groups
        return None if groups is None else groups[rows]
