"""From the curves of all studies of a crossing to its record: T* of each size, T_c of each model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.counts import counted
from fivesigma.record.sections.crossing import (
    CrossingCurve,
    CrossingModel,
    CrossingPoint,
    CrossingRecord,
    CrossingTransfer,
)
from fivesigma.risk.transitions import crossing, extrapolated, peak
from fivesigma.study.analyses.analysis import Run
from fivesigma.study.analyses.crossing.points import NAME, children, models
from fivesigma.study.spec.crossing import VARIANCE, CrossingSection

Array = NDArray[Any]
Curve = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Summary:
    """The studies of a crossing that are done: what each left, by size."""

    run: Run
    asked: CrossingSection

    @cached_property
    def left(self) -> dict[float, list[Mapping[str, Any]]]:
        """What the repeats of each size left."""
        found: dict[float, list[Mapping[str, Any]]] = {}
        for child in children(self.run.prepared):
            _, meta = self.run.done.read(self.run.plan.key(child))
            found.setdefault(child.values[self.asked.of], []).append({"curves": {}, "messages": {}, **meta})
        return found

    @property
    def at(self) -> float | None:
        """The value that is crossed; None for the peak of the variance."""
        return None if self.asked.at == VARIANCE else float(self.asked.at)

    def record(self) -> CrossingRecord:
        """Return what was found on every test set."""
        prepared = self.run.prepared
        first, *others = prepared.split.tests
        transfer = [
            CrossingTransfer(test=test, expected=self.known(test), models=self.models(test))
            for test in others
        ]
        return CrossingRecord(
            setting=self.asked.of,
            over=self.asked.over,
            unit=prepared.data.column_units.get(self.asked.over),
            at=self.at,
            repeats=self.asked.repeats,
            test=first,
            expected=self.known(first),
            models=self.models(first),
            transfer=tuple(transfer),
            curves=tuple(curve for test in prepared.split.tests for curve in self.curves(test)),
        )

    def known(self, test: str) -> float | None:
        """Return what is known of the answer on a test set."""
        return self.asked.known(test, next(iter(self.run.prepared.split.tests)))

    def models(self, test: str) -> tuple[CrossingModel, ...]:
        """Return what each model says on a test set."""
        return tuple(self._model(name, test) for name in models(self.run.prepared))

    def _model(self, name: str, test: str) -> CrossingModel:
        sizes = list(self.left)
        places = [self._places(self._of(size, name, test)) for size in sizes]
        line = extrapolated(sizes, places)
        return CrossingModel(
            model=name,
            value=None if line is None else line.value,
            error=None if line is None else line.error,
            stat=None if line is None else line.stat,
            span=None if line is None else line.span,
            slope=None if line is None else line.slope,
            chi2=None if line is None else line.chi2,
            dof=None if line is None else line.dof,
            points=tuple(_point(size, found) for size, found in zip(sizes, places, strict=True)),
            message="; ".join(self._missing(name, sizes, places)),
        )

    def _of(self, size: float, name: str, test: str) -> list[Curve]:
        """Return the curves of a model in the repeats of a size that have one."""
        return [each["curves"][name][test] for each in self.left[size] if name in each["curves"]]

    def _places(self, found: Sequence[Curve]) -> Array:
        """Return T* of each repeat that has one."""
        each = [self._place(np.array(curve["x"]), curve) for curve in found]
        return np.array([place for place in each if place is not None], dtype=float)

    def _place(self, x: Array, curve: Curve) -> float | None:
        if self.at is None:
            return peak(x, np.array(curve["variance"]))
        return crossing(x, np.array(curve["mean"]), self.at)

    def _missing(self, name: str, sizes: Sequence[float], places: Sequence[Array]) -> Iterator[str]:
        """Say in how many repeats nothing was found, and why."""
        what = "peaks" if self.at is None else f"crosses {self.at:g}"
        for size, found in zip(sizes, places, strict=True):
            lost = self.asked.repeats - len(found)
            if lost:
                failed = [each["messages"][name] for each in self.left[size] if name in each["messages"]]
                why = f"; the first failed: {failed[0]}" if failed else ""
                ends = f"in {lost} of {counted(self.asked.repeats, 'repeat')} at {self.asked.of} = {size:g}"
                yield f"it {what} nowhere among the values of {self.asked.over} {ends}{why}"

    def curves(self, test: str) -> Iterator[CrossingCurve]:
        """Yield the mean curve of each model and size on a test set."""
        what = "variance" if self.at is None else "mean"
        for name in models(self.run.prepared):
            for size in self.left:
                found = self._of(size, name, test)
                if found:
                    y = np.array([curve[what] for curve in found])
                    error = y.std(axis=0, ddof=1) / np.sqrt(len(y)) if len(y) > 1 else np.zeros(y.shape[1])
                    yield CrossingCurve(
                        test=test,
                        model=name,
                        size=size,
                        x=tuple(found[0]["x"]),
                        y=tuple(y.mean(axis=0).tolist()),
                        error=tuple(error.tolist()),
                    )

    def notes(self) -> Iterator[tuple[str, str, str]]:
        """Yield what went wrong in the studies."""
        every = [each for found in self.left.values() for each in found]
        lost = [each["error"] for each in every if "error" in each]
        if lost:
            yield (
                NAME,
                "failed",
                f"{len(lost)} of {len(every)} studies could not be done; the first: {lost[0]}",
            )


def _point(size: float, found: Array) -> CrossingPoint:
    n = len(found)
    error = float(found.std(ddof=1) / np.sqrt(n)) if n > 1 else None
    return CrossingPoint(size=size, at=float(found.mean()) if n else None, error=error)
