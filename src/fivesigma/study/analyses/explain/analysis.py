"""``[explain]``: what models lean on, and what is left of them without their columns."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from fivesigma.record.sections.explained import Explained
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.analyses.explain import ablation_evidence
from fivesigma.study.analyses.explain.ablation import AblationPath, Explorer, WaitingError
from fivesigma.study.analyses.explain.aggregate import Methods, joined_methods
from fivesigma.study.analyses.explain.importance import METHODS
from fivesigma.study.analyses.explain.leaning import Leaning
from fivesigma.study.analyses.explain.settings import settle
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.family import Compared
from fivesigma.study.plan import Fit, Sample, Task

MOST_DRAWN = 3
"""Models, the best on the folds first, of which single Shapley values and curves are kept."""


class Explain(Experiment):
    """What is asked of the models of a run beside their scores."""

    @property
    def asked(self) -> Mapping[str, Any]:
        """The settings, {} where nothing is asked."""
        return self.run.plan.shared.get("explain") or {}

    def missing(self) -> Iterable[Task]:
        """Return the fits that the paths lead to as far as they go: none before the line-up is fitted."""
        if not self._methods or not self.run.complete:
            return []
        with contextlib.suppress(WaitingError):
            _ = self._paths
        return [fit for explorer in self._explorers for fit in explorer.asked]

    @cached_property
    def _explorers(self) -> list[Explorer]:
        return [Explorer(self.run, each, *self.leaning[each.entry.name]) for each in self._explored]

    @property
    def _methods(self) -> list[str]:
        return [method for method in ("drop_column", "drop_best", "forward") if self.asked.get(method)]

    @cached_property
    def _paths(self) -> tuple[AblationPath, ...]:
        """The paths of the models asked about; `WaitingError` with all fits that are missing."""
        found: list[AblationPath] = []
        missing: list[Fit] = []
        for explorer in self._explorers:
            for method in self._methods:
                try:
                    found.append(explorer.path(method, int(self.asked[method])))
                except WaitingError as waiting:
                    missing += waiting.fits
        if missing:
            raise WaitingError(missing)
        return tuple(found)

    @property
    def paths(self) -> tuple[AblationPath, ...]:
        """The finished paths."""
        return self._paths if self._methods else ()

    @cached_property
    def _explored(self) -> list[Any]:
        """The models that lose columns: those named, or the best one on the folds that is not the baseline."""
        wanted = self.asked["models"] if self.asked["named"] else self._best
        return [each for each in self.run.outcomes if each.ok and each.entry.name in wanted]

    @property
    def _best(self) -> tuple[str, ...]:
        """The first on the folds that learns something, and that we can fit without a column."""
        prepared = self.run.prepared
        ranked = Evidence(prepared, self.run.outcomes, opened=False).ranked
        able = (name for name in ranked if name in self.asked["models"])
        return tuple(name for name in able if name != prepared.baseline)[:1]

    @cached_property
    def leaning(self) -> Mapping[str, Methods]:
        """Of each model asked about, what its folds lean on by method, and why some of it is not there."""
        return {
            each.entry.name: self._joined(each.entry)
            for each in self.run.outcomes
            if each.ok and each.entry.name in self.asked.get("models", ())
        }

    def _joined(self, entry: Any) -> Methods:
        fit_data, n_folds = self.run.prepared.fit_data, self.run.prepared.split.n_folds
        folds = [Fit(entry.name, Sample("fold", number)) for number in range(n_folds)]
        parts = [self.run.found(fit, Leaning.name) or {} for fit in folds]
        return joined_methods(parts, entry, self.asked, fit_data)

    def compared(self, found: Evidence, /) -> Iterable[Compared]:
        """Return the change at each step of the paths."""
        return ablation_evidence.compared(found, self.paths)

    @property
    def _unasked(self) -> dict[str, dict[str, str]]:
        """Why of some models nothing is found out, by method and model."""
        if self.asked["named"]:
            return {}
        elsewhere = [entry.name for entry in self.run.plan.entries if entry.given is not None]
        why = dict.fromkeys(elsewhere, "its scores were made elsewhere: there is no model to ask")
        kind = self.run.prepared.data.kind
        fitted = [each for each in self.run.plan.entries if each.kind != "dummy" and each.given is None]
        whole = [each.name for each in fitted if kind != "table" and not each.image]
        why |= dict.fromkeys(whole, f"it takes events of kind '{kind}' as they are: it has no columns")
        return {method: dict(why) for method in METHODS if why and self.asked.get(method)}

    def record(self, found: Evidence) -> Mapping[str, Any]:
        """Return what was asked of the models, by method and model; {} where nothing was.

        A method that was not asked for is None, and so is one of a model of which it cannot be had; ``messages``
        says why.
        """
        if not self.asked:
            return {}
        methods: dict[str, Any] = dict.fromkeys(METHODS)
        messages = self._unasked
        for name, (records, why) in self.leaning.items():
            for method, record in records.items():
                methods[method] = {**(methods[method] or {}), name: _kept(found, name, method, record)}
            for method, message in why.items():
                messages.setdefault(method, {})[name] = message
        for path, steps in ablation_evidence.records(found, self.paths):
            methods[path.method] = {**(methods[path.method] or {}), path.model: steps}
            if path.message:
                messages.setdefault(path.method, {})[path.model] = path.message
        return {"explain": Explained(**methods, messages=messages)}


def _kept(found: Evidence, name: str, method: str, record: Any) -> Any:
    """Return a record of one method, without the single curves and values of models far down the ranking."""
    if record is None or name in found.ranked[:MOST_DRAWN]:
        return record
    if method == "shap":
        return replace(record, points=None)
    return None if method == "effects" else record


ANALYSIS = Analysis("explain", settle=settle, diagnostics=(Leaning(),), experiment=Explain)
