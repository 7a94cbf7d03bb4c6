"""What is asked beside scores: every capability by name, one line each."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from fivesigma._core.outside import outside

if TYPE_CHECKING:
    from fivesigma.study.analyses.analysis import Analysis, Diagnostic

ANALYSES: Mapping[str, str] = {
    "lineup": "lineup:ANALYSIS",
    "crossfit": "crossfit:ANALYSIS",
    "selected": "selected:ANALYSIS",
    "tension": "tension:ANALYSIS",
    "targets": "targets:ANALYSIS",
    "mixture": "mixture:ANALYSIS",
    "stability": "stability:ANALYSIS",
    "components": "components:ANALYSIS",
    "score_curves": "score_curves:ANALYSIS",
    "predictive": "score_curves:PREDICTIVE",
    "coefficients": "coefficients:ANALYSIS",
    "path": "path:ANALYSIS",
    "tuning": "tuning:ANALYSIS",
    "history": "history:ANALYSIS",
    "spread": "spread:ANALYSIS",
    "symmetries": "symmetries:ANALYSIS",
    "temperature": "temperature:ANALYSIS",
    "image_features": "image_features:ANALYSIS",
    "pictures": "pictures.analysis:ANALYSIS",
    "regions": "regions:ANALYSIS",
    "reduction": "reduction:ANALYSIS",
    "curves": "curves.analysis:ANALYSIS",
    "explain": "explain.analysis:ANALYSIS",
    "scan": "scan.analysis:ANALYSIS",
    "confusion": "confusion:ANALYSIS",
    "crossing": "crossing.analysis:ANALYSIS",
    "slices": "slices:ANALYSIS",
    "weight_sums": "weight_sums:ANALYSIS",
    "weights": "weights:ANALYSIS",
    "significance": "significance:ANALYSIS",
    "discriminant": "discriminant:ANALYSIS",
    "further": "further:ANALYSIS",
    "observed": "observed:ANALYSIS",
    "cut_flow": "cut_flow:ANALYSIS",
    "answer": "answer.analysis:ANALYSIS",
}
"""Name -> ``module:object``, in the order of the record."""


@cache
def analyses() -> Mapping[str, Analysis]:
    """Return every capability by name: ours, then those of packages (entry points ``fivesigma.analyses``)."""
    found: dict[str, Analysis] = {}
    for name, place in ANALYSES.items():
        module, _, attribute = place.partition(":")
        found[name] = getattr(importlib.import_module(f"{__name__}.{module}"), attribute)
    return found | dict(outside("analyses"))


def diagnostics() -> dict[str, Diagnostic]:
    """Return what can be read off a fit, by name."""
    return {each.name: each for analysis in analyses().values() for each in analysis.diagnostics}
