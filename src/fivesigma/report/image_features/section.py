"""What each model saw of an image: the images as they are, or which features of them."""

from __future__ import annotations

from pathlib import Path

from fivesigma.record.sections.image_features import ImageFeaturesRecord
from fivesigma.report.markup import cell, table
from fivesigma.report.rounding import count, duration, plain_number
from fivesigma.report.section import Content, Section, View

MOST_NAMED = 12
_WHOLE = "as they are"


def _lines(view: View) -> list[dict[str, str]]:
    """Return a line a model, best first; the baseline that looks at nothing has none."""
    kind, found = (
        view.results.data.kind,
        {model.name: kept for model, kept in view.having(ImageFeaturesRecord)},
    )
    lines = []
    for model in view.ranked:
        kept = found.get(model.name)
        if kept is not None:
            more = " …" if kept.n_columns > MOST_NAMED else ""
            named = ", ".join(kept.names[:MOST_NAMED]) + more
            lines.append(
                {
                    "model": model.name,
                    "seen": ", ".join(kept.families),
                    "n": count(kept.n_columns),
                    "names": named,
                }
            )
        elif model.kind not in ("dummy", "predictions"):
            lines.append({"model": model.name, "seen": f"{kind}s {_WHOLE}", "n": "–", "names": "–"})
    return lines


def _once(view: View) -> str:
    """Return how long the features took, which no model's time per fit holds; "" of a run that kept no time."""
    seconds = view.results.timing.get("image_features")
    if not seconds:
        return ""
    each = 1000 * seconds / view.results.data.n_samples
    return f"All features were measured once for all fits, in {duration(seconds)}: {plain_number(each, 2)} ms an event."


def _markdown(view: View) -> str:
    head, keys = ("model", "what it saw", "columns", "which"), ("model", "seen", "n", "names")
    rows = [tuple(cell(line[key]) for key in keys) for line in _lines(view)]
    return table(head, rows)


SECTION = Section(
    "image_features",
    "What the models saw",
    lambda view: bool(view.having(ImageFeaturesRecord)),
    lambda view: Content({"lines": _lines(view), "once": _once(view)}, {}),
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
