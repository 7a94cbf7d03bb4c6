"""The jobs of the linear benchmark: tables, λ, and what a point is worth, computed here in float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

SUSY_LAMBDAS = np.logspace(-2, 5, 50)
LASSO_LAMBDAS = np.geomspace(1e-3, 1, 50)
"""Of a lasso path, in units of λ_max."""


@dataclass
class Job:
    """``Σ ℓ(Xθ + b, y) + λ Ω(θ)`` at every λ (rising); ``test`` holds rows to score on."""

    name: str
    X: np.ndarray
    y: np.ndarray
    lambdas: np.ndarray
    loss: str
    penalty: str
    test: tuple[np.ndarray, np.ndarray] | None = None

    def __post_init__(self):
        centred = self.y - self.y.mean()
        self.lambda_max = float(abs((self.X - self.X.mean(axis=0)).T @ centred).max())

    def slope(self, score):
        return 0.5 + 0.5 * np.tanh(0.5 * score) - self.y if self.loss == "logistic" else score - self.y

    def violation(self, coefs, intercepts):
        worst = 0.0
        for lam, coef, b in zip(self.lambdas, coefs, intercepts, strict=True):
            r = self.slope(self.X @ coef + b)
            g = self.X.T @ r
            at = np.where(coef != 0, abs(g + lam * np.sign(coef)), np.maximum(abs(g) - lam, 0))
            distance = at if self.penalty == "L1" else abs(g + lam * coef)
            worst = max(worst, distance.max(), abs(r.sum()))
        return worst / self.lambda_max

    def objective(self, coefs, intercepts):
        out = []
        for lam, coef, b in zip(self.lambdas, coefs, intercepts, strict=True):
            f = self.X @ coef + b
            loss = (np.logaddexp(0, f) - self.y * f) if self.loss == "logistic" else 0.5 * (f - self.y) ** 2
            out.append(loss.sum() + lam * (abs(coef).sum() if self.penalty == "L1" else 0.5 * coef @ coef))
        return np.array(out)

    def small(self):
        """A few rows and λ of the same kind: to compile on."""
        rows = slice(0, 300)
        return Job(self.name, self.X[rows], self.y[rows], self.lambdas[-5:], self.loss, self.penalty)


def susy(path):
    """``{p: (X train, y train, X test, y test)}`` for the 18 columns and for the 171 with their products."""
    table = pl.read_csv(path).to_numpy()
    y = (table[:, 0] > 0).astype(float)
    out = {}
    for p, X in (
        (18, table[:, 1:]),
        (171, PolynomialFeatures(2, interaction_only=True, include_bias=False).fit_transform(table[:, 1:])),
    ):
        train, test, yt, yv = train_test_split(X, y, test_size=0.2, random_state=0)
        scaler = StandardScaler().fit(train)
        out[p] = scaler.transform(train), yt, scaler.transform(test), yv
    return out


def wide():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 5000))
    coef = np.zeros(5000)
    coef[:50] = rng.normal(size=50)
    return X, X @ coef + rng.normal(size=500)


def lasso(name, X, y):
    job = Job(name, X, y, np.ones(1), "squared", "L1")
    job.lambdas = LASSO_LAMBDAS * job.lambda_max
    return job


def jobs(path):
    """Every path of the benchmark."""
    tables = susy(path)
    out = [
        Job(f"{penalty}/{p}", X, y, SUSY_LAMBDAS, "logistic", penalty, (V, v))
        for p, (X, y, V, v) in tables.items()
        for penalty in ("L2", "L1")
    ]
    X, y, _, _ = tables[171]
    return [*out, lasso("lasso/8000x171", X, 2 * y - 1), lasso("lasso/500x5000", *wide())]
