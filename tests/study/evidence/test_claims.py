"""The sentences of a run and their order."""

from __future__ import annotations

from fivesigma.risk.significance import Difference
from fivesigma.study.evidence.claims import claims, sentence
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.family import Compared
from tests.study.made import outcome, prepared


class Asks:
    def __init__(self, name, *, prominent):
        self.name, self.prominent = name, prominent

    def compared(self, found, /):
        seen = Difference(1.0, 0.5, 1.5, 0.1, 1.0, dof=9.0)
        yield Compared(f"{self.name} one", "other", seen, self.name, 1, self.prominent)


def evidence(**more):
    study = prepared()
    noises = {"dummy": 2.0, "good": 0.05, "fair": 0.4, "poor": 1.9}
    models = [outcome(study, name, noise, seed=i) for i, (name, noise) in enumerate(noises.items())]
    return Evidence(study, models, **{"opened": True, **more})


def test_the_best_comes_first_then_the_baseline_then_what_was_asked_then_what_is_seen_then_the_rest():
    analyses = (Asks("early", prominent=True), Asks("late", prominent=False))
    texts = [claim.text for claim in claims(evidence(analyses=analyses))]
    assert texts[0].startswith("good is above dummy")
    assert [text.split(" ")[0] for text in texts[1:3]] == ["good", "good"]
    at = {
        name: next(i for i, text in enumerate(texts) if text.startswith(name)) for name in ("early", "late")
    }
    assert at["early"] < at["late"] == len(texts) - 1
    seen = [i for i, text in enumerate(texts) if text.startswith("fair") and "poor" in text]
    assert all(at["early"] < i < at["late"] for i in seen)
    assert seen
    assert len(texts) == len(set(texts))


def test_a_sentence_has_the_numbers_of_its_comparison():
    found = evidence()
    compared = next(iter(found.family))
    claim = sentence(found, compared)
    assert claim.effect == compared.difference.difference
    assert claim.sigma_global == compared.difference.sigma_global
    assert compared.subject in claim.text
    assert "on r2" in claim.text


def test_what_it_would_take_counts_the_events_that_were_scored():
    """Folds judge a sealed study: no test events are spoken of there."""
    sealed = evidence(opened=False)
    folds, test = (
        Difference(0.01, -1, 1, 0.4, 0.5, 0.2, stat=stat, train=train, t=0.5, dof=99.0)
        for stat, train in ((0.0, 0.02), (0.02, 0.0))
    )
    n_train = len(sealed.prepared.split.train)
    n_test = len(sealed.prepared.split.tests["test"])
    more = [
        sentence(found, Compared("a", "b", d, "x", 1)).needs
        for found, d in ((sealed, folds), (evidence(), test))
    ]
    assert " events for 3σ" in more[0]
    assert "test" not in more[0]
    assert "test events for 3σ" in more[1]
    first, second = (float(each.split(" ")[1].replace(",", "")) for each in more)
    assert abs(first / second - n_train / n_test) < 0.1 * n_train / n_test
