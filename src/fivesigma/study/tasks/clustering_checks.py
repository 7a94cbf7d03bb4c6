"""What a clustering study cannot be told, said in one sentence before anything is fitted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fivesigma._core.errors import InputError
from fivesigma.data.dataset import Dataset
from fivesigma.risk.clustering import LogLikelihood
from fivesigma.study.plan import Entry
from fivesigma.study.spec.document import Spec
from fivesigma.study.spec.models import ModelSection


def check_events(spec: Spec, data: Dataset) -> None:
    """Refuse events that no clustering can take: weights, text, missing values, one row, columns that are constant."""
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


def check_study(spec: Spec) -> None:
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


def check_entries(spec: Spec, data: Dataset, entries: Sequence[Entry], n_train: int) -> None:
    """Refuse more clusters than there are events, and an informed start without a truth."""
    for entry in entries:
        K = entry.params.get("n_components")
        if isinstance(K, int | float) and n_train < K:
            raise spec.error(
                "models",
                f"'{entry.name}': n_components is {K:g}, and {n_train} events are fitted; give fewer.",
            )
        if entry.params.get("start") == "informed":
            _check_informed(spec, data, entry)


def _check_informed(spec: Spec, data: Dataset, entry: Entry) -> None:
    K = int(entry.params.get("n_components", 2))
    if data.y is None or data.classes is None or (data.y < 0).any():
        raise spec.error(
            "models",
            f"'{entry.name}': an informed start is the truth of every event; name its column with data.target.",
        )
    if len(data.classes) > K:
        raise spec.error(
            "models",
            f"'{entry.name}': the truth has {len(data.classes)} classes, more than n_components = {K}; give more.",
        )


def metric_of(data: Dataset) -> str:
    """Return the name of the primary metric where the study names none: with a truth the overlap."""
    return "overlap" if data.y is not None else LogLikelihood().name
