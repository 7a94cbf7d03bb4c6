"""A study, what its own models say fit by fit, and the table of scores that another tool would have made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars

from fivesigma._core.outputs import Output
from fivesigma.data.dataset import Dataset
from fivesigma.study.fit.finished import Finished, Memory
from fivesigma.study.fit.prediction import unpacked
from fivesigma.study.prepared import Prepared
from fivesigma.study.runner.fitter import Fitter
from fivesigma.study.runner.stages import first_stage
from fivesigma.study.study import Study

N = 300
EVENTS = 10**18 + np.arange(N)


def dataset(classes: int | None = 2) -> Dataset:
    """Return events with a 64-bit id; a regression where ``classes`` is None."""
    rng = np.random.default_rng(8)
    X = rng.normal(size=(N, 3))
    value = X[:, 0] + X[:, 1] * X[:, 2] + 0.7 * rng.normal(size=N)
    y = value if classes is None else np.digitize(value, np.quantile(value, np.arange(1, classes) / classes))
    return Dataset.from_arrays(X, y, spectators={"event": EVENTS})


def study(data: Dataset, models: list[Any], **sections: Any) -> Study:
    """Return a study of these models in three folds, with ten refits."""
    asked = {"split": {"folds": 3, "test": 0.3}, "evaluate": {"bootstrap": 100, "refits": 10}} | sections
    return Study(data, models=["dummy", *models], **asked)


def said(prepared: Prepared, name: str, R: int = 10) -> dict[str, np.ndarray]:
    """Return what one of our own models says of every event, as columns: out of fold where it is of training.

    ``own``, ``refit_1`` … ``refit_R`` and ``seed_1`` …, each with ``:k`` where there are several classes.
    """
    fitter, fits = (
        Fitter(prepared.fit_data, prepared.plan),
        first_stage(prepared, Finished(Memory())).run.lineup,
    )
    split, columns = prepared.split, {}
    for fit in fits[name]:
        if fit.params or (fit.sample.kind == "resample" and fit.sample.number >= R):
            continue
        parts = unpacked(fitter.fitted(fit)[0])
        held = split.train[split.folds == fit.sample.number]
        rows = {"validation": held, **split.tests}
        word = f"refit_{1 + fit.sample.number}" if fit.sample.kind == "resample" else f"seed_{fit.seed}"
        word = "own" if fit.sample.kind == "fold" or fit.is_final else word
        for part, at in rows.items():
            if part in parts:
                _fill(columns, word, at, next(iter(parts[part].items())))
    return columns


def _fill(columns: dict[str, np.ndarray], word: str, at: np.ndarray, one: tuple[Output, np.ndarray]) -> None:
    output, values = one
    named = {word: values} if output is Output.VALUE else {word: values[:, 1]}
    if output is Output.PROBABILITY and values.shape[1] > 2:
        named = {f"{word}:{k}": values[:, k] for k in range(values.shape[1])}
    for name, each in named.items():
        columns.setdefault(name, np.full(N, np.nan))[at] = each


def model(path: Path, scores: dict[str, np.ndarray], name: str = "elsewhere", **keys: Any) -> dict[str, Any]:
    """Write the scores, shuffled, and return the ``[[models]]`` table that reads them back, less ``keys`` of None."""
    order = np.random.default_rng(1).permutation(N)
    polars.DataFrame(
        {"event": EVENTS[order], **{key: each[order] for key, each in scores.items()}}
    ).write_parquet(path)
    sets: dict[str, list[str]] = {}
    for column in scores:
        sets.setdefault(column.split(":")[0], []).append(column)
    found = {
        "name": name,
        "kind": "predictions",
        "file": str(path),
        "on": "event",
        "columns": sets["own"],
        "refits": [names for word, names in sets.items() if word.startswith("refit")],
        "seeds": [names for word, names in sets.items() if word.startswith("seed")],
        "out_of_fold": True,
    }
    return {key: value for key, value in (found | keys).items() if value is not None}
