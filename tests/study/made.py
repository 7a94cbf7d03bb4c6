"""Prepared studies of each task, and outcomes of models that were never fitted: what evidence is weighed from."""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma._core.outputs import Output
from fivesigma.data.dataset import Dataset
from fivesigma.study.fit.outcome import Outcome
from fivesigma.study.fit.prediction import each
from fivesigma.study.plan import Entry
from fivesigma.study.prepared import Prepared
from fivesigma.study.study import Study

N = 240


def prepared(
    task: str = "regression", *, weights: bool = False, groups: int = 0, **sections: Any
) -> Prepared:
    """Return a study of 240 events, a quarter of them in the test set, that was not carried out."""
    rng = np.random.default_rng(4)
    X = rng.normal(size=(N, 2))
    y = (
        X[:, 0] + rng.normal(size=N)
        if task == "regression"
        else (X[:, 0] + rng.normal(size=N) > 0).astype(int)
    )
    data = Dataset.from_arrays(
        X,
        y,
        w=rng.uniform(0.5, 2.0, N) if weights else None,
        groups=np.arange(N) % groups if groups else None,
    )
    asked = {"split": {"folds": 3, "test": 0.25}, "evaluate": {"bootstrap": 100, "refits": 4}} | sections
    models = ["dummy", "linear"] if task == "regression" else ["dummy", "naive-bayes"]
    if task == "clustering":
        models = ["dummy", "k-means"]
        asked["evaluate"] = {"bootstrap": 100, **asked["evaluate"]}
    return Study(data, models=models, task=task, **asked).prepared()


def outcome(study: Prepared, name: str, noise: float, *, seed: int = 0, **more: Any) -> Outcome:
    """Return a model that says the truth with some ``noise`` of every part, and four refits of it."""
    rng = np.random.default_rng(seed)

    def said(rows: Any) -> dict[Output, Any]:
        y = study.data.y[rows]
        if study.data.task == "regression":
            return {Output.VALUE: y + noise * rng.normal(size=len(rows))}
        score = (2 * y - 1) + noise * rng.normal(size=len(rows))
        p = 1 / (1 + np.exp(-score))
        if study.data.task == "classification":
            return {Output.PROBABILITY: np.column_stack([1 - p, p])}
        return {Output.LABEL: (p > 0.5).astype(np.int64), Output.DENSITY: np.log(np.abs(p - 0.5) + 0.1)}

    split = study.split
    train, held = said(split.train), said(split.train)
    tests = {test: said(rows) for test, rows in split.tests.items()}
    refits = tuple({test: each(said, _again(rng)) for test, said in tests.items()} for _ in range(4))
    if study.data.task == "clustering":
        held[Output.LABEL], refits = train.pop(Output.LABEL), ()
    found = {"train": train, "validation": held, "tests": tests, "refits": refits} | more
    return Outcome(Entry(name, "own"), "ok", **found)


def _again(rng: np.random.Generator) -> Any:
    """Return what changes a prediction as little as another training set does."""
    return lambda values: values + 0.01 * rng.normal() * (values - values.mean(axis=0))
