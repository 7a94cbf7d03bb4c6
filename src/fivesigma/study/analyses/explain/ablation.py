"""What is left without a column: deletion of the best, drop-column and forward selection, as fits of the plan.

Which columns go next follows from fits that are done, so these fits join the plan in stages: the policy of each method
(`fivesigma.explain.policy`) is begun anew at each stage and goes as far as the finished tasks allow. A run that was
killed goes on from there, to the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.explain.policy import POLICIES, Candidates, Chosen, Group, Subset, ranked
from fivesigma.record.sections.explained import Importance
from fivesigma.risk.metric import Metric
from fivesigma.study.analyses.analysis import Run
from fivesigma.study.analyses.explain.importance import joined, label, message
from fivesigma.study.analyses.explain.settings import clustered, every_name, names_of
from fivesigma.study.fit.outcome import ByPart, FitFailedError, Outcome, folded
from fivesigma.study.fit.prediction import Predictions, scored, unpacked
from fivesigma.study.plan import ALL, Fit, Sample, crossed

Array = NDArray[Any]
Groups = tuple[Group[str], ...]


@dataclass(frozen=True, eq=False)
class AblationStep:
    """A model on some of its columns.

    Attributes
    ----------
    columns : those it has
    changed : those that went, or came, since the step before; () at the start
    validation : what its folds say of the training rows; ``repeats`` what they say in further repeats
    ranking : the record of the permutation importance of its columns; None where they were not ranked
    tests, refits : what it says of the sealed tests, and what its refits say
    crossed : what the folds of each refit say of the training rows, as an `Outcome` has it
    """

    columns: tuple[str, ...]
    changed: Group[str]
    validation: Predictions
    ranking: Importance | None = None
    tests: ByPart = field(default_factory=dict)
    refits: tuple[ByPart, ...] = ()
    repeats: tuple[Predictions, ...] = ()
    crossed: Mapping[Sample, Predictions] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class AblationPath:
    """The steps of one method (drop_best, drop_column, forward) with one model.

    ``message`` says why it ended before its time; ``ranking`` is that of all columns of the model.
    """

    method: str
    model: str
    steps: tuple[AblationStep, ...] = ()
    message: str = ""
    ranking: Importance | None = None


class WaitingError(Exception):
    """A path cannot go on before these fits are done."""

    def __init__(self, fits: Sequence[Fit]) -> None:
        super().__init__(f"{len(fits)} fits are not done")
        self.fits = tuple(fits)


@dataclass(frozen=True, eq=False)
class Explorer:
    """The paths of one model, as far as the finished fits allow; ``asked`` are all fits that they led to."""

    run: Run
    outcome: Outcome
    leaning: Mapping[str, Any]
    messages: Mapping[str, str]
    asked: list[Fit] = field(default_factory=list)

    @property
    def metric(self) -> Metric:
        """The primary metric."""
        return self.run.prepared.metric

    def path(self, method: str, rounds: int) -> AblationPath:
        """Return the path of one method; `WaitingError` where fits are missing."""
        steps: list[AblationStep] = []
        why = ""
        try:
            for step in self._steps(method, rounds):
                steps.append(step)
        except FitFailedError as error:
            why = str(error)
        if not steps and not why:
            why = "it has one column, or one group of them, and none is left without it"
        return AblationPath(
            method, self.outcome.entry.name, tuple(steps), why, self.leaning.get("permutation")
        )

    @property
    def groups(self) -> Groups:
        """The columns of the model, or their groups."""
        names = names_of(self.outcome.entry, self.run.prepared.meta)
        return clustered(names, self.run.plan.shared["explain"]["groups"])

    def _steps(self, method: str, rounds: int) -> Iterator[AblationStep]:
        """Drive the policy of a method: yield each step that its answers lead to."""
        policy, answer = POLICIES[method](self.groups, rounds), None
        while True:
            try:
                request = policy.send(answer)
            except StopIteration:
                return
            if isinstance(request, Candidates):
                answer = self._best(request, scored=method == "forward")
                continue
            answer = None
            if request.subset.changed is None:  # all columns, which are fitted and ranked in any case
                answer = self._named(request, self.leaning.get("permutation"))
                continue
            step = self._step(request, complete=method != "drop_column")
            yield step
            if request.ranked:
                answer = self._named(request, step.ranking)

    def _named(self, request: Chosen[str], ranking: Importance | None) -> Groups:
        """Return the groups of a request in the order of a ranking."""
        if ranking is None:
            raise FitFailedError(self.messages.get("permutation", "its columns were not ranked"))
        by_label = {label(group): group for group in request.subset.groups}
        return tuple(by_label[name] for name in ranking.names)

    def _best(self, tried: Candidates[str], *, scored: bool) -> Groups | None:
        """Return the groups that candidates changed, the best mean score on the folds first."""
        self._wait(fit for subset in tried.subsets for fit in self._folds(subset))
        if not scored:
            return None
        return ranked(tried, [self._merit(self._folded(self._folds(subset))) for subset in tried.subsets])

    def _merit(self, validation: Predictions) -> float:
        """Return the mean score over folds, more being better."""
        prediction = scored(validation, self.metric)
        assert prediction is not None
        fit_data, values = self.run.prepared.fit_data, []
        for fold in range(fit_data.folds.max() + 1):
            held = fit_data.folds == fold
            rows = fit_data.train[held]
            w = None if fit_data.w is None else fit_data.w[rows]
            cut = self.metric.cut(fit_data.y[rows], prediction[held], w)
            values.append(
                self.metric.merit(self.metric.value(fit_data.y[rows], prediction[held], w, cut=cut))
            )
        return float(np.mean(values))

    # --- fits ----------------------------------------------------------------------------------------------------

    def _step(self, request: Chosen[str], *, complete: bool) -> AblationStep:
        """Return the model on some columns, with what claims need of it where the step is ``complete``."""
        subset = request.subset
        folds = self._folds(subset, ranked=request.ranked)
        final, refits, crosses = self._sealed(subset) if complete else ([], [], [])
        again = [self._again(folds, 1 + r) for r in range(len(self.outcome.repeats))] if complete else []
        self._wait([*folds, *final, *refits, *(fit for fits in (*again, *crosses) for fit in fits)])
        return AblationStep(
            subset.columns,
            subset.changed or (),
            self._folded(folds),
            self._ranking(subset, folds) if request.ranked else None,
            self._read(final[0]) if final else {},
            tuple(self._read(fit) for fit in refits),
            tuple(self._folded(fits) for fits in again),
            {fit.sample: self._folded(fits) for fit, fits in zip(refits, crosses, strict=False)},
        )

    @staticmethod
    def _again(folds: Sequence[Fit], repeat: int) -> list[Fit]:
        """Return the folds' fits in a further repeat, from which nothing is read off."""
        return [replace(fit, sample=replace(fit.sample, repeat=repeat), wanted={}) for fit in folds]

    def _folds(self, subset: Subset[str], *, ranked: bool = False) -> list[Fit]:
        """Return the folds' fits on some columns, which are to be ranked where that is asked."""
        fit = self._on(subset)
        wanted = {"explain": ["permutation"]} if ranked else {}
        n_folds = self.run.prepared.split.n_folds
        return [replace(fit, sample=Sample("fold", number), wanted=wanted) for number in range(n_folds)]

    def _sealed(self, subset: Subset[str]) -> tuple[list[Fit], list[Fit], list[list[Fit]]]:
        """Return the fits that claims on the sealed tests need, as the model has them.

        To all rows, the refits, and the folds of each refit where these choose cuts of their own.
        """
        prepared = self.run.prepared
        if not prepared.split.tests:
            return [], [], []
        fit, own = self._on(subset), self.run.lineup[self.outcome.entry.name]
        refits = [replace(fit, sample=each.sample, params=each.params) for each in own if each.sample.again]
        crosses = [crossed(each, prepared.split.n_folds) for each in refits] if self.outcome.crossed else []
        return [fit], refits, crosses

    def _on(self, subset: Subset[str]) -> Fit:
        entry, meta = self.outcome.entry, self.run.prepared.meta
        columns = tuple(sorted(subset.columns, key=every_name(entry, meta).index))
        own = columns == names_of(entry, meta)
        return Fit(
            entry.name, ALL, columns=None if own else columns, cost=self.run.prepared.costs[entry.name]
        )

    def _wait(self, fits: Any) -> None:
        """Raise `WaitingError` where some of ``fits`` have left neither result nor reason."""
        every = list(fits)
        self.asked.extend(every)
        if missing := [fit for fit in every if not self.run.has(fit)]:
            raise WaitingError(missing)

    def _read(self, fit: Fit) -> ByPart:
        arrays, meta = self.run.read(fit)
        if "error" in meta:
            raise FitFailedError(f"on {len(fit.columns or ())} columns, {fit.sample}: {meta['error']}")
        return unpacked(arrays)

    def _folded(self, fits: Sequence[Fit]) -> Predictions:
        """Return what folds say of the training rows that they held out."""
        said = [self._read(fit)["validation"] for fit in fits]
        return folded(said, self.run.prepared.fit_data, fits[0].sample.repeat)

    def _ranking(self, subset: Subset[str], fits: Sequence[Fit]) -> Importance:
        parts = [(self.run.found(fit, "explain") or {}).get("permutation", {}) for fit in fits]
        columns = tuple(fits[0].columns or names_of(self.outcome.entry, self.run.prepared.meta))
        order = clustered(columns, self.run.plan.shared["explain"]["groups"])
        found = joined(parts, order, len(self.run.prepared.split.train))
        if found is None:
            raise FitFailedError(message(parts))
        return found
