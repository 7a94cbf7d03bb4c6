"""Clustering: labels of the events that are fitted, held against a truth that no fit has seen, and their density."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.outputs import Output
from fivesigma.data.dataset import Dataset
from fivesigma.risk.metric import Metric
from fivesigma.study.fit.prediction import Predictions
from fivesigma.study.plan import Entry
from fivesigma.study.tasks.task import TRAIN, VALIDATION, Asked, Claim, Judgement, Task, Truth, numbers

if TYPE_CHECKING:
    from fivesigma.models.mixtures.clusterer import Clusterer
    from fivesigma.study.spec.document import Spec
    from fivesigma.study.spec.models import ModelSection

Array = NDArray[Any]


@final
class Clustering(Task):
    """Groups of events, found without being told of any.

    Agreement is of the final labels of the training events, whose truth no fit has seen: it stands under
    ``validation``, and its error is about the procedure: refits to other events, with other seeds, label these ones.
    The density there is of events held out by folds.
    """

    name = "clustering"
    outputs = (Output.LABEL, Output.MEMBERSHIP, Output.DENSITY)
    own = frozenset({Output.LABEL, Output.MEMBERSHIP})
    supervised = False
    reads = "clustering"

    def check(self, spec: Spec, data: Dataset) -> None:
        """Refuse keys that mean nothing without a target to learn, and events that no clustering can take."""
        _check_study(spec)
        _check_events(spec, data)

    def unfit(self, data: Dataset, entry: Entry, n_train: int) -> str:
        """Refuse more clusters than there are events, and an informed start without a truth."""
        K = entry.params.get("n_components")
        if isinstance(K, int | float) and n_train < K:
            return f"n_components is {K:g}, and {n_train} events are fitted; give fewer."
        return _uninformed(data, entry) if entry.informed else ""

    def truth(self, data: Dataset, metric: Metric, rows: Array) -> Truth:
        """Return the classes of the events that have one, or of a density, which is held against none, zeros."""
        known: Any = ... if data.y is None or not metric.needs_truth else data.y[rows] >= 0
        kept = rows[known]
        y = data.y[kept] if metric.needs_truth and data.y is not None else np.zeros(len(kept))
        groups = None if data.groups is None else data.groups[kept]
        return Truth(y, None, groups, 1.0, known)

    def judged(self, metric: Metric, part: str, *, n_folds: int, claim: Claim) -> Judgement:
        """Return that resamples and refits judge, but for a density, which the folds do; of one fold it is a fit's."""
        if part == TRAIN:
            return Judgement("nothing", why="on the events it was fitted to: no interval")
        if part == VALIDATION and metric.scores not in self.own:
            return Judgement("folds", "procedure") if n_folds > 1 else Judgement("resamples")
        return Judgement("resamples", claim)

    def predict(self, estimator: Any, X: Array, asked: Asked) -> Predictions:
        """Return what the clustering can say; of others than the fitted events some can say nothing."""
        model, seen = inside(estimator), before(estimator, X)
        said: dict[Output, Array] = {}
        if Output.LABEL in asked.outputs and asked.fitted:
            said[Output.LABEL] = np.asarray(model.labels_)
        elif Output.LABEL in asked.outputs and model.can("predict"):
            said[Output.LABEL] = model.predict(seen)
        elif Output.LABEL in asked.outputs and asked.seen is not None:
            said[Output.LABEL] = of_nearest(before(estimator, asked.seen), model.labels_, seen)
        if Output.MEMBERSHIP in asked.outputs and model.can("predict_proba"):
            said[Output.MEMBERSHIP] = model.predict_proba(seen)
        if Output.DENSITY in asked.outputs and model.can("score_samples"):
            said[Output.DENSITY] = density(estimator, model.score_samples(seen))
        return said

    def columns(self, name: str, said: Predictions, meanings: Sequence[str]) -> dict[str, Array]:
        """Return ``NAME``, the number of the cluster, and ``NAME:k``, the probability of cluster k, if it has any.

        Clusters are numbered 0 … K - 1 by the mean of the first column; -1 is noise.
        """
        proba = said.get(Output.MEMBERSHIP)
        found = {} if proba is None else {f"{name}:{k}": each for k, each in enumerate(proba.T)}
        return {name: said[Output.LABEL].astype(np.int64), **found}

    def stored(self, table: Mapping[str, Array], name: str, meanings: Sequence[str]) -> Predictions:
        """See `Task.stored`."""
        return {Output.LABEL: numbers(table, name).astype(np.int64)}


def of_nearest(fitted: Array, labels: Array, X: Array) -> Array:
    """Return the label of the nearest fitted event of each row of X (n, p), its own where it was fitted itself.

    This is how a clustering that labels its own events alone is carried to others: Lange, Roth, Braun & Buhmann
    (2004), doi:10.1162/089976604773717621.

    >>> of_nearest(np.array([[0.0], [5.0]]), np.array([0, 1]), np.array([[1.0], [4.0], [5.0]]))
    array([0, 1, 1])
    """
    from sklearn.neighbors import NearestNeighbors

    found = NearestNeighbors(n_neighbors=1).fit(fitted).kneighbors(X, return_distance=False)
    told: Array = np.asarray(labels)[found[:, 0]]
    return told


def inside(pipeline: Any) -> Clusterer:
    """Return the clustering at the end of a fitted pipeline."""
    found: Clusterer = pipeline.steps[-1][1]
    return found


def before(pipeline: Any, X: Array) -> Array:
    """Return the columns (n, p) as the clustering at the end of the pipeline sees them."""
    for _, step in pipeline.steps[:-1]:
        X = step.transform(X)
    return np.asarray(X, dtype=np.float64)


def density(pipeline: Any, log_density: Array) -> Array:
    """Return log densities in the inverse units of the columns: those of standardised columns are shifted."""
    steps = dict(pipeline.steps)
    shift = float(np.log(steps["standardise"].scale_).sum()) if "standardise" in steps else 0.0
    found = np.asarray(log_density, dtype=np.float64) - shift
    if not np.isfinite(found).all():
        raise InputError("the density of an event is not finite; take fewer components or columns.")
    return found


def _check_events(spec: Spec, data: Dataset) -> None:
    """Refuse events that no clustering can take: weights, text, missing values, one row, columns that are constant."""
    if data.kind != "table":
        raise InputError(
            f"the events are of kind '{data.kind}', and clusterings take a table: one row an event."
        )
    if data.w is not None:
        raise spec.error(
            "data.weight",
            f"'{data.weight}' is given, and clusterings take no event weights; leave it out, or resample the "
            "events by weight first.",
        )
    if data.categories:
        name = next(iter(data.categories))
        raise spec.error("data.features", f"'{name}' holds text, which has no distance; leave it out.")
    if data.n_samples < 2:
        raise InputError(f"the data have {data.n_samples} events; a clustering needs at least two.")
    for name, column in zip(data.names, data.X.T, strict=True):
        if np.isnan(column).any():
            n = int(np.isnan(column).sum())
            raise InputError(
                f"the feature '{name}' is missing in {n} of {data.n_samples} events, and a clustering does not "
                'guess; set features.missing = "drop", or leave the column out.'
            )
        if float(np.ptp(column)) == 0.0:
            raise InputError(
                f"the feature '{name}' is constant ({column[0]:g} in every event), so that nothing clusters along "
                "it; leave it out with data.features."
            )


def _check_study(spec: Spec) -> None:
    """Refuse keys that mean nothing without a target to learn."""
    features = spec.features
    for key, given in (
        ("interactions", features.interactions > 1),
        ("polynomial", features.polynomial > 1),
        ("categorical", features.categorical is not None),
    ):
        if given:
            raise spec.error(
                f"features.{key}",
                "clusters are described in the columns themselves; use features.expressions.",
            )
    if spec.explain.permutation is not None:
        raise spec.error("explain.permutation", "there is no target whose loss could grow; remove the key.")
    if spec.curves.asked:
        raise spec.error("curves", "a clustering has no score on folds to draw them of; remove the section.")
    if spec.data.target is None and spec.data.classes is not None:
        raise spec.error(
            "data.classes", "classes are of a target, and there is none; name it, or remove them."
        )
    for place, model in enumerate(spec.models):
        _check_model(spec, model, f"models[{place}]")


def _check_model(spec: Spec, model: ModelSection, where: str) -> None:
    for key in ("interactions", "polynomial"):
        if (getattr(model, key) or 1) > 1:
            raise spec.error(
                f"{where}.{key}",
                "clusters are described in the columns themselves; use features.expressions.",
            )
    if model.tune is not False:
        raise spec.error(
            f"{where}.tune",
            'a clustering has no loss to tune by; set n_components = "auto", or compare several models.',
        )


def _uninformed(data: Dataset, entry: Entry) -> str:
    K = int(entry.params.get("n_components", 2))
    if data.y is None or data.classes is None or (data.y < 0).any():
        return "an informed start is the truth of every event; name its column with data.target."
    if len(data.classes) > K:
        return f"the truth has {len(data.classes)} classes, more than n_components = {K}; give more."
    return ""
