"""What each model leans on: permutation importance on held-out folds."""

from __future__ import annotations

from typing import Any

from fivesigma.report.rounding import plain_number
from fivesigma.report.section import Content, Section, View, metric_name

LONGEST = 20
"""Columns shown a model; the record holds them all."""


def _kept(view: View) -> dict[str, Any]:
    found = (view.results.explain or {}).get("permutation") or {}
    return {model.name: found[model.name] for model in view.ranked if found.get(model.name)}


def _line(name: str, mean: float, std: float) -> dict[str, str]:
    return {
        "name": name,
        "mean": plain_number(mean, 3),
        "std": plain_number(std, 2),
        "word": "above noise" if mean > 2 * std else "not distinguished from noise",
    }


def _content(view: View) -> Content:
    tables = [
        {
            "name": model,
            "lines": [_line(*each) for each in zip(kept["names"], kept["mean"], kept["std"], strict=True)][
                :LONGEST
            ],
            "more": max(0, len(kept["names"]) - LONGEST),
        }
        for model, kept in _kept(view).items()
    ]
    return Content({"metric": metric_name(view.results.metric), "tables": tables})


IMPORTANCE = Section("importance", "What the models lean on", lambda view: bool(_kept(view)), _content)
