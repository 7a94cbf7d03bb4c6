"""From the curves of all studies of a crossing to its record: T* of each size, T_c of each model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.counts import counted
from fivesigma.record.sections.crossing import (
    CrossingCurve,
    CrossingModel,
    CrossingPoint,
    CrossingReading,
    CrossingRecord,
)
from fivesigma.risk.transitions import Extrapolation, crossing, extrapolated, peak
from fivesigma.study.analyses.analysis import Run
from fivesigma.study.analyses.crossing.points import NAME, children, models
from fivesigma.study.spec.crossing import VARIANCE, CrossingSection

Array = NDArray[Any]
Curve = Mapping[str, Sequence[float]]
_NOTHING = dict.fromkeys(field.name for field in fields(Extrapolation))


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

    @cached_property
    def tests(self) -> tuple[str, ...]:
        """The names of the test sets, the first one first."""
        return tuple(self.run.prepared.split.tests)

    def record(self) -> CrossingRecord:
        """Return what was found on every test set, in every reading."""
        first, *others = [self.reading(at, test) for at in self.asked.at for test in self.tests]
        return CrossingRecord(
            setting=self.asked.of,
            over=self.asked.over,
            unit=self.run.prepared.data.column_units.get(self.asked.over),
            repeats=self.asked.repeats,
            at=first.at,
            test=first.test,
            expected=first.expected,
            models=first.models,
            others=tuple(others),
            curves=tuple(curve for test in self.tests for curve in self.curves(test)),
        )

    def reading(self, at: float | str, test: str) -> CrossingReading:
        """Return what each model says on a test set, read at a value or at the peak of the variance."""
        value = None if at == VARIANCE else float(at)
        return CrossingReading(
            at=value,
            test=test,
            expected=self.asked.known(test, self.tests[0]),
            models=tuple(self._model(name, test, value) for name in models(self.run.prepared)),
        )

    def _model(self, name: str, test: str, at: float | None) -> CrossingModel:
        sizes = list(self.left)
        places = [_places(self._of(size, name, test), at) for size in sizes]
        line = extrapolated(sizes, places)
        fit = _NOTHING if line is None else asdict(line)
        points = tuple(_point(size, found) for size, found in zip(sizes, places, strict=True))
        message = "; ".join(self._missing(name, at, sizes, places))
        return CrossingModel(model=name, points=points, message=message, **fit)

    def _of(self, size: float, name: str, test: str) -> list[Curve]:
        """Return the curves of a model in the repeats of a size that have one."""
        return [each["curves"][name][test] for each in self.left[size] if name in each["curves"]]

    def _missing(
        self, name: str, at: float | None, sizes: Sequence[float], places: Sequence[Array]
    ) -> Iterator[str]:
        """Say in how many repeats nothing was found, and why."""
        what = "peaks" if at is None else f"crosses {at:g}"
        for size, found in zip(sizes, places, strict=True):
            lost = self.asked.repeats - len(found)
            if lost:
                failed = [each["messages"][name] for each in self.left[size] if name in each["messages"]]
                why = f"; the first failed: {failed[0]}" if failed else ""
                ends = f"in {lost} of {counted(self.asked.repeats, 'repeat')} at {self.asked.of} = {size:g}"
                yield f"it {what} nowhere among the values of {self.asked.over} {ends}{why}"

    def curves(self, test: str) -> Iterator[CrossingCurve]:
        """Yield the curves of each model and size on a test set, in the mean over repeats."""
        for name in models(self.run.prepared):
            for size in self.left:
                found = self._of(size, name, test)
                if found:
                    mean, mean_error = _over_repeats([curve["mean"] for curve in found])
                    variance, variance_error = _over_repeats([curve["variance"] for curve in found])
                    yield CrossingCurve(
                        test=test,
                        model=name,
                        size=size,
                        x=tuple(found[0]["x"]),
                        mean=mean,
                        mean_error=mean_error,
                        variance=variance,
                        variance_error=variance_error,
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


def _places(found: Sequence[Curve], at: float | None) -> Array:
    """Return T* of each repeat that has one."""
    each = [_place(np.array(curve["x"]), curve, at) for curve in found]
    return np.array([place for place in each if place is not None], dtype=float)


def _place(x: Array, curve: Curve, at: float | None) -> float | None:
    return peak(x, np.array(curve["variance"])) if at is None else crossing(x, np.array(curve["mean"]), at)


def _over_repeats(found: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard error over repeats (R, n_x); of one repeat alone the error is 0."""
    y = np.array(found)
    error = y.std(axis=0, ddof=1) / np.sqrt(len(y)) if len(y) > 1 else np.zeros(y.shape[1])
    return tuple(y.mean(axis=0).tolist()), tuple(error.tolist())


def _point(size: float, found: Array) -> CrossingPoint:
    n = len(found)
    error = float(found.std(ddof=1) / np.sqrt(n)) if n > 1 else None
    return CrossingPoint(size=size, at=float(found.mean()) if n else None, error=error)
