"""A damaged file is read or refused in one sentence: no other exception, no crash, no hang, memory under 1 GiB."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.readers.mutants import damaged

N = 40


def _columns() -> dict[str, Any]:
    rng = np.random.default_rng(5)
    return {"x": rng.normal(size=N), "n": np.arange(N) * 3, "flag": np.arange(N) % 3 == 0}


def _root(path: Path, kind: str) -> None:
    awkward, uproot = pytest.importorskip("awkward"), pytest.importorskip("uproot")
    lists = {"jet": awkward.unflatten(np.arange(2.0 * N), np.arange(N) % 5)}
    texts = {"name": awkward.Array([f"é{i}" for i in range(N)])}
    with uproot.recreate(path) as file:
        getattr(file, f"mk{kind}")("events", _columns() | lists | texts)


def _fits(path: Path, kind: str) -> None:
    fits = pytest.importorskip("astropy.io.fits")
    lists = np.empty(N, dtype=object)
    lists[:] = [np.arange(i % 4) for i in range(N)]
    numbers = [
        fits.Column(name, format=code, array=values)
        for (name, values), code in zip(_columns().items(), "DKL", strict=True)
    ]
    text = fits.Column("s", format="6A", array=np.array([f"e{i}" for i in range(N)]))
    made = {
        "binary": lambda: fits.BinTableHDU.from_columns(
            [*numbers, text, fits.Column("jet", format="PJ()", array=lists)]
        ),
        "ascii": lambda: fits.TableHDU.from_columns(
            [
                fits.Column("n", format="I6", array=np.arange(N)),
                fits.Column("x", format="E12.4", array=np.arange(N) / 2),
            ]
        ),
        "image": lambda: fits.ImageHDU(np.arange(5 * 16, dtype=np.int16).reshape(5, 4, 4)),
        "packed": lambda: fits.CompImageHDU(np.arange(5 * 196, dtype=np.int16).reshape(5, 14, 14)),
    }
    fits.HDUList([fits.PrimaryHDU(), made[kind]()]).writeto(path)


def _hdf5(path: Path, kind: str) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w", libver="latest" if kind == "latest" else "earliest") as file:
        for name, values in _columns().items():
            file.create_dataset(name, data=values, chunks=(16,), compression="gzip")
        file["x"].attrs["unit"] = "GeV"  # a text of variable length
        file["name"] = [f"é{i}" for i in range(N)]
        jets = file.create_dataset("jet", (N,), dtype=h5py.vlen_dtype("f8"))
        for i in range(N):
            jets[i] = np.arange(i % 4)


_ASTROPY = ("astropy.io.fits",)
WRITERS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "tree.root": (lambda path: _root(path, "tree"), ("uproot", "awkward")),
    "ntuple.root": (lambda path: _root(path, "rntuple"), ("uproot", "awkward")),
    "binary.fits": (lambda path: _fits(path, "binary"), _ASTROPY),
    "old.h5": (lambda path: _hdf5(path, "old"), ("h5py",)),
    "latest.h5": (lambda path: _hdf5(path, "latest"), ("h5py",)),
    "ascii.fits": (lambda path: _fits(path, "ascii"), _ASTROPY),
    "image.fits": (lambda path: _fits(path, "image"), _ASTROPY),
    "packed.fits": (lambda path: _fits(path, "packed"), _ASTROPY),
}
FULL = {"latest.h5": 500, "ascii.fits": 500, "image.fits": 500, "packed.fits": 500}
"""How many of the less common kinds, beside the 2,000 of each format."""


@pytest.mark.torture
@pytest.mark.parametrize("name", WRITERS)
def test_damaged_files_are_read_or_refused_in_one_sentence(tmp_path: Path, name: str, tenth: Any) -> None:
    write, modules = WRITERS[name]
    write(tmp_path / name)
    count = tenth(FULL.get(name, 2000))
    found = damaged(tmp_path / name, count, seed=name, modules=modules)
    assert found["read"] + found["refused"] == count, found
    assert found["refused"] > count // 20
    assert (found["unclear"], found["other"], found["slow"]) == ([], [], [])
