"""How well bootstrap refits know the variance of a risk over training sets: one line a learner.

    python -m benchmarks.refit_variance

For each training set ten refits on its bootstraps give train² = V - I, in proportion to the loss; printed is its
mean over that of the truth, the variance of the risk over fresh training sets, and the refits' mean loss over the
model's.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from benchmarks.scenes.procedures import catalogue, collisions

N_REFITS = 10
LEARNERS = {
    "grown tree, error": ("error", DecisionTreeClassifier()),
    "tree with leaves of 5, Brier": ("brier", DecisionTreeClassifier(min_samples_leaf=5)),
    "tree with leaves of 3, squared error": ("square", DecisionTreeRegressor(min_samples_leaf=3)),
    "15 neighbours, Brier": ("brier", KNeighborsClassifier(15)),
    "1 neighbour, error": ("error", KNeighborsClassifier(1)),
    "logistic, log loss": ("log", LogisticRegression()),
    "Gaussian naive Bayes, log loss": ("log", GaussianNB()),
    "ridge of 40 features, squared error": ("square", Ridge(1.0)),
}


def losses(kind, model, X, y, X_test, y_test, seed):
    """The loss of each test event."""
    if "random_state" in model.get_params():
        model.set_params(random_state=seed)
    model.fit(X, y)
    if kind == "square":
        return (model.predict(X_test) - y_test) ** 2
    p = model.predict_proba(X_test)[:, -1]
    if kind == "log":
        return -np.log(np.clip(np.where(y_test == 1, p, 1 - p), 1e-6, None))
    return ((p > 0.5) != y_test).astype(float) if kind == "error" else (p - y_test) ** 2


def measured(kind, model, n, n_sets):
    """Mean train² over the truth, and the refits' loss over the model's."""
    law = catalogue if kind == "square" else collisions
    rng = np.random.default_rng(1)
    seed = iter(rng.integers(0, 2**31, 10**5).tolist())
    large, test = law(rng, 6000), law(rng, 1500)
    truth = np.var([losses(kind, model, *law(rng, n), *large, next(seed)).mean() for _ in range(200)], ddof=1)
    found, worse = [], []
    for _ in range(n_sets):
        X, y = law(rng, n)
        value = losses(kind, model, X, y, *test, next(seed)).mean()
        rows = [rng.integers(0, n, n) for _ in range(N_REFITS)]
        refits = np.array([losses(kind, model, X[i], y[i], *test, next(seed)) for i in rows])
        scores = refits.mean(axis=1)
        centred = refits - refits.mean(axis=0) - scores[:, None] + scores.mean()
        interaction = np.sum(centred**2) / ((N_REFITS - 1) * (len(test[1]) - 1)) / len(test[1])
        worse.append(scores.mean() / value)
        found.append(max(scores.var(ddof=1) - interaction, 0.0) / worse[-1] ** 2)
    return np.mean(found) / truth, np.mean(worse)


def main():
    """Print the table."""
    warnings.filterwarnings("ignore")
    print("| learner | n | train² / truth | refits' loss / model's |")
    print("|---|---|---|---|")
    for name, (kind, model) in LEARNERS.items():
        for n in (100, 400):
            ratio, worse = measured(kind, model, n, 60)
            print(f"| {name} | {n} | {ratio:.1f} | {worse:.2f} |", flush=True)


if __name__ == "__main__":
    main()
