"""Equal procedures: ten of one risk, and two seeds of one forest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special
from sklearn.tree import DecisionTreeClassifier

from benchmarks.scene import Null
from fivesigma.risk.evidence import Part, compare, global_significance, log_p_from_sigma, measure
from fivesigma.risk.metrics import metric

N_REFITS = 10


def binary(p):
    """(n,) signal probabilities as an (n, 2) matrix."""
    return np.column_stack([1 - p, p])


def local_for(sigma, n_comparisons, sided):
    """The local σ from which Šidák's global σ reaches ``sigma``: a study below it claims nothing."""
    p = -np.expm1(np.log1p(-sided * np.exp(log_p_from_sigma(sigma))) / n_comparisons)
    return float(-special.ndtri(p / sided))


# --- ten equal models ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Equal:
    """Ten procedures of one risk: what a model says of an event is the truth's logit and two noises.

    One noise belongs to the event and is shared by all models (what the features do not tell), one to the event,
    the model and the training set; the strength of the latter varies with the training set, so that the risk of a
    fitted model does. Refits draw the training set's noises anew, in parallel for all models.
    """

    n_models: int = 10
    n_test: int = 300
    own: float = 0.6
    luck: float = 0.15

    def predictions(self, rng, y, shared):
        """(n_models, n, 2) probabilities of models fitted to one training set."""
        strength = self.own * np.exp(self.luck * rng.normal(size=(self.n_models, 1)))
        z = 1.5 * (2 * y - 1) + shared + strength * rng.normal(size=(self.n_models, len(y)))
        return [binary(special.expit(each)) for each in z]

    def family(self, rng, name="roc_auc", n_boot=400):
        """All comparisons of one study: nine against the baseline, 36 among the others."""
        y = (rng.random(self.n_test) < 0.4).astype(np.int64)
        shared = 1.5 * rng.normal(size=self.n_test)
        part = Part.draw(y, rng, n_boot=n_boot)
        final = self.predictions(rng, y, shared)
        refits = list(zip(*(self.predictions(rng, y, shared) for _ in range(N_REFITS)), strict=True))
        ms = [measure(metric(name), part, p, refits=r) for p, r in zip(final, refits, strict=True)]
        against = [compare(m, ms[0], one_sided=True) for m in ms[1:]]
        pairs = [compare(a, b) for i, a in enumerate(ms[1:]) for b in ms[i + 2 :]]
        return against + pairs


def claims(family):
    """Whether a study claims evidence: the family's correction is computed only where it could pass."""
    one, two = (local_for(3.0, len(family), sided) for sided in (1, 2))
    if not any(d.sigma_local > one if d.one_sided else abs(d.sigma_local) > two for d in family):
        return False
    corrected = global_significance(family)
    return any(d.sigma_global >= 3 if d.one_sided else abs(d.sigma_global) >= 3 for d in corrected)


def equal_models(n_studies, seed=0, setting=None):
    """Number of studies of ``n_studies`` that claim evidence."""
    setting = setting or Equal()
    return sum(claims(setting.family(np.random.default_rng([seed, k]))) for k in range(n_studies))


# --- two seeds of one forest ---------------------------------------------------------------------------------------


def collisions(rng, n):
    """Six features, a logistic law with a product in it."""
    X = rng.normal(size=(n, 6)).astype(np.float32)
    z = 1.2 * X[:, 0] + 0.8 * X[:, 1] * X[:, 2] + 0.6 * X[:, 3]
    return X, (rng.random(n) < special.expit(z)).astype(np.int64)


def forests(X, y, X_test, rng, *, n_forests, n_trees):
    """Predictions of ``n_forests`` forests of ``n_trees`` trees on one training set: seeds of one recipe."""
    found = []
    for _ in range(n_forests):
        total = np.zeros(len(X_test))
        for _ in range(n_trees):
            rows = rng.integers(0, len(X), len(X))
            tree = DecisionTreeClassifier(max_features="sqrt", random_state=int(rng.integers(2**31)))
            total += tree.fit(X[rows], y[rows]).predict_proba(X_test)[:, -1]
        found.append(binary(total / n_trees))
    return found


def forest_pairs(rng, n_test, *, n_pairs=20, n_train=300, n_trees=10, n_boot=200, name="roc_auc"):
    """σ of each pair of one study, as procedures and as fitted models."""
    X, y = collisions(rng, n_train)
    X_test, y_test = collisions(rng, n_test)
    grown = {"n_forests": 2 * n_pairs, "n_trees": n_trees}
    final = forests(X, y, X_test, rng, **grown)
    refits = []
    for _ in range(N_REFITS):
        rows = rng.integers(0, n_train, n_train)
        refits.append(forests(X[rows], y[rows], X_test, rng, **grown))
    return judged(rng, y_test, final, refits, n_boot, name)


def simulated_pair(rng, n_test, *, own=0.5, luck=0.01, n_boot=200, name="roc_auc"):
    """σ of one pair of simulated forests: event noise of each seed, whose strength varies a little with the seed."""
    y = (rng.random(n_test) < 0.5).astype(np.int64)
    shared = 1.5 * (2 * y - 1) + 1.5 * rng.normal(size=n_test)

    def seeds(common):
        strength = own * np.exp(luck * rng.normal(size=2))
        return [binary(special.expit(common + s * rng.normal(size=n_test))) for s in strength]

    training_sets = [shared + 0.3 * rng.normal(size=n_test) for _ in range(N_REFITS + 1)]
    final, *refits = (seeds(each) for each in training_sets)
    return judged(rng, y, final, refits, n_boot, name)


def judged(rng, y, final, refits, n_boot, name):
    """σ of the pairs (0, 1), (2, 3), ... as procedures and as fitted models: (n_pairs, 2)."""
    part = Part.draw(y, rng, n_boot=n_boot)
    ms = [measure(metric(name), part, p, refits=[each[k] for each in refits]) for k, p in enumerate(final)]
    pairs = list(zip(ms[::2], ms[1::2], strict=True))
    return np.array([[compare(a, b, claim=c).sigma_local for c in ("procedure", "fitted")] for a, b in pairs])


def seeds_claim(rng):
    """Whether two seeds of a simulated forest are told apart on 50,000 test events."""
    return bool(abs(simulated_pair(rng, 50_000)[0, 0]) >= 3)


def forest_claims(rng):
    """Whether the first pair of seeds of a real forest is told apart on 2,000 test events."""
    return bool(abs(forest_pairs(rng, 2000, n_pairs=1)[0, 0]) >= 3)


NULLS = {
    "equal": Null("ten procedures of one risk, all 45 comparisons", lambda rng: claims(Equal().family(rng))),
    "seeds": Null("two seeds of a simulated forest, 50,000 test events", seeds_claim),
    "forest": Null("two seeds of a forest of ten trees, 2,000 test events", forest_claims),
}
