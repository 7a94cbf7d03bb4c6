"""What can be said of clusterings: agreement with a truth that no fit saw, held-out density, and their differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.random import generator
from fivesigma.record.results import Claim, Comparison, ErrorBudget, Generalisation, Score
from fivesigma.risk import evidence
from fivesigma.risk.clustering import Agreement, LogLikelihood
from fivesigma.risk.evidence import Difference, Measurement, Part
from fivesigma.risk.metric import Metric
from fivesigma.study.evidence.family import turned
from fivesigma.study.evidence.records import comparison_record, finite, score_record
from fivesigma.study.fit.clustering_outcome import Clustered
from fivesigma.study.prepared import Prepared

Array = NDArray[Any]
Pair = tuple[str, str]

VALIDATION = "validation"


@dataclass(frozen=True, eq=False)
class ClusterEvidence:
    """The scores and differences of the clusterings of a run.

    Agreement is of the final labels of the training events, whose truth no fit has seen: it stands under
    ``validation``, and its σ is about these labellings. The log-likelihood there is of events held out by folds, and
    its σ about the procedure.
    """

    prepared: Prepared
    outcomes: Sequence[Clustered]
    opened: bool

    @cached_property
    def fitted(self) -> dict[str, Clustered]:
        """The fitted clusterings by name."""
        return {outcome.entry.name: outcome for outcome in self.outcomes if outcome.ok}

    @property
    def tests(self) -> tuple[str, ...]:
        """The names of the opened test sets; the first is the one that claims are made on."""
        return tuple(self.prepared.split.tests) if self.opened else ()

    @property
    def baseline(self) -> str | None:
        """The name of the clustering that the others are compared with, None where it was not fitted."""
        return self.prepared.baseline if self.prepared.baseline in self.fitted else None

    @cached_property
    def best(self) -> str | None:
        """The name of the clustering with the best validation score; one that starts at the truth cannot be it."""
        own = (name for name in self.ranked if self.fitted[name].entry.params.get("start") != "informed")
        return next(own, None)

    @cached_property
    def ranked(self) -> list[str]:
        """The clusterings that have the primary score, the best first."""
        metric = self.prepared.metric
        values = {name: self.value(metric, VALIDATION, name) for name in self.fitted}
        known = {name: float(metric.merit(v)) for name, v in values.items() if v is not None}
        return sorted(known, key=lambda name: -known[name])

    # --- what is scored ----------------------------------------------------------------------------------------

    def rows(self, metric: Metric, part: str) -> Array:
        """Return the positions of the events that are scored: with a truth for an agreement."""
        split, y = self.prepared.split, self.prepared.data.y
        rows = split.train if part == VALIDATION else split.tests[part]
        return rows if not isinstance(metric, Agreement) or y is None else rows[y[rows] >= 0]

    def prediction(self, metric: Metric, part: str, name: str) -> Array | None:
        """Return what a metric scores of a clustering on a part: labels, or log densities; None where it has none."""
        outcome, split = self.fitted[name], self.prepared.split
        if not isinstance(metric, Agreement):
            if part == VALIDATION:
                found = outcome.held_out
                return (
                    None if found is None or np.isnan(found[self.validated]).any() else found[self.validated]
                )
            return outcome.said.get(part, {}).get("density")
        labels = outcome.said.get("train" if part == VALIDATION else part, {}).get("labels")
        if labels is None:
            return None
        rows = split.train if part == VALIDATION else split.tests[part]
        y = self.prepared.data.y
        return labels if y is None else labels[y[rows] >= 0]

    @cached_property
    def validated(self) -> Array:
        """Which training rows are held out by a fold."""
        return np.asarray(self.prepared.split.folds >= 0)

    def _truth(self, metric: Metric, part: str) -> Array:
        rows, y = self.rows(metric, part), self.prepared.data.y
        if isinstance(metric, Agreement) and y is not None:
            return y[rows]
        rows = rows[self.validated] if part == VALIDATION else rows
        return np.zeros(len(rows))

    def value(self, metric: Metric, part: str, name: str) -> float | None:
        """Return a score without its error; None where the clustering has none."""
        said = self.prediction(metric, part, name)
        return None if said is None else finite(metric.value(self._truth(metric, part), said))

    def part(self, metric: Metric, part: str) -> Part:
        """Return the events of a part with their resamples: the same for all clusterings and metrics of a sort."""
        sort = "agreement" if isinstance(metric, Agreement) else "density"
        return self._parts[part, sort]

    @cached_property
    def _parts(self) -> dict[tuple[str, str], Part]:
        found: dict[tuple[str, str], Part] = {}
        for part in (VALIDATION, *self.tests):
            for metric in self.prepared.metrics:
                sort = "agreement" if isinstance(metric, Agreement) else "density"
                if (part, sort) not in found:
                    found[part, sort] = self._drawn(metric, part)
        return found

    def _drawn(self, metric: Metric, part: str) -> Part:
        rows, spec = self.rows(metric, part), self.prepared.spec
        if part == VALIDATION and not isinstance(metric, Agreement):
            rows = rows[self.validated]
        groups = None if self.prepared.data.groups is None else self.prepared.data.groups[rows]
        rng = generator(spec.study.seed, "bootstrap", part)
        return Part.draw(self._truth(metric, part), rng, groups=groups, n_boot=spec.evaluate.bootstrap)

    @cached_property
    def _measured(self) -> dict[tuple[str, str, str], Measurement]:
        return {}

    def measured(self, metric: Metric, part: str, name: str) -> Measurement | None:
        """Return value and resamples of a score; None where the clustering has none."""
        key = (metric.name, part, name)
        if key not in self._measured:
            said = self.prediction(metric, part, name)
            if said is None:
                return None
            self._measured[key] = evidence.measure(metric, self.part(metric, part), said)
        return self._measured[key]

    # --- scores ------------------------------------------------------------------------------------------------

    def scores(self, name: str) -> dict[str, dict[str, Score]]:
        """Return the scores of a clustering by part and metric; what it does not have is left out."""
        found = {"train": self._in_sample(name)}
        for part in (VALIDATION, *self.tests):
            scored = {metric.name: self._score(metric, part, name) for metric in self.prepared.metrics}
            found[part] = {metric: score for metric, score in scored.items() if score is not None}
        return found

    def _score(self, metric: Metric, part: str, name: str) -> Score | None:
        if part == VALIDATION and isinstance(metric, LogLikelihood) and self.prepared.split.n_folds > 1:
            return self._folded_score(metric, name)
        measured = self.measured(metric, part, name)
        if measured is None:
            return None
        return score_record(evidence.score(measured, claim="fitted"))

    def _folded_score(self, metric: Metric, name: str) -> Score | None:
        value = self.value(metric, VALIDATION, name)
        if value is None:
            return None
        n_fit, n_validation = self.fold_sizes
        spread = evidence.cross_validated(
            self.fold_values(metric, name), n_fit=n_fit, n_validation=n_validation
        )
        if spread.low is None or spread.high is None:
            return Score(value, method=spread.method)
        half = (spread.high - spread.low) / 2
        return Score(value, value - half, value + half, spread.level, spread.method, ErrorBudget())

    def _in_sample(self, name: str) -> dict[str, Score]:
        """Return the log-likelihood of the fitted events, the BIC and the log evidence, where there are any."""
        outcome = self.fitted[name]
        said, mixture = outcome.said["train"], outcome.described["mixture"]
        found: dict[str, Score] = {}
        if "density" in said:
            value = float(said["density"].mean())
            found["log_likelihood"] = Score(value, method="on the events it was fitted to: no interval")
        if mixture["bic"] is not None:
            found["bic"] = Score(mixture["bic"], method="p ln n - 2 ln L of the fitted events; small is good")
        log_evidence = mixture["log_evidence"]
        if log_evidence is not None:
            value, error = log_evidence["value"], log_evidence["error"]
            found["log_evidence"] = Score(
                value,
                value - 1.96 * error,
                value + 1.96 * error,
                method="Chib's identity over all labellings; the interval is its Monte-Carlo error",
            )
        return found

    def fold_values(self, metric: Metric, name: str) -> Array:
        """Return the mean held-out log density of each fold."""
        split, held = self.prepared.split, self.fitted[name].held_out
        assert held is not None
        return np.array([float(held[split.folds == k].mean()) for k in range(split.n_folds)])

    @cached_property
    def fold_sizes(self) -> tuple[int, int]:
        """Events that a fold's fit sees, and is scored on."""
        n_validation = int(self.validated.sum()) // self.prepared.split.n_folds
        return len(self.prepared.split.train) - n_validation, n_validation

    # --- differences -------------------------------------------------------------------------------------------

    @property
    def judged_on(self) -> str:
        """The part that claims are made on: the first opened test if every clustering has its score there."""
        if not self.tests:
            return VALIDATION
        metric = self.prepared.metric
        everywhere = all(self.prediction(metric, self.tests[0], name) is not None for name in self.ranked)
        return self.tests[0] if everywhere else VALIDATION

    def difference(self, metric: Metric, a: str, b: str) -> Difference:
        """Return the paired difference of clustering ``a`` over ``b``, one-sided against the baseline."""
        one_sided, part = b == self.baseline, self.judged_on
        if part == VALIDATION and isinstance(metric, LogLikelihood) and self.prepared.split.n_folds > 1:
            return self._folded_difference(metric, a, b, one_sided)
        ours, theirs = self.measured(metric, part, a), self.measured(metric, part, b)
        if ours is None or theirs is None:
            return Difference(None, one_sided=one_sided, method="one of them has no such score")
        return evidence.compare(ours, theirs, one_sided=one_sided, claim="fitted")

    def _folded_difference(self, metric: Metric, a: str, b: str, one_sided: bool) -> Difference:
        if self.prediction(metric, VALIDATION, a) is None or self.prediction(metric, VALIDATION, b) is None:
            return Difference(None, one_sided=one_sided, method="one of them has no density")
        n_fit, n_validation = self.fold_sizes
        return evidence.compare_cross_validated(
            self.fold_values(metric, a),
            self.fold_values(metric, b),
            n_fit=n_fit,
            n_validation=n_validation,
            greater_is_better=True,
            units=float(self.validated.sum()),
            one_sided=one_sided,
        )

    @cached_property
    def family(self) -> Mapping[Pair, Difference]:
        """All differences on the primary metric, with their significance among all of them."""
        pairs = list(self._pairs())
        found = evidence.global_significance([self.difference(self.prepared.metric, a, b) for a, b in pairs])
        return dict(zip(pairs, found, strict=True))

    def _pairs(self) -> Iterator[Pair]:
        others = [name for name in self.ranked if name != self.baseline]
        if self.baseline in self.ranked and self.baseline is not None:
            yield from ((name, self.baseline) for name in others)
        yield from ((a, b) for i, a in enumerate(others) for b in others[i + 1 :])

    def versus(self, name: str, other: str | None) -> dict[str, Comparison]:
        """Return the comparison of a clustering with another on every metric that both have."""
        if other is None or name == other:
            return {}
        found = {}
        for metric in self.prepared.metrics:
            if metric is self.prepared.metric:
                between = self.between(name, other)
                if between is not None:
                    found[metric.name] = comparison_record(between)
            elif metric.interval:
                found[metric.name] = comparison_record(self.difference(metric, name, other))
        return found

    def between(self, a: str, b: str) -> Difference | None:
        """Return the family's difference of ``a`` over ``b``, None where one of them has no primary score."""
        if (a, b) in self.family:
            return self.family[a, b]
        return turned(self.family[b, a]) if (b, a) in self.family else None

    def claims(self) -> tuple[Claim, ...]:
        """Return the sentences of the page, the most asked for first."""
        return tuple(self._claim(a, b) for a, b in dict.fromkeys(self._claimed()))

    def _claimed(self) -> Iterator[Pair]:
        yield from (pair for pair in self.family if pair == (self.best, self.baseline))
        yield from (pair for pair in self.family if self.best == pair[0] and pair[1] != self.baseline)
        yield from (pair for pair in self.family if pair[1] == self.baseline)
        yield from (pair for pair, each in self.family.items() if abs(each.sigma_global or 0.0) >= 3)

    def _claim(self, a: str, b: str) -> Claim:
        spec, metric = self.prepared.spec, self.prepared.metric
        return evidence.claim_text(
            self.family[a, b],
            a,
            b,
            metric=metric.name,
            n_test=len(self.rows(metric, self.judged_on)),
            n_train=len(self.prepared.split.train),
            relevant=spec.evaluate.relevant,
            family=len(self.family),
            greater_is_better=metric.greater_is_better,
        )

    def generalisation(self, name: str) -> Generalisation:
        """Return how much more likely the fitted events are than held-out ones, in nats an event."""
        held = self.value(LogLikelihood(), VALIDATION, name)
        said = self.fitted[name].said["train"]
        if held is None or "density" not in said:
            return Generalisation()
        return Generalisation(finite(float(said["density"].mean()) - held))
