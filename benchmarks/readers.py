"""From a file to NumPy columns: our readers and the bare library of each format, in turn in one process.

Run ``python -m benchmarks.readers [ROWS] [SCENE...]``. Goal: at most 1.3 times the bare library. A scene is a line of
`SCENES`: how its file is written, and how the library alone reads all columns of it as native arrays.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fivesigma.data import readers

COLUMNS = 20
ROUNDS = 7


@dataclass(frozen=True)
class Scene:
    """A file of one format; ``goal`` times the ``bare`` library is what our reader may take."""

    suffix: str
    write: Callable[[Path, Mapping[str, np.ndarray]], Any]
    bare: Callable[[Path], Mapping[str, Any]]
    goal: float = 1.3
    options: Mapping[str, Any] = field(default_factory=dict)


def table(rows: int) -> dict[str, np.ndarray]:
    """Half doubles, a quarter floats, a quarter identifiers."""
    rng = np.random.default_rng(0)
    kinds = (np.float64, np.float64, np.float32, np.int64)
    return {f"x{i}": (1e6 * rng.normal(size=rows)).astype(kinds[i % len(kinds)]) for i in range(COLUMNS)}


def _write_root(path: Path, columns: Mapping[str, np.ndarray], kind: str) -> None:
    import uproot

    with uproot.recreate(path) as file:
        getattr(file, kind)("events", dict(columns))


def _bare_root(path: Path) -> Mapping[str, Any]:
    import uproot

    with uproot.open(path) as file:
        return file["events"].arrays(library="np")


def _write_fits(path: Path, columns: Mapping[str, np.ndarray]) -> None:
    from astropy.table import Table

    Table(dict(columns)).write(path)


def _bare_fits(path: Path) -> Mapping[str, Any]:
    from astropy.io import fits

    with fits.open(path) as file:
        data = file[1].data
        return {name: data[name].astype(data[name].dtype.newbyteorder("=")) for name in data.names}


def _write_hdf5(path: Path, columns: Mapping[str, np.ndarray], **how: Any) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        for name, values in columns.items():
            file.create_dataset(name, data=values, **how).attrs["unit"] = "GeV"


def _bare_hdf5(path: Path) -> Mapping[str, Any]:
    import h5py

    with h5py.File(path) as file:
        return {name: each[:] for name, each in file.items()}


SCENES: dict[str, Scene] = {
    "ROOT, TTree": Scene(".root", lambda p, c: _write_root(p, c, "mktree"), _bare_root),
    "ROOT, RNTuple": Scene(".root", lambda p, c: _write_root(p, c, "mkrntuple"), _bare_root),
    "FITS, binary table": Scene(".fits", _write_fits, _bare_fits),
    "HDF5, contiguous": Scene(".h5", _write_hdf5, _bare_hdf5),
    "HDF5, chunks of gzip": Scene(
        ".h5",
        lambda p, c: _write_hdf5(p, c, chunks=(8192,), compression="gzip", compression_opts=1),
        _bare_hdf5,
    ),
}


def ours(path: Path, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read all columns as `fivesigma.read` does."""
    with readers.opened(path, readers.reader_for(path), options) as opened:
        return opened.columns(opened.names)


def measure(scene: Scene, columns: Mapping[str, np.ndarray], folder: Path) -> tuple[float, float]:
    """Return the median seconds of ours and of the bare library, which take turns."""
    path = folder / f"t{scene.suffix}"
    scene.write(path, columns)
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS + 1):  # the first warms up
        for into, read in zip(
            taken, (lambda: ours(path, scene.options), lambda: scene.bare(path)), strict=True
        ):
            started = time.perf_counter()
            found = read()
            seconds = time.perf_counter() - started
            for name, values in columns.items():
                np.testing.assert_array_equal(found[name], values)
            if number:
                into.append(seconds)
    return statistics.median(taken[0]), statistics.median(taken[1])


def main() -> None:
    """Print one line a scene."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    chosen = {name: scene for name, scene in SCENES.items() if not sys.argv[2:] or name in sys.argv[2:]}
    columns = table(rows)
    print(
        f"{rows} rows, {len(columns)} columns: seconds of ours, of the bare library, their ratio and the goal"
    )
    for name, scene in chosen.items():
        with tempfile.TemporaryDirectory() as folder:
            own, bare = measure(scene, columns, Path(folder))
        print(f"{name:24} {own:8.3f} {bare:8.3f} {own / bare:6.2f} {scene.goal:6.2f}")


if __name__ == "__main__":
    main()
