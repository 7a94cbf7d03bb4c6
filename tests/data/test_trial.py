"""The law of `init`: what it writes, `check` takes; a table it can say nothing of is one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from fivesigma._core.errors import FivesigmaError, InputError
from fivesigma.data.inspection import inspected
from fivesigma.data.trial import tried
from fivesigma.study.spec.starter import write_starter
from fivesigma.study.study import Study

Rng = np.random.Generator

COLUMNS: dict[str, Callable[[int, Rng], list[Any]]] = {
    "normal": lambda n, rng: rng.normal(size=n).tolist(),
    "gaps": lambda n, rng: [None if i % 5 == 0 else float(x) for i, x in enumerate(rng.normal(size=n))],
    "one value": lambda n, rng: [None] * (n - 1) + [2.0],
    "empty": lambda n, rng: [None] * n,
    "constant": lambda n, rng: [3.0] * n,
    "infinite": lambda n, rng: [float("inf") if i == 2 else 0.1 * i for i in range(n)],
    "code": lambda n, rng: [
        -999.0 if i % 4 == 0 else abs(float(x)) for i, x in enumerate(rng.normal(size=n))
    ],
    "code but one": lambda n, rng: [-999.0] * (n - 1) + [2.0],
    "binary": lambda n, rng: [i % 2 for i in range(n)],
    "binary, one": lambda n, rng: [int(i == 0) for i in range(n)],
    "binary with gaps": lambda n, rng: [None if i % 7 == 0 else i % 2 for i in range(n)],
    "truth with gaps": lambda n, rng: [None if i % 7 == 0 else i % 2 == 0 for i in range(n)],
    "classes": lambda n, rng: ["abc"[i % 3] for i in range(n)],
    "odd classes": lambda n, rng: [['a"b', "c\\d", "e,f"][i % 3] for i in range(n)],
    "thin class": lambda n, rng: ["a"] * (n - 1) + ["b"],
    "numbers as words": lambda n, rng: [["1", "02", "3.5"][i % 3] for i in range(n)],
    "words": lambda n, rng: [f"w{i}" for i in range(n)],
    "identifiers": lambda n, rng: [2**63 + i for i in range(n)],
    "few numbers": lambda n, rng: [i % 5 for i in range(n)],
    "squares": lambda n, rng: [i * i for i in range(n)],
    "dates": lambda n, rng: [f"2020-01-{i % 28 + 1:02d}" for i in range(n)],
    "huge": lambda n, rng: (1e150 * rng.normal(size=n)).tolist(),
    "broken": lambda n, rng: [str(i) if i != 3 else "x" for i in range(n)],
}
NAMES = (
    *(
        "x",
        "y",
        "weight",
        "w",
        "target",
        "label",
        "class",
        "id",
        "run",
        "None",
        "true",
        "a b",
        "a`b",
        "a'b",
        "log10",
    ),
    *(
        "pi",
        "e",
        "α",
        "x:y",
        "split",
        "KaggleSet",
        "year",
        "",
        "1",
        "0.5",
        "x-y",
        "Mass [Msun]",
        "part",
        "#h",
        "ﬁ",
    ),
)


def _odd_table(number: int) -> pl.DataFrame:
    rng = np.random.default_rng([number, 12])
    n, width = int(rng.choice([2, 5, 12, 40, 120])), int(rng.integers(2, 7))
    names, kinds = rng.choice(NAMES, width, replace=False), rng.choice(list(COLUMNS), width)
    return pl.DataFrame(
        [
            pl.Series(name, COLUMNS[kind](n, rng), strict=False)
            for name, kind in zip(names, kinds, strict=True)
        ]
    )


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("number", range(60))
def test_init_never_writes_a_study_that_check_refuses(tmp_path: Path, number: int) -> None:
    frame, table = _odd_table(number), tmp_path / ("t.csv" if number % 2 else "t.parquet")
    frame.write_csv(table) if number % 2 else frame.write_parquet(table)
    try:
        study = write_starter(table, tmp_path / "s.toml")
    except FivesigmaError:
        assert not (tmp_path / "s.toml").exists()
        return
    assert Study.read(study).check()


def _tried(table: dict[str, np.ndarray], target: str | None = None, listed: int = 60) -> Any:
    return tried(inspected("t.csv", table, target), table, target=target, salt="t", listed=listed)


def test_a_weight_that_cannot_be_one_is_left_out() -> None:
    x = np.random.default_rng(0).normal(size=60)
    w = np.where(np.arange(60) == 5, np.inf, 1.0)
    found = _tried({"x": x, "w": w, "y": np.arange(60) % 2})
    assert (found.guesses.weight, found.guesses.spectators) == (None, ("w",))
    assert (found.task, found.folds) == ("classification", 5)


def test_the_next_likely_target_is_tried() -> None:
    x = np.random.default_rng(0).normal(size=60)
    y = np.where(np.arange(60) == 5, np.inf, x)
    found = _tried({"x": x, "y": y, "z": np.arange(60) % 2})
    assert found.guesses.target == "z"
    with pytest.raises(
        InputError, match="no study can begin with this table as it is: target 'y' has 1 infinite"
    ):
        _tried({"x": x, "y": y, "z": np.arange(60) % 2}, target="y")


def test_few_rows_have_fewer_folds() -> None:
    x = np.random.default_rng(0).normal(size=(60, 2))
    assert _tried({"x": x[:, 0], "y": x[:, 1]}, target="y").folds == 5
    assert _tried({"x": x[:12, 0], "y": x[:12, 1]}, target="y").folds == 3
    assert _tried({"x": x[:3, 0], "y": x[:3, 1]}, target="y").folds == 2


def test_nothing_to_learn_from_or_to_predict() -> None:
    with pytest.raises(InputError, match="no numeric column is left to learn from"):
        _tried({"a": np.array([f"w{i}" for i in range(60)], dtype=object), "y": np.arange(60) % 2})
    with pytest.raises(InputError, match="no column looks like one to predict"):
        _tried({"id": np.arange(60)})


def test_many_features_are_left_to_the_default() -> None:
    X = np.random.default_rng(0).normal(size=(60, 4))
    table = {f"x{i}": X[:, i] for i in range(4)} | {"y": np.arange(60) % 2}
    assert _tried(table, listed=2).guesses.features == ("x0", "x1", "x2", "x3")
