"""The network that needs no tuning against boosting, both as a study builds them: how far may boosting be ahead in AUC?

    python -m benchmarks.tabular                                        higgs, which is built in
    python -m benchmarks.tabular --data ../shared/data                  susy and HiggsML too, where they lie there
    python -m benchmarks.tabular --data DATA --into docs/networks.md

Five random parts into training and test rows; both kinds are refitted on each. The standard error of the mean lead
counts that training parts overlap: s √(1/5 + n_test / n_train) (Nadeau & Bengio 2003, doi:10.1023/A:1024068626366),
and the limit is that of Student's t with 4 degrees.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import t as student
from sklearn.metrics import roc_auc_score

from benchmarks.table import Table
from fivesigma.features.plan import FeaturePlan
from fivesigma.study.fit import recipe

PARTS, MOST_TRAIN, MOST_TEST = 5, 10_000, 4_800
TABLE = Table(
    "boosting",
    ("data", "train, test", "boosting", "network", "boosting's lead", "upper 95 % limit", "CPU s of a fit"),
)
Sample = tuple[str, np.ndarray, np.ndarray]


def higgs() -> Sample:
    table = pl.read_parquet(Path(str(files("fivesigma"))) / "studies" / "higgs" / "higgs.parquet")
    columns = table.columns[: table.columns.index("process")]
    return "higgs", table.select(columns).to_numpy().astype(float), (table["process"] == "HWW").to_numpy()


def brought(data: Path) -> Iterator[Sample]:
    if (path := data / "susy" / "susy_small.csv").exists():
        table = pl.read_csv(path).to_numpy()
        yield "susy", table[:, 1:], table[:, 0] > 0
    if (folder := data / "higgsml").exists():
        both = [pl.read_csv(folder / f"train_sml_{which}.csv") for which in ("bg", "sig")]
        features = [name for name in both[0].columns if name.startswith(("DER", "PRI"))]
        X = np.concatenate([each.select(features).to_numpy().astype(float) for each in both])
        yield (
            "HiggsML",
            np.where(X == -999.0, np.nan, X),
            np.repeat([False, True], [len(each) for each in both]),
        )


def auc(kind: str, X, y, fit, held, seed: int) -> float:
    plan = FeaturePlan(tuple(f"x{j}" for j in range(X.shape[1])), classification=True)
    made = recipe.build(kind, features=plan, task="classification", seed=seed)
    fitted = recipe.fit(made, X[fit], y[fit].astype(np.int64)).estimator
    return float(roc_auc_score(y[held], recipe.predict(fitted, X[held], 2)[:, 1]))


def line(name: str, X, y) -> list[str]:
    train = min(int(0.8 * len(y)), MOST_TRAIN)
    test = min(len(y) - train, MOST_TEST)
    found, took = [], []
    for part in range(PARTS):
        order = np.random.default_rng(part).permutation(len(y))
        fit, held = order[:train], order[train : train + test]
        trees = auc("boosting", X, y, fit, held, part)
        begun = time.process_time()
        found.append((trees, auc("network", X, y, fit, held, part)))
        took.append(time.process_time() - begun)
    lead = np.subtract(*np.transpose(found))
    error = lead.std(ddof=1) * np.sqrt(1 / PARTS + test / train)
    limit = lead.mean() + student.ppf(0.975, PARTS - 1) * error
    means = [f"{each:.4f}" for each in np.mean(found, axis=0)]
    said = f"{lead.mean():+.4f} ± {error:.4f}"
    return [name, f"{train:,}, {test:,}", *means, said, f"{limit:+.4f}", f"{np.mean(took):.0f}"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--into", type=Path)
    asked = parser.parse_args()
    lines = []
    for sample in (*(brought(asked.data) if asked.data else ()), higgs()):
        lines.append(line(*sample))
        TABLE.show(lines[-1])
    if asked.into is not None:
        TABLE.put(asked.into, lines)


if __name__ == "__main__":
    main()
