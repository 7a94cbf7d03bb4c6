"""Trees against their peers, side by side, on one thread: ratios of medians, and the figures that must agree.

    python -m benchmarks.trees                            all
    python -m benchmarks.trees depth permutation          some
    python -m benchmarks.trees --peers PATH/bin/python    the Python that has ngboost and mlxtend

Scenes: depth (31 depths, 5 folds, 20,000 rows, against validation_curve), forest (the same for 100 trees, 2 folds,
5,000 rows), bias (200 bootstrap rounds, 4,000 × 20, against mlxtend), natural (4,000 × 20, against ngboost),
permutation (200 trees, 10,000 rows, 18 columns, 10 repeats, against scikit-learn), coverage (20 seeds).
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import permutation_importance as sklearn_importance
from sklearn.model_selection import KFold, validation_curve
from sklearn.tree import DecisionTreeRegressor

from fivesigma.explain.importance import direct_predictions, permutation_importance
from fivesigma.models.trees import DepthPath, NaturalGradientBoosting
from fivesigma.models.trees.resampled import refits_by_counts
from fivesigma.risk.bias_variance import BiasVariance, bias_variance, bias_variance_path
from fivesigma.risk.metrics import metric

DEPTHS = np.arange(1, 32)


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Median wall time of ``work``."""
    took = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return float(np.median(took))


def masses(n: int, p: int = 20, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = np.exp(rng.normal(size=(n, p)) @ (np.eye(p) + 0.3))
    return X, np.log(X[:, 0] * X[:, 1] ** 0.5 + X[:, 2]) + 0.3 * rng.normal(size=n)


def heteroscedastic(seed: int = 4) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    X = np.exp(rng.normal(size=(8000, 20)) @ (np.eye(20) + 0.2) * 0.6)
    s = 0.15 + 0.2 * (X[:, 0] > 1)
    y = np.log(X[:, 0] * X[:, 1] ** 0.5 + X[:, 2]) + s * rng.normal(size=8000)
    return X[:4000], y[:4000], X[4000:], y[4000:]


def _depth(model: object, n: int, folds: int, label: str, goal: float) -> None:
    X, y = masses(n)
    split = list(KFold(folds, shuffle=True, random_state=0).split(X))
    r2 = metric("r2")
    curves: list[np.ndarray] = []

    def ours() -> None:
        curves.clear()
        for rows, held in split:
            path = DepthPath(model).fit(X[rows], y[rows])
            at = np.minimum(DEPTHS, path.depths_[-1]) - 1
            both = (path.predict_path(X[part])[at] for part in (rows, held))
            targets = (y[rows], y[held])
            curves.append(
                np.array([[r2.value(t, f) for f in path] for t, path in zip(targets, both, strict=True)])
            )

    found: list[np.ndarray] = []
    slow = seconds(
        lambda: found.extend(
            validation_curve(model, X, y, param_name="max_depth", param_range=DEPTHS, cv=split, scoring="r2")
        ),
        1,
    )
    fast = seconds(ours)
    gap = np.abs(np.mean(curves, axis=0) - np.array([each.mean(axis=1) for each in found])).max(axis=1)
    print(
        f"{label}: {slow:.1f} s by validation_curve, {fast:.2f} s here: {slow / fast:.1f} times (goal {goal:g}); "
        f"train differs {gap[0]:.1e}, test {gap[1]:.4f}"
    )


def depth(peers: str) -> None:
    _depth(DecisionTreeRegressor(random_state=0), 20_000, 5, "depth path, tree", 20)


def forest(peers: str) -> None:
    _depth(RandomForestRegressor(100, random_state=0), 5_000, 2, "depth path, forest of 100", 15)


PEER_BIAS = """
import json, sys, time, numpy as np
from mlxtend.evaluate import bias_variance_decomp
from sklearn.tree import DecisionTreeRegressor
d = np.load(sys.argv[1]); a = time.perf_counter()
r = bias_variance_decomp(DecisionTreeRegressor(random_state=0), d["X"], d["y"], d["V"], d["v"], loss="mse",
                         num_rounds=200, random_seed=1)
print(json.dumps([time.perf_counter() - a, *map(float, r)]))
"""
PEER_NATURAL = """
import json, sys, time, warnings, numpy as np
warnings.simplefilter("ignore")
from ngboost import NGBRegressor
d = np.load(sys.argv[1]); a = time.perf_counter()
m = NGBRegressor(n_estimators=200, learning_rate=0.05, verbose=False, random_state=0).fit(d["X"], d["y"])
t = time.perf_counter() - a; q = m.pred_dist(d["V"])
lo, hi = q.ppf(0.1587), q.ppf(0.8413)
print(json.dumps([t, float(-q.logpdf(d["v"]).mean()), float(np.mean((lo < d["v"]) & (d["v"] < hi)))]))
"""


def peer(python: str, script: str, data: tuple[np.ndarray, ...]) -> list[float]:
    """Return what ``script`` prints, run by the peers' Python on the same arrays."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/data.npz"
        np.savez(path, **dict(zip("XyVv", data, strict=True)))
        done = subprocess.run([python, "-c", script, path], capture_output=True, text=True, check=True)
    return [float(each) for each in json.loads(done.stdout.splitlines()[-1])]


def bias(peers: str) -> None:
    data, tree = heteroscedastic(), DecisionTreeRegressor(random_state=0)

    def divided(n_rounds: int = 200) -> BiasVariance:
        rng, refit = np.random.default_rng(0), refits_by_counts(tree, *data[:3])
        return bias_variance(tree, *data, n_rounds=n_rounds, rng=rng, refit=refit)

    def divided_path(n_rounds: int = 200) -> BiasVariance:
        rng, refit = np.random.default_rng(0), refits_by_counts(tree, *data[:3], 30)
        return bias_variance_path(DepthPath(tree), *data, n_rounds=n_rounds, rng=rng, refit=refit)

    divided(2)
    divided_path(2)
    slow, total, b, v = peer(peers, PEER_BIAS, data)
    one, path, parts = seconds(divided), seconds(divided_path), divided()
    print(
        f"bias-variance: {slow:.1f} s by mlxtend, {one:.2f} s here: {slow / one:.1f} times (goal 5); 30 depths cost "
        f"{path / one:.2f} times one (goal 1.5); total {parts.total:.4f} against {total:.4f}, bias² + Var/B "
        f"{parts.bias + parts.variance / 200:.4f} against {b:.4f}, variance "
        f"{parts.variance * 199 / 200:.4f} against {v:.4f}"
    )


def natural(peers: str) -> None:
    data = heteroscedastic()
    X, y, V, v = data
    NaturalGradientBoosting(n_estimators=3).fit(X[:300], y[:300])
    slow, theirs, covers = peer(peers, PEER_NATURAL, data)
    plain, mended = NaturalGradientBoosting(calibrate=False), NaturalGradientBoosting()
    fast, full = seconds(lambda: plain.fit(X, y)), seconds(lambda: mended.fit(X, y))
    law = mended.predict_dist(V)
    low, high = law.interval(0.6826)
    nll, calibrated = (-each.predict_dist(V).logpdf(v).mean() for each in (plain, mended))
    inside = np.mean((low < v) & (v < high))
    print(
        f"natural gradient: {slow:.1f} s by ngboost, {fast:.2f} s here: {slow / fast:.1f} times (goal 15), calibrated "
        f"{full:.2f} s: {slow / full:.1f} times (goal 4); NLL {nll:.4f}, calibrated {calibrated:.4f}, ngboost "
        f"{theirs:.4f}; 68 % covers {inside:.3f}, ngboost's {covers:.3f}"
    )


def coverage(peers: str) -> None:
    held = []
    for seed in range(20):
        X, y, V, v = heteroscedastic(seed)
        law = NaturalGradientBoosting().fit(X, y).predict_dist(V)
        held.append(
            [np.mean((low < v) & (v < high)) for low, high in (law.interval(0.6827), law.interval(0.95))]
        )
    mean = np.mean(held, axis=0)
    print(f"calibrated coverage over 20 seeds: 68.3 % {mean[0]:.4f} (goal 0.66-0.70), 95 % {mean[1]:.4f}")


def permutation(peers: str) -> None:
    X, y = masses(20_000, 18)
    model = RandomForestRegressor(200, random_state=0, max_features=0.33).fit(X[:10_000], y[:10_000])
    V, v = X[10_000:], y[10_000:]
    permutation_importance(model, V[:50], v[:50], "r2", n_repeats=10, rng=np.random.default_rng(0))
    fast = seconds(
        lambda: permutation_importance(model, V, v, "r2", n_repeats=10, rng=np.random.default_rng(0)), 2
    )
    slow = seconds(lambda: sklearn_importance(model, V, v, n_repeats=10, random_state=0, n_jobs=1), 1)
    rng = np.random.default_rng(0)
    places = np.stack([rng.permutation(len(v)) for _ in range(10)], axis=1).astype(np.int32)
    direct = [metric("r2").value(v, each) for each in direct_predictions(model, V, (0,), places)]
    ours = permutation_importance(
        model, V, v, "r2", n_repeats=10, rng=np.random.default_rng(0), groups=[(0,)]
    )
    assert ours.score is not None
    same = np.array_equal(ours.draws[0], ours.score - np.array(direct))
    print(
        f"permutation importance: {slow:.1f} s by scikit-learn, {fast:.2f} s here: {slow / fast:.1f} times (goal 5); "
        f"equal to the last bit to direct prediction: {same}"
    )


SCENES = {each.__name__: each for each in (depth, forest, bias, natural, permutation, coverage)}

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("scenes", nargs="*", default=list(SCENES))
    parser.add_argument("--peers", default=sys.executable)
    asked = parser.parse_args()
    for name in asked.scenes:
        SCENES[name](asked.peers)
