"""One fit of a clustering: the labels of the events it is fitted to, and what it says of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma.study.fit.data import Bench
from fivesigma.study.fit.saved import about, model_file

if TYPE_CHECKING:
    from fivesigma.models.mixtures.clusterer import Clusterer
    from fivesigma.study.plan import Entry, Fit

Array = NDArray[Any]

SEPARATOR = "|"
"""Between the name of a part of the events and what is said of it, in the name of an array."""


def carry_out(shop: Bench, fit: Fit) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return what a fit says of the events it is asked about, and its remarks."""
    import time

    from fivesigma.study.fit import recipe

    entry, material = shop.plan.entry(fit.model), shop.material
    rows, asked = material.rows(fit, shop.seed)
    columns = shop.columns(entry)
    started = time.perf_counter()
    estimator = shop.build(entry, fit)
    if entry.params.get("start") == "informed":
        estimator.set_params(model__estimator__start=np.asarray(material.y[rows]))
    fitted = recipe.fit(estimator, material.X[np.ix_(rows, columns)])
    seconds = time.perf_counter() - started
    meta: dict[str, Any] = {"messages": list(fitted.messages), "fit_seconds": seconds}
    speed = getattr(inside(fitted.estimator).estimator_, "sweeps_per_second_", None)
    if speed is not None:
        meta["sweeps_per_second"] = float(speed)
    tables = {part: material.X[np.ix_(at, columns)] for part, at in asked.items()}
    if fit.purpose == "fold":
        said, by_order = held_out(fitted.estimator, tables["validation"])
        return said, meta | {"held_out": by_order}
    arrays: dict[str, Array] = {}
    if (
        shop.folder is None
    ):  # a point of a scan keeps nothing: of the events that were fitted, labels are scored
        arrays["train" + SEPARATOR + "labels"] = np.asarray(inside(fitted.estimator).labels_)
        tables.pop("train")
    for part, table in tables.items():
        own = part == "train"
        arrays |= {
            f"{part}{SEPARATOR}{k}": v for k, v in answers(fitted.estimator, table, fitted=own).items()
        }
    if shop.folder is None:
        return arrays, meta | {"described": {}}
    return arrays, meta | {"described": keep(shop, entry, fitted.estimator, columns, rows)}


def inside(pipeline: Any) -> Clusterer:
    """Return the clustering at the end of a fitted pipeline."""
    found: Clusterer = pipeline.steps[-1][1]
    return found


def before(pipeline: Any, X: Array) -> Array:
    """Return the columns (n, p) as the clustering at the end of the pipeline sees them."""
    for _, step in pipeline.steps[:-1]:
        X = step.transform(X)
    return np.asarray(X, dtype=np.float64)


def answers(pipeline: Any, X: Array, *, fitted: bool) -> dict[str, Array]:
    """Return labels (n,), and probabilities (n, K) and log densities (n,) where the clustering has them.

    ``fitted`` events have the labels of the fit itself; of others a clustering without ``predict`` says nothing.
    """
    model, seen = inside(pipeline), before(pipeline, X)
    said: dict[str, Array] = {}
    if fitted:
        said["labels"] = np.asarray(model.labels_)
    elif model.can("predict"):
        said["labels"] = model.predict(seen)
    if model.can("predict_proba"):
        said["proba"] = model.predict_proba(seen)
    if model.can("score_samples"):
        said["density"] = density(pipeline, model.score_samples(seen))
    return said


def density(pipeline: Any, log_density: Array) -> Array:
    """Return log densities in the inverse units of the columns: those of standardised columns are shifted."""
    steps = dict(pipeline.steps)
    shift = float(np.log(steps["standardise"].scale_).sum()) if "standardise" in steps else 0.0
    found = np.asarray(log_density, dtype=np.float64) - shift
    if not np.isfinite(found).all():
        raise InputError("the density of an event is not finite; take fewer components or columns.")
    return found


def held_out(pipeline: Any, X: Array) -> tuple[dict[str, Array], dict[str, float]]:
    """Return the log density of events that were held out, and its mean for each number of components tried."""
    model, seen = inside(pipeline), before(pipeline, X)
    said = {"validation": density(pipeline, model.score_samples(seen))}
    if not model.tried_:
        return said, {}
    by_order = model.log_density_by_order(seen)
    return said, {str(K): float(density(pipeline, each).mean()) for K, each in by_order.items()}


def keep(shop: Bench, entry: Entry, pipeline: Any, columns: Array, rows: Array) -> dict[str, Any]:
    """Save the final model and return what it says of itself."""
    from fivesigma.models.mixtures import summary
    from fivesigma.record import models
    from fivesigma.record.results import plain

    model, X = inside(pipeline), shop.material.X[np.ix_(rows, columns)]
    mixture = _summarised(pipeline, X)
    mixture["columns"] = _columns(shop, columns)
    health = summary.diagnostics(model)
    described: dict[str, Any] = {
        "chosen": {"n_components": model.n_clusters_}
        if entry.params.get("n_components", "auto") == "auto"
        else {},
        "mixture": plain(mixture),
    }
    if health is not None:
        described["diagnostics"] = plain(health)
        described["sweeps_per_second"] = float(model.estimator_.sweeps_per_second_)
    assert shop.folder is not None
    number = [each.name for each in shop.plan.entries].index(entry.name)
    pipeline.steps[-1] = ("model", summary.lean(model))
    try:
        models.save(pipeline, model_file(shop.folder, number), about(shop.material.meta, entry, columns))
    except InputError as error:  # a user's own estimator that cannot be kept without pickle
        described["not_saved"] = str(error)
    return described


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


def _columns(shop: Bench, columns: Array) -> list[dict[str, Any]]:
    meta = shop.material.meta
    return [{"name": meta["names"][i], "unit": meta["units"][i]} for i in columns]
