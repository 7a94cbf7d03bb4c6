"""From evidence on clusterings to the record, and their table of predictions: numbers and text only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.random import generator
from fivesigma.record.results import Audit, ModelRecord, Results
from fivesigma.risk.curves import feature_histograms
from fivesigma.study.evidence.clustering import ClusterEvidence
from fivesigma.study.fit.clustering_outcome import Clustered
from fivesigma.study.prepared import Prepared
from fivesigma.study.registry.registry import kind as kind_called
from fivesigma.study.runner import convergence
from fivesigma.study.runner.results import data_facts, seen, split_record

Array = NDArray[Any]

MOST_POINTS = 1500
TIMED = "sweeps_per_second"


def results(prepared: Prepared, outcomes: Sequence[Clustered], *, opened: bool) -> Results:
    """Return the record of a run; ``opened`` says whether the sealed tests were."""
    found, spec = ClusterEvidence(prepared, outcomes, opened), prepared.spec
    shown = _shown(prepared)
    notes = (
        *seen(prepared, opened=opened).audit,
        *prepared.notes,
        *convergence.notes(outcomes),
        *_notes(outcomes),
    )
    return Results(
        study=spec.study.name,
        task=prepared.data.task,
        seed=spec.study.seed,
        metric=prepared.metric.name,
        baseline=found.baseline,
        best=found.best,
        data=data_facts(prepared, opened=opened, sections=_pictures(prepared, shown)),
        split=split_record(prepared),
        models=tuple(_model(found, outcome, shown) for outcome in outcomes),
        claims=found.claims(),
        audit=tuple(Audit(*note) for note in notes),
        sections={"question": spec.study.question, "claim": _about(prepared), "blind": not opened},
    )


def _about(prepared: Prepared) -> str:
    """Say what intervals and σ are about: these labellings, or the procedure where folds judge a density."""
    folded = prepared.metric.name == "log_likelihood" and not prepared.split.tests
    return "procedure" if folded and prepared.split.n_folds > 1 else "fitted"


def _shown(prepared: Prepared) -> Array:
    """Return the places among the training rows of the events that pictures show."""
    n = len(prepared.split.train)
    if n <= MOST_POINTS:
        return np.arange(n)
    rng = generator(prepared.spec.study.seed, "points")
    return np.sort(rng.choice(n, MOST_POINTS, replace=False))


def _pictures(prepared: Prepared, shown: Array) -> dict[str, Any]:
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


def _bins(x: Array) -> int:
    """Return twice the number of bins of Freedman and Diaconis (1981), 12 to 80: they think of one population."""
    quarter, three = np.quantile(x, [0.25, 0.75])
    width = 2.0 * (three - quarter) / len(x) ** (1 / 3)
    return int(np.clip(2.0 * np.ptp(x) / width if width > 0 else 12, 12, 80))


def _model(found: ClusterEvidence, outcome: Clustered, shown: Array) -> ModelRecord:
    """Return the record of one clustering, fitted or not."""
    entry = outcome.entry
    settings = kind_called(entry.kind).checked(entry.params) if entry.kind else {}
    if not outcome.ok:
        return ModelRecord(entry.name, entry.kind, outcome.status, outcome.message, settings, outcome.n_fits)
    described = {key: value for key, value in outcome.described.items() if key != TIMED}
    mixture = dict(described.pop("mixture"))
    name = entry.name
    scores = found.scores(name)
    mixture["order"] = _order(mixture, outcome, scores)
    mixture["shown"] = outcome.said["train"]["labels"][shown].tolist()
    mixture["confusion"] = _confusion(found.prepared, outcome)
    return ModelRecord(
        name=name,
        kind=entry.kind,
        status="ok",
        message=outcome.message,
        params=settings | described.pop("chosen", {}),
        n_fits=outcome.n_fits,
        generalisation=found.generalisation(name),
        scores=scores,
        versus_baseline=found.versus(name, found.baseline),
        versus_best=found.versus(name, found.best),
        sections={"mixture": mixture, **described},
    )


def _order(mixture: Mapping[str, Any], outcome: Clustered, scores: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what is said for each number of components: those "auto" has tried, and the one that was fitted."""
    rows = {
        each["n_components"]: {
            "n_components": each["n_components"],
            "bic": each["bic"],
            "held_out": outcome.by_order.get(each["n_components"]),
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


def _confusion(prepared: Prepared, outcome: Clustered) -> dict[str, Any] | None:
    """Return how many training events of each class are in each cluster; noise, if any, is the last column."""
    data, train = prepared.data, prepared.split.train
    if data.y is None or data.classes is None:
        return None
    y, labels = data.y[train], np.asarray(outcome.said["train"]["labels"])
    known, K = y >= 0, max(int(labels.max()) + 1, outcome.described["mixture"]["n_clusters"])
    noise = bool((labels < 0).any())
    at = np.where(labels < 0, K, labels)
    table = np.zeros((len(data.classes), K + noise), dtype=np.int64)
    np.add.at(table, (y[known], at[known]), 1)
    return {"classes": list(data.classes), "noise": noise, "counts": table.tolist()}


def _notes(outcomes: Sequence[Clustered]) -> Iterator[tuple[str, str, str]]:
    """Yield what a reader must know of the fits: components that overlap, starts that knew the truth."""
    for outcome in outcomes:
        if not outcome.ok:
            continue
        name = outcome.entry.name
        warning = outcome.described["mixture"]["warning"]
        if warning:
            yield "separation", "warning", f"{name}: {warning}"
        if outcome.entry.params.get("start") == "informed":
            yield (
                "start",
                "warning",
                f"{name}: its chains start at the truth, to see whether they stay there; its agreement with the truth "
                "is no score of a method",
            )


def prediction_table(prepared: Prepared, outcomes: Sequence[Clustered], *, opened: bool) -> dict[str, Array]:
    """Return the columns of ``predictions.parquet``: one line an event, the sealed ones only once opened.

    ``NAME`` is the number of the cluster, 0 … K - 1 by the mean of the first column, -1 for noise (and for a test event
    that the clustering cannot label), and ``NAME:k`` the probability of cluster k where it has probabilities.
    """
    data, split = prepared.data, prepared.split
    parts = {"train": split.train, **(split.tests if opened else {})}
    rows = np.concatenate(list(parts.values()))
    columns: dict[str, Array] = {
        "row": data.rows[rows],
        "part": np.repeat(list(parts), [len(each) for each in parts.values()]),
    }
    if data.y is not None and data.classes is not None:
        names = np.array([*data.classes, None], dtype=object)  # the code -1 of an unknown truth is the last
        columns["target"] = names[data.y[rows]]
    columns["weight"] = np.ones(len(rows))
    predicted: dict[str, Array] = {}
    for outcome in outcomes:
        if outcome.ok:
            predicted |= _predicted(outcome, parts)
    taken = {*columns, *predicted}
    for name, column in data.spectators.items():
        columns[name if name not in taken else f"{name} (spectator)"] = column[rows]
    return columns | predicted


def _predicted(outcome: Clustered, parts: Mapping[str, Array]) -> dict[str, Array]:
    name, said = outcome.entry.name, outcome.said
    labels = [
        said[part]["labels"] if "labels" in said.get(part, {}) else np.full(len(rows), -1, dtype=np.int64)
        for part, rows in parts.items()
    ]
    found: dict[str, Array] = {name: np.concatenate(labels).astype(np.int64)}
    if "proba" in said["train"]:
        whole = np.concatenate([said[part]["proba"] for part in parts])
        found |= {f"{name}:{k}": whole[:, k] for k in range(whole.shape[1])}
    return found
