"""A whole study against AutoML on the same rows, cores and wall time: AUC on the sealed events, and seconds.

    PYTHONPATH=PEERS python -m benchmarks.automl --data ../shared/data --into docs/performance.md

The study of the SUSY table runs first, with all its evidence; then FLAML searches on the training rows of that study,
with two threads and as many seconds as the study took, and both are judged on the same sealed events. The difference
and its error are those of the paired resamples of the sealed events (`fivesigma.evidence`).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

import fivesigma as fs
from benchmarks.table import Table

TABLE = Table("automl", ("tool", "what it gives", "AUC on the sealed events", "wall s", "CPU s"))


def spent(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def studied(table: Path, folder: Path) -> tuple[dict[str, Any], pl.DataFrame, float, float]:
    """Run the study; return its results and predictions, and seconds of wall and CPU."""
    command = [sys.executable, "-m", "fivesigma", "run", "susy", "--data", str(table), "--out", str(folder)]
    start, before = time.perf_counter(), spent(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, "--quiet", "--workers", "2"], check=True)
    took = time.perf_counter() - start, spent(resource.RUSAGE_CHILDREN) - before
    return (
        json.loads((folder / "results.json").read_text()),
        pl.read_parquet(folder / "predictions.parquet"),
        *took,
    )


def searched(
    X: np.ndarray, y: np.ndarray, test: np.ndarray, seconds: float
) -> tuple[np.ndarray, str, float, float]:
    """Let FLAML search; return its scores of ``test``, its choice, and seconds of wall and CPU."""
    from flaml import AutoML

    start, before = time.perf_counter(), spent(resource.RUSAGE_SELF)
    model = AutoML()
    model.fit(X, y, task="classification", metric="roc_auc", time_budget=seconds, n_jobs=2, verbose=0, seed=0)
    took = time.perf_counter() - start, spent(resource.RUSAGE_SELF) - before
    return model.predict_proba(test)[:, 1], str(model.best_estimator), *took


def _seconds(*each: float) -> tuple[str, ...]:
    return tuple(f"{value:.0f}" for value in each)


def main() -> None:
    """Print the table, and put it into a document if one is named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--into", type=Path)
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "2"
    path = asked.data / "susy" / "susy_small.csv"
    table = pl.read_csv(path)
    X, y = table.drop("SUSY").to_numpy(), table["SUSY"].to_numpy().astype(int)
    with TemporaryDirectory() as folder:
        results, predictions, wall, cpu = studied(path, Path(folder) / "run")
    best = results["best"]
    test = predictions.filter(pl.col("part") == "test")
    rows, training = (
        test["row"].to_numpy(),
        predictions.filter(pl.col("part") == "train")["row"].to_numpy(),
    )
    ours = roc_auc_score(y[rows], test[f"{best}:1"])
    scores, chosen, their_wall, their_cpu = searched(X[training], y[training], X[rows], wall)
    claim = fs.evidence(
        y[rows], {best: test[f"{best}:1"].to_numpy(), "FLAML": scores}, claim="fitted"
    ).claims[0]
    lines = [
        (
            "fivesigma",
            f"nine models, all evidence, a page; best: {best}",
            f"{ours:.4f}",
            *_seconds(wall, cpu),
        ),
        (
            "FLAML",
            f"one model: {chosen}",
            f"{roc_auc_score(y[rows], scores):.4f}",
            *_seconds(their_wall, their_cpu),
        ),
    ]
    for line in (TABLE.columns, *lines):
        TABLE.show(line)
    print(claim.text)
    if asked.into is not None:
        TABLE.put(asked.into, lines)


if __name__ == "__main__":
    main()
