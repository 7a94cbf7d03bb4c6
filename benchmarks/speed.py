"""What a study's kernels take beside their peers: in turns, in one process, on one thread.

    python -m benchmarks.speed --data ../shared/data                          all
    python -m benchmarks.speed --data ../shared/data forest boosting --into docs/performance.md

A line is a job: CPU seconds of ours and of each peer, the least, the median and the most of five turns, and the ratio
of medians; on two threads seconds by the clock, which say something where two cores are idle. Peers that are not
installed are left out. Fits stand with what they reach on held-out rows (AUC, of quantiles the pinball loss, with the
same settings). Tables: the SUSY table (``DATA/susy/susy_small.csv``) and simulated events of the same kind.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = "1"

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    ExtraTreesClassifier as SklearnExtraTrees,
)
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.metrics import roc_auc_score

from benchmarks.table import Table, printed
from fivesigma.explain.shapley import shapley_values
from fivesigma.models.trees import (
    BoostingClassifier,
    ExtraTreesClassifier,
    ForestClassifier,
    ForestRegressor,
    QuantileForest,
)
from fivesigma.risk.classification import CalibrationError, RocAuc
from fivesigma.risk.precision_recall import AveragePrecision

TURNS = 5
TABLE = Table("speed", ("job", "ours", "peers", "times as fast", "on held-out rows"))
Sample = tuple[np.ndarray, np.ndarray]


@dataclass
class Job:
    """Ours and its peers, each what does the job once and returns what it reaches, if that can be said."""

    ours: Callable[[], float | None]
    peers: Mapping[str, Callable[[], float | None]]
    clock: Callable[[], float] = time.process_time
    took: dict[str, list[float]] = field(default_factory=dict)
    reached: dict[str, list[float]] = field(default_factory=dict)

    def run(self, turns: int) -> None:
        """Do the job in turns, once beforehand without a clock."""
        everyone = {"ours": self.ours, **self.peers}
        for turn in range(-1, turns):
            for name, does in everyone.items():
                start = self.clock()
                found = does()
                if turn >= 0:
                    self.took.setdefault(name, []).append(self.clock() - start)
                    self.reached.setdefault(name, []).extend([] if found is None else [found])

    def line(self, name: str) -> tuple[str, ...]:
        """Return the job's line of the table."""
        ours = float(np.median(self.took["ours"]))
        peers = [each for each in self.took if each != "ours"]
        ratios = [f"{np.median(self.took[each]) / ours:.3g}" for each in peers]
        reached = [f"{each} {np.mean(self.reached[each]):.4f}" for each in self.took if self.reached[each]]
        return (
            name,
            spread(self.took["ours"]),
            "; ".join(f"{each} {spread(self.took[each])}" for each in peers),
            "; ".join(f"{ratio} ({each})" for each, ratio in zip(peers, ratios, strict=True)),
            "; ".join(reached) or "–",
        )


def spread(seconds: list[float]) -> str:
    """Return the least, the median and the most."""
    return " – ".join(f"{value:.3g}" for value in (min(seconds), np.median(seconds), max(seconds))) + " s"


def installed(peers: Mapping[str, Callable[[], float | None]]) -> dict[str, Callable[[], float | None]]:
    """Return the peers whose package is here, with its version."""
    modules = {
        "scikit-learn": "sklearn",
        "XGBoost": "xgboost",
        "LightGBM": "lightgbm",
        "CatBoost": "catboost",
        "shap": "shap",
        "quantile-forest": "quantile_forest",
    }
    here = {}
    for name, does in peers.items():
        package, *how = name.split(", ")
        if find_spec(modules[package]) is not None:
            here[", ".join([f"{package} {import_module(modules[package]).__version__}", *how])] = does
    return here


def susy(data: Path) -> Sample:
    """The SUSY table: 10,000 events, 18 columns."""
    table = pl.read_csv(data / "susy" / "susy_small.csv")
    return table.drop("SUSY").to_numpy(), table["SUSY"].to_numpy().astype(int)


def drawn(n: int) -> Sample:
    """So many events of 28 columns."""
    X, y = make_classification(
        n, 28, n_informative=12, n_redundant=6, class_sep=0.7, flip_y=0.1, random_state=0
    )
    return X, y


def fitted(
    sample: Sample,
    ours: Callable[[], Any],
    peers: Mapping[str, Callable[[], Any]],
    clock: Callable[[], float] = time.process_time,
) -> Job:
    """A job of fitting a classifier to four fifths of a sample, and of its scores of the rest."""
    X, y = sample
    n = len(X) * 4 // 5

    def job(made: Callable[[], Any]) -> Callable[[], float]:
        def does() -> float:
            model = made().fit(X[:n], y[:n])
            return float(roc_auc_score(y[n:], model.predict_proba(X[n:])[:, 1]))

        return does

    return Job(job(ours), installed({name: job(made) for name, made in peers.items()}), clock)


def forest(data: Path) -> Job:
    """100 trees."""

    def xgboost() -> Any:
        from xgboost import XGBRFClassifier

        return XGBRFClassifier(
            n_estimators=100, max_depth=0, max_leaves=0, colsample_bynode=18**0.5 / 18, n_jobs=1
        )

    def lightgbm() -> Any:
        from lightgbm import LGBMClassifier

        return LGBMClassifier(
            boosting_type="rf", n_estimators=100, num_leaves=1024, min_child_samples=1, bagging_freq=1,
            bagging_fraction=0.632, feature_fraction_bynode=18**0.5 / 18, n_jobs=1, verbosity=-1,
        )  # fmt: skip

    peers = {
        "scikit-learn": lambda: RandomForestClassifier(100, random_state=0),
        "XGBoost": xgboost,
        "LightGBM": lightgbm,
    }
    return fitted(susy(data), lambda: ForestClassifier(100, random_state=0), peers)


def extra_trees(data: Path) -> Job:
    """100 trees of cuts at random."""
    peers = {"scikit-learn": lambda: SklearnExtraTrees(100, random_state=0)}
    return fitted(susy(data), lambda: ExtraTreesClassifier(100, random_state=0), peers)


def boosted(sample: Sample, bins: int | None = 254, threads: int = 1) -> Job:
    """Boosting of 100 trees of 31 leaves at a rate of 0.1: peers in 255 bins, ours in so many and one for gaps."""
    trees = 100

    def xgboost() -> Any:
        from xgboost import XGBClassifier

        return XGBClassifier(
            n_estimators=trees,
            max_leaves=31,
            max_depth=0,
            grow_policy="lossguide",
            learning_rate=0.1,
            max_bin=255,
            n_jobs=threads,
        )

    def lightgbm() -> Any:
        from lightgbm import LGBMClassifier

        return LGBMClassifier(n_estimators=trees, num_leaves=31, max_bin=255, n_jobs=threads, verbosity=-1)

    def catboost() -> Any:
        from catboost import CatBoostClassifier

        return CatBoostClassifier(
            n_estimators=trees, max_leaves=31, grow_policy="Lossguide", learning_rate=0.1, border_count=254,
            thread_count=threads, verbose=False, allow_writing_files=False,
        )  # fmt: skip

    peers = {
        "scikit-learn": lambda: HistGradientBoostingClassifier(
            max_iter=trees, early_stopping=False, random_state=0
        ),
        "XGBoost": xgboost,
        "LightGBM": lightgbm,
        "CatBoost": catboost,
    }
    if threads > 1:
        del peers["scikit-learn"]  # its threads are settled where it is imported

    def ours() -> Any:
        return BoostingClassifier(max_iter=trees, max_bins=bins, random_state=0, n_jobs=threads)

    return fitted(sample, ours, peers, time.process_time if threads == 1 else time.perf_counter)


def resampled(which: Any, theirs: Callable[[Any, Any, Any], float]) -> Job:
    """A metric on 2,000 resamples of 2,000 events; the peer once a resample, by weights: a tenth of them, times ten."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 2000)
    p = 1 / (1 + np.exp(-rng.normal(size=2000) - y))
    counts = rng.multinomial(2000, np.full(2000, 1 / 2000), size=2000).astype(np.uint8)

    def ours() -> None:
        which.resampled(y, np.column_stack([1 - p, p]), None, counts)

    def peer() -> None:
        for each in counts:
            theirs(y, p, each)

    return Job(ours, installed({"scikit-learn": peer}))


def shapley(data: Path) -> Job:
    """Shapley values of 20 events by a forest of 100 deep trees."""
    X, y = susy(data)
    model = RandomForestClassifier(100, random_state=0).fit(X[:8000], y[:8000])

    def peer() -> None:
        import shap

        shap.TreeExplainer(model).shap_values(X[8000:8020])

    def ours() -> None:
        shapley_values(model, X[8000:8020])

    return Job(ours, installed({"shap": peer}))


def quantiles(data: Path) -> Job:
    """Five quantiles of 2,000 events by a forest of 100 trees fitted to 6,000, and their pinball loss.

    The package quantile-forest keeps one training row of each leaf, drawn at random; with all of them it does what
    ours does.
    """
    X, _ = susy(data)
    y = X[:, 0] + 0.3 * X[:, 1] ** 2
    table, levels = np.delete(X, [0, 1], axis=1), np.array([0.025, 0.16, 0.5, 0.84, 0.975])
    model = QuantileForest(ForestRegressor(100, min_samples_leaf=5, random_state=0)).fit(
        table[:6000], y[:6000]
    )

    def peer(most: int | None) -> Callable[[], float]:
        from quantile_forest import RandomForestQuantileRegressor

        other = RandomForestQuantileRegressor(
            100, min_samples_leaf=5, max_samples_leaf=most, random_state=0
        ).fit(table[:6000], y[:6000])
        return lambda: lost(other.predict(table[8000:], quantiles=list(levels)))

    def lost(found: Any) -> float:
        above = y[8000:, None] - found
        return float(np.maximum(above * levels, above * (levels - 1.0)).mean())

    peers = {}
    if find_spec("quantile_forest") is not None:
        peers = {"quantile-forest": peer(1), "quantile-forest, all rows": peer(None)}
    return Job(lambda: lost(model.predict_quantiles(table[8000:], levels)), installed(peers))


def ap(y: Any, p: Any, w: Any) -> float:
    """Return scikit-learn's average precision."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(y, p, sample_weight=w))


def auc(y: Any, p: Any, w: Any) -> float:
    """Return scikit-learn's AUC."""
    return float(roc_auc_score(y, p, sample_weight=w))


def ece(y: Any, p: Any, w: Any) -> float:
    """Return what scikit-learn's calibration curve makes of a calibration error: it takes no weights."""
    from sklearn.calibration import calibration_curve

    found, told = calibration_curve(np.repeat(y, w), np.repeat(p, w), n_bins=10, strategy="quantile")
    return float(np.abs(found - told).mean())


JOBS: dict[str, Callable[[Path], Job]] = {
    "forest": forest,
    "extra-trees": extra_trees,
    "boosting": lambda data: boosted(susy(data)),
    "boosting-100000": lambda data: boosted(drawn(125_000)),
    "boosting-1000000": lambda data: boosted(drawn(1_250_000)),
    "boosting-64-bins": lambda data: boosted(susy(data), None),
    "boosting-100000-64-bins": lambda data: boosted(drawn(125_000), None),
    "boosting-2-threads": lambda data: boosted(susy(data), threads=2),
    "boosting-100000-2-threads": lambda data: boosted(drawn(125_000), threads=2),
    "boosting-1000000-2-threads": lambda data: boosted(drawn(1_250_000), threads=2),
    "auc": lambda data: resampled(RocAuc(), auc),
    "average-precision": lambda data: resampled(AveragePrecision(), ap),
    "calibration-error": lambda data: resampled(CalibrationError(), ece),
    "shapley": shapley,
    "quantile-forest": quantiles,
}


def main() -> None:
    """Print the table, and put it into a document if one is named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", choices=[*JOBS, []])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--into", type=Path)
    asked = parser.parse_args()
    lines = []
    for name in printed(TABLE, asked.names or JOBS):
        job = JOBS[name](asked.data)
        job.run(asked.turns)
        lines.append(job.line(name))
        TABLE.show(lines[-1])
    if asked.into is not None:
        TABLE.put(asked.into, lines)


if __name__ == "__main__":
    main()
