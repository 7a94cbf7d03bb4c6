"""The sentences of a run, the most asked for first."""

from __future__ import annotations

from collections.abc import Iterator

from fivesigma.record.results import Claim
from fivesigma.risk import evidence
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.family import MODELS, Compared

SHOWN = 3.0
"""σ from which a comparison is claimed that nobody asked for."""


def claims(found: Evidence) -> tuple[Claim, ...]:
    """Return the claims of the evidence."""
    return tuple(sentence(found, each) for each in dict.fromkeys(_claimed(found)))


def _claimed(found: Evidence) -> Iterator[Compared]:
    """Yield best against baseline and the others, all against the baseline, and every pair distinguished.

    What an analysis asked for stands before the pairs that are merely distinguished, or at the end.
    """
    best, baseline = found.best, found.baseline
    models = [each for each in found.family if each.source == MODELS]
    others = [each for each in found.family if each.source != MODELS]
    yield from (each for each in models if (each.subject, each.other) == (best, baseline))
    yield from (each for each in models if each.subject == best and each.other != baseline)
    yield from (each for each in models if each.other == baseline)
    yield from (each for each in others if each.prominent)
    yield from (each for each in models if abs(each.difference.sigma_global or 0.0) >= SHOWN)
    yield from others


def sentence(found: Evidence, compared: Compared) -> Claim:
    """Return the claim that a comparison makes."""
    return sentence_on(found, compared, found.judged_on, among=len(found.family))


def sentence_on(found: Evidence, compared: Compared, part: str, *, among: int) -> Claim:
    """Return the claim that a comparison on the events of ``part`` makes ``among`` so many."""
    prepared = found.prepared
    n_judged = len(found.parts.truth(prepared.metric, part).y)
    untested = part not in found.tests
    return evidence.claim_text(
        compared.difference,
        compared.subject,
        compared.other,
        metric=compared.metric or prepared.metric.name,
        n_test=None if untested else n_judged,
        n_train=n_judged if untested else len(prepared.split.train),
        relevant=prepared.spec.evaluate.relevant,
        family=among,
        greater_is_better=prepared.metric.greater_is_better,
    )
