"""Observed events beside the simulation: blind above the cut until they are opened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from fivesigma._core.errors import DataError, InputError
from fivesigma.study.runner.run import unblind
from fivesigma.study.study import Study

SIGNAL = 40


def events(rng: np.random.Generator, n: int, *, signal: bool) -> pl.DataFrame:
    mass = rng.normal(125.0, 10.0, n) if signal else 60.0 + rng.exponential(60.0, n)
    site = rng.choice(["north", "south"], n)
    return pl.DataFrame({"mass": mass, "jets": rng.poisson(3 if signal else 2, n), "site": site})


def study(folder: Path, **keys: Any) -> Path:
    """Write simulation, data of the simulation's own mixture, and a study of both."""
    rng = np.random.default_rng(3)
    parts = [(1500, False), (300, True)]
    made = [events(rng, n, signal=s).with_columns(kind=pl.lit("s" if s else "b")) for n, s in parts]
    pl.concat(made).write_parquet(folder / "sim.parquet")
    seen = pl.concat([events(rng, 500, signal=False), events(rng, 100, signal=True)])
    seen.write_parquet(folder / "data.parquet")
    data = {"path": "sim.parquet", "target": "kind", "classes": ["b", "s"], "observed": "data.parquet"} | keys
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in data.items())
    text = (
        f'[study]\nname = "seen"\n[data]\n{lines}\n[features]\ncategorical = "onehot"\n[evaluate]\nrefits = 0\n'
        'claim = "fitted"\nbootstrap = 200\n[[models]]\nkind = "dummy"\n[[models]]\nkind = "logistic"\n'
    )
    (folder / "s.toml").write_text(text)
    return folder / "s.toml"


def carried_out(file: Path, name: str) -> tuple[Path, dict[str, Any]]:
    out = file.parent / name
    Study.read(file).run(out=out, workers=1, progress=False)
    return out, json.loads((out / "results.json").read_text())["observed"]


FEATURES = ["mass", "jets", "site"]


def test_no_event_above_the_cut_is_looked_at_until_it_is_opened(tmp_path) -> None:
    out, kept = carried_out(study(tmp_path, features=FEATURES), "r")
    assert kept["blind"]
    assert kept["n_seen"] < 600
    score = kept["score"]
    hidden = [count is None for count in score["counts"]]
    assert hidden == [edge > kept["cut"] for edge in score["edges"][1:]]
    assert any(hidden)
    assert all(sum(column["counts"]) == kept["n_seen"] for column in kept["columns"])
    assert "fivesigma unblind RUN" in (out / "report.md").read_text()
    unblind(out, progress=False)
    opened = json.loads((out / "results.json").read_text())["observed"]
    assert not opened["blind"]
    assert opened["n_seen"] == 600
    assert sum(opened["score"]["counts"]) == 600
    assert "not looked at" not in (out / "report.md").read_text()
    with pytest.raises(InputError, match="open already"):
        unblind(out, progress=False)


def test_data_of_the_simulation_s_own_law_agree_and_others_do_not(tmp_path) -> None:
    file = study(tmp_path, features=FEATURES)
    _, kept = carried_out(file, "same")
    assert all(column["p_global"] > 0.001 for column in kept["columns"])
    seen = pl.read_parquet(tmp_path / "data.parquet")
    seen.with_columns(mass=pl.col("mass") * 1.3).write_parquet(tmp_path / "data.parquet")
    _, kept = carried_out(file, "shifted")
    apart = {column["name"]: column["p_global"] for column in kept["columns"]}
    assert apart["mass"] < 1e-6
    assert apart["site"] > 0.001


def test_observed_events_pass_the_study_s_selection(tmp_path) -> None:
    _, kept = carried_out(study(tmp_path, features=FEATURES, select="mass > 90"), "r")
    assert kept["columns"][0]["edges"][0] >= 90.0
    assert kept["n_seen"] < (pl.read_parquet(tmp_path / "data.parquet")["mass"] > 90.0).sum()


def test_observed_events_pass_the_study_s_cuts(tmp_path) -> None:
    file = study(tmp_path, features=FEATURES)
    file.write_text(file.read_text() + '[cuts]\nheavy = "mass > 90"\nbusy = "jets >= 2"\n')
    _, kept = carried_out(file, "r")
    assert all(column["edges"][0] >= low for column, low in zip(kept["columns"], (90.0, 1.5), strict=False))
    seen = pl.read_parquet(tmp_path / "data.parquet")
    assert kept["n_seen"] < ((seen["mass"] > 90.0) & (seen["jets"] >= 2)).sum()


def test_a_regression_has_columns_and_nothing_to_hide(tmp_path) -> None:
    file = study(tmp_path, target="mass", features=["jets", "site"], classes=None)
    file.write_text(file.read_text().replace("classes = null\n", "").replace("logistic", "linear"))
    _, kept = carried_out(file, "r")
    assert kept["score"] is None
    assert not kept["blind"]
    assert kept["n_seen"] == 600


def test_the_order_of_observed_events_does_not_matter(tmp_path) -> None:
    file = study(tmp_path, features=FEATURES)
    _, kept = carried_out(file, "a")
    seen = pl.read_parquet(tmp_path / "data.parquet")
    seen.reverse().write_parquet(tmp_path / "data.parquet")
    assert carried_out(file, "b")[1] == kept


def test_other_observed_events_than_those_of_the_run_are_refused(tmp_path) -> None:
    out, _ = carried_out(study(tmp_path, features=FEATURES), "r")
    pl.read_parquet(tmp_path / "data.parquet").head(10).write_parquet(tmp_path / "data.parquet")
    with pytest.raises(DataError, match="observed events are not those"):
        unblind(out, progress=False)


def test_a_file_that_is_not_there_is_said_before_anything_is_fitted(tmp_path) -> None:
    file = study(tmp_path, features=FEATURES, observed="absent.parquet")
    with pytest.raises(DataError, match=r"absent\.parquet: no such file"):
        Study.read(file).run(out=tmp_path / "r", progress=False)
    assert not (tmp_path / "r" / "tasks").exists()


def test_a_blind_run_without_a_cut_shows_no_observed_event(tmp_path) -> None:
    file = study(tmp_path, features=["mass", "jets"])
    table = pl.read_parquet(tmp_path / "sim.parquet")
    third = pl.when(pl.col("mass") > 150.0).then(pl.lit("x")).otherwise(pl.col("kind"))
    table.with_columns(kind=third).write_parquet(tmp_path / "sim.parquet")
    file.write_text(file.read_text().replace('["b", "s"]', '["b", "x", "s"]'))
    out = tmp_path / "r"
    Study.read(file).run(out=out, workers=1, progress=False, blind=True)
    document = json.loads((out / "results.json").read_text())
    assert "observed" not in document
    assert any("observed events are not shown" in note["message"] for note in document["audit"])
    unblind(out, progress=False)
    assert json.loads((out / "results.json").read_text())["observed"]["n_seen"] == 600
