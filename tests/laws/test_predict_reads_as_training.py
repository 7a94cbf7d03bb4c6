"""The law of `predict`: a table is read as it was read in training, whole or in parts, in whatever format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import fivesigma as fs
from fivesigma._core.errors import FivesigmaError, InputError
from fivesigma.data.readers.frame_table import FrameTable
from fivesigma.data.tables import read_columns
from fivesigma.study.finished.predict import predict

N = 60

STUDY = """
[study]
name = "again"
[data]
path = "{path}"
target = "y"
features = ["run", "x", "n", "ok", "ratio", "late"]
missing = [-999, "?"]
[features]
categorical = "onehot"
missing = "impute"
expressions = {{ ratio = "x / hidden", late = "where(kind == 'b', 1, 0)" }}
[split]
test = {{ column = "part", value = "b" }}
folds = 2
[evaluate]
bootstrap = 100
refits = 0
claim = "fitted"
[[models]]
kind = "logistic"
[[models]]
kind = "tree"
"""


def _table() -> pl.DataFrame:
    rng = np.random.default_rng(4)
    run = [["01", "02", "03", "A1"][i % 4] for i in range(N)]
    x = rng.normal(size=N)
    return pl.DataFrame(
        {
            "run": [None if i == 9 else word for i, word in enumerate(run)],
            "x": [None if i % 11 == 5 else float(value) for i, value in enumerate(x)],
            "n": [None if i % 13 == 2 else -999 if i == 7 else i % 5 for i in range(N)],
            "ok": [None if i == 20 else i % 3 == 0 for i in range(N)],
            "hidden": [1.0 + i % 4 for i in range(N)],
            "kind": [["a", "b", "?"][i % 3] for i in range(N)],
            "part": [["a", "b"][i % 5 == 0] for i in range(N)],
            "y": [
                int((word == "02") + 0.3 * value + 0.2 * rng.normal() > 0.3)
                for word, value in zip(run, x, strict=True)
            ],
        }
    )


def _write(frame: pl.DataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".npz":
        floats = {name: frame[name].cast(pl.Float64).to_numpy() for name in ("x", "n", "ok", "hidden", "y")}
        words = {name: frame[name].fill_null("?").to_numpy().astype(str) for name in ("run", "kind", "part")}
        np.savez(path, **floats, **words)
    else:
        separator = {".csv": ",", ".tsv": "\t", ".dat": " "}[path.suffix]
        truths = frame.with_columns(pl.col("ok").cast(pl.String).str.to_titlecase())  # as Python writes them
        truths.write_csv(path, separator=separator, null_value="NA")
    return path


@pytest.fixture(scope="module", params=["t.csv", "t.dat", "t.parquet", "t.npz"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    _write(_table(), folder / request.param)
    (folder / "s.toml").write_text(STUDY.format(path=request.param))
    fs.Study.read(folder / "s.toml").run(out=folder / "run", workers=1, progress=False)
    return folder


def _predicted(folder: Path, table: Path, model: str) -> np.ndarray:
    predict(folder / "run", table, folder / "out.parquet", model=model)
    return read_columns(folder / "out.parquet")[f"{model}:1"]


@pytest.mark.parametrize("model", ["logistic", "tree"])
def test_the_training_table_whole_or_row_by_row(trained: Path, tmp_path: Path, model: str) -> None:
    frame = _table()
    suffix = next(trained.glob("t.*")).suffix
    whole = _predicted(trained, _write(frame, tmp_path / f"whole{suffix}"), model)
    kept = (
        pl.read_parquet(trained / "run" / "predictions.parquet").filter(pl.col("part") == "test").sort("row")
    )
    np.testing.assert_array_equal(whole[kept["row"].to_numpy()], kept[f"{model}:1"].to_numpy())
    for i in range(0, N, 5 if model == "tree" else 2):
        row = _write(frame[i : i + 1], tmp_path / f"row{suffix}")
        assert _predicted(trained, row, model)[0] == pytest.approx(whole[i], rel=1e-12)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".dat", ".parquet", ".npz"])
def test_another_format_says_the_same(trained: Path, tmp_path: Path, suffix: str) -> None:
    frame, own = _table(), next(trained.glob("t.*"))
    if own.suffix == ".npz":
        frame = frame.with_columns(pl.col("run").fill_null("?"))
    whole = _predicted(trained, own, "logistic")
    some = [i for i in range(N) if frame["run"][i] in ("01", "02", "03")]
    table = _write(frame[some], tmp_path / f"some{suffix}")
    np.testing.assert_allclose(_predicted(trained, table, "logistic"), whole[some], rtol=1e-12)


def test_a_frame_and_a_dataset_are_read_in_the_same_way(tmp_path: Path) -> None:
    frame = _table().select("run", "x", "y")
    frame.write_csv(tmp_path / "t.csv")
    study = STUDY.replace("expressions", "# ").replace(', "n", "ok", "ratio", "late"', "")
    study = study.replace('test = {{ column = "part", value = "b" }}', "test = 0.2")
    (tmp_path / "s.toml").write_text(study.format(path="t.csv"))
    result = fs.Study.read(tmp_path / "s.toml").run(out=tmp_path / "run", workers=1, progress=False)
    model = result.model("logistic")
    some = frame.filter(pl.col("run").is_in(["02", "A1"]))
    whole = _predicted(tmp_path, tmp_path / "t.csv", "logistic")
    expected = whole[[i for i, word in enumerate(frame["run"]) if word in ("02", "A1")]]
    for table in (
        some,
        some.to_pandas(),
        some.to_arrow(),
        fs.Dataset.from_frame(some, features=["run", "x"], categorical=True),
    ):
        np.testing.assert_allclose(model.predict_proba(table)[:, 1], expected, rtol=1e-12)
    digits = fs.Dataset.from_frame(pl.DataFrame({"run": [1, 2], "x": [0.0, 1.0]}))
    with pytest.raises(InputError, match="'run' was text in training and is numbers here"):
        model.predict(digits)


def test_labels_never_seen_are_counted_and_missing(trained: Path, tmp_path: Path) -> None:
    if not (trained / "t.csv").exists():
        pytest.skip("one format is enough")
    frame = _table().with_columns(run=pl.Series(["Z9", "Z8", *_table()["run"][2:]]))
    done = predict(trained / "run", _write(frame, tmp_path / "t.csv"), tmp_path / "out.csv")
    assert done["unknown"] == {"run": 2}
    same = predict(trained / "run", trained / "t.csv", tmp_path / "out.csv")
    assert same["unknown"] == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (pl.lit("heavy").alias("x"), "column 'x' holds text .'heavy'., and a number is expected"),
        (pl.lit("perhaps").alias("ok"), "column 'ok' holds 'perhaps', and true or false is expected"),
        (pl.lit(float("inf")).alias("x"), "feature 'x' has 60 infinite values"),
        (pl.lit(0.0).alias("hidden"), "feature 'ratio' has [0-9]+ infinite values"),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_what_cannot_be_read_as_in_training_is_one_sentence(
    trained: Path, tmp_path: Path, suffix: str, change: pl.Expr, words: str
) -> None:
    if not (trained / "t.csv").exists():
        pytest.skip("one format is enough")
    path = tmp_path / f"t{suffix}"
    frame = _table().with_columns(change)
    frame.write_csv(path, null_value="NA") if suffix == ".csv" else frame.write_parquet(path)
    with pytest.raises(InputError, match=words) as caught:
        predict(trained / "run", path, tmp_path / "out.csv")
    assert "\n" not in str(caught.value)


def test_an_empty_table_is_one_sentence(trained: Path, tmp_path: Path) -> None:
    for name in ("t.csv", "t.parquet"):
        path = tmp_path / name
        _write(_table()[:0], path)
        with pytest.raises(FivesigmaError, match="rows"):
            predict(trained / "run", path, tmp_path / "out.csv")


def test_arrays_and_numbered_columns_are_taken_in_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 2)), np.arange(80) % 2
    study = fs.Study(fs.Dataset.from_arrays(X, y), models=["logistic"], seed=0)
    model = study.run(out=tmp_path / "run", workers=1, progress=False).model("logistic")
    expected = model.predict_proba(X)
    for table in (
        X.tolist(),
        pd.DataFrame(X),
        pd.DataFrame(X, columns=["x0", "x1"])[["x1", "x0"]],
        X.astype(object),
    ):
        np.testing.assert_array_equal(model.predict_proba(table), expected)
    for table, words in (
        (pd.DataFrame(X, columns=["x0", "z"]), "no column 'x1'"),
        (X[:, :1], "expected .n, 2."),
        (np.array([["a", "b"]]), "real numbers"),
        (np.array([[np.inf, 0.0]]), "feature 'x0' has 1 infinite"),
        (X[:0], "X is empty"),
        (pd.DataFrame({"x0": ["a"], "x1": [1.0]}), "column 'x0' holds text"),
    ):
        with pytest.raises(FivesigmaError, match=words):
            model.predict(table)


def test_expressions_are_in_the_units_of_training(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = pl.DataFrame({"E": rng.uniform(1, 9, N), "p": rng.uniform(1000, 9000, N)})
    table = table.with_columns(y=pl.col("E") + pl.col("p") / 1000)
    table.write_csv(tmp_path / "t.csv")
    (tmp_path / "s.toml").write_text(
        '[study]\nname="s"\n[data]\npath="t.csv"\ntarget="y"\nfeatures=["s"]\nunits={ E = "GeV", p = "MeV" }\n'
        '[features]\nexpressions={ s = "E + p" }\n[evaluate]\nrefits=0\nclaim="fitted"\n[[models]]\nkind="dummy"\n'
        '[[models]]\nkind="linear"\n'
    )
    fs.Study.read(tmp_path / "s.toml").run(tmp_path / "r", workers=1, progress=False)
    predict(tmp_path / "r", tmp_path / "t.csv", tmp_path / "out.csv", model="linear")
    np.testing.assert_allclose(
        pl.read_csv(tmp_path / "out.csv")["linear"].to_numpy(), table["y"].to_numpy(), rtol=1e-9
    )


def test_a_folder_is_read_as_its_files(trained: Path, tmp_path: Path) -> None:
    frame, suffix = _table(), next(trained.glob("t.*")).suffix
    (tmp_path / "parts").mkdir()
    whole = _predicted(trained, _write(frame, tmp_path / f"whole{suffix}"), "tree")
    for i, part in enumerate((frame[:40], frame[40:])):
        _write(part, tmp_path / "parts" / f"{i}{suffix}")
    np.testing.assert_array_equal(_predicted(trained, tmp_path / "parts", "tree"), whole)


def test_only_what_the_model_needs_is_read(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[str] = set()
    own = FrameTable.columns

    def noted(self: FrameTable, names: Sequence[str], *rows: Any) -> Any:
        asked.update(names)
        return own(self, names, *rows)

    monkeypatch.setattr(FrameTable, "columns", noted)
    frame = _table().with_columns(unused=pl.Series(range(N)), id=pl.Series(range(N)))
    table = _write(frame, tmp_path / "more.parquet")
    predict(trained / "run", table, tmp_path / "out.csv", model="tree", keep=["id"])
    assert asked == {"run", "x", "n", "ok", "hidden", "kind", "id"}
    with pytest.raises(InputError, match="Did you mean 'unused'"):
        predict(trained / "run", table, tmp_path / "out.csv", model="tree", keep=["unusd"])
