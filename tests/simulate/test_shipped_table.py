"""The table behind the study ``higgs``: as large and as small as promised, and what it says of itself."""

from __future__ import annotations

import json

import polars

from fivesigma.simulate.dilepton import FEATURES
from fivesigma.study.spec.shipped import FOLDER

TABLE = FOLDER / "higgs" / "higgs.parquet"


def test_size_balance_and_features():
    assert TABLE.stat().st_size <= 6_000_000
    frame = polars.read_parquet(TABLE)
    assert frame.height >= 20_000
    assert frame["process"].value_counts()["count"].to_list() == [12_000, 12_000]
    assert all(frame[name].dtype == polars.Float32 and frame[name].is_finite().all() for name in FEATURES)


def test_the_table_names_its_own_command():
    about = json.loads(polars.read_parquet_metadata(TABLE)["fivesigma"])
    assert (about["system"], about["n"], about["seed"], about["settings"]) == ("collider", 24_000, 1, {})
    text = (FOLDER / "higgs" / "README.md").read_text(encoding="utf-8")
    assert "fivesigma simulate collider -o higgs.parquet --n 24000 --seed 1" in text
