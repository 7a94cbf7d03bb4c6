"""The sections of the page, in their order: a capability adds its folder, and its noun here."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from fivesigma.report.section import Section

NOUNS = (
    "answer",
    "scan",
    "leaderboard",
    "metrics",
    "selected",
    "claims",
    "targets",
    "slices",
    "further",
    "clusters",
    "orders",
    "stability",
    "chains",
    "components",
    "regions",
    "roc",
    "residuals",
    "predictive",
    "coefficients",
    "path",
    "tuning",
    "reduction",
    "importance",
    "effects",
    "ablation",
    "generalisation",
    "curves",
    "scores",
    "calibration",
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
