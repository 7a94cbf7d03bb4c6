"""Linear paths beside their peers: seconds, ratio, violation and suboptimality, in one process on one thread.

Usage: ``OMP_NUM_THREADS=1 python benchmarks/linear.py [--data susy_small.csv] [--jobs L2/171 ...] [--repeats 3]``
with scikit-learn and, where installed, celer, glum and adelie beside fivesigma. Each peer is tried at tighter
and tighter tolerances until it meets the violation (1e-8, then 1e-6, of λ_max, recomputed here in float64), or is said
not to meet it. Seconds are medians of interleaved runs, CPU and wall; compile time is left out and stated apart.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

# other benchmarks lie in this folder, and one has the name of a package that numba looks for
sys.path[:] = [
    place for place in sys.path if os.path.abspath(place) != os.path.dirname(os.path.abspath(__file__))
]

import numpy as np  # noqa: E402
import polars as pl  # noqa: E402
from sklearn.linear_model import LogisticRegression, RidgeCV, lasso_path  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402
from sklearn.preprocessing import PolynomialFeatures, StandardScaler  # noqa: E402

from fivesigma.models.linear import RegularisationPath, ridge_factor  # noqa: E402
from fivesigma.risk.losses import Logistic, Squared  # noqa: E402
from fivesigma.risk.penalties import L1, L2  # noqa: E402

SUSY_LAMBDAS = np.logspace(-2, 5, 50)
LIMIT = 90.0


@dataclass
class Job:
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


def susy(path):
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


def jobs(path):
    out = []
    for p, (X, y, V, v) in susy(path).items():
        for penalty in ("L2", "L1"):
            out.append(Job(f"{penalty}/{p}", X, y, SUSY_LAMBDAS, "logistic", penalty, (V, v)))
        if p == 171:
            job = Job("lasso/8000x171", X, 2 * y - 1, np.ones(1), "squared", "L1")
            job.lambdas = np.geomspace(1e-3, 1, 50) * job.lambda_max
            out.append(job)
    job = Job("lasso/500x5000", *wide(), np.ones(1), "squared", "L1")
    job.lambdas = np.geomspace(1e-3, 1, 50) * job.lambda_max
    return [*out, job]


def ours(job, tol):
    loss, penalty = (
        (Logistic() if job.loss == "logistic" else Squared()),
        (L1() if job.penalty == "L1" else L2()),
    )
    path = RegularisationPath(loss, penalty, job.lambdas, tol=tol).fit(job.X, job.y)
    return path.coefs_, path.intercepts_


def scikit(solver):
    def run(job, tol):
        coefs, intercepts = [], []
        kwargs = {"l1_ratio": 1.0} if job.penalty == "L1" else {}
        model = LogisticRegression(solver=solver, tol=tol, warm_start=True, max_iter=10000, **kwargs)
        for lam in job.lambdas[::-1]:
            model.set_params(C=1 / lam).fit(job.X, job.y)
            coefs.append(model.coef_[0].copy())
            intercepts.append(float(model.intercept_[0]))
        return np.array(coefs)[::-1], np.array(intercepts)[::-1]

    return run


def scikit_lasso(job, tol):
    mean, top = job.X.mean(axis=0), job.y.mean()
    _, coefs, _ = lasso_path(
        job.X - mean, job.y - top, alphas=job.lambdas[::-1] / len(job.y), tol=tol, max_iter=10**5
    )
    coefs = coefs.T[::-1]
    return coefs, top - coefs @ mean


def celer_path(job, tol):
    import celer

    mean, top = job.X.mean(axis=0), job.y.mean()
    X = np.asfortranarray(job.X - mean)
    coefs = celer.celer_path(
        X, job.y - top, pb="lasso", alphas=job.lambdas[::-1] / len(job.y), tol=tol, max_iter=200
    )[1]
    return coefs.T[::-1], top - coefs.T[::-1] @ mean


def glum_path(job, tol):
    from glum import GeneralizedLinearRegressor

    coefs, intercepts = [], []
    model = GeneralizedLinearRegressor(
        family="binomial",
        l1_ratio=float(job.penalty == "L1"),
        gradient_tol=tol,
        warm_start=True,
        max_iter=1000,
    )
    for lam in job.lambdas[::-1]:
        model.set_params(alpha=lam / len(job.y)).fit(job.X, job.y)
        coefs.append(np.array(model.coef_))
        intercepts.append(float(model.intercept_))
    return np.array(coefs)[::-1], np.array(intercepts)[::-1]


def adelie_path(job, tol):
    import adelie

    X = np.asfortranarray(job.X)
    family = adelie.glm.binomial(job.y) if job.loss == "logistic" else adelie.glm.gaussian(job.y)
    alpha = 1.0 if job.penalty == "L1" else 0.0
    state = adelie.grpnet(
        X=X,
        glm=family,
        lmda_path=job.lambdas[::-1] / len(job.y),
        alpha=alpha,
        tol=tol,
        irls_tol=tol,
        adev_tol=1.0,
        ddev_tol=0.0,
        early_exit=False,
        progress_bar=False,
        max_iters=10**6,
    )
    return np.asarray(state.betas.toarray())[::-1], np.asarray(state.intercepts)[::-1]


def peers(job):
    if job.loss == "logistic":
        names = (
            {"newton-cholesky": scikit("newton-cholesky")}
            if job.penalty == "L2"
            else {"liblinear": scikit("liblinear")}
        )
        return names | {"glum": glum_path, "adelie": adelie_path}
    return {"sklearn lasso_path": scikit_lasso, "celer": celer_path, "adelie": adelie_path}


def clock(run: Callable, repeats: int = 1):
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        out = run()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return float(np.median(walls)), float(np.median(cpus)), out


def loosest(job, run, wanted):
    """The loosest tolerance at which a peer meets the violation, its times, violation and objective."""
    best = None
    for power in (-4, -5, -6, -7, -8, -10, -12):
        wall, cpu, (coefs, intercepts) = clock(lambda power=power: run(job, 10.0**power))
        best = (10.0**power, wall, cpu, job.violation(coefs, intercepts), job.objective(coefs, intercepts))
        if best[3] <= wanted or wall > LIMIT:
            break
    return best


def report(job, repeats, only_ours):
    first, _, _ = clock(
        lambda: ours(Job(job.name, job.X[:500], job.y[:500], job.lambdas[-5:], job.loss, job.penalty), 1e-8)
    )
    wall, cpu, (coefs, intercepts) = clock(lambda: ours(job, 1e-8), repeats)
    reference = job.objective(*ours(job, 1e-11))
    below = float(((job.objective(coefs, intercepts) - reference) / reference).max())
    tight = job.violation(*ours(job, 1e-11))
    print(
        f"\n{job.name}: fivesigma {wall:.3f} s wall, {cpu:.3f} s cpu, "
        f"violation {job.violation(coefs, intercepts):.1e}, "
        f"suboptimality {below:.1e}; at 1e-11: {tight:.1e}; first call {first:.2f} s"
    )
    for name, run in {} if only_ours else peers(job).items():
        for wanted in (1e-8, 1e-6):
            try:
                tol, peer_wall, peer_cpu, violation, objective = loosest(job, run, wanted)
            except Exception as error:
                print(f"  {name:20s} failed: {type(error).__name__}: {str(error)[:80]}")
                break
            met = "" if violation <= wanted else "  DOES NOT MEET IT"
            print(
                f"  {name:20s} for {wanted:.0e}: tol {tol:.0e} {peer_wall:.3f} s wall, "
                f"{peer_cpu:.3f} s cpu = {peer_cpu / cpu:.1f} x, violation {violation:.1e}, "
                f"suboptimality {((objective - reference) / reference).max():.1e}{met}"
            )
    if job.test is not None:
        V, v = job.test
        accuracy = (v == (-intercepts < V @ coefs.T).T).mean(axis=1)
        top = [f"{lam:.2f}" for lam, a in zip(job.lambdas, accuracy, strict=True) if a == accuracy.max()]
        print(
            f"  accuracy on {len(v)} events (one is {1 / len(v):.4f}): best {accuracy.max():.4f} "
            f"at λ = {', '.join(top)}; at the largest λ {accuracy[-1]:.4f}"
        )


def ridge(X, y, name):
    lambdas = SUSY_LAMBDAS
    wall, cpu, loo = clock(lambda: ridge_factor(X, y, np.ones(len(y))).leave_one_out(lambdas), 3)
    peer_wall, peer_cpu, model = clock(lambda: RidgeCV(alphas=lambdas, store_cv_results=True).fit(X, y))
    off = abs(model.cv_results_.mean(axis=0) / loo - 1).max()
    print(
        f"\nridge leave-one-out {name}: fivesigma {wall:.3f} s wall, {cpu:.3f} s cpu; "
        f"RidgeCV {peer_wall:.3f} s, {peer_cpu:.3f} s cpu = {peer_cpu / cpu:.1f} x; they differ by {off:.1e}"
    )


def main():
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="../shared/data/susy/susy_small.csv")
    parser.add_argument("--jobs", nargs="*")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ours", action="store_true", help="leave the peers out")
    arguments = parser.parse_args()
    for job in jobs(arguments.data):
        if not arguments.jobs or job.name in arguments.jobs:
            report(job, arguments.repeats, arguments.ours)
    if not arguments.jobs or "ridge" in arguments.jobs:
        X, y, _, _ = susy(arguments.data)[171]
        ridge(X, 2 * y - 1, "8000x171")
        ridge(*wide(), "500x5000")


if __name__ == "__main__":
    main()
