"""The clusters: where they lie, how large they are, and how they meet the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fivesigma._core.counts import noun
from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.mixture import ClusterConfusion, Covariances, Means, MixtureRecord, Shares
from fivesigma.report.clusters.figure import clusters
from fivesigma.report.clusters.matching import order
from fivesigma.report.markup import cell
from fivesigma.report.rounding import DASH, count, fixed, interval, interval_decimals, plain_number
from fivesigma.report.section import Content, Section, View

Clustering = tuple[ModelRecord, MixtureRecord]

MOST_TABLES = 8
MOST_CONFUSIONS = 3
MOST_COLUMNS = 4
MOST_CLUSTERS = 20


def _content(view: View) -> Content:
    models, plot = view.having(MixtureRecord), clusters(view)
    context = {
        "seen": _seen(view, models),
        "warnings": _warnings(models),
        "tables": _tables(models[:MOST_TABLES]),
        "left_out": max(0, len(models) - MOST_TABLES),
        "confusions": _confusions(models[:MOST_CONFUSIONS]),
    }
    return Content(context, {"clusters": plot} if plot is not None else {})


def _seen(view: View, models: list[Clustering]) -> str:
    """Return the one sentence on what is seen."""
    best, mixture = next((each for each in models if each[0] == view.best), models[0])
    sizes = ", ".join(count(n) for n in mixture.counts)
    noise = f"; {count(mixture.noise)} are noise" if mixture.noise else ""
    word, events = noun(mixture.n_clusters, "cluster"), noun(max(mixture.counts), "event")
    return f"“{best.name}” finds {mixture.n_clusters} {word}, of {sizes} {events}{noise}."


def _warnings(models: list[Clustering]) -> list[str]:
    return [f"“{model.name}”: {mixture.warning}" for model, mixture in models if mixture.warning]


def _tables(models: list[Clustering]) -> list[dict[str, Any]]:
    """Return one table for all models of the same columns: their clusters below each other."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for each in models:
        made = _table(*each)
        kept = found.setdefault(
            (*made["columns"], made["spreads"], made["more_columns"]), made | {"groups": []}
        )
        kept["groups"].append(made)
    return list(found.values())


def _table(model: ModelRecord, mixture: MixtureRecord) -> dict[str, Any]:
    columns = mixture.columns[:MOST_COLUMNS]
    rows = [_row(mixture, k, len(columns)) for k in range(min(mixture.n_clusters, MOST_CLUSTERS))]
    return {
        "name": model.name,
        "columns": [f"{each.name} [{each.unit}]" if each.unit else each.name for each in columns],
        "more_columns": max(0, len(mixture.columns) - MOST_COLUMNS),
        "more_clusters": max(0, mixture.n_clusters - MOST_CLUSTERS),
        "spreads": mixture.covariances is not None,
        "posterior": mixture.weights.low is not None,
        "rows": rows,
    }


def _row(mixture: MixtureRecord, k: int, n: int) -> dict[str, Any]:
    weights, means, spread = mixture.weights, mixture.means, mixture.covariances
    return {
        "number": str(k),
        "events": count(mixture.counts[k]),
        "weight": _value(*_at(weights, k)),
        "means": [_value(*_at(means, k, j)) for j in range(n)],
        "spreads": [] if spread is None else [_root(*_at(spread, k, j, j)) for j in range(n)],
    }


def _at(kept: Shares | Means | Covariances, *where: int) -> tuple[float | None, float | None, float | None]:
    """Return value, low and high of one entry."""
    return _entry(kept.value, where), _entry(kept.low, where), _entry(kept.high, where)


def _entry(values: Any, where: tuple[int, ...]) -> float | None:
    for index in where:
        values = None if values is None else values[index]
    found: float | None = values
    return found


def _value(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return DASH
    if low is None or high is None:
        return plain_number(value)
    decimals = interval_decimals(low, high)
    return f"{fixed(value, decimals)} [{interval(low, high, decimals)}]"


def _root(*values: float | None) -> str:
    value, low, high = (None if each is None else max(each, 0.0) ** 0.5 for each in values)
    return _value(value, low, high)


def _confusions(models: list[Clustering]) -> list[dict[str, Any]]:
    """Return a table for each model that was compared with a truth and has few clusters."""
    return [
        _confusion(model.name, mixture.confusion)
        for model, mixture in models
        if mixture.confusion is not None and len(mixture.confusion.counts[0]) <= MOST_CLUSTERS
    ]


def _confusion(name: str, kept: ClusterConfusion) -> dict[str, Any]:
    n, across = len(kept.counts[0]), order(kept)
    heads = [str(k) for k in across] + (["noise"] if kept.noise else [])
    across += [n - 1] if kept.noise else []
    rows = [
        {"name": label, "counts": [(count(row[k]), round(100.0 * row[k] / max(sum(row), 1))) for k in across]}
        for label, row in zip(kept.classes, kept.counts, strict=True)
    ]
    return {"name": name, "heads": heads, "rows": rows}


def _markdown(view: View) -> str:
    models = view.having(MixtureRecord)
    lines = [cell(_seen(view, models))]
    for model, mixture in models[:MOST_TABLES]:
        table = _table(model, mixture)
        lines.append(f"\n**{cell(model.name)}**\n")
        for row in table["rows"]:
            events = "event" if row["events"] == "1" else "events"
            means = "; ".join(
                f"{cell(name)} {mean}" for name, mean in zip(table["columns"], row["means"], strict=True)
            )
            lines.append(
                f"- cluster {row['number']}: {row['events']} {events}, weight {row['weight']}; {means}"
            )
    lines += [f"- {cell(said)}" for said in _warnings(models)]
    return "\n".join(lines)


SECTION = Section(
    "clusters",
    "The clusters",
    lambda view: bool(view.having(MixtureRecord)),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
