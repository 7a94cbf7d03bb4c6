"""What a clustering says of itself: its components, how many there might be, and how its classes fall into them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.random import generator
from fivesigma.record.results import Score
from fivesigma.risk.curves import feature_histograms
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.fit.outcome import Outcome
from fivesigma.study.fit.prediction import Output
from fivesigma.study.plan import Entry
from fivesigma.study.prepared import Prepared
from fivesigma.study.tasks.clustering import before, density, inside

Array = NDArray[Any]
Note = tuple[str, str, str]

MOST_POINTS = 1500
TIMED = "sweeps_per_second"


# --- read off a fit


def of_fit(pipeline: Any) -> dict[str, Any]:
    """Return how fast a fitted clustering has sampled, {} where it has not."""
    speed = getattr(inside(pipeline).estimator_, "sweeps_per_second_", None)
    return {} if speed is None else {TIMED: float(speed)}


def of_fold(pipeline: Any, X: Array) -> dict[str, Any]:
    """Return the mean log density of held-out events for each number of components that "auto" has tried."""
    model, seen = inside(pipeline), before(pipeline, X)
    by_order = model.log_density_by_order(seen) if model.tried_ else {}
    return {"by_order": {str(K): float(density(pipeline, each).mean()) for K, each in by_order.items()}}


def of_final(pipeline: Any, entry: Entry, X: Array, columns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the final fit says of itself; ``columns`` have a name and a unit."""
    from fivesigma.models.mixtures import summary
    from fivesigma.record.results import plain

    model = inside(pipeline)
    chosen = {"n_components": model.n_clusters_} if entry.params.get("n_components", "auto") == "auto" else {}
    mixture = _summarised(pipeline, X) | {"columns": list(columns)}
    described: dict[str, Any] = {"chosen": chosen, "mixture": plain(mixture)}
    health = summary.diagnostics(model)
    return described if health is None else described | {"diagnostics": plain(health), **of_fit(pipeline)}


def leaner(pipeline: Any) -> None:
    """Leave out of a fitted clustering what new events have no use for, before it is kept."""
    from fivesigma.models.mixtures import summary

    pipeline.steps[-1] = ("model", summary.lean(inside(pipeline)))


def _summarised(pipeline: Any, X: Array) -> dict[str, Any]:
    """Return the section ``mixture`` in the units of the columns, standardised inside or not."""
    from fivesigma.models.mixtures import summary

    model, seen = inside(pipeline), before(pipeline, X)
    found = summary.summary(model, seen)
    steps: Mapping[str, Any] = dict(pipeline.steps)
    if (
        "standardise" in steps
    ):  # clusters without a density of their own: shares, means and spreads of their members
        members = summary.members(model, X)
        found |= {name: members[name] for name in ("weights", "means", "covariances")}
    rows = np.arange(len(X))
    return found | {"together": summary.together(model, rows), "loss": summary.loss(model)}


# --- the record


def section(found: Evidence, outcome: Outcome, scores: Mapping[str, Mapping[str, Score]]) -> dict[str, Any]:
    """Return the section ``mixture``, named; {} of a model that is none."""
    if "mixture" not in outcome.described:
        return {}
    mixture, labels = dict(outcome.described["mixture"]), outcome.validation[Output.LABEL]
    mixture["order"] = _order(mixture, outcome, scores)
    mixture["shown"] = labels[_shown(found.prepared)].tolist()
    mixture["confusion"] = _confusion(found.prepared, mixture, labels)
    return {"mixture": mixture}


def in_sample(outcome: Outcome) -> dict[str, Score]:
    """Return the BIC and the log evidence of the fitted events, where there are any."""
    mixture, found = outcome.described.get("mixture", {}), dict[str, Score]()
    if mixture.get("bic") is not None:
        found["bic"] = Score(mixture["bic"], method="p ln n - 2 ln L of the fitted events; small is good")
    if (log_evidence := mixture.get("log_evidence")) is not None:
        value, error = log_evidence["value"], log_evidence["error"]
        found["log_evidence"] = Score(
            value,
            value - 1.96 * error,
            value + 1.96 * error,
            method="Chib's identity over all labellings; the interval is its Monte-Carlo error",
        )
    return found


def _order(mixture: Mapping[str, Any], outcome: Outcome, scores: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what is said for each number of components: those "auto" has tried, and the one that was fitted."""
    tried = outcome.described.get("by_order", {})
    rows = {
        each["n_components"]: {
            "n_components": each["n_components"],
            "bic": each["bic"],
            "held_out": tried.get(each["n_components"]),
            "log_evidence": None,
        }
        for each in mixture["order"]
    }
    held = scores["validation"].get("log_likelihood")
    if mixture["density"]:
        evidence = mixture["log_evidence"]
        own = {
            "bic": mixture["bic"],
            "held_out": None if held is None else held.value,
            "log_evidence": None if evidence is None else evidence["value"],
        }
        K = mixture["n_clusters"]
        rows[K] = rows.get(K, {"n_components": K}) | {
            key: value for key, value in own.items() if value is not None
        }
        rows[K] = {"bic": None, "held_out": None, "log_evidence": None} | rows[K]
    return [rows[K] for K in sorted(rows)]


def _confusion(prepared: Prepared, mixture: Mapping[str, Any], labels: Array) -> dict[str, Any] | None:
    """Return how many training events of each class are in each cluster; noise, if any, is the last column."""
    data, train = prepared.data, prepared.split.train
    if data.y is None or data.classes is None:
        return None
    y = data.y[train]
    known, K = y >= 0, max(int(labels.max()) + 1, mixture["n_clusters"])
    noise = bool((labels < 0).any())
    at = np.where(labels < 0, K, labels)
    table = np.zeros((len(data.classes), K + noise), dtype=np.int64)
    np.add.at(table, (y[known], at[known]), 1)
    return {"classes": list(data.classes), "noise": noise, "counts": table.tolist()}


def notes(outcomes: Sequence[Outcome]) -> Iterator[Note]:
    """Yield what a reader must know of the fits: components that overlap, starts that knew the truth."""
    for outcome in outcomes:
        if not outcome.ok or "mixture" not in outcome.described:
            continue
        name = outcome.entry.name
        warning = outcome.described["mixture"]["warning"]
        if warning:
            yield "separation", "warning", f"{name}: {warning}"
        if outcome.entry.informed:
            yield (
                "start",
                "warning",
                f"{name}: its chains start at the truth, to see whether they stay there; its agreement with the truth "
                "is no score of a method",
            )


# --- pictures of the events


def pictures(prepared: Prepared) -> dict[str, Any]:
    """Return histograms of the columns, and the shown events in the first two of them, from training rows only."""
    data, train = prepared.data, prepared.split.train
    truth = data.classes if data.y is not None and (data.y[train] >= 0).all() else None
    histograms = feature_histograms(
        data.X[train],
        None if truth is None or data.y is None else data.y[train],
        names=data.names,
        units=data.units,
        classes=truth,
    )
    shown = _shown(prepared)
    two = data.X[train[shown]][:, :2]
    points: dict[str, Any] = {
        "names": list(data.names[:2]),
        "units": list(data.units[:2]),
        "values": two.tolist(),
    }
    if data.y is not None:
        points["truth"] = data.y[train[shown]].tolist()
    if data.n_features == 1:
        counts, edges = np.histogram(data.X[train][:, 0], bins=_bins(data.X[train][:, 0]))
        points["histogram"] = {"counts": counts.tolist(), "edges": edges.tolist()}
    return {"histograms": histograms, "points": points}


def _shown(prepared: Prepared) -> Array:
    """Return the places among the training rows of the events that pictures show."""
    n = len(prepared.split.train)
    if n <= MOST_POINTS:
        return np.arange(n)
    rng = generator(prepared.spec.study.seed, "points")
    return np.sort(rng.choice(n, MOST_POINTS, replace=False))


def _bins(x: Array) -> int:
    """Return twice the number of bins of Freedman and Diaconis (1981), 12 to 80: they think of one population."""
    quarter, three = np.quantile(x, [0.25, 0.75])
    width = 2.0 * (three - quarter) / len(x) ** (1 / 3)
    return int(np.clip(2.0 * np.ptp(x) / width if width > 0 else 12, 12, 80))
