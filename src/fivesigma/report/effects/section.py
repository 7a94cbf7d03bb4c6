"""How the columns act: Shapley values of single events, and partial dependence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fivesigma.report.effects.curves import effects_plot
from fivesigma.report.effects.shapley import beeswarm, dependence
from fivesigma.report.markup import cell
from fivesigma.report.notes import notes
from fivesigma.report.rounding import plain_number
from fivesigma.report.section import Content, Section, View
from fivesigma.report.text import short


def _first(view: View, key: str, part: str) -> tuple[str, Mapping[str, Any]] | None:
    """Return the best model that has the ``part`` of what ``key`` records."""
    found = (view.results.explain or {}).get(key) or {}
    for model in view.ranked:
        if (found.get(model.name) or {}).get(part):
            return model.name, found[model.name]
    return None


def _said(view: View) -> list[str]:
    said = []
    if shap := _first(view, "shap", "points"):
        name, kept = shap
        points = kept["points"]
        moves = [
            f"high {short(column)} {'raises' if trend > 0 else 'lowers'} it"
            for column, trend in zip(points["names"], points["trend"], strict=True)
            if trend is not None and abs(trend) >= 0.5
        ][:3]
        begin = f"Shapley values divide each prediction of {short(name)} ({kept['scale']}) among the columns"
        said.append(begin + (f": {', '.join(moves)} (by rank correlation)." if moves else "."))
    if effect := _first(view, "effects", "columns"):
        name, kept = effect
        column = kept["columns"][0]
        low, high = min(column["mean"]), max(column["mean"])
        said.append(
            f"As {short(column['name'])} runs through its values, the mean prediction of {short(name)} moves between "
            f"{plain_number(low, 3)} and {plain_number(high, 3)}."
        )
    return said


def _content(view: View) -> Content:
    plots = {}
    if shap := _first(view, "shap", "points"):
        plots["shapley"] = beeswarm(*shap)
        if (plot := dependence(view, *shap)) is not None:
            plots["dependence"] = plot
    if effect := _first(view, "effects", "columns"):
        plots["effects"] = effects_plot(view, *effect)
    return Content({"said": _said(view), "notes": notes(view, ("effects",))}, plots)


def _applies(view: View) -> bool:
    return bool(_first(view, "shap", "points") or _first(view, "effects", "columns"))


def _markdown(view: View) -> str:
    return cell(" ".join(_said(view)))


SECTION = Section(
    "effects",
    "How the columns act",
    _applies,
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
