"""What is fixed before the first fit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.random import generator
from fivesigma.data import shape
from fivesigma.data.dataset import Dataset
from fivesigma.risk.crossfit import halved
from fivesigma.risk.metrics import Metric
from fivesigma.risk.splits import Split
from fivesigma.risk.strata import Prevalence
from fivesigma.study.fit.data import FitData
from fivesigma.study.fit.images import measured_features
from fivesigma.study.plan import Plan

if TYPE_CHECKING:  # a worker has no study file to check
    from fivesigma.study.spec.document import Spec

MEMORY = "user: the arrays given to Study in Python"
"""What stands for the path of a table that was given in Python."""


@dataclass(frozen=True)
class ClassFraction:
    """Whether the class fraction is part of what is random (`Prevalence`), and ``why`` it is taken so."""

    prevalence: Prevalence
    why: str


@dataclass(frozen=True, eq=False)
class Prepared:
    """All that is fixed before the first fit.

    Attributes
    ----------
    spec : the study, paths absolute.
    data : the events with a target.
    split : their division.
    metric : the primary metric; ``metrics`` : all that apply.
    baseline : the name of the model that the others are compared with, None where there is none to compare.
    plan : the line-up, and what every task depends on.
    costs : seconds of one fit of each model, by the cost law of its kind.
    notes : audit entries beside those of the data.
    own : the user's own estimators by name.
    given : the scores of each model that is not fitted here, by name (see `FitData.given`).
    fraction : whether the class fraction is random, and why; None without classes to learn.
    observed_open : whether observed events may be looked at where the signal would be.
    """

    spec: Spec
    data: Dataset
    split: Split
    metric: Metric
    metrics: tuple[Metric, ...]
    baseline: str
    plan: Plan
    costs: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[tuple[str, str, str], ...] = ()
    own: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    fraction: ClassFraction | None = None
    observed_open: bool = False

    @property
    def n_classes(self) -> int | None:
        """Number of classes; None for a regression and a clustering."""
        learnt = self.data.task == "classification" and self.data.classes is not None
        return len(self.data.classes or ()) if learnt else None

    @cached_property
    def halves(self) -> NDArray[np.int64]:
        """The halvings of the training rows (M, n_train) that show how a cross-fitted score varies, where one is asked.

        Halves have the classes' shares only where these are by design; the folds inside them have.
        """
        split, evaluate = self.split, self.spec.evaluate
        if not evaluate.crossfit or evaluate.claim == "fitted":
            return np.empty((0, 0), dtype=np.int64)
        labels = self.data.y[split.train] if self.n_classes is not None and self.data.y is not None else None
        strata = labels if self.spec.split.stratify or self.by_design else None
        streams = (generator(self.spec.study.seed, "halves", number) for number in range(evaluate.refits))
        units, hold = split.units[split.train], self.by_design
        dealt = [halved(units, strata, split.n_folds, rng, hold=hold) for rng in streams]
        return np.array(dealt, dtype=np.int64)

    @property
    def by_design(self) -> bool:
        """Whether the class fraction is by design."""
        return self.fraction is not None and self.fraction.prevalence == "fixed"

    @cached_property
    def meta(self) -> Mapping[str, Any]:
        """What the arrays that the fits share mean, and the settings of every fit."""
        data, spec = self.data, self.spec
        meta = {
            "names": list(data.names),
            "categories": {name: list(labels) for name, labels in data.categories.items()},
            "columns": how_read(spec, data),
            "units": list(data.units),
            "target_unit": data.target_unit,
            "target_units": {
                name: unit for name, unit in zip(data.targets, data.target_units, strict=True) if unit
            },
            **({"angles": dict(data.angles)} if data.angles else {}),
            **({"symmetries": list(spec.features.symmetries)} if spec.features.symmetries else {}),
            **({"members": dict(spec.features.members)} if spec.features.members else {}),
            **({"momentum": list(spec.features.momentum)} if spec.features.momentum else {}),
            "kind": data.kind,
            "shape": list(data.X.shape[1:]),
            "classes": None if self.n_classes is None else list(data.classes or ()),
            "n_classes": self.n_classes,
            "task": data.task,
            "target": data.target,
            "targets": list(data.several),
            "data": data.sha256,
            "tests": list(self.split.tests),
            "missing": spec.features.missing,
            "standardise": spec.features.standardise,
            "training_weights": spec.data.training_weights,
            "negative": "keep" if spec.weights is None else spec.weights.negative,
            "seed": spec.study.seed,
        }
        features = measured_features(self.plan.entries, meta)
        return meta | ({} if features is None else {"measured": list(features.names)})

    @cached_property
    def measured(self) -> tuple[NDArray[np.float64], float]:
        """The image features of all models (n_samples, q), q = 0 where there are none, and the seconds they took."""
        features = measured_features(self.plan.entries, self.meta)
        if features is None:
            return np.empty((0, 0)), 0.0
        started = time.perf_counter()
        return features.table(self.data.X), time.perf_counter() - started

    @cached_property
    def fit_data(self) -> FitData:
        """The arrays that the fits share; features of images are measured here."""
        data, split, meta = self.data, self.split, self.meta
        y = np.full(data.n_samples, -1, dtype=np.int64) if data.y is None else data.y
        X = shape.marked(data.X, data.mask)
        measured, _ = self.measured
        shared = (X, y, data.w, split.units, split.train, split.folds, split.tests)
        given = ({**meta, "given": list(self.given)}, self.given)
        return FitData(*shared, *given, split.near, split.further, self.halves, measured)


def how_read(spec: Spec, data: Dataset) -> dict[str, dict[str, Any]]:
    """Return how each column was read, as a model keeps it for the tables that it will be applied to.

    Units are kept where there are expressions, which are made by them.
    """
    never_coded = (spec.data.weight, spec.data.group)
    coded = {"missing": list(spec.data.missing)} if spec.data.missing else {}
    units = data.column_units if spec.features.expressions else {}
    return {
        name: {
            "read": kind,
            **({} if name in never_coded else coded),
            **({"unit": units[name]} if name in units else {}),
        }
        for name, kind in data.columns.items()
    }
