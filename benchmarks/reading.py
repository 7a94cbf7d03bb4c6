"""Readers beside the libraries of their formats, in turns in one process; memory of `fs.read`; objects of lists.

Run ``python benchmarks/reading.py [ROWS] [COLUMNS] [FILE...]`` (300,000 x 30, all). A format is one line in ``SCENES``.
Goals: a reader to NumPy columns within 1.1 times polars-to-NumPy for CSV and Parquet, 1.3 times the bare library for
ROOT, FITS and HDF5, and 1.0 times pandas for AHF; memory above an idle import within 1.3 times the array in its type.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import polars

_MEMORY = """
import re, sys
import fivesigma as fs, polars, scipy.stats, sklearn.ensemble
held = lambda: 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
fs.read(sys.argv[2], target="x0")
before = held()
data = fs.read(sys.argv[1], target="x0")
print((held() - before) / data.X.nbytes)
"""


@dataclass(frozen=True)
class Scene:
    """A format: how a table is written, and how its own library reads it into columns of NumPy."""

    name: str
    write: Callable[[polars.DataFrame, Path], object]
    library: Callable[[Path], object]
    goal: float


def _ahf(frame: polars.DataFrame, path: Path) -> None:
    head = "#" + "\t".join(f"{name}({i})" for i, name in enumerate(frame.columns, 1)) + "\n"
    path.write_bytes(head.encode() + frame.write_csv(None, separator="\t", include_header=False).encode())


def _pandas(path: Path) -> object:
    import pandas

    return pandas.read_csv(path, sep="\t")


def _array(frame: polars.DataFrame, path: Path) -> None:
    np.save(path, frame.to_numpy())


def _root(kind: str) -> Callable[[polars.DataFrame, Path], object]:
    def write(frame: polars.DataFrame, path: Path) -> None:
        import uproot

        with uproot.recreate(path) as file:
            getattr(file, kind)("events", _named(frame))

    return write


def _bare_root(path: Path) -> object:
    import uproot

    with uproot.open(path) as file:
        return file["events"].arrays(library="np")


def _fits(frame: polars.DataFrame, path: Path) -> None:
    from astropy.table import Table

    Table(_named(frame)).write(path)


def _bare_fits(path: Path) -> object:
    from astropy.io import fits

    with fits.open(path) as file:
        data = file[1].data
        return [data[name].astype(data[name].dtype.newbyteorder("=")) for name in data.names]


def _hdf5(**how: Any) -> Callable[[polars.DataFrame, Path], object]:
    def write(frame: polars.DataFrame, path: Path) -> None:
        import h5py

        chunks = {"chunks": (min(8192, len(frame)),)} if how else {}
        with h5py.File(path, "w") as file:
            for name, values in _named(frame).items():
                file.create_dataset(name, data=values, **chunks, **how)

    return write


def _bare_hdf5(path: Path) -> object:
    import h5py

    with h5py.File(path) as file:
        return [each[:] for each in file.values()]


def _named(frame: polars.DataFrame) -> dict[str, np.ndarray]:
    return {series.name: series.to_numpy() for series in frame.get_columns()}


SCENES = (
    Scene("t.csv", polars.DataFrame.write_csv, lambda path: columns_of(polars.read_csv(path)), 1.1),
    Scene(
        "t.parquet", polars.DataFrame.write_parquet, lambda path: columns_of(polars.read_parquet(path)), 1.1
    ),
    Scene("t.arrow", polars.DataFrame.write_ipc, lambda path: columns_of(polars.read_ipc(path)), 1.1),
    Scene("t.npy", _array, lambda path: list(np.load(path).T), 1.3),
    Scene("t.AHF_halos", _ahf, _pandas, 1.0),
    Scene("tree.root", _root("mktree"), _bare_root, 1.3),
    Scene("ntuple.root", _root("mkrntuple"), _bare_root, 1.3),
    Scene("t.fits", _fits, _bare_fits, 1.3),
    Scene("t.h5", _hdf5(), _bare_hdf5, 1.3),
    Scene("gzip.h5", _hdf5(compression="gzip", compression_opts=1), _bare_hdf5, 1.3),
)


def columns_of(frame: polars.DataFrame) -> list[np.ndarray]:
    """Return the columns of a frame as arrays."""
    return [series.to_numpy() for series in frame.get_columns()]


def beside(scene: Scene, frame: polars.DataFrame, folder: Path) -> dict[str, object]:
    """Return processor and wall seconds of reading, ours to the library's, the median of rounds taken in turns."""
    from fivesigma.data.reading import read
    from fivesigma.data.tables import read_columns

    path, tiny = folder / scene.name, folder / f"tiny-{scene.name}"
    scene.write(frame, path)
    scene.write(frame.head(100), tiny)
    bare = _ratio(lambda: read_columns(path), lambda: scene.library(path))

    def whole() -> None:
        data = read(path, target="x0")
        _ = data.sha256, data.statistics()

    with_hashes = _ratio(whole, lambda: read_columns(path))
    audited = _ratio(lambda: read(path, target="x0").audit, lambda: read_columns(path), rounds=3)
    command = [sys.executable, "-c", _MEMORY, str(path), str(tiny)]
    grown = subprocess.run(command, check=True, capture_output=True, text=True)
    return {
        "reader / library": bare,
        "goal": scene.goal,
        "fs.read, sha256 and statistics / reader": with_hashes,
        "fs.read and audit / reader": audited,
        "memory / array": round(float(grown.stdout), 2),
    }


def _ratio(ours: Callable[[], object], theirs: Callable[[], object], rounds: int = 7) -> dict[str, float]:
    """Return the median over rounds of the ratio of two ways, in seconds of the processor and of the wall."""
    spent: dict[str, list[float]] = {"processor": [], "wall": []}
    for _ in range(rounds):
        one, two = _seconds(ours), _seconds(theirs)
        for kind, a, b in zip(spent, one, two, strict=True):
            spent[kind].append(a / b)
    return {kind: round(median(ratios), 2) for kind, ratios in spent.items()}


def _seconds(way: Callable[[], object]) -> tuple[float, float]:
    processor, wall = time.process_time(), time.perf_counter()
    way()
    return time.process_time() - processor, time.perf_counter() - wall


def objects(events: int, members: int) -> dict[str, float]:
    """Select, sort, leading members and sums of jets: ours, and the plain expressions of awkward (goal: ratio <= 2)."""
    import awkward as ak

    from fivesigma._core.expressions import evaluate
    from fivesigma._core.jagged import Jagged
    from fivesigma.data.objects.making import objects_of
    from fivesigma.data.objects.rules import Rules
    from fivesigma.data.readers.table import WholeTable

    rng, n = np.random.default_rng(0), events * members
    offsets = np.arange(events + 1, dtype=np.int64) * members
    drawn = {"pt": rng.exponential(30, n), "eta": rng.normal(0, 2, n), "phi": rng.uniform(-3, 3, n)}
    drawn |= {"mass": rng.exponential(5, n), "btag": rng.random(n)}
    jets = {name: values.astype(np.float32) for name, values in drawn.items()}
    table = WholeTable({}, {}, {f"Jet_{name}": Jagged(values, offsets) for name, values in jets.items()})
    said = {"prefix": "Jet_", "momentum": ["pt", "eta", "phi", "mass"], "fields": ["btag"], "sort": "pt"}
    rules = Rules.of("jet", said | {"select": "pt > 20 and abs(eta) < 2.4"})
    asked = ("count(jet)", "jet[0].pt", "jet[1].pt", "sum(jet.pt)", "max(jet.btag)")
    contents = ak.contents.RecordArray([ak.contents.NumpyArray(each) for each in jets.values()], list(jets))
    lists = ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(offsets), contents))

    def ours() -> list[np.ndarray]:
        made = objects_of(table, [rules])
        return [evaluate(text, {}, made) for text in asked]

    def theirs() -> list[np.ndarray]:
        jet = lists[(lists.pt > 20) & (abs(lists.eta) < 2.4)]
        jet = jet[ak.argsort(jet.pt, axis=1, ascending=False)]
        two = ak.fill_none(ak.pad_none(jet.pt, 2, axis=1), np.nan)
        most = ak.fill_none(ak.max(jet.btag, axis=1), np.nan)
        found = (ak.num(jet), two[:, 0], two[:, 1], ak.sum(jet.pt, axis=1), most)
        return [ak.to_numpy(each) for each in found]

    for one, two in zip(ours(), theirs(), strict=True):  # the same numbers; and all is compiled
        np.testing.assert_allclose(one, two, rtol=1e-5)
    return _alternating({"ours [s]": ours, "awkward [s]": theirs})


def _alternating(ways: dict[str, Callable[[], object]], rounds: int = 5) -> dict[str, float]:
    """Return the least time of each way, taken in turns, and the ratio of the first to the second."""
    seconds: dict[str, float] = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    first, second = seconds.values()
    return {**seconds, "ratio": first / second}


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    columns = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    X = np.random.default_rng(0).normal(size=(rows, columns))
    frame = polars.DataFrame({f"x{i}": X[:, i] for i in range(columns)})
    short = frame.cast(polars.Float32)
    with tempfile.TemporaryDirectory() as folder:
        for scene in (each for each in SCENES if not sys.argv[3:] or each.name in sys.argv[3:]):
            print(scene.name, json.dumps(beside(scene, frame, Path(folder))), flush=True)
        if sys.argv[3:]:
            return
        print("float32", SCENES[1].name, json.dumps(beside(SCENES[1], short, Path(folder))), flush=True)
    print(f"objects: {rows} events with 5 jets", json.dumps(objects(rows, 5)))


if __name__ == "__main__":
    main()
