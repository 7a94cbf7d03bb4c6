"""Scores of several targets: a metric of one of them, and the mean of a metric over all.

Both hold predictions (n, m, ...) against targets (n, m), and obey the laws of a metric of one target. An influence on a
mean is the mean of the influences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.risk.influence import Scored, influence, standard_errors
from fivesigma.risk.metric import Floats, Metric


class _Delegating(Metric):
    """A metric that asks another of some of the targets; its ``metric`` says what is good and how far it goes."""

    metric: Metric

    def __init_subclass__(cls) -> None:
        """Read what a metric says of itself off the other."""
        for word in (
            "scores",
            "greater_is_better",
            "lower",
            "upper",
            "interval",
            "unit",
            "additive",
            "averaged",
            "reach",
            "has_cut",
            "unsigned",
            "of_yields",
        ):
            setattr(cls, word, property(_reader(word)))

    @property
    def label(self) -> str:
        """See `Metric.label`."""
        return self.metric.label

    def merit(self, values: Any) -> Floats:
        """See `Metric.merit`."""
        return self.metric.merit(values)


def _reader(word: str) -> Callable[[Any], Any]:
    return lambda each: getattr(each.metric, word)


@dataclass(frozen=True)
class OfTarget(_Delegating):
    """A metric of the target ``number`` of several.

    >>> from fivesigma.risk.regression import Mae
    >>> y, p = np.array([[0.0, 1.0], [0.0, 3.0]]), np.zeros((2, 2))
    >>> OfTarget(Mae(), "b", 1).value(y, p), OverTargets(Mae(), 2).value(y, p)
    (2.0, 1.0)
    """

    metric: Metric
    target: str
    number: int

    @property
    def name(self) -> str:  # type: ignore[override]
        """The name of the metric and its target."""
        return f"{self.metric.name} of {self.target}"

    def value(
        self,
        y: NDArray[Any],
        prediction: NDArray[Any],
        w: NDArray[Any] | None = None,
        *,
        cut: float | None = None,
        scale: float = 1.0,
    ) -> float:
        """See `Metric.value`."""
        at = self.number
        return self.metric.value(y[:, at], prediction[:, at], w, cut=cut, scale=scale)

    def resampled(
        self,
        y: NDArray[Any],
        prediction: NDArray[Any],
        w: NDArray[Any] | None,
        counts: NDArray[Any],
        *,
        cut: float | None = None,
        scale: float = 1.0,
    ) -> Floats:
        """See `Metric.resampled`."""
        at = self.number
        return self.metric.resampled(y[:, at], prediction[:, at], w, counts, cut=cut, scale=scale)

    def cut(
        self, y: NDArray[Any], prediction: NDArray[Any], w: NDArray[Any] | None = None, *, scale: float = 1.0
    ) -> float | None:
        """See `Metric.cut`."""
        return self.metric.cut(y[:, self.number], prediction[:, self.number], w, scale=scale)

    def squares(self, y: NDArray[Any], prediction: NDArray[Any]) -> Floats | None:
        """See `Metric.squares`."""
        return self.metric.squares(y[:, self.number], prediction[:, self.number])

    def with_squares(self, value: float, ratio: float) -> float:
        """See `Metric.with_squares`."""
        return self.metric.with_squares(value, ratio)


@dataclass(frozen=True)
class OverTargets(_Delegating):
    """The mean of a metric over all targets; what a cut is, it is of each."""

    metric: Metric
    n_targets: int

    @property
    def name(self) -> str:  # type: ignore[override]
        """The name of the metric."""
        return self.metric.name

    def each(self) -> Iterator[OfTarget]:
        """Yield the metric of each target."""
        yield from (OfTarget(self.metric, str(at), at) for at in range(self.n_targets))

    def _cuts(self, cut: Any) -> Sequence[float | None]:
        return (None,) * self.n_targets if cut is None else cut

    def value(
        self,
        y: NDArray[Any],
        prediction: NDArray[Any],
        w: NDArray[Any] | None = None,
        *,
        cut: Any = None,
        scale: float = 1.0,
    ) -> float:
        """See `Metric.value`."""
        both = zip(self.each(), self._cuts(cut), strict=True)
        return float(np.mean([one.value(y, prediction, w, cut=c, scale=scale) for one, c in both]))

    def resampled(
        self,
        y: NDArray[Any],
        prediction: NDArray[Any],
        w: NDArray[Any] | None,
        counts: NDArray[Any],
        *,
        cut: Any = None,
        scale: float = 1.0,
    ) -> Floats:
        """See `Metric.resampled`."""
        both = zip(self.each(), self._cuts(cut), strict=True)
        each = [one.resampled(y, prediction, w, counts, cut=c, scale=scale) for one, c in both]
        return np.asarray(np.mean(each, axis=0))

    def cut(
        self, y: NDArray[Any], prediction: NDArray[Any], w: NDArray[Any] | None = None, *, scale: float = 1.0
    ) -> Any:
        """Return the cut of each target, None where the metric has none."""
        cuts = tuple(one.cut(y, prediction, w, scale=scale) for one in self.each())
        return None if all(cut is None for cut in cuts) else cuts

    def merit(self, values: Any) -> Floats:
        """See `Metric.merit`: of a signed metric, the mean's distance from 0."""
        return self.metric.merit(values)


@influence.register
def _(metric: OfTarget, scored: Scored) -> Floats | None:
    """The influence on the score of that target."""
    at = metric.number
    return influence(metric.metric, replace(scored, y=scored.y[:, at], prediction=scored.prediction[:, at]))


@standard_errors.register
def _(metric: OfTarget, scored: Scored, counts: NDArray[Any]) -> Floats | None:
    """The standard errors of the score of that target."""
    at = metric.number
    one = replace(scored, y=scored.y[:, at], prediction=scored.prediction[:, at])
    return standard_errors(metric.metric, one, counts)


@influence.register
def _(metric: OverTargets, scored: Scored) -> Floats | None:
    """The mean of the influences, where all are known."""
    cuts = metric._cuts(scored.cut)
    found = [influence(one, replace(scored, cut=cut)) for one, cut in zip(metric.each(), cuts, strict=True)]
    known = [each for each in found if each is not None]
    return np.asarray(np.mean(known, axis=0)) if len(known) == len(found) else None


def over_targets(
    metrics: Sequence[Metric], units: Sequence[str | None]
) -> tuple[tuple[OverTargets, ...], str]:
    """Return the metrics whose mean over targets of these ``units`` means something, and why others do not.

    >>> from fivesigma.risk.regression import R2, Rmse
    >>> found, why = over_targets([R2(), Rmse()], ["GeV", "rad"])
    >>> [each.name for each in found], why
    (['r2'], 'the targets have units of their own (GeV, rad)')
    >>> len(over_targets([R2(), Rmse()], ["GeV", "GeV"])[0])
    2
    """
    one = len(set(units)) < 2
    kept = tuple(OverTargets(metric, len(units)) for metric in metrics if one or not metric.has_unit)
    return kept, "" if one else f"the targets have units of their own ({', '.join(str(u) for u in units)})"
