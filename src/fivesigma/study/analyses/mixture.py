"""What a clustering says of itself: its components, how many there might be, and how its classes fall into them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.random import generator
from fivesigma.record.document import tuples
from fivesigma.record.results import Score
from fivesigma.record.sections.chains import DiagnosticsRecord
from fivesigma.record.sections.columns import Counts, HistogramsRecord, PointsRecord
from fivesigma.record.sections.mixture import ClusterConfusion, MixtureRecord, Order
from fivesigma.record.sections.section import Section, named
from fivesigma.risk.curves import feature_histograms
from fivesigma.study.analyses.analysis import Analysis, Experiment, Fitted, Found, Run
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.fit.outcome import Outcome
from fivesigma.study.fit.prediction import Output
from fivesigma.study.plan import Entry, Fit
from fivesigma.study.prepared import Prepared
from fivesigma.study.tasks.clustering import before, density, inside
from fivesigma.study.tasks.registry import task as task_called

Array = NDArray[Any]
Note = tuple[str, str, str]

MOST_POINTS = 1500
SPEED = "sweeps_per_second"


class Mixture:
    """What clusterings say of themselves: the kept one as a whole, and folds of the numbers of components tried."""

    name = "mixture"

    def wanted(self, entry: Entry, fit: Fit, shared: Mapping[str, Any]) -> Any | None:
        """Read off the kept clustering and the folds."""
        read = fit.is_final or fit.sample.kind == "fold"
        return {} if read and not task_called(str(shared["task"])).supervised else None

    def of_fit(self, fitted: Fitted, settings: Any) -> Mapping[str, Any]:
        """Return what the kept fit says of itself, or the held-out density by number of components."""
        if fitted.fit.sample.kind == "fold":
            return {"by_order": _by_order(fitted.estimator, fitted.table(fitted.asked["validation"]))}
        meta = fitted.data.meta
        units = dict(zip(meta["names"], meta["units"], strict=True))
        columns = [{"name": name, "unit": units[name]} for name in fitted.names]
        return _of_kept(fitted.estimator, fitted.table(fitted.rows), columns)

    def record(self, found: Found, entry: Entry, run: Run) -> Mapping[str, Any]:
        """Return the clusters, before anything is known of other models or of a truth, and the health of chains."""
        read = next((read for fit, read in found if fit.is_final), None)
        if read is None:
            return {}
        held = _common([read["by_order"] for fit, read in found if not fit.is_final])
        order = [{**each, "held_out": held.get(each["n_components"])} for each in read["mixture"]["order"]]
        unknown = {"order": order, "shown": [], "confusion": None}
        health = read.get("diagnostics")
        return named(
            MixtureRecord.from_document({**read["mixture"], **unknown}),
            None if health is None else DiagnosticsRecord.from_document(health),
        )


def _common(tried: Sequence[Mapping[str, float]]) -> dict[int, float]:
    """Return the mean over folds for each number of components that every fold has tried."""
    common = [K for K in (tried[0] if tried else ()) if all(K in each for each in tried)]
    return {int(K): float(np.mean([each[K] for each in tried])) for K in common}


def _by_order(pipeline: Any, X: Array) -> dict[str, float]:
    """Return the mean log density of held-out events for each number of components that "auto" has tried."""
    model, seen = inside(pipeline), before(pipeline, X)
    by_order = model.log_density_by_order(seen) if model.tried_ else {}
    return {str(K): float(density(pipeline, each).mean()) for K, each in by_order.items()}


def _of_kept(pipeline: Any, X: Array, columns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the kept fit says of itself; ``columns`` have a name and a unit."""
    from fivesigma.models.mixtures import summary
    from fivesigma.record.results import plain

    model = inside(pipeline)
    described: dict[str, Any] = {"mixture": plain(_summarised(pipeline, X) | {"columns": list(columns)})}
    if (health := summary.diagnostics(model)) is not None:
        described["diagnostics"] = plain(health)
    speed = getattr(model.estimator_, SPEED + "_", None)
    return described if speed is None else described | {SPEED: float(speed)}


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


class Mixtures(Experiment):
    """The clusterings of a run in its record."""

    def of_model(self, found: Evidence, name: str) -> Mapping[str, Any]:
        """Return the clusters, beside their scores and the truth; {} of a model that has none."""
        outcome = found.fitted[name]
        mixture: MixtureRecord | None = outcome.described.get("mixture")
        if mixture is None:
            return {}
        labels = outcome.validation[Output.LABEL]
        return named(
            replace(
                mixture,
                order=_order(mixture, found.scores.of(name)),
                shown=tuples(labels[shown_rows(found.prepared)]),
                confusion=_confusion(found.prepared, mixture, labels),
            )
        )

    def scores(self, found: Evidence, name: str) -> Mapping[str, Score]:
        """Return the BIC and the log evidence of the fitted events, where there are any."""
        mixture: MixtureRecord | None = found.fitted[name].described.get("mixture")
        return {} if mixture is None else _in_sample(mixture)

    def notes(self, found: Evidence) -> Iterable[Note]:
        """Return what a reader must know of the fits."""
        return _notes(list(found.fitted.values()))


def _in_sample(mixture: MixtureRecord) -> dict[str, Score]:
    found: dict[str, Score] = {}
    if mixture.bic is not None:
        found["bic"] = Score(mixture.bic, method="p ln n - 2 ln L of the fitted events; small is good")
    if mixture.log_evidence is not None:
        value, half = mixture.log_evidence.value, 1.96 * (mixture.log_evidence.error or 0.0)
        found["log_evidence"] = Score(
            value,
            value - half,
            value + half,
            method="Chib's identity over all labellings; the interval is its Monte-Carlo error",
        )
    return found


def _order(mixture: MixtureRecord, scores: Mapping[str, Any]) -> tuple[Order, ...]:
    """Return what is said for each number of components: those "auto" has tried, and the one that was fitted."""
    if not mixture.density:
        return mixture.order
    held, evidence, K = scores["validation"].get("log_likelihood"), mixture.log_evidence, mixture.n_clusters
    own = {
        "bic": mixture.bic,
        "held_out": None if held is None else held.value,
        "log_evidence": None if evidence is None else evidence.value,
    }
    known: dict[str, Any] = {key: value for key, value in own.items() if value is not None}
    rows = {each.n_components: each for each in mixture.order}
    rows[K] = replace(rows.get(K, Order(n_components=K)), **known)
    return tuple(rows[K] for K in sorted(rows))


def _confusion(prepared: Prepared, mixture: MixtureRecord, labels: Array) -> ClusterConfusion | None:
    """Return how many training events of each class are in each cluster; noise, if any, is the last column."""
    data, train = prepared.data, prepared.split.train
    if data.y is None or data.classes is None:
        return None
    y = data.y[train]
    known, K = y >= 0, max(int(labels.max()) + 1, mixture.n_clusters)
    noise = bool((labels < 0).any())
    at = np.where(labels < 0, K, labels)
    table = np.zeros((len(data.classes), K + noise), dtype=np.int64)
    np.add.at(table, (y[known], at[known]), 1)
    return ClusterConfusion(classes=tuple(data.classes), noise=noise, counts=tuples(table))


def _notes(outcomes: Sequence[Outcome]) -> Iterator[Note]:
    """Yield what a reader must know of the fits: components that overlap, starts that knew the truth."""
    for outcome in outcomes:
        mixture: MixtureRecord | None = outcome.described.get("mixture")
        if mixture is None:
            continue
        name = outcome.entry.name
        if mixture.warning:
            yield "separation", "warning", f"{name}: {mixture.warning}"
        if outcome.entry.informed:
            yield (
                "start",
                "warning",
                f"{name}: its chains start at the truth, to see whether they stay there; its agreement with the truth "
                "is no score of a method",
            )


# --- pictures of the events


def pictures(prepared: Prepared) -> dict[str, Section]:
    """Return histograms of the columns, and the shown events in the first two of them, from training rows only."""
    data, train = prepared.data, prepared.split.train
    truth = data.classes if data.y is not None and (data.y[train] >= 0).all() else None
    histograms = feature_histograms(
        data.events(train),
        None if truth is None or data.y is None else data.y[train],
        names=data.names,
        units=data.units,
        classes=truth,
    )
    shown = shown_rows(prepared)
    points = PointsRecord(
        names=data.names[:2],
        units=data.units[:2],
        values=tuples(data.events(train[shown])[:, :2]),
        truth=None if data.y is None else tuples(data.y[train[shown]]),
        histogram=_counts(data.events(train)[:, 0]) if data.n_features == 1 else None,
    )
    return named(HistogramsRecord.from_document(histograms), points)


def _counts(x: Array) -> Counts:
    counts, edges = np.histogram(x, bins=_bins(x))
    return Counts(counts=tuples(counts), edges=tuples(edges))


def shown_rows(prepared: Prepared) -> Array:
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


ANALYSIS = Analysis("mixture", diagnostics=(Mixture(),), experiment=Mixtures)
