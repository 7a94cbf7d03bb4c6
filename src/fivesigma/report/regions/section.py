"""Decision regions: what each classifier of two features says of every place."""

from __future__ import annotations

from fivesigma.record.sections.regions import PlaneRecord, RegionsRecord
from fivesigma.report.markup import cell
from fivesigma.report.regions.figure import regions_plot
from fivesigma.report.rounding import value_with_error
from fivesigma.report.section import Content, Section, View, metric_name

MOST_PANELS = 20


def _sentence(view: View) -> str:
    models = view.having(RegionsRecord)
    best, _ = models[0]
    return (
        f"The {len(models)} classifiers in the order of their validation scores: the first, {best.name}, has "
        f"{metric_name(view.results.metric)} {value_with_error(view.score(best))} on the {view.events}."
    )


def _content(view: View) -> Content:
    plane = view.results.data.section(PlaneRecord)
    assert plane is not None
    plot = regions_plot(view, plane, view.having(RegionsRecord)[:MOST_PANELS])
    return Content({"sentences": [_sentence(view)]}, {"regions": plot})


def _markdown(view: View) -> str:
    return cell(_sentence(view))


def _applies(view: View) -> bool:
    return view.results.data.section(PlaneRecord) is not None and bool(view.having(RegionsRecord))


SECTION = Section("regions", "Decision regions", _applies, _content, _markdown)
