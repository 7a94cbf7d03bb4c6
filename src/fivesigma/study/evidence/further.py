"""The tests after the first: each a family of claims of its own, which selects nothing and which nothing selects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from fivesigma.record.results import Claim, Comparison
from fivesigma.risk import evidence
from fivesigma.study.evidence.claims import SHOWN, sentence_on
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.family import MODELS, Compared, Family
from fivesigma.study.evidence.records import comparison_record

DROPS = "drops"


@dataclass(frozen=True, eq=False)
class Further:
    """What is found on one test after the first."""

    found: Evidence
    test: str

    @property
    def first(self) -> str:
        """The test that it is held against."""
        return self.found.tests[0]

    @cached_property
    def models(self) -> list[str]:
        """The compared models that have the primary score here, in their order."""
        metric, scores = self.found.prepared.metric, self.found.scores
        return [name for name in self.found.compared if scores.has(metric, self.test, name)]

    @cached_property
    def family(self) -> Family:
        """Every model over the baseline here, the best over the others, and what each loses from the first test."""
        return Family([*self._pairs(), *self._drops()])

    def _pairs(self) -> Iterator[Compared]:
        found, best, baseline = self.found, self.found.best, self.found.baseline
        pairs = [(name, baseline) for name in self.models if baseline in self.models and name != baseline]
        pairs += [
            (best, name) for name in self.models if best in self.models and name not in (best, baseline)
        ]
        for a, b in pairs:
            assert a is not None
            assert b is not None
            difference = found.difference(found.prepared.metric, a, b, self.test)
            yield Compared(f"On {self.test}, {a}", b, difference, MODELS, (a, b))

    def _drops(self) -> Iterator[Compared]:
        found, metric = self.found, self.found.prepared.metric
        for name in self.models:
            if found.parts.judged(metric, self.test).by != "resamples":
                continue
            if not found.scores.has(metric, self.first, name):
                continue
            claim = found.scores.claim(found.parts.judged(metric, self.test), name)
            first, here = (found.scores.measured(metric, part, name) for part in (self.first, self.test))
            difference = evidence.drop(first, here, claim=claim)
            yield Compared(f"{name} on {self.first}", f"{name} on {self.test}", difference, DROPS, name)

    def claims(self) -> tuple[Claim, ...]:
        """Return the claims of this test: of the best first, then of all over the baseline, then what is shown."""
        return tuple(
            sentence_on(self.found, each, self.test, among=len(self.family))
            for each in dict.fromkeys(self._claimed())
        )

    def _claimed(self) -> Iterator[Compared]:
        best, baseline = self.found.best, self.found.baseline
        every = list(self.family)
        yield from (each for each in every if each.about in ((best, baseline), best))
        yield from (each for each in every if each.source == MODELS and each.other == baseline)
        yield from (each for each in every if abs(each.difference.sigma_global or 0.0) >= SHOWN)

    def drops(self) -> dict[str, Comparison]:
        """Return what each model loses from the first test to this one, turned so that positive is worse here."""
        return {
            str(each.about): comparison_record(each.difference)
            for each in self.family
            if each.source == DROPS
        }
