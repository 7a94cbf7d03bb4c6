"""From a system's name to a table, in memory or in a file whose suffix decides the format.

The events come in blocks, each with the random stream named by (seed, system, block number), so the bytes do
not depend on the number of workers.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fivesigma._core.errors import InputError, WrongTypeError
from fivesigma._core.random import generator
from fivesigma.data.readers import parquet
from fivesigma.simulate.catalogue import system
from fivesigma.simulate.system import Array, System, Table, count

Progress = Callable[[int, int], None]  #: called with events done and events asked for


@dataclass(frozen=True)
class Written:
    """What `write` left on disk."""

    paths: tuple[Path, ...]
    system: str
    n: int
    seed: int
    columns: tuple[str, ...]


def draw(
    name: str,
    *,
    n: int | None = None,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Table:
    """Draw ``n`` events (default: the system's own number) of the system called ``name``.

    Raises
    ------
    InputError
        If name, settings, ``n`` or ``seed`` are not possible.
    MissingExtraError
        If the system needs an extra that is not installed.

    >>> len(draw("projectiles", n=5, seed=1))
    5
    """
    made = system(name, settings)
    wanted = made.default_n if n is None else count(n)
    if not isinstance(seed, (int, np.integer)) or seed < 0:
        raise InputError(f"seed = {seed!r} is not possible; give a whole number of at least 0.")
    tasks = [(made, size, int(seed), name, i) for i, size in enumerate(_sizes(wanted, made.block))]
    parts, done = [], 0
    for part in _blocks(tasks, workers):
        parts.append(part)
        done += len(part)
        if progress is not None:
            progress(min(done, wanted), wanted)
    return made.merge(parts)


def truth_images(
    name: str, at: Array, *, n: int | None = None, seed: int = 0, settings: Mapping[str, Any] | None = None
) -> Array | None:
    """Return what is behind the images of the events ``at`` of those that `draw` draws; None where no system says.

    Only the blocks in which these events stand are drawn again.

    >>> truth_images("galaxies", np.array([7]), n=600, settings={"size": 16}).shape
    (1, 16, 16)
    >>> truth_images("projectiles", np.array([7])) is None
    True
    """
    known = system(name, settings).behind
    if known is None:
        return None
    setting, column = known
    made = system(name, {**(settings or {}), setting: True})
    sizes, which = _sizes(made.default_n if n is None else count(n), made.block), at // made.block
    parts = {
        i: _block((made, sizes[i], int(seed), name, i)).columns[column] for i in np.unique(which).tolist()
    }
    return np.stack([parts[i][j] for i, j in zip(which.tolist(), (at % made.block).tolist(), strict=True)])


def columns(
    name: str,
    n: int | None = None,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    *,
    workers: int = 1,
) -> tuple[dict[str, Array], dict[str, str], str | None]:
    """Return flat columns, their units and the suggested target: what a study with ``simulate:NAME`` reads.

    An image becomes one column a pixel (``spins_0_0 …``).
    """
    table = draw(name, n=n, seed=seed, settings=settings, workers=workers)
    return flat(table.columns), flat_units(table), table.target


def flat(columns: Mapping[str, Array], whole: Collection[str] = ()) -> dict[str, Array]:
    """Return columns of one dimension: ``image (n, 2, 2)`` becomes ``image_0_0 … image_1_1``.

    Those named in ``whole`` stay arrays, as files have them: images (n, channels, height, width), with one channel
    where the column is (n, height, width).

    >>> list(flat({"x": np.zeros((3, 2))}))
    ['x_0', 'x_1']
    >>> flat({"image": np.zeros((3, 8, 8))}, ["image"])["image"].shape
    (3, 1, 8, 8)
    """
    result: dict[str, Array] = {}
    for name, column in columns.items():
        if column.ndim == 1:
            result[name] = column
        elif name in whole:
            result[name] = column[:, None] if column.ndim == 3 else column
        else:
            for index in np.ndindex(column.shape[1:]):
                result["_".join([name, *map(str, index)])] = column[(slice(None), *index)]
    return result


def flat_units(table: Table, whole: Collection[str] = ()) -> dict[str, str]:
    """Return the units of the columns that `flat` makes: each has that of the one it is a part of.

    >>> flat_units(Table({"x": np.zeros((3, 2)), "y": np.zeros(3)}, {"x": "m"}))
    {'x_0': 'm', 'x_1': 'm'}
    """
    known = {name: unit for name, unit in table.units.items() if name in table.columns}
    return {part: unit for name, unit in known.items() for part in flat({name: table.columns[name]}, whole)}


def write(
    name: str,
    path: str | Path,
    *,
    n: int | None = None,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Written:
    """Draw a system and write it: .parquet, .npz, .csv; collider also .root, halos also .AHF_halos.

    Equal arguments give equal bytes, on any number of workers. In Parquet an image is a list column; the
    file's metadata (key ``fivesigma``) holds system, seed, settings, units and the shapes of images.

    Raises
    ------
    InputError
        For a suffix that the system cannot be written to, and as `draw`.
    """
    path = Path(path)
    writer = _writer(name, path)
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist; make it first or name another.")
    table = draw(name, n=n, seed=seed, settings=settings, workers=workers, progress=progress)
    about = {
        "system": name,
        "n": len(table),
        "seed": int(seed),
        "settings": _text(settings),
        "units": dict(table.units),
    }
    paths = writer(table, path, about)
    return Written(paths, name, len(table), int(seed), tuple(table.columns))


def _sizes(n: int, block: int) -> list[int]:
    """Return the sizes of the blocks of ``n`` events."""
    return [block] * (n // block) + ([n % block] if n % block else [])


def _block(task: tuple[System, int, int, str, int]) -> Table:
    made, size, seed, name, number = task
    return made.table(size, generator(seed, "simulate", name, number))


def _blocks(tasks: list[tuple[System, int, int, str, int]], workers: int) -> Iterator[Table]:
    if workers <= 1 or len(tasks) == 1:
        yield from map(_block, tasks)
        return
    import multiprocessing  # here and not above: a check plans simulations, and starts none
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("spawn")  # forking a process with threads can hang
    with ProcessPoolExecutor(min(workers, len(tasks)), mp_context=context) as pool:
        yield from pool.map(_block, tasks)


def _text(settings: Mapping[str, Any] | None) -> dict[str, str]:
    return {key: str(value) for key, value in sorted((settings or {}).items())}


Writer = Callable[[Table, Path, dict[str, Any]], tuple[Path, ...]]


def _writer(name: str, path: Path) -> Writer:
    """Return what writes ``path``, or say what can be written."""
    writers: dict[str, Writer] = {".parquet": _parquet, ".npz": _npz, ".csv": _csv}
    if name == "collider":
        writers[".root"] = _root
    if name == "halos":
        writers[".AHF_halos"] = _ahf
    if path.suffix not in writers:
        raise InputError(
            f"{path}: {name} cannot be written as {path.suffix or 'this'!r}; use {', '.join(writers)}."
        )
    return writers[path.suffix]


def _replacing(path: Path, save: Callable[[Path], Any]) -> tuple[Path, ...]:
    """Write beside ``path``, then rename: a file is whole or not there."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        save(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return (path,)


def _parquet(table: Table, path: Path, about: dict[str, Any]) -> tuple[Path, ...]:
    import polars

    shapes = {name: list(column.shape[1:]) for name, column in table.columns.items() if column.ndim > 1}
    series = [_series(name, column) for name, column in table.columns.items()]
    metadata = parquet.about(**about, shapes=shapes)
    frame = polars.DataFrame(series)
    return _replacing(path, lambda p: frame.write_parquet(p, compression="zstd", metadata=metadata))


def _series(name: str, column: Array) -> Any:
    import polars

    if column.ndim > 1:
        rows = np.ascontiguousarray(column.reshape(len(column), -1))
        return polars.Series(name, rows).arr.to_list()
    if column.dtype == object:
        return polars.Series(name, column.tolist(), dtype=polars.String)
    return polars.Series(name, np.ascontiguousarray(column))


def _csv(table: Table, path: Path, about: dict[str, Any]) -> tuple[Path, ...]:
    import polars

    frame = polars.DataFrame([_series(name, column) for name, column in flat(table.columns).items()])
    return _replacing(path, frame.write_csv)


def _npz(table: Table, path: Path, about: dict[str, Any]) -> tuple[Path, ...]:
    """An archive without times in it, which numpy's own would also be; text as fixed-width strings."""

    def save(beside: Path) -> None:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, column in table.columns.items():
                values = column.astype(str) if column.dtype == object else column
                values = (
                    values[:, None] if values.ndim == 3 else values
                )  # images of one channel, as they are read
                with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as stream:
                    np.lib.format.write_array(stream, np.ascontiguousarray(values), allow_pickle=False)

    return _replacing(path, save)


def _root(table: Table, path: Path, about: dict[str, Any]) -> tuple[Path, ...]:
    from fivesigma.simulate.jagged import write_root

    if table.jagged is None:
        raise WrongTypeError(f"{path}: these events have no jagged form; write .parquet, .npz or .csv.")
    return _replacing(path, lambda beside: write_root(table.jagged, beside, str(about["seed"])))


def _ahf(table: Table, path: Path, about: dict[str, Any]) -> tuple[Path, ...]:
    from fivesigma.simulate.ahf import catalogue_text, companion

    paths = _replacing(path, lambda beside: beside.write_text(catalogue_text(table), encoding="utf-8"))
    return paths + _parquet(companion(table), path.with_suffix(".observables.parquet"), about)
