"""Runs of equal procedures, compared with one another after they have ended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from benchmarks.scene import Null
from fivesigma.risk.evidence import Part, measure
from fivesigma.risk.metrics import metric
from fivesigma.study.finished.compare import Against, differences


@dataclass(frozen=True)
class EqualRuns:
    """Finished runs of procedures of one risk on the same sealed events.

    What a fit says of an event is the truth's logit, a noise that every fit shares and a noise of its own, whose
    strength (``own``, give or take ``luck``) is that of its training set: so the risk of a fit varies, by a little more
    than the test events' own error. The luck is that of the ten equal models in `benchmarks.scenes.equal`. Runs of one
    seed resample alike, and their refits share ``common`` of it; of other seeds they share nothing.
    """

    n_runs: int = 4
    n_test: int = 300
    n_refits: int = 10
    own: float = 0.8
    luck: float = 0.15
    common: float = 0.0
    name: str = "brier"

    def says(self, rng, y, shared, luck):
        """(n, 2) probabilities of one fit."""
        z = shared + self.own * np.exp(self.luck * luck) * rng.normal(size=len(y))
        p = special.expit(z)
        return np.column_stack([1 - p, p])

    def measured(self, rng, n_boot=400):
        """The best model of each run, measured on the same events."""
        y = (rng.random(self.n_test) < 0.4).astype(np.int64)
        shared = 1.5 * (2 * y - 1) + rng.normal(size=self.n_test)
        part = Part.draw(y, rng, n_boot=n_boot)
        together = rng.normal(size=1 + self.n_refits)
        found = []
        for _ in range(self.n_runs):
            alone = rng.normal(size=1 + self.n_refits)
            luck = np.sqrt(self.common) * together + np.sqrt(1 - self.common) * alone
            final, *refits = (self.says(rng, y, shared, each) for each in luck)
            found.append(measure(metric(self.name), part, final, refits=refits))
        return found

    def claims(self, rng):
        """Whether ``compare`` claims evidence of any run over the first."""
        first, *others = self.measured(rng)
        found = differences([Against(first, other, same_resamples=self.common > 0) for other in others])
        return any(abs(each.sigma_global or 0.0) >= 3 for each in found)


NULLS = {
    "compare-seeds": Null(
        "four runs of one procedure with other seeds, three comparisons", EqualRuns().claims, studies=2000
    ),
    "compare-alike": Null(
        "four runs of one seed and equal procedures, three comparisons",
        EqualRuns(common=0.5).claims,
        studies=2000,
    ),
    "compare-two": Null(
        "two runs of one procedure with other seeds", EqualRuns(n_runs=2).claims, studies=2000
    ),
}
