"""Laws of the simulated systems: equal seeds give equal bytes, and every table can be studied."""

from __future__ import annotations

import pytest

from fivesigma.simulate import catalogue
from fivesigma.simulate.tables import columns, draw, write

LIGHT = [name for name in catalogue.SYSTEMS if name != "collider"]
SMALL = {
    "ising": {"size": 8, "n_temperatures": 4},
    "galaxies": {"size": 16},
    "fields": {"size": 16},
    "spins": {"n_spins": 6},
    "mixtures": {"n_features": 5},
}


@pytest.mark.parametrize("suffix", [".parquet", ".npz", ".csv"])
@pytest.mark.parametrize("name", LIGHT)
def test_same_seed_same_bytes(name, suffix, tmp_path):
    files = [tmp_path / f"{i}{suffix}" for i in range(3)]
    for file, seed in zip(files, (3, 3, 4), strict=True):
        written = write(name, file, n=20, seed=seed, settings=SMALL.get(name))
        assert written.paths[0] == file
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].read_bytes() != files[2].read_bytes()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", LIGHT)
def test_columns_for_a_study(name):
    named, units, target = columns(name, 12, 0, SMALL.get(name))
    assert {column.shape for column in named.values()} == {(12,)}
    assert set(units) <= set(named) | {"time", "x", "y"}
    assert target is None or target in named


@pytest.mark.parametrize("name", LIGHT)
def test_features_and_group_are_columns(name):
    table = draw(name, n=12, settings=SMALL.get(name))
    assert set(table.features) <= set(table.columns)
    assert table.group is None or table.group in table.columns
