"""Finished runs of small tables, one of each sort of answer: what a model says of other events, and how sure it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fivesigma.study.study import Study

N = 300
HEAD = """
[study]
name = "{name}"
[data]
path = "{name}.csv"
{data}
[split]
folds = 3
[evaluate]
bootstrap = 100
refits = 0
claim = "fitted"
"""
MODELS = '[[models]]\nkind = "{}"\n'
STUDIES = {
    "number": ('target = "y"\nfeatures = ["a", "b"]', ["dummy", "linear"]),
    "weighted": ('target = "y"\nfeatures = ["a", "b"]\nweight = "w"', ["dummy", "linear"]),
    "grouped": ('target = "y"\nfeatures = ["a", "b"]\ngroup = "g"', ["dummy", "linear"]),
    "signed": ('target = "y"\nfeatures = ["a", "b"]\nweight = "s"', ["dummy", "linear"]),
    "two": ('target = ["y", "z"]\nfeatures = ["a", "b"]', ["dummy", "linear"]),
    "classes": ('target = "c"\nfeatures = ["a", "b"]', ["dummy", "naive-bayes"]),
    "three": ('target = "k"\nfeatures = ["a", "b"]', ["dummy", "naive-bayes"]),
    "clusters": ('task = "clustering"\nfeatures = ["a", "b"]', ["k-means"]),
}


def table(n: int, seed: int, *, shift: float = 0.0) -> pl.DataFrame:
    """Return events: y depends on a and b, z on b; classes c and k; weights w, signed ones s; groups g."""
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(-2, 2, (2, n)) + shift
    y = np.sin(2 * a) + b + 0.3 * rng.normal(size=n)
    return pl.DataFrame(
        {
            "id": np.arange(n) + 2**53,
            "a": a,
            "b": b,
            "y": y,
            "z": 100 * b + 30 * rng.normal(size=n),
            "c": np.where(b + rng.normal(size=n) > 0, "s", "b"),
            "k": np.array(["u", "d", "t"])[np.digitize(b + 0.4 * rng.normal(size=n), [-0.7, 0.7])],
            "w": rng.integers(1, 4, n),
            "s": np.where(rng.uniform(size=n) < 0.1, -1.0, 1.0),
            "g": np.arange(n) // 3,
        }
    )


def finished(folder: Path, *names: str) -> dict[str, Path]:
    """Return the run folders of some of the `STUDIES`; no page is drawn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fivesigma.report.render", lambda *given: None)
        for name in names:
            data, models = STUDIES[name]
            table(N, 1).write_csv(folder / f"{name}.csv")
            text = HEAD.format(name=name, data=data) + "".join(map(MODELS.format, models))
            if name == "clusters":
                text = text.replace('refits = 0\nclaim = "fitted"\n', "refits = 2\n")
            (folder / f"{name}.toml").write_text(text)
            Study.read(folder / f"{name}.toml").run(folder / name, workers=1, progress=False)
    return {name: folder / name for name in names}
