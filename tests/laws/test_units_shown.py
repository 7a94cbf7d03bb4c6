"""The law of units: what a table says of its columns is read, kept, shown, and written again; nothing is invented."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fivesigma as fs
from fivesigma._core.errors import InputError
from fivesigma.data import tables
from fivesigma.data.readers import own_readers, parquet
from fivesigma.record.sections.coefficients import CoefficientsRecord
from fivesigma.simulate import tables as simulated
from fivesigma.study.finished.predict import predict
from fivesigma.study.finished.written import write_table
from fivesigma.study.spec.toml import write_toml

N = 90
UNITS = {"Mvir": "Msun/h", "Rvir": "comoving kpc/h", "sigV": "km/s"}
"""Those that AHF fixes, so that one table can be written in every format that carries units."""


def _table() -> pl.DataFrame:
    rng = np.random.default_rng(5)
    Rvir, Mvir = rng.uniform(200, 2000, N), rng.uniform(1e12, 1e14, N)
    sigV = 2e-12 * Mvir + 0.1 * Rvir + 20 * rng.normal(size=N)
    npart, weight = rng.integers(100, 9000, N), rng.uniform(0.5, 2.0, N)
    return pl.DataFrame(
        {"ID": np.arange(N), "npart": npart, "Mvir": Mvir, "Rvir": Rvir, "sigV": sigV, "weight": weight}
    )


def _ours(frame: pl.DataFrame, path: Path) -> None:
    frame.write_parquet(path, metadata=parquet.about(UNITS))


def _arrow(frame: pl.DataFrame, path: Path) -> None:
    keys = dict(zip(UNITS, ("unit", "units", "unit"), strict=True))
    fields = [
        pa.field(
            name, pa.int64() if frame[name].dtype == pl.Int64 else pa.float64(),
            metadata={"description": "a column", keys[name]: UNITS[name]} if name in UNITS else None,
        )
        for name in frame.columns
    ]  # fmt: skip
    pq.write_table(pa.table({n: frame[n].to_numpy() for n in frame.columns}, schema=pa.schema(fields)), path)


def _ahf(frame: pl.DataFrame, path: Path) -> None:
    head = "#" + " ".join(f"{name}({i})" for i, name in enumerate(frame.columns, 1))
    rows = ("\t".join(str(value) for value in row) for row in frame.iter_rows())
    path.write_text("\n".join([head, *rows]) + "\n")


def _by_suffix(frame: pl.DataFrame, path: Path) -> None:
    write_table(path, {name: frame[name].to_numpy() for name in frame.columns}, UNITS)


WRITERS: dict[str, tuple[str, Callable[[pl.DataFrame, Path], None]]] = {
    "Parquet of this package": ("t.parquet", _ours),
    "Parquet of Arrow": ("t.parquet", _arrow),
    "AHF": ("t.AHF_halos", _ahf),
    "FITS": ("t.fits", _by_suffix),
    "HDF5": ("t.h5", _by_suffix),
}


def _study(path: Path, data: dict[str, object] | None = None, **sections: object) -> dict[str, object]:
    own = {"path": str(path), "target": "sigV", "features": ["Mvir", "Rvir"], "weight": "weight"} | (
        data or {}
    )
    return {
        "study": {"name": "units"},
        "data": {name: value for name, value in own.items() if value is not None},
        "split": {"test": 0.3, "folds": 2},
        "evaluate": {"bootstrap": 100, "refits": 0, "claim": "fitted", "metric": "rmse"},
        "models": [{"kind": "dummy"}, {"kind": "linear"}],
        **sections,
    }


def _run(study: dict[str, object], folder: Path) -> fs.Result:
    folder.mkdir()
    (folder / "study.toml").write_text(write_toml(study))
    return fs.Study.read(folder / "study.toml").run(out=folder / "run", progress=False)


def _labels(page: str) -> list[str]:
    """Return all texts of the figures of a page."""
    drawings = re.findall(r"<svg .*?</svg>", page, re.DOTALL)
    return [html.unescape(text) for svg in drawings for text in re.findall(r"<text[^>]*>([^<]*)<", svg)]


@pytest.mark.parametrize("carrier", WRITERS)
def test_units_that_a_table_says_are_read_and_shown(carrier: str, tmp_path: Path) -> None:
    name, write = WRITERS[carrier]
    write(_table(), tmp_path / name)
    result = _run(_study(tmp_path / name), tmp_path / "study")
    record = json.loads((result.path / "results.json").read_text())
    page = (result.path / "report.html").read_text()
    assert {f["name"]: f["unit"] for f in record["data"]["features"]} == {
        n: UNITS[n] for n in ("Mvir", "Rvir")
    }
    assert record["data"]["target_unit"] == UNITS["sigV"]
    law = next(m for m in record["models"] if m["name"] == "linear")["coefficients"]
    assert law["units"] == ["(km/s)/(Msun/h)", "(km/s)/(comoving kpc/h)"]
    labels = _labels(page)
    for label in (
        "Mvir [Msun/h]",
        "Rvir [comoving kpc/h]",
        "true sigV [km/s]",
        "RMSE [km/s]",
        "predicted − true [km/s]",
    ):
        assert label in labels
    assert "RMSE [km/s]" in page
    assert "(km/s)/(Msun/h)" in page
    assert not [label for label in labels if label.startswith("weight [")]


@pytest.mark.parametrize("carrier", WRITERS)
def test_what_the_study_says_of_units_comes_before_what_the_table_says(carrier: str, tmp_path: Path) -> None:
    name, write = WRITERS[carrier]
    write(_table(), tmp_path / name)
    data = fs.read(
        tmp_path / name, target="log10(sigV)", features=["Mvir", "double", "log_R"], units={"Mvir": "kg"},
        expressions={"double": "2 * Rvir", "log_R": "log10(Rvir)"}, weight="weight",
    )  # fmt: skip
    assert (data.units, data.target_unit) == (("kg", None, "dex"), "dex")
    study = _study(tmp_path / name, {"units": {"Mvir": "kg"}})
    (tmp_path / "s.toml").write_text(write_toml(study))
    prepared = fs.Study.read(tmp_path / "s.toml").prepared()
    assert (prepared.data.units, prepared.data.target_unit) == (("kg", "comoving kpc/h"), "km/s")


def test_a_reader_is_among_those_that_carry_units_or_says_none(tmp_path: Path) -> None:
    carry = {"Parquet", "Arrow", "AHF", "FITS", "HDF5"}
    for reader in own_readers():
        path = tmp_path / f"t{reader.suffixes[0]}"
        path.write_text("a\n1\n")
        assert reader.name in carry or reader.units(path) == {}


def test_a_simulated_table_and_its_file_say_the_same_units(tmp_path: Path) -> None:
    simulated.write("projectiles", tmp_path / "p.parquet", n=60, seed=1)
    said = fs.read(tmp_path / "p.parquet", target="range", features=["speed", "angle"])
    study = {"study": {"name": "p"}, "data": {"source": "simulate:projectiles"}, "source": {"n": 60}}
    (tmp_path / "p.toml").write_text(write_toml(study))
    drawn = fs.Study.read(tmp_path / "p.toml").prepared().data
    assert (said.units, said.target_unit) == (drawn.units, drawn.target_unit) == (("m/s", "rad"), "m")


def test_each_part_of_an_array_has_the_unit_of_the_array() -> None:
    columns, units, _ = simulated.columns("projectiles", 5)
    parts = [name for name in columns if name.startswith("x_")]
    assert len(parts) > 1
    assert {units[name] for name in parts} == {"m"}


def test_files_read_together_are_in_one_unit_unless_the_study_says_which(tmp_path: Path) -> None:
    for name, unit in (("a", "GeV"), ("b", "MeV")):
        pl.DataFrame({"pt": [1.0, 2.0], "y": [1.5, 2.5]}).write_parquet(
            tmp_path / f"{name}.parquet", metadata=parquet.about({"pt": unit})
        )
    both = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    with pytest.raises(InputError, match=r"'pt' is in GeV in .*a\.parquet and in MeV in .*b\.parquet"):
        fs.read(both, target="y")
    assert fs.read(both, target="y", units={"pt": "keV"}).units == ("keV",)


def test_units_of_a_joined_table_are_those_it_says(tmp_path: Path) -> None:
    pl.DataFrame({"ID": [1, 2, 3], "y": [1.5, 2.5, 3.0]}).write_csv(tmp_path / "a.csv")
    pl.DataFrame({"ID": [1, 2, 3], "pt": [1.0, 2.0, 4.0]}).write_parquet(
        tmp_path / "b.parquet", metadata=parquet.about({"pt": "GeV"})
    )
    data = {
        "target": "y",
        "features": ["pt"],
        "weight": None,
        "join": {"path": str(tmp_path / "b.parquet"), "on": "ID"},
    }
    (tmp_path / "s.toml").write_text(write_toml(_study(tmp_path / "a.csv", data)))
    assert fs.Study.read(tmp_path / "s.toml").prepared().data.units == ("GeV",)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> fs.Result:
    """A run of a table that says its units, some of its columns as spectators, with products and a logarithmic law."""
    folder = tmp_path_factory.mktemp("first")
    _ours(_table(), folder / "t.parquet")
    models = [{"kind": "dummy"}, {"kind": "linear", "interactions": 2, "polynomial": 2}, {"kind": "poisson"}]
    data = {"spectators": ["ID", "npart"], "units": {"npart": "1e9 Msun/h"}}
    return _run(_study(folder / "t.parquet", data, models=models), folder / "study")


def test_what_a_run_predicts_of_events_says_its_units_to_the_next_study(first: fs.Result) -> None:
    said = {"target": "km/s", "linear": "km/s", "poisson": "km/s", "dummy": "km/s", "npart": "1e9 Msun/h"}
    assert tables.read_units(first.path / "predictions.parquet") == said
    again = fs.read(
        first.path / "predictions.parquet", target="target", features=["linear", "npart"], spectators=["part"]
    )
    assert (again.units, again.target_unit) == (("km/s", "1e9 Msun/h"), "km/s")


def test_predictions_of_another_table_keep_their_units(first: fs.Result, tmp_path: Path) -> None:
    _ours(_table(), tmp_path / "t.parquet")
    predict(first.path, tmp_path / "t.parquet", tmp_path / "out.parquet", keep=["Rvir", "ID"], model="linear")
    ours = dict.fromkeys(
        ("linear", "linear:low", "linear:high"), "km/s"
    )  # a distance in deviations has no unit
    assert tables.read_units(tmp_path / "out.parquet") == {"Rvir": UNITS["Rvir"], **ours}


def test_products_and_powers_have_the_units_of_their_factors(first: fs.Result) -> None:
    laws = {m.name: m.section(CoefficientsRecord) for m in first.results.models}
    mass, radius = "Msun/h", "comoving kpc/h"
    both = f"(km/s)/(({mass}) ({radius}))"
    squares = [f"(km/s)/({each})²" for each in (mass, radius)]
    assert laws["linear"].units == (f"(km/s)/({mass})", f"(km/s)/({radius})", both, *squares)
    assert laws["poisson"].units == (f"1/({mass})", f"1/({radius})")
