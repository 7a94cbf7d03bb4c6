"""Our trees on binned columns against scikit-learn's exact ones, as a study builds both: how much can be lost?

    python -m benchmarks.trees_equal                                    nine tables that are built in or drawn
    python -m benchmarks.trees_equal --data ../shared/data              twelve, where the others lie there
    python -m benchmarks.trees_equal --data DATA --only susy,mcxc --into docs/performance.md

Every table is parted into training and test rows anew for each refit, and what is drawn is drawn anew; both engines
are fitted to the same rows with the same seed. What ours lose is a difference of AUC (of several classes one against
the rest), or the relative difference of RMSE in percent; the limit is the upper 95 % limit of its mean over refits by
Student's t, to stay below 0.002 and 0.5 %. Of a quantile forest it is the pinball loss of five quantiles. Beside
boosting stand XGBoost and LightGBM at like settings, where they are installed.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import argparse
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import t as student
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, make_friedman1
from sklearn.metrics import roc_auc_score

from benchmarks.table import Table
from fivesigma.features.plan import FeaturePlan
from fivesigma.models.laws import quantiles
from fivesigma.simulate.catalogue import system
from fivesigma.study.fit import recipe

MOST = 8_000
TABLE = Table(
    "trees-equal",
    (
        "table",
        "rows × columns",
        "refits",
        "tree",
        "forest",
        "extra-trees",
        "quantile-forest",
        "boosting",
        "XGBoost",
        "LightGBM",
    ),
)
LEVELS = np.array([0.025, 0.16, 0.5, 0.84, 0.975])
Sample = tuple[np.ndarray, np.ndarray]
ENGINES = {"binned": {}, "exact": {"engine": "exact"}}


def higgs() -> Sample:
    table = pl.read_parquet(Path(str(files("fivesigma"))) / "studies" / "higgs" / "higgs.parquet")
    columns = table.columns[: table.columns.index("process")]
    return table.select(columns).to_numpy().astype(float), (table["process"] == "HWW").to_numpy().astype(int)


def halos(part: int) -> Sample:
    """Masses of clusters by their observables: smooth, with little noise."""
    table = pl.DataFrame(system("halos").sample(4000, np.random.default_rng(part)))
    names = (
        "T_X",
        "M_gas_500",
        "L_X",
        "sigma_v",
        "M_star_500",
        "M_HE_500",
        "offset",
        "f_sub",
        "f_nonthermal",
    )
    return table.select(names).to_numpy().astype(float), np.log10(table["M_500"].to_numpy())


def friedman(part: int) -> Sample:
    return make_friedman1(4000, noise=1.0, random_state=part)  # type: ignore[no-any-return]


def gaps_and_ties(part: int) -> Sample:
    """Two classes by columns of few values, a third of them missing more often where a class is."""
    rng = np.random.default_rng(part)
    X = rng.integers(0, 7, (6000, 12)).astype(float)
    score = X[:, 0] - X[:, 1] + (X[:, 2] > 3) * (X[:, 3] - 3) + 2.0 * rng.normal(size=len(X))
    y = (score > 0.0).astype(int)
    X[rng.random(X.shape) < np.where(y == 1, 0.25, 0.15)[:, None]] = np.nan
    return X, y


def gaps_in_values(part: int) -> Sample:
    """A target by columns of heavy tails, a tenth of which is missing."""
    rng = np.random.default_rng(part)
    X = rng.standard_t(2.0, (5000, 8))
    y = np.tanh(X[:, 0]) + X[:, 1] / (1.0 + np.abs(X[:, 2])) + 0.3 * rng.normal(size=len(X))
    X[rng.random(X.shape) < 0.1] = np.nan
    return X, y


def susy(data: Path) -> Sample:
    table = pl.read_csv(data / "susy" / "susy_small.csv").to_numpy()
    return table[:, 1:], (table[:, 0] > 0).astype(int)


def higgsml(data: Path) -> Sample:
    both = [pl.read_csv(data / "higgsml" / f"train_sml_{which}.csv") for which in ("bg", "sig")]
    features = [name for name in both[0].columns if name.startswith(("DER", "PRI"))]
    X = np.concatenate([each.select(features).to_numpy().astype(float) for each in both])
    y = np.repeat([0, 1], [len(each) for each in both])
    return np.where(X == -999.0, np.nan, X), y


def pulsars(data: Path) -> Sample:
    table = pl.read_csv(data / "htru2" / "HTRU_2.csv").to_numpy().astype(float)
    return table[:, :-1], table[:, -1].astype(int)


def penguins(data: Path) -> Sample:
    table = pl.read_csv(data / "penguins" / "penguins.csv", null_values="NA").drop_nulls("body_mass_g")
    columns = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "year")
    return table.select(columns).to_numpy().astype(float), table["body_mass_g"].to_numpy().astype(float)


def clusters(data: Path) -> Sample:
    """Masses that follow from luminosity and redshift without noise: what is lost is resolution."""
    table = pl.read_csv(data / "mcxc" / "mcxc.csv.gz", null_values="NA", infer_schema_length=None)
    X = table.select("z", "L500", "RAdeg", "DEdeg").to_numpy().astype(float)
    return X, np.log10(table["M500"].to_numpy().astype(float))


DRAWN: dict[str, Callable[[int], Sample]] = {
    "halos": halos,
    "Friedman": friedman,
    "gaps and ties": gaps_and_ties,
    "heavy tails with gaps": gaps_in_values,
}
HERE: dict[str, Callable[[], Sample]] = {
    "higgs": higgs,
    "breast cancer": lambda: load_breast_cancer(return_X_y=True),
    "digits": lambda: load_digits(return_X_y=True),
    "diabetes": lambda: load_diabetes(return_X_y=True),
}
BROUGHT: dict[str, Callable[[Path], Sample]] = {
    "susy": susy,
    "HiggsML": higgsml,
    "HTRU2": pulsars,
    "penguins": penguins,
    "mcxc": clusters,
}


def fitted(kind: str, X: np.ndarray, y: np.ndarray, seed: int, params: dict[str, Any]) -> Any:
    task = "regression" if y.dtype.kind == "f" else "classification"
    plan = FeaturePlan(
        tuple(f"x{j}" for j in range(X.shape[1])), classification=task == "classification", missing="native"
    )
    return recipe.fit(recipe.build(kind, features=plan, task=task, seed=seed, params=params), X, y).estimator


def xgboost(X: np.ndarray, y: np.ndarray, seed: int) -> Any:
    """Leaves of at least twenty events, as ours and LightGBM's; of classes a curvature of a quarter each at most."""
    from xgboost import XGBClassifier, XGBRegressor

    made, events = (XGBRegressor, 1.0) if y.dtype.kind == "f" else (XGBClassifier, 0.25)
    return made(
        n_estimators=150, learning_rate=0.07, max_leaves=15, max_depth=0, grow_policy="lossguide", reg_lambda=1.0,
        colsample_bynode=0.5, min_child_weight=20 * events, n_jobs=1, random_state=seed,
    ).fit(X, y)  # fmt: skip


def lightgbm(X: np.ndarray, y: np.ndarray, seed: int) -> Any:
    from lightgbm import LGBMClassifier, LGBMRegressor

    made = LGBMRegressor if y.dtype.kind == "f" else LGBMClassifier
    return made(
        n_estimators=150, learning_rate=0.07, num_leaves=15, min_child_samples=20, reg_lambda=1.0,
        feature_fraction_bynode=0.5, n_jobs=1, random_state=seed, verbose=-1,
    ).fit(X, y)  # fmt: skip


PEERS = {name: made for name, made in {"xgboost": xgboost, "lightgbm": lightgbm}.items() if find_spec(name)}


def score(model: Any, X: np.ndarray, y: np.ndarray) -> float:
    """Return the AUC, or minus the logarithm of the RMSE, or of the pinball loss, in percent: more is better."""
    if (told := quantiles(model, X, LEVELS)) is not None:
        above = y[:, None] - told
        return -100.0 * float(np.log(np.maximum(above * LEVELS, above * (LEVELS - 1.0)).mean()))
    if y.dtype.kind == "f":
        return -100.0 * float(np.log(np.sqrt(np.mean((np.asarray(model.predict(X)) - y) ** 2))))
    p = np.asarray(model.predict_proba(X))
    return float(roc_auc_score(y, p[:, 1] if p.shape[1] == 2 else p, multi_class="ovr"))


def losses(X: np.ndarray, y: np.ndarray, part: int, kinds: tuple[str, ...]) -> dict[str, float]:
    """Return what ours lose against each other engine in one refit."""
    order = np.random.default_rng(part).permutation(len(y))
    train = min(int(0.75 * len(y)), MOST)
    fit, held = order[:train], order[train : train + MOST]
    found, finite = (
        {},
        X / np.maximum(np.nanmax(np.abs(X), axis=0), 1e-300),
    )  # XGBoost's float32 holds no luminosity
    for kind in kinds:
        if kind == "quantile-forest" and y.dtype.kind != "f":
            continue
        ours, theirs = (
            score(fitted(kind, X[fit], y[fit], part, params), X[held], y[held]) for params in ENGINES.values()
        )
        found[kind] = theirs - ours
        if kind == "boosting":
            found |= {
                name: score(made(finite[fit], y[fit], part), finite[held], y[held]) - ours
                for name, made in PEERS.items()
            }
    return found


def limit(lost: np.ndarray) -> float:
    error = lost.std(ddof=1) / np.sqrt(len(lost))
    return float(lost.mean() + student.ppf(0.95, len(lost) - 1) * error)


def line(name: str, sample: Callable[[int], Sample], refits: int, kinds: tuple[str, ...]) -> list[str]:
    X, y = sample(0)
    several = refits * max(1, min(12, MOST // (2 * len(y))))  # of few rows the test is small
    each = [losses(*sample(part), part, kinds) for part in range(several)]
    unit, digits = (" %", 2) if y.dtype.kind == "f" else ("", 4)
    cells = []
    for kind in ("tree", "forest", "extra-trees", "quantile-forest", "boosting", "xgboost", "lightgbm"):
        lost = np.array([one[kind] for one in each if kind in one])
        cells.append(f"{lost.mean():+.{digits}f} (< {limit(lost):+.{digits}f}){unit}" if lost.size else "-")
    return [name, f"{min(len(y), 2 * MOST):,} × {X.shape[1]}", str(several), *cells]


def samples(data: Path | None) -> Iterator[tuple[str, Callable[[int], Sample]]]:
    """Yield the name of each table, and how it is made for a refit: what is drawn anew, what is read once."""
    read = {name: lambda made=made: made(data) for name, made in BROUGHT.items()} if data is not None else {}
    for name, made in (read | HERE).items():
        kept = cache(made)
        yield name, lambda _, kept=kept: kept()
    yield from DRAWN.items()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--only", default="", help="names of tables, between commas")
    parser.add_argument("--kinds", default="tree,forest,extra-trees,quantile-forest,boosting")
    parser.add_argument("--refits", type=int, default=10)
    parser.add_argument("--into", type=Path)
    asked = parser.parse_args()
    lines = []
    for name, made in samples(asked.data):
        if not asked.only or name in asked.only.split(","):
            lines.append(line(name, made, asked.refits, tuple(asked.kinds.split(","))))
            TABLE.show(lines[-1])
    if asked.into is not None:
        TABLE.put(asked.into, lines)


if __name__ == "__main__":
    main()
