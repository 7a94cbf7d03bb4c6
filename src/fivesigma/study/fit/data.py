"""The events and their division, as every fit of a run shares them, and what is kept with a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.random import generator
from fivesigma.record.store import RunFolder, read_arrays
from fivesigma.study.plan import ON_FOLDS, Entry, Fit, Plan

Array = NDArray[Any]


@dataclass(frozen=True)
class Material:
    """The events and their division: what every fit of a run shares.

    Attributes
    ----------
    X : (n_samples, n_features); ``y``, ``w`` : (n_samples,), ``w`` may be None.
    units : (n_samples,) labels of what must stay together inside any further split (groups, copies of a row).
    train : (n_train,) positions; ``folds`` : (n_train,) fold of each, -1 for never validated.
    tests : positions of each sealed test set, by name.
    meta : names, categories, task, number of classes and how training weights are scaled.
    """

    X: Array
    y: Array
    w: Array | None
    units: Array
    train: Array
    folds: Array
    tests: Mapping[str, Array]
    meta: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Material:
        """Map the arrays of a run folder into memory."""
        arrays, meta = read_arrays(folder)
        tests = {name: arrays[f"test_{i}"] for i, name in enumerate(meta["tests"])}
        shared = {name: arrays[name] for name in ("X", "y", "units", "train", "folds")}
        return cls(**shared, w=arrays.get("w"), tests=tests, meta=meta)

    def arrays(self) -> dict[str, Array]:
        """Return the arrays as `read` finds them."""
        named = {"X": self.X, "y": self.y, "units": self.units, "train": self.train, "folds": self.folds}
        if self.w is not None:
            named["w"] = self.w
        return named | {f"test_{i}": rows for i, rows in enumerate(self.tests.values())}

    def rows(self, fit: Fit, seed: int) -> tuple[Array, dict[str, Array]]:
        """Return the rows a fit may see, and the rows it is asked about."""
        if fit.purpose in ON_FOLDS:
            held = self.folds == fit.number
            return self.train[~held], {"validation": self.train[held]}
        tests = dict(self.tests)
        if fit.purpose == "final":
            return self.train, {"train": self.train, **tests}
        if fit.purpose in ("refit", "subset refit"):
            return self.resample(generator(seed, "refit", fit.number)), tests
        return self.train, tests

    def resample(self, rng: np.random.Generator) -> Array:
        """Return a bootstrap sample of the training rows: whole units, with replacement."""
        _, unit = np.unique(self.units[self.train], return_inverse=True)
        n_units = int(unit.max()) + 1
        copies = np.bincount(rng.integers(0, n_units, n_units), minlength=n_units)
        return np.repeat(self.train, copies[unit])

    def training_weights(self, rows: Array) -> Array | None:
        """Return the weights of ``rows`` for training: mean 1, or equal sums of the classes with mean 1."""
        by_class = self.meta["training_weights"] == "classes"
        if self.w is None and not by_class:
            return None
        w = np.ones(len(rows)) if self.w is None else np.asarray(self.w[rows], dtype=np.float64)
        if by_class:
            sums = np.bincount(self.y[rows], weights=w, minlength=self.meta["n_classes"])
            w = w / np.where(sums > 0, sums, 1.0)[self.y[rows]]
        return np.asarray(w / w.mean())

    def evaluation_weights(self, rows: Array) -> Array:
        """Return the weights that a choice made on ``rows`` is scored with: the physical ones, with the yield of
        all events.
        """
        if self.w is None:
            return np.full(len(rows), len(self.X) / len(rows))
        w = np.asarray(self.w[rows], dtype=np.float64)
        return np.asarray(w * (float(np.sum(self.w)) / w.sum()) if w.sum() > 0 else w)


class Bench(Protocol):
    """What a fit needs of the place where fits are carried out (`fivesigma.study.runner.worker.Workshop`)."""

    @property
    def folder(self) -> RunFolder | None:
        """The run folder; None where nothing is kept."""

    @property
    def material(self) -> Material:
        """The arrays that all fits share."""

    @property
    def plan(self) -> Plan:
        """The plan of the run."""

    @property
    def seed(self) -> int:
        """The study's seed."""

    @property
    def n_classes(self) -> int | None:
        """Number of classes; None for a regression."""

    def build(self, entry: Entry, fit: Fit) -> Any:
        """Return the unfitted estimator of a fit."""

    def columns(self, entry: Entry) -> Array:
        """Return the positions of the columns that a model takes."""
