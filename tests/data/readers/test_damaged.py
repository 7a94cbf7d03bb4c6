"""A damaged file is read or refused in one sentence: no other exception, no crash, no hang, memory under 1 GiB."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
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


def _frame() -> pl.DataFrame:
    text = [f"é{i}" if i % 7 else None for i in range(N)]
    return pl.DataFrame(_columns() | {"ID": np.arange(N) + 2**60, "s": text})


def _text(path: Path, pack: Callable[[bytes], bytes] = bytes) -> None:
    path.write_bytes(pack(_frame().write_csv().encode()))


def _in_blanks(path: Path) -> None:
    rows = "".join(f"{i} {i / 8} {1.5 * i:.3e}\n" for i in range(N))
    path.write_text(f"# a catalogue\n# n x y\n{rows}# the end\n")


def _columnar(path: Path) -> None:
    lists = pl.Series([[1.5] * (i % 4) for i in range(N)])
    frame = _frame().with_columns(jets=lists)
    (frame.write_parquet if path.suffix == ".parquet" else frame.write_ipc)(path)


def _numpy(path: Path, kind: str) -> None:
    if kind == "archive":
        np.savez_compressed(path, **_columns(), s=np.array([f"e{i}" for i in range(N)]))
    else:
        pairs = zip(_columns().values(), (">f8", "<i4", "?"), strict=True)
        array = np.rec.fromarrays([values.astype(code) for values, code in pairs], names="x,n,flag")
        np.save(path, array)


def _ahf(path: Path) -> None:
    rows = "".join(f"{2**60 + i}\t{i % 3}\t{1e14 / (i + 1):.6g}\t{900 + i / 7:.5f}\n" for i in range(N))
    path.write_text(f"#ID(1)\thostHalo(2)\tMhalo(4)\tRhalo(12)\n{rows}")


WRITERS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "t.csv": (_text, ("polars",)),
    "t.csv.gz": (lambda path: _text(path, gzip.compress), ("polars",)),
    "t.csv.xz": (lambda path: _text(path, lzma.compress), ("polars",)),
    "t.dat": (_in_blanks, ("polars",)),
    "t.parquet": (_columnar, ("polars",)),
    "t.arrow": (_columnar, ("polars",)),
    "t.npz": (lambda path: _numpy(path, "archive"), ()),
    "t.npy": (lambda path: _numpy(path, "structured"), ()),
    "t.AHF_halos": (_ahf, ("polars",)),
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
