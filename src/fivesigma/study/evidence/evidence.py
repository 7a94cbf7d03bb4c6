"""The evidence of a run: every score with its error budget, every difference paired, the family corrected."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.random import generator
from fivesigma.record.results import Claim, Comparison, ErrorBudget, Generalisation, Score
from fivesigma.risk import evidence
from fivesigma.risk.evidence import Difference, Measurement, Part
from fivesigma.risk.generalisation import generalisation
from fivesigma.risk.metric import Metric
from fivesigma.study.analyses.curves.evidence import ModelCurves
from fivesigma.study.fit.outcome import Outcome
from fivesigma.study.prepared import Prepared

Array = NDArray[Any]
Pair = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What can be said of the fitted models.

    ``opened`` is False while the test sets stay sealed; then, and where there is none, differences are judged on the
    folds. ``further`` returns differences on the primary metric that belong to the family too (see `trails`).
    """

    prepared: Prepared
    outcomes: Sequence[Outcome]
    opened: bool
    further: Callable[[Evidence], Sequence[Difference]] = lambda _: ()

    @cached_property
    def fitted(self) -> dict[str, Outcome]:
        """The fitted models by name."""
        return {outcome.entry.name: outcome for outcome in self.outcomes if outcome.ok}

    @property
    def tests(self) -> tuple[str, ...]:
        """The names of the opened test sets; the first is the one that claims are made on."""
        return tuple(self.prepared.split.tests) if self.opened else ()

    @property
    def claim(self) -> Literal["procedure", "fitted"]:
        """Whether significances are about the procedure or about the fitted models."""
        return self.prepared.spec.evaluate.claim

    # --- which model -------------------------------------------------------------------------------------------

    @cached_property
    def best(self) -> str | None:
        """The name of the model with the best out-of-fold score; the test set has no say."""
        metric = self.prepared.metric
        merits = {name: float(metric.merit(self.validation_value(metric, name))) for name in self.fitted}
        known = {name: merit for name, merit in merits.items() if np.isfinite(merit)}
        return max(known, key=lambda name: known[name]) if known else None

    @property
    def baseline(self) -> str | None:
        """The name of the model that the others are compared with, None where it was not fitted."""
        return self.prepared.baseline if self.prepared.baseline in self.fitted else None

    # --- the events of each part -------------------------------------------------------------------------------

    @cached_property
    def validated(self) -> Array:
        """Which training rows have an out-of-fold prediction."""
        return self.prepared.split.folds >= 0

    def events(self, rows: Array) -> tuple[Array, Array | None, float]:
        """Return target, weights and the factor from the yields of ``rows`` to those of the whole sample."""
        data = self.prepared.data
        assert data.y is not None
        if data.w is None:
            return data.y[rows], None, data.n_samples / len(rows)
        return data.y[rows], data.w[rows], float(data.w.sum() / data.w[rows].sum())

    @cached_property
    def parts(self) -> dict[str, Part]:
        """The opened tests with their resamples: the same for all models and metrics."""
        spec = self.prepared.spec
        return {
            name: self._part(rows, "bootstrap", name, n_boot=spec.evaluate.bootstrap)
            for name, rows in self.prepared.split.tests.items()
            if name in self.tests
        }

    def _part(self, rows: Array, *stream: str, n_boot: int) -> Part:
        y, w, _ = self.events(rows)
        groups = None if self.prepared.data.groups is None else self.prepared.data.groups[rows]
        rng = generator(self.prepared.spec.study.seed, *stream)
        return Part.draw(y, rng, w=w, groups=groups, n_boot=n_boot)

    # --- measurements ------------------------------------------------------------------------------------------

    @cached_property
    def _cuts(self) -> dict[tuple[str, str], float | None]:
        y, w, scale = self.events(self.prepared.split.train[self.validated])
        return {
            (metric.name, name): metric.cut(y, self.out_of_fold(name), w, scale=scale)
            for metric in self.prepared.metrics
            for name in self.fitted
        }

    def cut(self, metric: Metric, name: str) -> float | None:
        """Return the threshold of a metric that has one, chosen on the out-of-fold predictions."""
        return self._cuts[metric.name, name]

    def out_of_fold(self, name: str) -> Array:
        """Return the out-of-fold predictions of a model for the `validated` training rows."""
        prediction = self.fitted[name].validation
        assert prediction is not None
        return prediction[self.validated]

    @cached_property
    def measurements(self) -> dict[tuple[str, str, str], Measurement]:
        """Value, resamples and refits by (test, metric, model)."""
        return {
            (test, metric.name, name): self._measured(metric, test, name)
            for test in self.tests
            for metric in self.prepared.metrics
            for name in self.fitted
        }

    def _measured(self, metric: Metric, test: str, name: str) -> Measurement:
        outcome = self.fitted[name]
        _, _, scale = self.events(self.prepared.split.tests[test])
        return evidence.measure(
            metric,
            self.parts[test],
            outcome.tests[test],
            refits=[each[test] for each in outcome.refits],
            seeds=[each[test] for each in outcome.seeds],
            cut=self.cut(metric, name),
            scale=scale,
        )

    # --- scores ------------------------------------------------------------------------------------------------

    def scores(self, name: str) -> dict[str, dict[str, Score]]:
        """Return the scores of a model by part and metric."""
        metrics = self.prepared.metrics
        found = {
            "train": {metric.name: self._train_score(metric, name) for metric in metrics},
            "validation": {metric.name: self._validation_score(metric, name) for metric in metrics},
        }
        for test in self.tests:
            found[test] = {metric.name: self._test_score(metric, test, name) for metric in metrics}
        return found

    def _test_score(self, metric: Metric, test: str, name: str) -> Score:
        return score_record(evidence.score(self.measurements[test, metric.name, name], claim=self.claim))

    def _train_score(self, metric: Metric, name: str) -> Score:
        y, w, scale = self.events(self.prepared.split.train)
        prediction = self.fitted[name].train
        assert prediction is not None
        value = metric.value(y, prediction, w, cut=self.cut(metric, name), scale=scale)
        return Score(finite(value), method="on the rows it was fitted to: no interval")

    def validation_value(self, metric: Metric, name: str) -> float:
        """Return the score of the stored out-of-fold predictions."""
        y, w, scale = self.events(self.prepared.split.train[self.validated])
        return metric.value(y, self.out_of_fold(name), w, cut=self.cut(metric, name), scale=scale)

    def _validation_score(self, metric: Metric, name: str) -> Score:
        value = self.validation_value(metric, name)
        if self.prepared.split.n_folds < 2:
            return self._single_validation(metric, name)
        return self.folded_score(metric, self.fitted[name].validation, value)

    def folded_score(self, metric: Metric, prediction: Array | None, value: float) -> Score:
        """Return the score ``value`` of an out-of-fold prediction with the interval that its folds give."""
        if self.too_few or not metric.interval:
            return Score(
                finite(value), method=self.too_few or f"no interval: {metric.name} is biased at finite size"
            )
        per_fold = self.fold_values(metric, prediction)
        if not (np.isfinite(per_fold).all() and np.isfinite(value)):
            return Score(finite(value), method="no interval: the score is not defined on every fold")
        n_fit, n_validation = self.fold_sizes
        spread = evidence.cross_validated(per_fold, n_fit=n_fit, n_validation=n_validation)
        if spread.low is None or spread.high is None:
            return Score(value, method=spread.method)
        half = (spread.high - spread.low) / 2
        low, high = _within(metric, value - half, value + half)
        return Score(value, low, high, spread.level, spread.method, ErrorBudget())

    def _single_validation(self, metric: Metric, name: str) -> Score:
        rows = self.prepared.split.train[self.validated]
        part = self._part(rows, "validation bootstrap", n_boot=self.prepared.spec.evaluate.bootstrap)
        _, _, scale = self.events(rows)
        cut = self.cut(metric, name)
        measured = evidence.measure(metric, part, self.out_of_fold(name), cut=cut, scale=scale)
        return score_record(evidence.score(measured, claim="fitted"))

    def fold_values(self, metric: Metric, prediction: Array | None) -> Array:
        """Return the score of an out-of-fold prediction on each fold, at a cut chosen on the other folds."""
        assert prediction is not None
        split, values = self.prepared.split, []
        for fold in range(split.n_folds):
            held, others = split.folds == fold, self.validated & (split.folds != fold)
            y, w, scale = self.events(split.train[others])
            cut = metric.cut(y, prediction[others], w, scale=scale)
            y, w, scale = self.events(split.train[held])
            values.append(metric.value(y, prediction[held], w, cut=cut, scale=scale))
        return np.array(values)

    @cached_property
    def _validated_part(self) -> Part:
        """The events of all folds, without resamples: for the rules on how few are too few."""
        rows = self.prepared.split.train[self.validated]
        y, w, _ = self.events(rows)
        groups = None if self.prepared.data.groups is None else self.prepared.data.groups[rows]
        return Part(y, w, groups, np.empty((0, len(rows)), np.uint8))

    @cached_property
    def too_few(self) -> str:
        """Why the folds allow no interval and no claim, or an empty string."""
        return evidence.refusal(self._validated_part)

    @cached_property
    def fold_sizes(self) -> tuple[int, int]:
        """Events that a fold's model is fitted to, and scored on."""
        n_validation = int(self.validated.sum()) // self.prepared.split.n_folds
        return len(self.prepared.split.train) - n_validation, n_validation

    # --- differences -------------------------------------------------------------------------------------------

    def difference(self, metric: Metric, a: str, b: str) -> Difference:
        """Return the paired difference of model ``a`` over model ``b``, one-sided against the baseline."""
        one_sided = b == self.baseline
        if self.tests:
            ours, theirs = (self.measurements[self.tests[0], metric.name, name] for name in (a, b))
            return evidence.compare(ours, theirs, one_sided=one_sided, claim=self.claim)
        return self.folded(metric, self.fitted[a].validation, self.fitted[b].validation, one_sided=one_sided)

    def folded(
        self, metric: Metric, a: Array | None, b: Array | None, *, one_sided: bool = False
    ) -> Difference:
        """Return the difference of two out-of-fold predictions of the training rows, paired by fold."""
        if self.prepared.split.n_folds < 2:
            return Difference(
                None, one_sided=one_sided, method="no interval: one validation set and no test set"
            )
        if self.too_few:
            return Difference(None, one_sided=one_sided, method=self.too_few)
        first, second = (metric.merit(self.fold_values(metric, each)) for each in (a, b))
        n_fit, n_validation = self.fold_sizes
        return evidence.compare_cross_validated(
            first,
            second,
            n_fit=n_fit,
            n_validation=n_validation,
            greater_is_better=True,
            units=self._validated_part.units(additive=metric.additive),
            one_sided=one_sided,
        )

    def _pairs(self) -> Iterator[Pair]:
        """Yield the family: every model against the baseline, then all other pairs, the better by folds first."""
        others = [name for name in self.ranked if name != self.baseline]
        if self.baseline is not None:
            yield from ((name, self.baseline) for name in others)
        yield from ((a, b) for i, a in enumerate(others) for b in others[i + 1 :])

    @cached_property
    def ranked(self) -> list[str]:
        """The fitted models by out-of-fold score, the best first."""
        metric = self.prepared.metric
        merit = {name: float(metric.merit(self.validation_value(metric, name))) for name in self.fitted}
        return sorted(merit, key=lambda name: -merit[name] if np.isfinite(merit[name]) else np.inf)

    @cached_property
    def _judged(self) -> tuple[Difference, ...]:
        pairs = [self.difference(self.prepared.metric, a, b) for a, b in self._pairs()]
        return evidence.global_significance([*pairs, *self.curves.differences.values(), *self.further(self)])

    @cached_property
    def family(self) -> dict[Pair, Difference]:
        """All differences on the primary metric, with their significance among all of them."""
        return dict(zip([*self._pairs(), *self.curves.differences], self._judged, strict=False))

    @cached_property
    def beyond(self) -> tuple[Difference, ...]:
        """The ``further`` differences, with their significance among all."""
        return self._judged[len(self.family) :]

    @cached_property
    def curves(self) -> ModelCurves:
        """The curves of the models and the differences they show, which belong to the family."""
        return ModelCurves(self)

    def versus(self, name: str, other: str | None) -> dict[str, Comparison]:
        """Return the comparison of a model with another on every metric; σ among all is of the primary one."""
        if other is None or name == other:
            return {}
        found = {}
        for metric in self.prepared.metrics:
            if metric is self.prepared.metric:
                found[metric.name] = comparison_record(self.between(name, other))
            elif metric.interval:
                found[metric.name] = comparison_record(self.difference(metric, name, other))
        return found

    def between(self, a: str, b: str) -> Difference:
        """Return the family's difference of ``a`` over ``b``, turned round where it was taken the other way."""
        return self.family[a, b] if (a, b) in self.family else reverse(self.family[b, a])

    def claims(self) -> tuple[Claim, ...]:
        """Return the sentences of the page, the most asked for first."""
        named = list(dict.fromkeys(self._claimed()))
        return tuple(self.sentence(self.family[a, b], a, b) for a, b in named)

    def _claimed(self) -> Iterator[Pair]:
        """Yield best against baseline and runner-up, all against the baseline, and every pair distinguished."""
        if (self.best, self.baseline) in self.family and self.best and self.baseline:
            yield self.best, self.baseline
        yield from (pair for pair in self.family if self.best == pair[0] and pair[1] != self.baseline)
        yield from (pair for pair in self.family if pair[1] == self.baseline)
        yield from self.curves.differences
        yield from (pair for pair, each in self.family.items() if abs(each.sigma_global or 0.0) >= 3)

    def sentence(self, difference: Difference, a: str, b: str) -> Claim:
        """Return the claim that a difference of ``a`` over ``b`` on the primary metric makes."""
        split, spec = self.prepared.split, self.prepared.spec
        test = split.tests[self.tests[0]] if self.tests else split.train
        return evidence.claim_text(
            difference,
            a,
            b,
            metric=self.prepared.metric.name,
            n_test=len(test),
            n_train=len(split.train),
            relevant=spec.evaluate.relevant,
            family=len(self._judged),
            greater_is_better=self.prepared.metric.greater_is_better,
        )

    # --- generalisation ----------------------------------------------------------------------------------------

    def generalisation(self, name: str) -> Generalisation:
        """Return the gap between train and validation and the verdict of the neighbours in flexibility."""
        metric, outcome = self.prepared.metric, self.fitted[name]
        gap = self._gap(metric, name)
        if self.prepared.split.n_folds < 2 or self.too_few:
            return Generalisation(gap)
        folds = {"validation": outcome.validation, **outcome.probes}
        merits = {part: metric.merit(self.fold_values(metric, each)) for part, each in folds.items()}
        if not all(np.isfinite(each).all() for each in merits.values()):
            return Generalisation(gap)
        n_fit, n_validation = self.fold_sizes
        found = generalisation(
            None,
            merits["validation"],
            greater_is_better=True,
            n_fit=n_fit,
            n_validation=n_validation,
            less=merits.get("less"),
            more=merits.get("more"),
            units=self._validated_part.units(additive=metric.additive),
            family=sum(len(each.probes) for each in self.fitted.values()),
        )
        return Generalisation(gap, found.verdict, found.sigma)

    def _gap(self, metric: Metric, name: str) -> float | None:
        """Return the train score less the validation score, turned so that positive is optimism."""
        train = self._train_score(metric, name).value
        if train is None:
            return None
        return finite(float(metric.merit(train) - metric.merit(self.validation_value(metric, name))))


def finite(value: float | None) -> float | None:
    """Return ``value``, None where it is not finite."""
    return float(value) if value is not None and np.isfinite(value) else None


def _within(metric: Metric, low: float, high: float) -> tuple[float, float]:
    bottom = -np.inf if metric.lower is None else metric.lower
    top = np.inf if metric.upper is None else metric.upper
    return max(low, bottom), min(high, top)


def score_record(estimate: Score) -> Score:
    """Return an estimate as the record keeps it."""
    error = estimate.error
    return Score(
        finite(estimate.value),
        finite(estimate.low),
        finite(estimate.high),
        estimate.level,
        estimate.method,
        ErrorBudget(finite(error.stat), finite(error.train), finite(error.seed)),
    )


def comparison_record(difference: Difference) -> Comparison:
    """Return a difference as the record keeps it."""
    d = difference
    return Comparison(*map(finite, (d.difference, d.low, d.high, d.p, d.sigma_local, d.sigma_global)))


def _negative(value: float | None) -> float | None:
    return None if value is None else -value


def reverse(d: Difference) -> Difference:
    """Return the difference turned round."""
    return dataclasses.replace(  # p stays that of the test that was made
        d,
        difference=_negative(d.difference),
        low=_negative(d.high),
        high=_negative(d.low),
        sigma_local=_negative(d.sigma_local),
        sigma_global=_negative(d.sigma_global),
    )
