"""How the columns act: Shapley values of single events, and partial dependence."""

from __future__ import annotations

from pathlib import Path

from fivesigma.record.sections.explained import Effects, ShapleyPoints
from fivesigma.report.effects.curves import effects_plot
from fivesigma.report.effects.shapley import beeswarm, dependence
from fivesigma.report.markup import cell
from fivesigma.report.notes import notes
from fivesigma.report.rounding import plain_number
from fivesigma.report.section import Content, Section, View
from fivesigma.report.text import short


def _shapley(view: View) -> tuple[str, str, ShapleyPoints] | None:
    """Return the best model of which single Shapley values are kept, their scale, and these."""
    every = view.explained.shap or {}
    for model in view.ranked:
        if (kept := every.get(model.name)) and kept.points:
            return model.name, kept.scale or "", kept.points
    return None


def _effects(view: View) -> tuple[str, Effects] | None:
    """Return the best model of which effects are kept, and these."""
    every = view.explained.effects or {}
    for model in view.ranked:
        if (kept := every.get(model.name)) and kept.columns:
            return model.name, kept
    return None


def _said(view: View) -> list[str]:
    said = []
    if shap := _shapley(view):
        name, scale, points = shap
        moves = [
            f"high {short(column)} {'raises' if trend > 0 else 'lowers'} it"
            for column, trend in zip(points.names, points.trend, strict=True)
            if trend is not None and abs(trend) >= 0.5
        ][:3]
        begin = f"Shapley values divide each prediction of {short(name)} ({scale}) among the columns"
        said.append(begin + (f": {', '.join(moves)} (by rank correlation)." if moves else "."))
    if effect := _effects(view):
        name, kept = effect
        column = kept.columns[0]
        low, high = min(column.mean), max(column.mean)
        said.append(
            f"As {short(column.name)} runs through its values, the mean prediction of {short(name)} moves between "
            f"{plain_number(low, 3)} and {plain_number(high, 3)}."
        )
    return said


def _content(view: View) -> Content:
    plots = {}
    if shap := _shapley(view):
        plots["shapley"] = beeswarm(*shap)
        if (plot := dependence(view, shap[0], shap[2])) is not None:
            plots["dependence"] = plot
    if effect := _effects(view):
        plots["effects"] = effects_plot(view, *effect)
    return Content({"said": _said(view), "notes": notes(view, ("effects",))}, plots)


def _applies(view: View) -> bool:
    return bool(_shapley(view) or _effects(view))


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
