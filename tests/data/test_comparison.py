"""Two files side by side: what differs is said with a σ that does not claim shifts where there are none."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from fivesigma.data.comparison import compared


def written(folder, name, columns):
    pl.DataFrame(columns).write_parquet(folder / f"{name}.parquet")
    return folder / f"{name}.parquet"


def events(seed, n=400, shift=0.0):
    rng = np.random.default_rng(seed)
    return {
        "id": np.arange(n) + 1000 * seed,
        "x": rng.normal(shift, 1.0, n),
        "n_jet": rng.poisson(2.0 + shift, n),
        "word": rng.choice(["a", "b", "c"], n, p=[0.5, 0.5 - shift / 4, shift / 4]),
        "note": [f"{seed} {i}" for i in range(n)],
    }


def test_shifts_are_found_in_numbers_counts_and_words(tmp_path):
    one, two = written(tmp_path, "a", events(1)), written(tmp_path, "b", events(2, shift=1.0))
    found = {column.name: column for column in compared(one, two).columns}
    for name in ("x", "n_jet", "word"):
        assert found[name].sigma_global > 3, name
        assert found[name].sigma_global <= found[name].sigma
    assert found["id"].why == "an identifier"
    assert found["note"].why == "words of many kinds"
    assert found["x"].outside > 0
    json.dumps(compared(one, two).to_document(), allow_nan=False)


def test_equal_populations_are_seldom_called_shifted(tmp_path):
    claims = 0
    for seed in range(40):
        one, two = (written(tmp_path, name, events(2 * seed + i)) for i, name in enumerate("ab"))
        claims += sum((column.sigma or 0.0) > 2.0 for column in compared(one, two).columns)
    assert claims <= 8, "2.3 % of 120 tests are expected above 2σ"


def test_a_file_and_itself_differ_in_nothing(tmp_path):
    one = written(tmp_path, "a", events(1))
    found = compared(one, one)
    assert (found.only_first, found.only_second) == ((), ())
    assert max(column.sigma or 0.0 for column in found.columns) == 0.0


def test_columns_of_one_file_alone_are_named(tmp_path):
    one, two = (
        written(tmp_path, "a", {"x": [1.0, 2.0], "u": [1.0, 2.0]}),
        written(tmp_path, "b", {"x": [1.0], "v": [2]}),
    )
    found = compared(one, two)
    assert (found.only_first, found.only_second, found.n_rows) == (("u",), ("v",), (2, 1))


@pytest.mark.parametrize(("unit", "factor"), [("GeV", 1.0), ("MeV", 1000.0), (None, 1.0)])
def test_units_of_one_kind_do_not_matter(tmp_path, unit, factor):
    fits = pytest.importorskip("astropy.io.fits")
    x = np.random.default_rng(3).exponential(30.0, 500)
    for name, values, said in (("a", x[:250], "GeV"), ("b", x[250:] * factor, unit)):
        column = fits.Column("pt", format="D", array=values, unit=said)
        fits.BinTableHDU.from_columns([column]).writeto(tmp_path / f"{name}.fits")
    found = compared(tmp_path / "a.fits", tmp_path / "b.fits").columns[0]
    assert found.sigma < 3
    assert found.outside < 0.05
    assert (found.first.unit, found.second.unit) == ("GeV", unit)


def test_units_of_different_kinds_are_not_compared(tmp_path):
    fits = pytest.importorskip("astropy.io.fits")
    for name, unit in (("a", "GeV"), ("b", "km")):
        column = fits.Column("x", format="D", array=np.arange(30.0) + 0.5, unit=unit)
        fits.BinTableHDU.from_columns([column]).writeto(tmp_path / f"{name}.fits")
    found = compared(tmp_path / "a.fits", tmp_path / "b.fits").columns[0]
    assert (found.sigma, found.why) == (None, "units of different kinds: GeV and km")


def test_missing_values_and_infinite_ones_are_a_shift_too(tmp_path):
    x = np.random.default_rng(3).normal(size=300)
    gaps = np.where(np.arange(300) % 3 == 0, np.nan, x)
    one, two = written(tmp_path, "a", {"x": x}), written(tmp_path, "b", {"x": gaps})
    assert compared(one, two).columns[0].sigma > 5
    three = written(tmp_path, "c", {"x": np.where(np.isnan(gaps), np.inf, gaps)})
    json.dumps(compared(one, three).to_document(), allow_nan=False)
