"""HDF5: compound data sets, groups of arrays of one length, frames of pandas, tables of PyTables, by h5py.

A file is looked through by what it holds itself: links to elsewhere, in the file or out of it, are passed over, and so
are data sets whose values stand in other files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from fivesigma._core.counts import counted
from fivesigma._core.errors import require
from fivesigma.data.readers import hdf5_pandas as pandas
from fivesigma.data.readers import hdf5_values as values
from fivesigma.data.readers.border import border, first_line
from fivesigma.data.readers.hdf5_guard import GuardedFile
from fivesigma.data.readers.hdf5_values import Place
from fivesigma.data.readers.part_table import PartTable, all_columns
from fivesigma.data.readers.parts import agreed, chosen
from fivesigma.data.readers.table import Table

_NEXT = "get the file again from its source, and check it with a checksum"
_MAGIC = b"\x89HDF\r\n\x1a\n"
_BEGINNINGS = (0, 512, 1024, 2048)  # where a file begins, after a block of the user's
_INTERNAL = ".__table_column_meta__"  # what astropy keeps beside a table


@dataclass(frozen=True)
class Hdf5Reader:
    """One table of an HDF5 file; arrays of two dimensions are columns ``pt0``, ``pt1``, as those of NPZ."""

    name: str = "HDF5"
    suffixes: tuple[str, ...] = (".h5", ".hdf5", ".hdf", ".he5")
    options: tuple[str, ...] = ("key",)

    def claims(self, path: Path, head: bytes) -> bool:
        """Whether a file begins as HDF5 does."""
        return any(head[at : at + len(_MAGIC)] == _MAGIC for at in _BEGINNINGS)

    @contextmanager
    def open(self, path: Path, options: Mapping[str, Any]) -> Iterator[Table]:
        """Open one table of a file."""
        with ExitStack() as stack:
            with border(path, self.name, _NEXT):
                file = stack.enter_context(_opened(path))
                table = _table(path, _asked(path, file, options.get("key")))
            yield table

    def columns(self, path: Path, options: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """Read every column of single values or of arrays."""
        with self.open(path, options) as table:
            return all_columns(table, path)

    def units(self, path: Path) -> Mapping[str, str]:
        """Return the units that the attributes of the tables say, of the columns whose name has but one unit."""
        with border(path, self.name, _NEXT), _opened(path) as file:
            return agreed([part.units() for part in _parts(file).values()])

    def parts(self, path: Path) -> Mapping[str, str]:
        """Return the tables of a file by the paths of their groups or data sets, and how many rows each has."""
        with border(path, self.name, _NEXT), _opened(path) as file:
            return {key: counted(part.n_rows, "row") for key, part in _parts(file).items()}


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    h5py = require("h5py", "hdf5")
    # a table is read once from top to bottom: chunks kept for a second look, of every column, would outweigh it
    with GuardedFile(path) as content, h5py.File(content, "r", rdcc_nbytes=0) as file:
        yield file


# --- which tables there are


@dataclass(frozen=True)
class _Part:
    """A table: its data sets by the name of their columns, or a frame of pandas."""

    data: Mapping[str, Any]
    frame: Any = None

    @property
    def n_rows(self) -> int:
        """The length that most of the data sets have, of several the greatest; the others are left out."""
        if self.frame is not None:
            found = [place.data for _, place in self.columns() if isinstance(place, Place)]
            return int(found[0].shape[0]) if found else 0
        lengths = Counter(int(each.shape[0]) for each in self.data.values())
        return max(lengths, key=lambda length: (lengths[length], length), default=0)

    def columns(self) -> Iterator[tuple[str, Place | str]]:
        """Yield the columns by name, in place of one that is left out the reason."""
        if self.frame is not None:
            yield from pandas.columns(self.frame)
            return
        n_rows = self.n_rows
        for name, data in self.data.items():
            if data.shape[0] != n_rows:
                yield name, f"it has {data.shape[0]} of {n_rows} rows"
                continue
            try:
                yield from list(values.places(data, name))
            except Exception as error:  # whatever one of them is, the others can be read without it
                yield name, first_line(error)

    def units(self) -> dict[str, str]:
        """Return the units of the columns."""
        together: dict[int, tuple[Any, list[str]]] = {}
        for name, place in self.columns():
            if isinstance(place, Place):
                together.setdefault(id(place.data), (place.data, []))[1].append(name)
        found: dict[str, str] = {}
        for data, names in together.values():
            found |= values.units(data, data.dtype.names or names)
        return found


def _walked(file: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the groups that pandas wrote, and the data sets that may be columns, by their paths."""
    import h5py

    frames: dict[str, Any] = {"": file} if pandas.layout(file) else {}
    arrays: dict[str, Any] = {}

    def visit(name: str, found: Any) -> None:
        if isinstance(found, h5py.Group) and pandas.layout(found):
            frames[name] = found
        elif isinstance(found, h5py.Dataset) and found.shape and not name.endswith(_INTERNAL):
            arrays[name] = found

    file.visititems(visit)  # each object once, by links that are its own
    inside = tuple(f"{name}/" if name else "" for name in frames)
    kept = {name: each for name, each in arrays.items() if not name.startswith(inside)} if inside else arrays
    return frames, {name: each for name, each in kept.items() if not _of_index(name)}


def _of_index(name: str) -> bool:
    """Whether a data set belongs to an index of PyTables."""
    return any(part.startswith("_i_") for part in name.split("/"))


def _parts(file: Any) -> dict[str, _Part]:
    """Return the tables that a file holds by their keys."""
    frames, arrays = _walked(file)
    found = {name or "/": _Part({}, frame) for name, frame in frames.items() if not _within(name, frames)}
    groups: dict[str, dict[str, Any]] = {}
    for path, data in arrays.items():
        if data.dtype.names and data.ndim == 1:
            found[path] = _Part({path.rpartition("/")[2]: data})
        else:
            group, _, name = path.rpartition("/")
            groups.setdefault(group or "/", {})[name] = data
    return found | {key: _Part(data) for key, data in groups.items()}


def _within(name: str, frames: Mapping[str, Any]) -> bool:
    """Whether a frame belongs to another one, as the categories of a column do."""
    return any(name != other and name.startswith(f"{other}/") for other in frames)


def _asked(path: Path, file: Any, key: Any) -> _Part:
    """Return the table that is asked for: one by its key, one data set, or all that stands in and below a group."""
    parts = _parts(file)
    plain = key.strip("/") or "/" if isinstance(key, str) else key
    if plain in parts and not (plain == "/" and len(parts) > 1):
        return parts[plain]
    if isinstance(plain, str):
        _, arrays = _walked(file)
        if plain in arrays:
            return _Part({plain.rpartition("/")[2]: arrays[plain]})
        below = "" if plain == "/" else f"{plain}/"
        if found := {
            name.removeprefix(below): each for name, each in arrays.items() if name.startswith(below)
        }:
            return _Part(found)
    said = {name: counted(part.n_rows, "row") for name, part in parts.items()}
    return parts[chosen(path, "key", said, plain)]


def _table(path: Path, part: _Part) -> PartTable:
    found: dict[str, Place] = {}
    left_out: dict[str, str] = {}
    for name, place in part.columns():
        if isinstance(place, str) or name in found:
            left_out[name] = place if isinstance(place, str) else "its name occurs twice"
        else:
            found[name] = place

    def read(names: Sequence[str], start: int, stop: int) -> Iterable[tuple[str, Any]]:
        order = {name: at for at, name in enumerate(names)}
        return sorted(values.read(path, found, names, start, stop), key=lambda pair: order[pair[0]])

    names = tuple(name for name, place in found.items() if place.how != "list")
    jagged = tuple(name for name, place in found.items() if place.how == "list")
    return PartTable(path, "HDF5", _NEXT, part.n_rows, read, names, jagged, part.units(), left_out)


READER = Hdf5Reader()
