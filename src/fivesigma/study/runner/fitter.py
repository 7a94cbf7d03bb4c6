"""One fit, a pure function of the arrays of a run and of what is asked of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import FitError, InputError
from fivesigma._core.random import random_state
from fivesigma._core.weights import signed
from fivesigma.record.journal import Journal
from fivesigma.record.store import RunFolder
from fivesigma.study.analyses import diagnostics
from fivesigma.study.analyses.analysis import Diagnostic, Fitted
from fivesigma.study.fit.data import FitData
from fivesigma.study.fit.finished import packed as packed_found
from fivesigma.study.fit.prediction import Output, packed
from fivesigma.study.fit.saved import about, feature_plan, model_file
from fivesigma.study.plan import SHARES, Entry, Fit, Plan
from fivesigma.study.registry.registry import kind as kind_called
from fivesigma.study.tasks.registry import task as task_called
from fivesigma.study.tasks.task import TRAIN, VALIDATION, Asked, Task

Array = NDArray[Any]
Left = tuple[dict[str, Array], dict[str, Any]]
"""What a fit leaves: arrays, and a document."""


@dataclass(frozen=True)
class Fitter:
    """Makes fits.

    ``own`` has the user's own estimators by name; they exist in the calling process only. Without a folder no model
    is kept: predictions alone are wanted.
    """

    data: FitData
    plan: Plan
    own: Mapping[str, Any] = field(default_factory=dict)
    folder: RunFolder | None = None

    @property
    def seed(self) -> int:
        """The study's seed."""
        return int(self.plan.shared["seed"])

    @cached_property
    def task(self) -> Task:
        """What is learnt."""
        return task_called(str(self.plan.shared["task"]))

    @cached_property
    def diagnostics(self) -> Mapping[str, Diagnostic]:
        """What can be read off a fit."""
        return diagnostics()

    def attempted(self, fit: Fit, journal: Journal | None = None) -> Left:
        """Return what a fit leaves, or why it failed: a failed fit is a record too."""
        try:
            return self.fitted(fit, journal)
        except Exception as error:  # the one border where any failure of a model becomes a record
            return {}, {"error": f"{type(error).__name__}: {error}"}

    def fitted(self, fit: Fit, journal: Journal | None = None) -> Left:
        """Return what a fit says of the rows it is asked about, what is read off it, and its remarks."""
        from fivesigma.study.fit import recipe

        entry = self.entry(fit)
        if entry.given is not None:
            return self.looked_up(fit, entry)
        rows = self.data.rows(fit.sample, self.seed)
        asked = self.data.asked(fit, always=bool(self.task.own))
        w = self.data.training_weights(rows) if self.task.supervised else None
        if signed(w):
            self.refuse_signed(entry)
        started = time.perf_counter()
        model = self.told(self.build(fit), entry, rows)
        lean = recipe.reads_columns(model)  # it takes neither groups nor what a choice inside is scored with
        beside = self.task.supervised and not lean
        made = recipe.fit(
            model,
            self.data.columnwise(rows, entry) if lean else self.data.table(rows, entry),
            self.data.y[rows] if self.task.supervised else None,
            w,
            groups=self.data.units[rows] if beside else None,
            evaluation_weight=self.data.evaluation_weights(rows) if beside else None,
            journal=journal,
        )
        seconds = time.perf_counter() - started
        fitted = Fitted(fit, entry, made.estimator, rows, asked, self.data, self.plan.shared, self.build)
        arrays, found = packed_found(self.read_off(fitted))
        meta: dict[str, Any] = {"messages": list(made.messages), "fit_seconds": seconds, "found": found}
        meta["converged"] = made.converged
        if fit.is_final and self.folder is not None:
            meta |= self.kept(fitted, self.folder)
        return packed(self.said(fitted)) | arrays, meta

    def looked_up(self, fit: Fit, entry: Entry) -> Left:
        """Return what a fit that was made elsewhere says; there is no model to keep, and nothing to read off."""
        output = self.task.outputs[0]
        said = {part: {output: scores} for part, scores in self.data.looked_up(fit, entry).items()}
        meta: dict[str, Any] = {"messages": [], "fit_seconds": 0.0, "found": {}}
        if fit.is_final:
            why = "its scores were made elsewhere: there is no model to keep"
            meta["described"] = {"chosen": {}, "not_saved": why}
        return packed(said), meta

    def refuse_signed(self, entry: Entry) -> None:
        """Raise `FitError` where a model cannot be fitted with the negative weights that the policy leaves it."""
        if entry.name in self.own:
            from fivesigma.models.fitting import takes_weights

            why = "" if takes_weights(self.own[entry.name]) else "its fit takes no sample_weight"
        else:
            why = kind_called(entry.kind).refuses(self.task.name)
        if why:
            raise FitError(
                f"'{entry.name}' cannot use negative weights: {why}; set [weights] negative to resample, drop or "
                "absolute, or choose another model."
            )

    def entry(self, fit: Fit) -> Entry:
        """Return the model of a fit, on the columns of the fit."""
        entry = self.plan.entry(fit.model)
        return entry if fit.columns is None else replace(entry, features=fit.columns)

    def said(self, fitted: Fitted) -> dict[str, dict[Output, Array]]:
        """Return what a fit says of some parts; what no truth enters is said of the fitted rows as of held-out ones.

        Of refits, and where nothing is kept, in a scan, that is all that is asked about the training rows.
        """
        own, every = self.task.own, frozenset(self.task.outputs)
        found: dict[str, dict[Output, Array]] = {}
        for part, at in fitted.asked.items():
            alone = part == TRAIN
            few = own if alone and own and not (self.folder and fitted.fit.is_final) else every
            asked = Asked(
                every - own if part == VALIDATION else few,
                self.data.meta["n_classes"],
                fitted=alone and fitted.fit.sample.kind == "all",
                seen=fitted.table(fitted.rows) if alone and fitted.fit.sample.again else None,
            )
            for output, values in self.task.predict(fitted.estimator, self.seen(fitted, at), asked).items():
                found.setdefault(VALIDATION if alone and output in own else part, {})[output] = values
        return found

    def seen(self, fitted: Fitted, rows: Array) -> Any:
        """Return rows as the recipe of a fit predicts them, copied only where it does not read columns."""
        from fivesigma.study.fit import recipe

        if recipe.reads_columns(fitted.estimator):
            return self.data.columnwise(rows, fitted.entry)
        return fitted.table(rows)

    def read_off(self, fitted: Fitted) -> dict[str, Mapping[str, Any]]:
        """Return what each diagnostic that is wanted reads off; where one fails the fit stands, and it is said why."""
        found: dict[str, Mapping[str, Any]] = {}
        for name, settings in fitted.fit.wanted.items():
            try:
                found[name] = self.diagnostics[name].of_fit(fitted, settings)
            except Exception as error:
                found[name] = {"error": f"{type(error).__name__}: {error}"}
        return found

    def told(self, estimator: Any, entry: Entry, rows: Array) -> Any:
        """Return the recipe with what it is told of the truth: the start of an informed clustering."""
        if not self.task.supervised and entry.informed:
            estimator.set_params(model__estimator__start=np.asarray(self.data.y[rows]))
        return estimator

    def build(self, fit: Fit) -> Any:
        """Return the unfitted recipe of a fit, seeded by what it is for."""
        from fivesigma.study.fit import recipe

        entry, shared, sample = self.entry(fit), self.plan.shared, fit.sample
        random = entry.name in self.own or kind_called(entry.kind).stochastic
        stream = (_PURPOSES[sample.kind], *sample.stream, *((fit.seed,) if fit.seed else ()))
        seed = random_state(self.seed, entry.name if random else "any", *stream)
        features, n_targets = feature_plan(entry, self.data.meta), self.data.n_targets
        if entry.name in self.own:
            return recipe.build_user(
                self.own[entry.name], features=features, task=shared["task"], seed=seed, n_targets=n_targets
            )
        return recipe.build(
            entry.kind,
            features=features,
            task=shared["task"],
            params={**entry.params, **fit.params},
            seed=seed,
            deal=random_state(self.seed, "inner folds", sample.kind, *sample.stream),
            tune=_left_to_tune(entry, fit.params),
            trials=entry.trials,
            metric=shared["metric"],
            path=entry.path,
            search=entry.search,
            n_targets=n_targets,
        )

    def kept(self, fitted: Fitted, folder: RunFolder) -> dict[str, Any]:
        """Save the final model; return why it could not be, and what was chosen inside."""
        from fivesigma.record import models
        from fivesigma.study.fit.inside import chosen

        entry = fitted.entry
        number = [each.name for each in self.plan.entries].index(entry.name)
        described: dict[str, Any] = {"chosen": chosen(fitted.estimator)}
        try:
            columns = self.data.columns(entry)
            models.save(fitted.estimator, model_file(folder, number), about(self.data.meta, entry, columns))
        except InputError as error:  # a user's own estimator that cannot be kept without pickle
            described["not_saved"] = str(error)
        return {"described": described}


_PURPOSES = {kind: kind for kind in ("fold", "half", *SHARES)} | {"all": "final", "resample": "refit"}
"""Names of the streams from which a model's own randomness is drawn."""


def _left_to_tune(entry: Entry, params: Mapping[str, Any]) -> Mapping[str, Any] | bool:
    """Return the search of a model less what is fixed."""
    if not isinstance(entry.tune, Mapping):
        return entry.tune
    return {name: space for name, space in entry.tune.items() if name not in params} or False
