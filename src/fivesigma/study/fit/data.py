"""The events and their division, as every fit of a run shares them, and what is kept with a model."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.gathered import Gathered, rows_of
from fivesigma._core.random import generator
from fivesigma._core.weights import signed
from fivesigma.data.shape import of_channels
from fivesigma.features.symmetries import Element
from fivesigma.models.signed import POLICIES, Events, Trained
from fivesigma.record.store import read_arrays
from fivesigma.risk.flexibility import nested_order
from fivesigma.study.fit.images import described, image_features
from fivesigma.study.plan import SHARES, Entry, Fit, Sample, share

Array = NDArray[Any]

MOST_KEPT = 10_000_000
"""Training weights that are kept for other models to be fitted to the same rows: 90 MB."""


@dataclass(frozen=True)
class FitData:
    """The events and their division: what every fit of a run shares.

    Attributes
    ----------
    X : (n_samples, \\*shape); absent members of a set are NaN. ``y``, ``w`` : (n_samples,), ``w`` may be None.
    units : (n_samples,) labels of what must stay together inside any further split (groups, copies of a row).
    train : (n_train,) positions; ``folds`` : (n_train,) fold of each, -1 for never validated; ``further`` :
        (R - 1, n_train) the folds of further repeats; ``halves`` : (M, n_train) of each halving the half of each, times
        the folds of a half, and its fold there.
    tests : positions of each sealed test set, by name.
    meta : names, categories, kind and shape of an event, task, number of classes and how training weights are scaled.
    given : of each model whose scores were made elsewhere (s, n_samples, ...): its own, then those of its refits and
        of its seeds.
    measured : (n_samples, q) image features, which are the same for every fit; their names are in ``meta``.
    near : (n_folds, n_train), rows that a fold neither validates on nor fits to; (0, 0) where there are none.
    """

    X: Array
    y: Array
    w: Array | None
    units: Array
    train: Array
    folds: Array
    tests: Mapping[str, Array]
    meta: Mapping[str, Any]
    given: Mapping[str, Array] = field(default_factory=dict)
    near: Array = field(default_factory=lambda: np.zeros((0, 0), dtype=np.bool_))
    further: Array = field(default_factory=lambda: np.empty((0, 0), dtype=np.int64))
    halves: Array = field(default_factory=lambda: np.empty((0, 0), dtype=np.int64))
    measured: Array = field(default_factory=lambda: np.empty((0, 0)))
    _turned: dict[Any, Array] = field(default_factory=dict, init=False, repr=False, compare=False)
    _trained: dict[str, Trained] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def read(cls, folder: Path) -> FitData:
        """Map the arrays of a run folder into memory."""
        arrays, meta = read_arrays(folder)
        tests = {name: arrays[f"test_{i}"] for i, name in enumerate(meta["tests"])}
        shared = {name: arrays[name] for name in ("X", "y", "units", "train", "folds")}
        given = {name: arrays[f"given_{i}"] for i, name in enumerate(meta["given"])}
        shared |= {name: arrays[name] for name in ("near", "further", "halves", "measured") if name in arrays}
        return cls(**shared, w=arrays.get("w"), tests=tests, meta=meta, given=given)

    @property
    def n_targets(self) -> int:
        """How many targets there are."""
        return 1 if self.y.ndim == 1 else int(self.y.shape[1])

    def arrays(self) -> dict[str, Array]:
        """Return the arrays as `read` finds them."""
        named = {"X": self.X, "y": self.y, "units": self.units, "train": self.train, "folds": self.folds}
        if self.w is not None:
            named["w"] = self.w
        if self.near.size:
            named["near"] = self.near
        if len(self.further):
            named["further"] = self.further
        if len(self.halves):
            named["halves"] = self.halves
        if self.measured.size:
            named["measured"] = self.measured
        named |= {f"given_{i}": scores for i, scores in enumerate(self.given.values())}
        return named | {f"test_{i}": rows for i, rows in enumerate(self.tests.values())}

    def held(self, sample: Sample) -> Array:
        """Return which training rows (n_train,) a fold holds out."""
        if sample.without is not None:
            return np.asarray(self.folds == sample.without)
        folds = self.folds if sample.repeat == 0 else self.further[sample.repeat - 1]
        return np.asarray(folds == sample.number)

    def cells(self, sample: Sample) -> tuple[Array, int, int]:
        """Return the cells (n_train,) of the halving that a fit is of, its own cell, and the folds of a half."""
        n_cells = 1 + int(self.halves[0].max())
        halving, cell = divmod(sample.number, n_cells)
        return np.asarray(self.halves[halving]), cell, n_cells // 2

    def rows(self, sample: Sample, seed: int) -> Array:
        """Return the positions of the rows that a fit on ``sample`` may see."""
        if sample.kind == "resample":
            rows = self.resample(generator(seed, "refit", sample.number))
            return rows if sample.without is None else rows[self._beside(sample)[self.places(rows)]]
        if sample.kind in SHARES:
            rows = self.part(generator(seed, sample.kind, sample.number), sample)
            return rows if sample.without is None else rows[self._beside(sample)[self.places(rows)]]
        if sample.kind == "all":
            return self.train
        if sample.kind == "half":
            cells, own, n_folds = self.cells(sample)
            fitted = (cells // n_folds == own // n_folds) & (cells != own)
            return np.asarray(self.train[fitted])
        rows = self.train[self._beside(sample)]
        return (
            rows
            if sample.n_rows is None
            else self._first(rows, sample.n_rows, generator(seed, "learning", sample.number))
        )

    def _beside(self, sample: Sample) -> Array:
        """Return which training rows a fit may see that a fold judges: those of other folds, and not near it."""
        fold = sample.number if sample.without is None else sample.without
        seen: Array = ~self.held(sample)
        return seen & ~self.near[fold] if self.near.size else seen

    def asked(self, fit: Fit, *, always: bool = False) -> dict[str, Array]:
        """Return the positions of the rows that a fit predicts, by part; the kept model predicts its own rows too.

        ``always``: refits predict the training rows as well, as those of a task do whose fits see no truth.
        """
        if fit.sample.kind == "half":
            cells, own, _ = self.cells(fit.sample)
            return {"validation": self.train[cells == own]}
        if fit.sample.kind == "fold" or fit.sample.without is not None:
            return {"validation": self.train[self.held(fit.sample)]}
        return {"train": self.train, **self.tests} if fit.is_final or always else dict(self.tests)

    def places(self, rows: Array) -> Array:
        """Return where training rows stand among all of them."""
        return np.asarray(np.searchsorted(self.train, rows))

    def seen(self, entry: Entry) -> Mapping[str, Any]:
        """Return what the columns of a model mean: ``meta``, where it takes the events as they are."""
        return described(self.meta, entry)

    def columns(self, entry: Entry) -> Array:
        """Return the positions of the columns (channels, features) that a model takes."""
        names = list(self.seen(entry)["names"])
        wanted = names if entry.features is None else entry.features
        return np.array([names.index(name) for name in wanted], dtype=np.int64)

    def table(self, rows: Array, entry: Entry) -> Array:
        """Return the events ``rows`` as the model of ``entry`` takes them: (n, p), or (n, *shape).

        A table is float64 whatever it is held in, so that no model loses digits in its sums. Other events stay in the
        precision that they are held in: images fill the memory, and their models take float32.
        """
        kind, columns = self.meta.get("kind", "table"), self.columns(entry)
        if (features := image_features(self.meta, entry)) is not None:
            known = (self.meta["measured"], self.measured[rows]) if self.measured.size else None
            return features.table(self.X, columns, known=known, rows=rows)
        every = len(columns) == len(self.meta["names"]) and (np.diff(columns) == 1).all()
        if kind == "table":
            return rows_of(self.X, rows, None if every else columns, np.float64)
        found = rows_of(self.X, rows)
        return found if every else of_channels(found, columns, kind)

    def columnwise(self, rows: Array, entry: Entry) -> Any:
        """Return `table` of a table of single values without a copy of it, for a model that reads columns."""
        if self.meta.get("kind", "table") != "table" or image_features(self.meta, entry) is not None:
            return self.table(rows, entry)
        return Gathered(self.X, rows, self.columns(entry))

    def turned(self, rows: Array, entry: Entry, element: Element) -> Array:
        """Return the events ``rows`` under an element of a symmetry, as the model of ``entry`` takes them.

        Features of these images are measured once for all the fits that ask for them here.
        """
        if (features := image_features(self.meta, entry)) is None:
            return np.ascontiguousarray(element.of(self.table(rows, entry)))
        drawn = hashlib.sha256(np.ascontiguousarray(rows, dtype="<i8").tobytes()).hexdigest()
        key = (element, drawn, repr(entry.image), entry.features)
        if key not in self._turned:
            self._turned[key] = features.table(element.of(self.X[rows]), self.columns(entry))
        return self._turned[key]

    def looked_up(self, fit: Fit, entry: Entry) -> dict[str, Array]:
        """Return the scores, made elsewhere, that stand for a fit, by the part that it predicts.

        Those of training rows that come from models which have not seen them are no scores of their own rows.
        """
        given = entry.given or {}
        place = fit.seed and len(given["refits"]) + fit.seed
        scores = self.given[entry.name][1 + fit.sample.number if fit.sample.again else place]
        asked = self.asked(fit)
        if given["out_of_fold"]:
            asked.pop("train", None)
        return {part: scores[rows] for part, rows in asked.items()}

    def resample(self, rng: np.random.Generator) -> Array:
        """Return a bootstrap sample of the training rows: whole units, with replacement."""
        n_units, unit = self.n_units, self._unit
        copies = np.bincount(rng.integers(0, n_units, n_units), minlength=n_units)
        return np.repeat(self.train, copies[unit])

    def part(self, rng: np.random.Generator, sample: Sample) -> Array:
        """Return a random part of the training rows: the `share` of the units, each of them whole and once."""
        kept = rng.permutation(self.n_units)[: round((self.share(sample) or 1.0) * self.n_units)]
        return self.train[np.isin(self._unit, kept)]

    def share(self, sample: Sample) -> float | None:
        """Return which part of the units a refit on ``sample`` sees, each of them once; None for a bootstrap sample."""
        return share(sample.kind, self.n_units)

    @property
    def n_units(self) -> int:
        """How many units the training rows are, each of which stays together."""
        return int(self._unit.max()) + 1

    @cached_property
    def _unit(self) -> Array:
        """The unit (n_train,) of each training row."""
        return np.asarray(np.unique(self.units[self.train], return_inverse=True)[1])

    def _first(self, rows: Array, n_rows: int, rng: np.random.Generator) -> Array:
        """Return the first ``n_rows`` of a fold's: whole units, in an order that all sizes share."""
        units, first, of_row = np.unique(self.units[rows], return_index=True, return_inverse=True)
        labels = self.y[rows][first] if self.meta["n_classes"] is not None else None
        order = nested_order(units, labels, rng)
        size = np.bincount(of_row, minlength=len(units))
        n_units = int(np.searchsorted(np.cumsum(size[order]), n_rows)) + 1
        return rows[np.isin(of_row, order[:n_units])]

    def trained(self, rows: Array) -> Trained | None:
        """Return the weights of ``rows`` as the policy for negative ones has them; None where there are no weights.

        What it draws is told by the rows alone, so that every model is fitted to the same.
        """
        if self.w is None:
            return None
        w = np.asarray(self.w[rows], dtype=np.float64)
        if not signed(w):
            return Trained(w, np.zeros(len(w), dtype=np.bool_))
        drawn = hashlib.sha256(np.ascontiguousarray(rows, dtype="<i8").tobytes()).hexdigest()
        if drawn not in self._trained:
            if sum(len(each.w) for each in self._trained.values()) > MOST_KEPT:
                self._trained.clear()
            of = self.y[rows] if self.meta["n_classes"] is not None else np.zeros(len(rows), dtype=np.int64)
            events = Events(self.X[rows], w, of, self.units[rows])
            rng = generator(int(self.meta.get("seed", 0)), "signed weights", drawn)
            self._trained[drawn] = POLICIES[self.meta.get("negative", "keep")].weights(events, rng)
        return self._trained[drawn]

    def training_weights(self, rows: Array) -> Array | None:
        """Return the weights of ``rows`` for training: mean 1, or equal sums of the classes with mean 1."""
        by_class, trained = self.meta["training_weights"] == "classes", self.trained(rows)
        if trained is None and not by_class:
            return None
        w = np.ones(len(rows)) if trained is None else trained.w
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
