"""One fit, a pure function of the run folder's arrays and the task's key; and the process that serves fits.

``python -m fivesigma.study.runner.worker RUN`` reads keys on its standard input (see `fivesigma._core.executor`).
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.executor import serve
from fivesigma._core.random import generator, random_state
from fivesigma.record.journal import Journal
from fivesigma.record.store import RunFolder
from fivesigma.study.fit.data import Material
from fivesigma.study.fit.inside import chosen, path_of
from fivesigma.study.fit.prediction import Output, packed
from fivesigma.study.fit.recipe import Fitted
from fivesigma.study.fit.saved import about, feature_plan, model_file
from fivesigma.study.plan import Entry, Fit, Plan
from fivesigma.study.tasks.registry import task
from fivesigma.study.tasks.task import TRAIN, VALIDATION, Asked, Task

Array = NDArray[Any]


@dataclass(frozen=True)
class Workshop:
    """Carries out fits by key and keeps their results in the run folder.

    ``own`` has the user's own estimators by name; they exist in the calling process only. Without a folder
    nothing is kept: predictions alone are wanted.
    """

    folder: RunFolder | None
    material: Material
    plan: Plan
    own: Mapping[str, Any] = field(default_factory=dict)
    _later: dict[str, Fit] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def open(cls, path: Path) -> Workshop:
        """Open the workshop of a run folder."""
        folder = RunFolder(path)
        return cls(folder, Material.read(folder.work / "arrays"), _plan_of(folder))

    def fit(self, key: str) -> Fit:
        """Return the fit called ``key``; the plan of a run grows by stages after it was opened."""
        if key not in self.plan.fits and key not in self._later and self.folder is not None:
            self._later.update(_plan_of(self.folder).fits)
        return self.plan.fits[key] if key in self.plan.fits else self._later[key]

    @cached_property
    def seed(self) -> int:
        """The study's seed."""
        return int(self.plan.shared["seed"])

    def __call__(self, key: str) -> None:
        """Do the fit called ``key`` and keep its predictions, or why it failed."""
        from threadpoolctl import threadpool_limits

        assert self.folder is not None
        fit, journal = self.fit(key), self.folder.tasks.journal(key)
        start = time.perf_counter()
        with threadpool_limits(1):
            arrays, meta = self.attempted(fit, journal)
        self.folder.tasks.write(key, arrays, meta | {"seconds": time.perf_counter() - start})
        journal.remove()

    def attempted(self, fit: Fit, journal: Journal | None = None) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return what `carry_out` returns, or why it failed: a failed fit is a record too."""
        try:
            return self.carry_out(fit, journal)
        except Exception as error:
            return {}, {"error": f"{type(error).__name__}: {error}"}

    def carry_out(self, fit: Fit, journal: Journal | None = None) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return the predictions of a fit for the rows it is asked about, and its remarks."""
        from fivesigma.study.analyses import mixture
        from fivesigma.study.analyses import reduction as reducing
        from fivesigma.study.analyses.curves import fits as curve_fits

        if fit.purpose == curve_fits.PURPOSE:
            return curve_fits.carry_out(self, fit)
        entry = self.plan.entry(fit.model)
        entry = entry if fit.columns is None else replace(entry, features=fit.columns)
        rows, asked = self.material.rows(fit, self.seed)
        columns = self.columns(entry)
        started = time.perf_counter()
        fitted = self.fitted(entry, fit, rows, columns, journal)
        meta: dict[str, Any] = {
            "messages": list(fitted.messages),
            "fit_seconds": time.perf_counter() - started,
        }
        tables = {part: self.material.X[np.ix_(at, columns)] for part, at in asked.items()}
        predictions = packed(self.predicted(fitted.estimator, tables))
        if not self.task.supervised:
            meta |= mixture.of_fit(fitted.estimator)
            if fit.purpose == "fold":
                meta |= mixture.of_fold(fitted.estimator, tables["validation"])
        if fit.purpose in ("fold", "left") and "explain" in self.plan.shared:
            meta["explained"] = self.explained(fit, fitted.estimator, columns, (rows, asked["validation"]))
        if entry.reduce and fit.purpose in ("final", "fold", "refit"):
            meta["reduced"] = reducing.left(
                fitted.estimator, [self.material.meta["names"][i] for i in columns]
            )
        if fit.purpose == "final":
            meta["described"] = self.keep(entry, fitted.estimator, columns, rows) if self.folder else {}
        return predictions, meta

    @cached_property
    def task(self) -> Task:
        """What is learnt."""
        return task(str(self.plan.shared["task"]))

    def fitted(self, entry: Entry, fit: Fit, rows: Array, columns: Array, journal: Journal | None) -> Fitted:
        """Return the fitted recipe, which has seen the truth of ``rows`` only where the task lets it."""
        from fivesigma.study.fit import recipe

        estimator, X = self.build(entry, fit), self.material.X[np.ix_(rows, columns)]
        if not self.task.supervised:
            if entry.informed:
                estimator.set_params(model__estimator__start=np.asarray(self.material.y[rows]))
            return recipe.fit(estimator, X)
        return recipe.fit(
            estimator,
            X,
            self.material.y[rows],
            self.material.training_weights(rows),
            groups=self.material.units[rows],
            evaluation_weight=self.material.evaluation_weights(rows),
            journal=journal,
        )

    def predicted(self, estimator: Any, tables: Mapping[str, Array]) -> dict[str, dict[Output, Array]]:
        """Return what a fit says of some parts; what no truth enters is said of the fitted rows as of held-out ones.

        Where nothing is kept, in a scan, that is all that is asked about the fitted rows.
        """
        own, every = self.task.own, frozenset(self.task.outputs)
        found: dict[str, dict[Output, Array]] = {}
        for part, table in tables.items():
            fitted = part == TRAIN
            outputs = (
                every - own if part == VALIDATION else own if fitted and own and not self.folder else every
            )
            said = self.task.predict(estimator, table, Asked(outputs, self.n_classes, fitted))
            for output, values in said.items():
                where = VALIDATION if fitted and output in own else part
                found.setdefault(where, {})[output] = values
        return found

    def explained(
        self, fit: Fit, estimator: Any, columns: Array, rows: tuple[Array, Array]
    ) -> dict[str, Any]:
        """Return what a fold's fit leans on, as its held-out rows show it; {} for a model not asked about."""
        from fivesigma.study.analyses.explain.importance import Held
        from fivesigma.study.analyses.explain.per_fold import of_fold

        material, asked = self.material, self.plan.shared["explain"]
        if fit.model not in asked["models"]:
            return {}
        fitted, held = rows
        return of_fold(
            estimator,
            Held(
                material.X[np.ix_(held, columns)],
                material.y[held],
                None if material.w is None else material.w[held],
                (material.X[np.ix_(fitted, columns)], material.y[fitted], material.training_weights(fitted)),
                tuple(material.meta["names"][j] for j in columns),
                material.meta["grids"],
            ),
            asked
            if fit.purpose == "fold"
            else {"permutation": asked["permutation"], "groups": asked["groups"]},
            metric=str(self.plan.shared["metric"]),
            rng=generator(self.seed, "importance", fit.model, fit.number),
        )

    @property
    def n_classes(self) -> int | None:
        """Number of classes; None for a regression."""
        found: int | None = self.material.meta["n_classes"]
        return found

    def build(self, entry: Entry, fit: Fit) -> Any:
        """Return the unfitted estimator of a fit, seeded by what it is for."""
        from fivesigma.study.fit import recipe

        shared, seed = self.plan.shared, random_state(self.seed, entry.name, fit.purpose, fit.number)
        features = feature_plan(entry, self.material.meta)
        if entry.name in self.own:
            return recipe.build_user(self.own[entry.name], features=features, task=shared["task"], seed=seed)
        return recipe.build(
            entry.kind,
            features=features,
            task=shared["task"],
            params={**entry.params, **fit.overrides},
            seed=seed,
            tune=entry.tune,
            trials=entry.trials,
            metric=shared["metric"],
            path=entry.path,
            search=entry.search,
        )

    def columns(self, entry: Entry) -> Array:
        """Return the positions of the columns of ``X`` that a model takes."""
        names = list(self.material.meta["names"])
        wanted = names if entry.features is None else entry.features
        return np.array([names.index(name) for name in wanted], dtype=np.int64)

    def keep(self, entry: Entry, estimator: Any, columns: Array, rows: Array) -> dict[str, Any]:
        """Save the final model and return what it says of itself."""
        from fivesigma.record import models

        X = self.material.X[np.ix_(rows, columns)]
        described = self.described(entry, estimator, X, self.material.y[rows], columns)
        number = [each.name for each in self.plan.entries].index(entry.name)
        try:
            assert self.folder is not None
            models.save(estimator, model_file(self.folder, number), about(self.material.meta, entry, columns))
        except InputError as error:  # a user's own estimator that cannot be kept without pickle
            described["not_saved"] = str(error)
        return described

    def described(self, entry: Entry, estimator: Any, X: Array, y: Array, columns: Array) -> dict[str, Any]:
        """Return what the final model says of itself."""
        from fivesigma.study.analyses import mixture
        from fivesigma.study.analyses import regions as plane
        from fivesigma.study.analyses.coefficients import describe

        meta, names = self.material.meta, [self.material.meta["names"][i] for i in columns]
        units = dict(zip(meta["names"], meta["units"], strict=True))
        if not self.task.supervised:
            found = mixture.of_final(
                estimator, entry, X, [{"name": name, "unit": units[name]} for name in names]
            )
            mixture.leaner(estimator)
            return found
        described: dict[str, Any] = {"chosen": chosen(estimator)}
        law = describe(estimator, names, X=X, y=y)
        if law:
            described["coefficients"] = law | {"units": [units.get(name) for name in law["names"]]}
        described |= self.path(entry, estimator, law) | self.tuning(entry, estimator)
        if meta["task"] == "classification" and not meta["categories"]:
            described |= plane.regions(estimator, X, self.n_classes)
        return described

    def tuning(self, entry: Entry, estimator: Any) -> dict[str, Any]:
        """Return the section ``tuning`` of a model that was searched, named; {} for the others."""
        from fivesigma.study.analyses import tuning
        from fivesigma.study.registry.registry import kind

        features = feature_plan(entry, self.material.meta)
        found = tuning.section(estimator, kind(entry.kind), features, str(self.plan.shared["metric"]))
        return {"tuning": found} if found else {}

    def path(self, entry: Entry, estimator: Any, law: Mapping[str, Any]) -> dict[str, Any]:
        """Return the section ``path`` of a model that has one, named; {} for the others."""
        from fivesigma.study.analyses import path as paths

        fitted = path_of(estimator)
        if fitted is None or entry.path is None:
            return {}
        found = paths.section(fitted, law["names"], entry.path, str(self.plan.shared["metric"]))
        return {"path": found} if found else {}


def _plan_of(folder: RunFolder) -> Plan:
    return Plan.from_document(json.loads((folder.work / "plan.json").read_text(encoding="utf-8")))


def end_with_parent() -> None:
    """End this process when its parent ends, even in the middle of a fit."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main(path: str) -> None:
    """Serve the fits of the run folder ``path`` until the standard input ends."""
    end_with_parent()
    serve(Workshop.open(Path(path)))


if __name__ == "__main__":
    main(sys.argv[1])
