"""What the record keeps of a search: its trials, its choice, and whether the choice lies at the edge of a range."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fivesigma.features.plan import FeaturePlan
from fivesigma.models.spaces import Choice, Range, Space
from fivesigma.models.tuned import Tuned
from fivesigma.study.analyses.analysis import Analysis, Fitted, OfKept
from fivesigma.study.fit.inside import spoken
from fivesigma.study.fit.saved import feature_plan
from fivesigma.study.registry.kind import Kind
from fivesigma.study.registry.registry import kind as kind_called


def section(model: Any, kind: Kind, features: FeaturePlan, metric: str) -> dict[str, Any]:
    """Return the section ``tuning`` of a fitted recipe; {} where nothing was searched.

    Returns
    -------
    ``search``, ``metric``, ``trials`` (``params``, ``score``, ``state``, ``message`` of each), ``best`` (the
    number of the chosen one), ``space`` (``low``, ``high``, ``log`` or ``choices`` by parameter) and ``on_edge``
    (names of the parameters whose best value lies at an end of a range that could be wider). A parameter that
    grows with the sum of weights stands as the trials had it, on four fifths of the rows.
    """
    if not isinstance(model, Tuned):
        return {}
    space: dict[str, Space] = {spoken(name): each for name, each in (model.space or {}).items()}
    trials = [
        {
            "params": {spoken(name): value for name, value in trial["params"].items()},
            "score": trial["score"],
            "state": trial["state"],
            "message": trial["message"],
        }
        for trial in model.trials_
    ]
    best = trials[model.best_trial_]["params"]
    return {
        "search": model.search,
        "metric": metric,
        "trials": trials,
        "best": model.best_trial_,
        "space": {name: _plain(each) for name, each in space.items()},
        "on_edge": [
            name
            for name, each in space.items()
            if (end := each.edge(best[name])) and not _limit(name, each, end, kind, features)
        ],
    }


def _plain(space: Space) -> dict[str, Any]:
    if isinstance(space, Choice):
        return {"choices": list(space.options)}
    return {"low": space.low, "high": space.high, "log": space.log, "integer": space.integer}


def _limit(name: str, space: Space, end: str, kind: Kind, features: FeaturePlan) -> bool:
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


def edges(kept: Mapping[str, Any]) -> str:
    """Return in words which parameters lie at the edge of their range."""
    best = kept["trials"][kept["best"]]["params"]
    said = [
        f"{name} = {best[name]:.4g} lies at the edge of its range "
        f"[{kept['space'][name]['low']:.4g}, {kept['space'][name]['high']:.4g}]"
        for name in kept["on_edge"]
    ]
    return ", ".join(said)


class Tuning(OfKept):
    """The trials of a search, read off the kept model."""

    name = "tuning"

    def of_fit(self, fitted: Fitted, settings: Any) -> Mapping[str, Any]:
        """Return the section ``tuning``."""
        features = feature_plan(fitted.entry, fitted.data.meta)
        kind, metric = kind_called(fitted.entry.kind), str(fitted.shared["metric"])
        return section(fitted.estimator, kind, features, metric)


ANALYSIS = Analysis("tuning", diagnostics=(Tuning(),))
