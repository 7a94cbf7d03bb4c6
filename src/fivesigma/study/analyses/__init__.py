"""What is asked beside scores: every capability by name, one line each."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache

from fivesigma._core.outside import outside
from fivesigma.study.analyses.analysis import Analysis, Diagnostic, Experiment, Run

ANALYSES: Mapping[str, str] = {
    "lineup": "fivesigma.study.analyses.lineup",
    "coefficients": "fivesigma.study.analyses.coefficients",
    "path": "fivesigma.study.analyses.path",
    "tuning": "fivesigma.study.analyses.tuning",
    "regions": "fivesigma.study.analyses.regions",
    "reduction": "fivesigma.study.analyses.reduction",
    "curves": "fivesigma.study.analyses.curves.analysis",
    "explain": "fivesigma.study.analyses.explain.analysis",
    "scan": "fivesigma.study.analyses.scan.analysis",
}
"""Name -> the module whose ``ANALYSIS`` it is, in the order of stages and of the record."""


@cache
def analyses() -> dict[str, Analysis]:
    """Return every capability by name: ours, then those of packages (entry points ``fivesigma.analyses``)."""
    own = {name: importlib.import_module(module).ANALYSIS for name, module in ANALYSES.items()}
    return own | dict(outside("analyses"))


def diagnostics() -> dict[str, Diagnostic]:
    """Return what can be read off a fit, by name."""
    return {each.name: each for analysis in analyses().values() for each in analysis.diagnostics}


def experiments(run: Run) -> list[Experiment]:
    """Return what asks for tasks of its own in a run."""
    return [each.experiment(run) for each in analyses().values() if each.experiment is not None]
