"""Whether clusters are found again: the number of clusters and the labels of refits."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from fivesigma.record.sections.stability import StabilityRecord
from fivesigma.report.markup import table
from fivesigma.report.rounding import count, fixed
from fivesigma.report.section import Content, Section, View
from fivesigma.report.stability.figure import numbers

HEAD = (
    "model",
    "clusters",
    "found by refits",
    "agreement of refits",
    "of other seeds",
    "least stable cluster",
)


def found(record: StabilityRecord) -> str:
    """Return how many refits found how many clusters, the most frequent first.

    >>> from fivesigma.record.sections.stability import NumberFound
    >>> both = tuple(NumberFound(n_clusters=K, refits=n, seeds=0) for K, n in ((2, 3), (3, 7)))
    >>> found(StabilityRecord(n_clusters=3, found=both, refits=(), seeds=(), clusters=()))
    '3 (7 of 10), 2 (3)'
    """
    total = sum(each.refits for each in record.found)
    often = sorted((each for each in record.found if each.refits), key=lambda each: -each.refits)
    shares = [f"{each.n_clusters} ({count(each.refits)})" for each in often]
    if not often:
        return ""
    return ", ".join([f"{often[0].n_clusters} ({count(often[0].refits)} of {count(total)})", *shares[1:]])


def _spread(values: tuple[float, ...]) -> str:
    """Return the median of some indices with the least of them."""
    return f"{fixed(median(values), 2)} (least {fixed(min(values), 2)})" if values else "–"


def _least(record: StabilityRecord) -> str:
    if not record.clusters:
        return "–"
    worst = min(range(len(record.clusters)), key=lambda k: record.clusters[k])
    return f"{worst} ({fixed(record.clusters[worst], 2)})"


def _lines(view: View) -> list[tuple[str, ...]]:
    return [
        (
            model.name,
            str(kept.n_clusters),
            found(kept),
            _spread(kept.refits),
            _spread(kept.seeds),
            _least(kept),
        )
        for model, kept in view.having(StabilityRecord)
    ]


def _content(view: View) -> Content:
    kept = [(model.name, record) for model, record in view.having(StabilityRecord)]
    several = any(len(record.found) > 1 for _, record in kept)
    return Content({"head": HEAD, "lines": _lines(view)}, {"stability": numbers(kept)} if several else {})


def _markdown(view: View) -> str:
    return table(HEAD, _lines(view))


SECTION = Section(
    "stability",
    "Whether the clusters are found again",
    lambda view: bool(view.having(StabilityRecord)),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
