"""How often the error beside a prediction holds: `predict_interval` on fresh events of three studies.

``python -m benchmarks.predicted_errors [--repeats 8]`` prints the table of decision 0055.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

import fivesigma as fs

Array = NDArray[Any]
LEVELS = (0.68, 0.95)
FRESH = 20_000
ASKED = {"bootstrap": 100, "refits": 0, "claim": "fitted"}
FOREST = {"kind": "forest", "params": {"n_estimators": 40}}


def by_a_column(n: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Noise that grows with a column and not with the prediction: check 13-tool-predict."""
    X = rng.uniform(-2, 2, (n, 3))
    centre = np.sin(2 * X[:, 0]) + X[:, 1]
    return X, centre + (0.3 + 0.2 * np.abs(X[:, 2])) * rng.normal(size=n), centre


def like_penguins(n: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Three species of birds, their mass by flipper and bill, its noise a twelfth of it."""
    species = rng.integers(0, 3, n)
    flipper = np.array([190.0, 196.0, 217.0])[species] + 6.5 * rng.normal(size=n)
    bill = np.array([38.8, 48.8, 47.5])[species] + 2.9 * rng.normal(size=n)
    centre = 3700 + 45 * (flipper - 190) + 25 * (bill - 39) - np.array([0, 500, -250])[species]
    return np.column_stack([flipper, bill]), centre * (1 + rng.normal(size=n) / 12), centre


def classes(n: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Two classes; the third value is the chance of the second."""
    X = rng.normal(size=(n, 2))
    chance = 1 / (1 + np.exp(-1.5 * X[:, 0] - X[:, 0] * X[:, 1]))
    return X, (rng.uniform(size=n) < chance).astype(int), chance


SCENES: dict[str, tuple[Callable[..., Any], int, list[Any]]] = {
    "noise by a column, 4,000 events": (by_a_column, 4000, ["linear", FOREST]),
    "like penguins, 340 events": (like_penguins, 340, ["linear", FOREST]),
    "two classes, 2,000 events": (classes, 2000, ["naive-bayes", FOREST]),
}


def held(model: Any, fresh: tuple[Array, Array, Array], level: float) -> float:
    """Return the share of fresh events inside; of classes the share of bins whose chance is in the band."""
    X, y, chance = fresh
    low, high = model.predict_interval(X, level)
    if model.classes is None:
        return float(((low <= y) & (y <= high)).mean())
    p = model.predict_proba(X)[:, 1]
    bins = np.digitize(p, np.quantile(p, np.linspace(0, 1, 41)[1:-1]))
    ends = [[each[bins == b].mean() for each in (low[:, 1], chance, high[:, 1])] for b in np.unique(bins)]
    return float(np.mean([a <= middle <= b for a, middle, b in ends]))


def measured(scene: str, repeats: int) -> dict[str, Array]:
    """Return of each model the shares (repeats, 2) at both levels."""
    draw, n, models = SCENES[scene]
    found: dict[str, list[list[float]]] = {}
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        X, y, _ = draw(n, rng)
        fresh = draw(FRESH, rng)
        with tempfile.TemporaryDirectory() as folder, mock.patch("fivesigma.report.render"):
            study = fs.Study(fs.Dataset.from_arrays(X, y), models=["dummy", *models], evaluate=ASKED)
            run = study.run(Path(folder) / "run", workers=1, progress=False)
            for name in (each.name for each in run.results.models[1:]):
                model = run.model(name)
                found.setdefault(name, []).append([held(model, fresh, level) for level in LEVELS])
    return {name: np.array(shares) for name, shares in found.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=8)
    repeats = parser.parse_args().repeats
    print("| study | model | at 68 %, % | at 95 %, % |\n| --- | --- | --- | --- |")
    for scene in SCENES:
        for name, shares in measured(scene, repeats).items():
            mean, error = 100 * shares.mean(axis=0), 100 * shares.std(axis=0, ddof=1) / repeats**0.5
            cells = " | ".join(f"{m:.1f} ± {e:.1f}" for m, e in zip(mean, error, strict=True))
            print(f"| {scene} | {name} | {cells} |")


if __name__ == "__main__":
    main()
