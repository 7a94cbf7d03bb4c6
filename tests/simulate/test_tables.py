"""Every system by name: the same bytes on one and several workers, formats, settings and sentences."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import polars
import pytest

from fivesigma._core.errors import InputError, MissingExtraError
from fivesigma.simulate import catalogue
from fivesigma.simulate.tables import draw, write

LIGHT = [name for name in catalogue.SYSTEMS if name != "collider"]
SMALL = {
    "ising": {"size": 8, "n_temperatures": 4},
    "galaxies": {"size": 16},
    "fields": {"size": 16},
    "spins": {"n_spins": 6},
    "mixtures": {"n_features": 5},
}


def test_workers_change_no_byte(tmp_path, monkeypatch):
    from fivesigma.simulate.projectiles import Projectiles

    monkeypatch.setattr(Projectiles, "block", 10)
    seen = []
    for workers in (1, 2):
        file = tmp_path / f"{workers}.parquet"
        write(
            "projectiles",
            file,
            n=35,
            seed=1,
            workers=workers,
            progress=lambda done, n: seen.append((done, n)),
        )
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()
    assert seen == 2 * [(10, 35), (20, 35), (30, 35), (35, 35)]


def test_parquet_holds_images_units_and_settings(tmp_path):
    file = tmp_path / "x.parquet"
    write("ising", file, n=8, seed=5, settings={"size": "8", "n_temperatures": "2"})
    frame = polars.read_parquet(file)
    assert frame["spins"].dtype == polars.List(polars.Int8)
    assert frame["spins"].list.len().unique().to_list() == [64]
    about = json.loads(polars.read_parquet_metadata(file)["fivesigma"])
    assert about["shapes"] == {"spins": [8, 8]}
    assert about["units"]["energy"] == "J"
    assert (about["seed"], about["settings"]) == (5, {"n_temperatures": "2", "size": "8"})


def test_npz_keeps_shapes_and_images_have_a_channel(tmp_path):
    write("fields", tmp_path / "x.npz", n=3, settings={"size": 8, "factor": 2})
    with np.load(tmp_path / "x.npz", allow_pickle=False) as arrays:
        assert arrays["high"].shape == (3, 1, 8, 8)
        assert arrays["low"].shape == (3, 1, 4, 4)


def test_settings_from_text():
    made = catalogue.system(
        "galaxies", {"psf.fwhm": "2.5", "psf.beta": "none", "flux": "10,20", "truth_images": "yes"}
    )
    assert (made.psf.fwhm, made.psf.beta, made.flux, made.truth_images) == (2.5, None, (10.0, 20.0), True)
    assert catalogue.settings_of("projectiles")["g"] == 9.81


@pytest.mark.parametrize(
    ("name", "settings", "word"),
    [
        ("isign", {}, "'ising'"),
        ("ising", {"sise": 3}, "'size'"),
        ("ising", {"size": "big"}, "whole number"),
        ("ising", {"size": 8.5}, "whole number"),
        ("ising", {"lattice": "kagome"}, "square"),
        ("galaxies", {"psf": "3"}, "psf.NAME"),
        ("galaxies", {"flux": "3"}, "2"),
        ("projectiles", {"drag": "nan"}, "drag"),
        ("collider", {"processes": "susy"}, "ttbar"),
    ],
)
def test_settings_refused(name, settings, word):
    with pytest.raises(InputError) as caught:
        catalogue.system(name, settings)
    assert word in str(caught.value)


@pytest.mark.parametrize(("n", "seed"), [(0, 0), (-1, 0), (2.5, 0), (5, -1)])
def test_n_and_seed_refused(n, seed):
    with pytest.raises(InputError):
        draw("projectiles", n=n, seed=seed)


def test_suffix_and_folder_refused(tmp_path):
    with pytest.raises(InputError, match=r"\.parquet"):
        write("ising", tmp_path / "x.txt")
    with pytest.raises(InputError, match=r"\.AHF_halos"):
        write("halos", tmp_path / "x.root")
    with pytest.raises(InputError, match="does not exist"):
        write("ising", tmp_path / "no" / "x.csv")


def test_absent_extra_names_its_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "awkward", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'fivesigma\[collider\]'"):
        draw("collider", n=2)


def test_listing_the_systems_wakes_nothing_heavy():
    code = (
        "import sys; import fivesigma.simulate.tables;"
        "heavy = {'numba', 'polars', 'scipy', 'sklearn', 'matplotlib', 'awkward', 'colossus'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
