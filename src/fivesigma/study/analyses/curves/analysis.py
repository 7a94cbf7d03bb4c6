"""``[curves]``: scores against a setting and against training events, bias and variance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.analyses.curves.diagnostics import BiasVariance, DepthPredictions, ScoreCurve
from fivesigma.study.analyses.curves.evidence import CurvePoint, ModelCurves, compared
from fivesigma.study.analyses.curves.fits import CurveFit, check_models, curve_fits
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.family import Compared
from fivesigma.study.plan import Task
from fivesigma.study.prepared import Prepared
from fivesigma.study.registry.registry import kind as kind_called


class Curves(Experiment):
    """The curves of all models of a run."""

    def missing(self) -> Iterable[Task]:
        """Return every fit that a curve asks for."""
        return [each.fit for each in asked(self.run.prepared)]

    @cached_property
    def points(self) -> tuple[CurvePoint, ...]:
        """What each fit of a curve was for, and what it left."""
        return tuple(self._point(each) for each in asked(self.run.prepared))

    def _point(self, asked: CurveFit) -> CurvePoint:
        name = next(iter(asked.fit.wanted))
        _, meta = self.run.read(asked.fit)
        found = self.run.found(asked.fit, name) or {}
        error = meta.get("error", found.get("error"))
        return CurvePoint(asked, found, error)

    def compared(self, found: Evidence, /) -> Iterable[Compared]:
        """Return the best value over the most flexible one, where they differ."""
        return compared(found, self.points)

    def of_model(self, found: Evidence, name: str) -> Mapping[str, Any]:
        """Return the curves of a model for its record."""
        return ModelCurves(found, name, self.points).sections()


def asked(prepared: Prepared) -> Iterator[CurveFit]:
    """Yield the fits that the curves of all models need."""
    for entry in prepared.plan.entries:
        if not entry.skipped:
            kind, cost = kind_called(entry.kind), prepared.costs[entry.name]
            yield from curve_fits(prepared.spec, entry, kind, prepared.split, cost)


def check(prepared: Prepared) -> None:
    """Refuse curves of models that are not there, and values that they cannot have."""
    check_models(prepared.spec, prepared.plan.entries)
    list(asked(prepared))


ANALYSIS = Analysis(
    "curves", check=check, diagnostics=(ScoreCurve(), DepthPredictions(), BiasVariance()), experiment=Curves
)
