"""Decision regions: what each classifier of two features says of every place."""

from __future__ import annotations

from fivesigma.record.results import ModelRecord
from fivesigma.report.markup import cell
from fivesigma.report.regions.figure import regions_plot
from fivesigma.report.rounding import value_with_error
from fivesigma.report.section import Content, Section, View, metric_name

MOST_PANELS = 20


def _models(view: View) -> list[ModelRecord]:
    if not view.results.data.sections.get("plane"):
        return []
    return [model for model in view.ranked if model.sections.get("regions")]


def _sentence(view: View) -> str:
    models = _models(view)
    best = models[0]
    return (
        f"The {len(models)} classifiers in the order of their validation scores: the first, {best.name}, has "
        f"{metric_name(view.results.metric)} {value_with_error(view.score(best))} on the {view.events}."
    )


def _content(view: View) -> Content:
    plot = regions_plot(view, _models(view)[:MOST_PANELS])
    return Content({"sentences": [_sentence(view)]}, {"regions": plot})


def _markdown(view: View) -> str:
    return cell(_sentence(view))


SECTION = Section("regions", "Decision regions", lambda view: bool(_models(view)), _content, _markdown)
