"""The sections of the page, in their order: a capability adds its folder, and its noun here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from fivesigma.record.results import Results
from fivesigma.report.section import Section, View

NOUNS = (
    "answer",
    "crossing",
    "confusion",
    "scan",
    "leaderboard",
    "metrics",
    "significance",
    "discriminant",
    "selected",
    "claims",
    "targets",
    "slices",
    "further",
    "observed",
    "clusters",
    "orders",
    "stability",
    "chains",
    "components",
    "regions",
    "roc",
    "residuals",
    "predictive",
    "pictures",
    "spread",
    "symmetries",
    "coefficients",
    "path",
    "tuning",
    "history",
    "reduction",
    "importance",
    "effects",
    "ablation",
    "generalisation",
    "curves",
    "scores",
    "calibration",
    "weights",
    "cut_flow",
    "image_features",
    "data",
    "method",
    "citation",
)

SECTIONS: tuple[Section, ...] = tuple(
    import_module(f"fivesigma.report.{noun}.section").SECTION for noun in NOUNS
)
"""What each folder calls its ``SECTION``."""


def with_others(others: Iterable[Section]) -> tuple[Section, ...]:
    """Return `SECTIONS` with those of other distributions: after all analyses, before the data and the method.

    >>> with_others(()) == SECTIONS
    True
    """
    at = NOUNS.index("data")
    return (*SECTIONS[:at], *others, *SECTIONS[at:])


def terminal(results: Results, manifest: Mapping[str, Any], others: Iterable[Section] = ()) -> list[str]:
    """Return what the sections say of a run in the terminal, in the order of the page."""
    view = View(results, manifest)
    spoken = [(each, each.terminal) for each in with_others(others) if each.terminal is not None]
    return [line for each, say in spoken if each.applies(view) for line in say(view)]
