"""Declared symmetries as a test of any model: how far f(x) and f(gx) are apart, and what their average is worth.

That f(gx) differs from f(x) is certain of every model that is not built for it, so that it has a size and no σ. What
has one is whether the mean over the group scores otherwise than the model itself: refits are averaged as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.random import generator
from fivesigma.features import symmetries
from fivesigma.features.symmetries import PLAIN, Element
from fivesigma.record.sections.section import named
from fivesigma.record.sections.spread import Estimated
from fivesigma.record.sections.symmetries import SymmetriesRecord, SymmetryRecord
from fivesigma.risk import evidence
from fivesigma.risk.evidence import Difference
from fivesigma.risk.spread import Events, root_mean_squares
from fivesigma.study.analyses.analysis import Analysis, Experiment, Fitted, Found, Run
from fivesigma.study.evidence.calibrated import said_of
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.family import Compared
from fivesigma.study.evidence.records import comparison_record
from fivesigma.study.evidence.scores import Scores
from fivesigma.study.fit.outcome import Outcome, outcome_of
from fivesigma.study.fit.prediction import Output, Predictions, packed
from fivesigma.study.plan import Entry, Fit
from fivesigma.study.prepared import Prepared
from fivesigma.study.tasks.registry import task
from fivesigma.study.tasks.task import TRAIN, VALIDATION, Asked

Array = NDArray[Any]
NAME = "symmetries"
_FIXED = "dummy"
"""A kind that looks at no event, and is symmetric therefore."""


def settle(prepared: Prepared) -> dict[str, Any] | None:
    """Return the symmetries, and whether folds are asked: where they judge, or choose a cut; None without any."""
    names = prepared.spec.features.symmetries
    if not names:
        return None
    return {"names": list(names), "folds": not prepared.split.tests or prepared.metric.has_cut}


def check(prepared: Prepared) -> None:
    """Raise `StudyError` for symmetries that the events do not have."""
    spec, data = prepared.spec, prepared.data
    try:
        symmetries.check(spec.features.symmetries or (), data.kind, data.X.shape[2:])
    except InputError as error:
        raise spec.error("features.symmetries", str(error)) from None


class Turned:
    """What a fit says of the events under the elements of the group."""

    name = NAME

    def wanted(self, entry: Entry, fit: Fit, shared: Mapping[str, Any]) -> Any | None:
        """Read off the kept model and its refits, and the folds where they are asked."""
        settings = shared.get(NAME)
        if settings is None or entry.kind == _FIXED or fit.params or fit.columns is not None:
            return None
        if fit.is_final or (fit.sample.again and fit.sample.without is None):
            return settings
        folded = fit.sample.kind == "fold" or fit.sample.without is not None
        return settings if folded and settings["folds"] else None

    def of_fit(self, fitted: Fitted, settings: Any) -> Mapping[str, Any]:
        """Return of each part the mean over the group, and of each symmetry the mean squared distances (n, ...)."""
        found: dict[str, Any] = {}
        for part, rows in fitted.asked.items():
            if part != TRAIN:
                found |= _Of(fitted, rows).read_off(part, settings["names"])
        return found

    def record(self, found: Found, entry: Entry, run: Run) -> Mapping[str, Any]:
        """Return nothing: what is read off is held against the truth first."""
        return {}


class _Of:
    """What a fit says of some rows, under one element after the other."""

    def __init__(self, fitted: Fitted, rows: Array) -> None:
        self.fitted, self.rows, self.task = fitted, rows, task(str(fitted.shared["task"]))
        self.space = fitted.data.X.shape[2:]
        self.said: dict[Element, Predictions] = {}

    def read_off(self, part: str, names: Sequence[str]) -> dict[str, Any]:
        """Return the mean over the group by output, and the squared distances by symmetry."""
        every = [self.under(each) for each in elements(names, self.space, self.fitted.seed)]
        mean = {output: np.mean([each[output] for each in every], axis=0) for output in every[0]}
        apart = {f"{name}@{part}": self._apart(name) for name in names}
        return packed({part: mean}) | {key: value for key, value in apart.items() if value is not None}

    def _apart(self, name: str) -> Array | None:
        plain = _told(self.under(PLAIN))
        fit = self.fitted.fit
        if plain is None or not (fit.is_final or fit.sample.kind == "fold"):
            return None
        each = [_told(self.under(g)) for g in alone(name, self.space, self.fitted.seed)]
        return np.asarray(np.mean([np.square(one - plain) for one in each if one is not None], axis=0))

    def under(self, element: Element) -> Predictions:
        """Return what the fit says of the rows under an element."""
        if element not in self.said:
            table = self.fitted.data.turned(self.rows, self.fitted.entry, element)
            asked = Asked(self.task.outputs, self.fitted.data.meta["n_classes"])
            self.said[element] = self.task.predict(self.fitted.estimator, table, asked)
        return self.said[element]


def elements(names: Sequence[str], space: Sequence[int], seed: int) -> list[Element]:
    """Return the elements that stand for a group: the same for all models, fits and parts."""
    return symmetries.group(names, space, generator(seed, NAME))


def alone(name: str, space: Sequence[int], seed: int) -> list[Element]:
    """Return those that stand for one symmetry."""
    return symmetries.alone(name, space, generator(seed, NAME, name))


def _told(said: Predictions) -> Array | None:
    """Return what is held against the truth: probabilities (n, K), or values (n,) or (n, m)."""
    return said.get(Output.PROBABILITY, said.get(Output.VALUE))


class Symmetries(Experiment):
    """The average over the group against the model itself, and distances beside its error."""

    @cached_property
    def _judged(self) -> dict[str, Outcome]:
        """What became of each model that was averaged, as if these were its predictions."""
        if NAME not in self.run.plan.shared:
            return {}
        made = {each.entry.name: self._averaged(each) for each in self.run.outcomes if each.ok}
        return {name: each for name, each in made.items() if each is not None and each.ok}

    def _averaged(self, outcome: Outcome) -> Outcome | None:
        fits = [fit for fit in self.run.lineup[outcome.entry.name] if NAME in fit.wanted]
        if not fits:
            return None
        return outcome_of(outcome.entry, fits, {}, self._read, self.run.prepared.fit_data)

    def _read(self, fit: Fit) -> tuple[dict[str, Array], dict[str, Any]]:
        meta, found = self.run.read(fit)[1], self.run.found(fit, NAME) or {}
        if "error" in found:
            return {}, {**meta, "error": found["error"]}
        return {key: value for key, value in found.items() if "/" in key}, meta

    def compared(self, found: Evidence, /) -> Iterable[Compared]:
        """Yield the average over the group against the model itself, on the test or on the folds."""
        for name in self._ready(found):
            said = f"{name} averaged over its symmetries"
            yield Compared(said, name, self._difference(found, name), NAME, name)

    def _ready(self, found: Evidence) -> list[str]:
        able = [name for name in self._judged if name in found.fitted]
        return able if found.tests or not self.run.prepared.split.tests else []

    def _difference(self, found: Evidence, name: str) -> Difference:
        metric = found.prepared.metric
        averaged = Scores(found.scores.folds, {name: self._judged[name]})
        if not found.tests:
            return found.folds.difference(
                metric, averaged.folded(metric, name), found.scores.folded(metric, name)
            )
        test = found.tests[0]
        ours, theirs = averaged.measured(metric, test, name), found.scores.measured(metric, test, name)
        claim = found.scores.claim(found.parts.judged(metric, test), name)
        return evidence.compare(ours, theirs, claim=claim)

    def of_model(self, found: Evidence, name: str) -> Mapping[str, Any]:
        """Return the section, named; {} of a model that is not asked, and while the test is sealed."""
        if name not in self._ready(found):
            return {}
        part = found.tests[0] if found.tests else VALIDATION
        truth, said = said_of(found, part, name)
        told = _told(said)
        if told is None:
            return {}
        y = truth.y if told.ndim == truth.y.ndim else np.eye(told.shape[1])[truth.y]
        scale = _scale(found.prepared.data.y) if Output.PROBABILITY not in said else np.sqrt(0.5)
        names = self.run.plan.shared[NAME]["names"]
        apart = [self._read_off(name, part, each) for each in names]
        squares = [np.square(told - y), *(each[truth.counts] for each in apart)]
        rng = generator(found.prepared.spec.study.seed, NAME, name, part)
        error, *sizes = root_mean_squares(
            [_total(each, scale) for each in squares], Events(truth.w, truth.groups, rng)
        )
        change = found.family.of(NAME, name)
        return named(
            SymmetriesRecord(
                part=part,
                what=str(Output.PROBABILITY if Output.PROBABILITY in said else Output.VALUE),
                n_elements=len(elements(names, self._space, self._seed)),
                error=Estimated(**vars(error)),
                each=tuple(
                    SymmetryRecord(name=each, n_elements=self._n_of(each), apart=Estimated(**vars(size)))
                    for each, size in zip(names, sizes, strict=True)
                ),
                change=None if change is None else comparison_record(change.difference),
            )
        )

    @property
    def _space(self) -> tuple[int, ...]:
        return tuple(self.run.prepared.data.X.shape[2:])

    @property
    def _seed(self) -> int:
        return int(self.run.plan.shared["seed"])

    def _n_of(self, name: str) -> int:
        return len(alone(name, self._space, self._seed))

    def _read_off(self, model: str, part: str, symmetry: str) -> Array:
        """Return squared distances (n, ...) of the events of a part: of a test by the kept model, else by folds."""
        data, key = self.run.prepared.fit_data, f"{symmetry}@{part}"
        own = [fit for fit in self.run.lineup[model] if NAME in fit.wanted]
        if part != VALIDATION:
            return np.asarray((self.run.found(own[0], NAME) or {})[key])
        whole: Array | None = None
        for fit in (each for each in own if each.sample.kind == "fold" and not each.sample.repeat):
            read = np.asarray((self.run.found(fit, NAME) or {})[key])
            whole = np.full((len(data.train), *read.shape[1:]), np.nan) if whole is None else whole
            whole[data.held(fit.sample)] = read
        assert whole is not None
        return whole


def _scale(y: Array | None) -> Any:
    """Return by what distances are multiplied: of one target nothing, of several one over their deviations."""
    if y is None or y.ndim == 1:
        return 1.0
    deviation = y.std(axis=0)
    return 1.0 / np.where(deviation > 0, deviation, 1.0) / np.sqrt(y.shape[1])


def _total(squares: Array, scale: Any) -> Array:
    """Return the squared distance (n,) from squares (n,) or (n, m), each times its scale squared."""
    scaled = squares * np.square(scale)
    return scaled if scaled.ndim == 1 else np.asarray(scaled.sum(axis=1))


ANALYSIS = Analysis(NAME, settle=settle, check=check, diagnostics=(Turned(),), experiment=Symmetries)
