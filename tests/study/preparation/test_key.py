"""``split.key``: an event is in the same part in every study that names its key, whatever the file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import fivesigma as fs
from fivesigma._core.errors import FivesigmaError
from fivesigma.study.preparation.division import division
from fivesigma.study.preparation.prepare import prepare
from fivesigma.study.spec.document import Spec


def frame(n: int = 600, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    columns = {"x": rng.normal(size=n) + y, "z": rng.normal(size=n), "y": np.where(y, "s", "b")}
    return pl.DataFrame({"eventNumber": 2**62 + rng.permutation(n), **columns})


def spec(path: Path, more: str = "", data: str = "") -> Spec:
    study = path.parent / f"{path.stem}.toml"
    study.write_text(
        f'[study]\nname="s"\n[data]\npath="{path.name}"\ntarget="y"\n{data}[split]\nkey="eventNumber"\n{more}'
    )
    return Spec.read(study)


def parts(table: pl.DataFrame, path: Path, **given) -> dict[int, tuple[object, object]]:
    getattr(table, "write_csv" if path.suffix == ".csv" else "write_parquet")(path)
    found = division(spec(path, **given))
    keys = [int(key) for key in found["eventNumber"].tolist()]
    fold = [None if f is None or f != f else int(f) for f in found["fold"].tolist()]
    return dict(zip(keys, zip(found["part"].tolist(), fold, strict=True), strict=True))


def test_the_part_of_an_event_is_that_of_its_number_in_every_file(tmp_path):
    table = frame()
    every = parts(table, tmp_path / "a.csv")
    assert {part for part, _ in every.values()} == {"train", "test"}
    assert parts(table.sample(fraction=1.0, shuffle=True, seed=1), tmp_path / "b.parquet") == every
    fewer = parts(table.drop("z").with_columns(pl.col("x") * 1000), tmp_path / "c.parquet")
    assert fewer == every
    some = parts(table[:350], tmp_path / "d.csv")
    assert some.items() <= every.items()
    chosen = parts(table, tmp_path / "e.csv", data='features=["x"]\nselect="x > 0"\n')
    assert chosen.items() <= every.items()


def test_the_events_are_known_by_their_key(tmp_path):
    table = frame()
    table.write_csv(tmp_path / "a.csv")
    table.with_columns(pl.col("x") + 1.0).write_csv(tmp_path / "b.csv")
    one, other = (prepare(spec(tmp_path / f"{name}.csv")) for name in "ab")
    np.testing.assert_array_equal(one.data.row_hashes, other.data.row_hashes)
    np.testing.assert_array_equal(one.data.event_hashes[:, 1], other.data.event_hashes[:, 1])
    assert "eventNumber" not in one.data.names


def test_it_is_said_on_the_page_and_a_study_runs(tmp_path):
    frame().write_csv(tmp_path / "a.csv")
    asked = '[evaluate]\nrefits=2\nbootstrap=200\n[[models]]\nkind="dummy"\n[[models]]\nkind="logistic"\n'
    study = fs.Study(None, given=spec(tmp_path / "a.csv", asked))
    result = study.run(tmp_path / "r", workers=1, progress=False)
    kept = result.results.split.sections["by_key"]
    assert (kept.column, kept.keys) == ("eventNumber", 600)
    assert "5 folds, by the hash of eventNumber" in (tmp_path / "r" / "report.md").read_text()
    assert any(each.check == "key" and each.status == "ok" for each in result.results.audit)
    assert fs.load(tmp_path / "r").results == result.results


@pytest.mark.parametrize(
    ("more", "data", "message"),
    [
        ('time="x"\n', "", "keep one"),
        ('folds={ column = "z" }\n', "", "keep one"),
        ("", 'group="z"\n', "would be parted"),
    ],
)
def test_what_contradicts_the_key_is_refused(tmp_path, more, data, message):
    frame().write_csv(tmp_path / "a.csv")
    with pytest.raises(FivesigmaError, match=message):
        prepare(spec(tmp_path / "a.csv", more, data))


def test_an_event_without_its_key_is_refused(tmp_path):
    frame().with_columns(
        eventNumber=pl.when(pl.col("z") > 1).then(None).otherwise(pl.col("eventNumber"))
    ).write_csv(tmp_path / "a.csv")
    with pytest.raises(FivesigmaError, match=r"events have no eventNumber; drop them"):
        prepare(spec(tmp_path / "a.csv"))


def test_a_key_of_numbers_that_are_not_whole_is_refused(tmp_path):
    frame().rename({"eventNumber": "id", "z": "eventNumber"}).write_csv(tmp_path / "a.csv")
    with pytest.raises(FivesigmaError, match="numbers that are not whole, which another file may round"):
        prepare(spec(tmp_path / "a.csv"))


def test_a_key_that_is_no_column_is_refused_with_a_hint(tmp_path):
    frame().rename({"eventNumber": "eventNumbre"}).write_csv(tmp_path / "a.csv")
    with pytest.raises(FivesigmaError, match="eventNumbre"):
        prepare(spec(tmp_path / "a.csv"))


def test_the_ledger_knows_an_event_by_its_key_in_another_file(tmp_path):
    table = frame()
    table.write_csv(tmp_path / "a.csv")
    other = table.drop("z").with_columns(pl.col("x") * 2).sample(fraction=1.0, shuffle=True, seed=2)
    other.write_parquet(tmp_path / "b.parquet")
    asked = '[evaluate]\nrefits=0\nclaim="fitted"\n[[models]]\nkind="dummy"\n[[models]]\nkind="logistic"\n'
    runs = [
        fs.Study(None, given=spec(tmp_path / name, asked)).run(tmp_path / name[0], workers=1, progress=False)
        for name in ("a.csv", "b.parquet")
    ]
    seen = [json.loads((run.path / "manifest.json").read_text())["seen"]["test"] for run in runs]
    assert [each["before"] for each in seen] == [0, seen[0]["n"]]
