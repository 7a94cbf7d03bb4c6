"""What a fold's fit leans on, read off with the rows it held out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fivesigma._core.random import generator
from fivesigma.study.analyses.analysis import Fitted, Found, Run
from fivesigma.study.analyses.explain.importance import Held
from fivesigma.study.analyses.explain.per_fold import of_fold
from fivesigma.study.plan import Entry, Fit

METHODS = ("permutation", "impurity", "shap", "integrated_gradients", "effects")


class Leaning:
    """Permutation importance, impurity, Shapley values and effects of a fold's fit."""

    name = "explain"

    def wanted(self, entry: Entry, fit: Fit, shared: Mapping[str, Any]) -> Any | None:
        """Read off the folds of the models asked about, those of the first repeat."""
        asked = shared.get("explain")
        own = fit.sample.kind == "fold" and not (fit.sample.repeat or fit.params) and fit.columns is None
        return list(METHODS) if own and asked and entry.name in asked["models"] else None

    def of_fit(self, fitted: Fitted, settings: Any) -> Mapping[str, Any]:
        """Return what was asked, by method; ``settings`` are the names of those wanted."""
        data, asked = fitted.data, fitted.shared["explain"]
        held, rows = fitted.asked["validation"], fitted.rows
        explained = Held(
            fitted.table(held),
            data.y[held],
            None if data.w is None else data.w[held],
            (fitted.table(rows), data.y[rows], data.training_weights(rows)),
            fitted.names,
            asked["grids"],
        )
        return of_fold(
            fitted.estimator,
            explained,
            {"groups": asked["groups"], **{name: asked.get(name) for name in settings}},
            metric=str(fitted.shared["metric"]),
            rng=generator(fitted.seed, "importance", fitted.fit.sample.number),
        )

    def record(self, found: Found, entry: Entry, run: Run) -> Mapping[str, Any]:
        """Return nothing: what models lean on stands in a section of the run."""
        return {}
