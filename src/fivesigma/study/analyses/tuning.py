"""What the record keeps of a search: its trials, its choice, and whether the choice lies at the edge of a range."""

from __future__ import annotations

import math
from typing import Any

from fivesigma.features.plan import FeaturePlan
from fivesigma.models.spaces import Choice, Range, Space
from fivesigma.record.sections.tuning import SearchedChoices, SearchedRange, Trial, TuningRecord
from fivesigma.study.analyses.analysis import Analysis, Fitted, OfKept
from fivesigma.study.fit.inside import spoken
from fivesigma.study.fit.saved import feature_plan
from fivesigma.study.registry.kind import ModelKind
from fivesigma.study.registry.registry import kind as kind_called


def recorded(model: Any, kind: ModelKind, features: FeaturePlan, metric: str) -> TuningRecord | None:
    """Return the search of a fitted recipe; None where nothing was searched.

    A parameter that grows with the sum of weights stands as the trials had it, on nine tenths of the rows.
    """
    from fivesigma.models.tuned import Tuned

    if not isinstance(model, Tuned):
        return None
    space: dict[str, Space] = {spoken(name): each for name, each in (model.space or {}).items()}
    trials = tuple(
        Trial(
            params={spoken(name): value for name, value in trial["params"].items()},
            score=trial["score"],
            state=trial["state"],
            message=trial["message"],
        )
        for trial in model.trials_
    )
    best = trials[model.best_trial_].params
    return TuningRecord(
        search=model.search,
        metric=metric,
        trials=trials,
        best=model.best_trial_,
        space={name: _searched(each) for name, each in space.items()},
        on_edge=tuple(
            name
            for name, each in space.items()
            if (end := each.edge(best[name])) and not _limit(name, each, end, kind, features)
        ),
    )


def _searched(space: Space) -> SearchedRange | SearchedChoices:
    if isinstance(space, Choice):
        return SearchedChoices(choices=tuple(space.options))
    return SearchedRange(low=space.low, high=space.high, log=space.log, integer=space.integer)


def _limit(name: str, space: Space, end: str, kind: ModelKind, features: FeaturePlan) -> bool:
    """Whether a range cannot be wider at this end: what lies beyond is not possible."""
    assert isinstance(space, Range)
    at = space.low if end == "low" else space.high
    if name.endswith(".n"):
        return at == 1 if end == "low" else at >= _width(name.removesuffix(".n"), features)
    allowed = kind.parameters[name].allowed
    if not isinstance(allowed, Range):
        return True
    bound = allowed.low if end == "low" else allowed.high
    return math.isclose(at, bound)


def _width(step: str, features: FeaturePlan) -> int:
    """Return how many columns come to the step called ``step``."""
    width = features.made
    for each in features.reductions:
        if each.kind == step:
            break
        width = each.left(width)
    return width


def edges(kept: TuningRecord) -> str:
    """Return in words which parameters lie at the edge of their range."""
    ranges = [(name, space) for name in kept.on_edge if isinstance(space := kept.space[name], SearchedRange)]
    return ", ".join(
        f"{name} = {kept.chosen.params[name]:.4g} lies at the edge of its range [{space.low:.4g}, {space.high:.4g}]"
        for name, space in ranges
    )


class Tuning(OfKept):
    """The trials of a search, read off the kept model."""

    kept = TuningRecord

    def section(self, fitted: Fitted) -> TuningRecord | None:
        """Return the search."""
        features = feature_plan(fitted.entry, fitted.data.meta)
        kind, metric = kind_called(fitted.entry.kind), str(fitted.shared["metric"])
        return recorded(fitted.estimator, kind, features, metric)


ANALYSIS = Analysis("tuning", diagnostics=(Tuning(),))
