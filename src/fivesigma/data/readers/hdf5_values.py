"""What stands in the data sets of an HDF5 file: how each column is read, its unit, and what cannot be read."""

from __future__ import annotations

import pickletools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core.jagged import Jagged
from fivesigma.data.readers.border import refuse_promise

WIDEST = 1000
"""Columns at the most into which an array of two dimensions is taken apart; a wider one is one column of arrays."""

ALLOWED = 1 << 28
"""Bytes that a file may declare whatever its size: where nothing is written HDF5 fills arrays up."""

_UNITS = ("unit", "units")
_GAPS = ("_fillvalue", "missing_value")


@dataclass(frozen=True)
class Place:
    """Where a column stands: a data set, in it a ``field`` of a compound type, or the ``part`` of two dimensions.

    ``how`` is ``"number"``, ``"text"``, ``"list"`` or ``"word"`` (of an enumeration). ``gaps`` are numbers, or a word,
    that say that a value is missing.
    """

    data: Any
    how: str = "number"
    field: str | None = None
    part: int | None = None
    gaps: tuple[Any, ...] = ()
    scale: float = 1
    shift: float = 0
    truth: bool = False

    @property
    def type(self) -> np.dtype[Any]:
        """The type of its elements in the file."""
        whole: np.dtype[Any] = self.data.dtype
        return whole if self.field is None else whole[self.field].base

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a row in the file, of all parts of it."""
        return tuple(self.data.shape[1:] if self.field is None else self.data.dtype[self.field].shape)

    @property
    def size(self) -> int:
        """Bytes of it in each row, at the least."""
        count = 1 if self.part is not None else int(np.prod(self.shape, dtype=object))
        return int(self.type.itemsize) * count


def places(data: Any, name: str) -> Iterator[tuple[str, Place | str]]:
    """Yield the columns of a data set (n_rows, ...) by name, in place of one that is left out the reason."""
    if reason := elsewhere(data):
        yield name, reason
    elif data.dtype.names and data.ndim == 1:
        yield from ((field, _field(data, field)) for field in data.dtype.names)
    elif (how := how_read(data.dtype)) is None or (how != "number" and data.ndim > 1):
        yield name, _left(data.dtype)
    elif data.ndim == 2 and data.shape[1] <= WIDEST:
        whole = _number(data)
        yield from ((label, replace(whole, part=part)) for part, label in enumerate(_labels(data, name)))
    elif data.ndim > 4:
        yield name, f"it has {data.ndim} dimensions"
    else:
        yield name, _number(data) if how == "number" else Place(data, how)


def _field(data: Any, field: str) -> Place | str:
    """Return where a field of a compound data set stands, or why it is left out."""
    how, many = how_read(data.dtype[field].base), data.dtype[field].shape
    wrong = how is None or (many and how != "number")
    return _left(data.dtype[field]) if wrong else Place(data, str(how), field)


def elsewhere(data: Any) -> str:
    """Return why the values of a data set may not be read: they stand in other files, which nobody named."""
    if data.is_virtual:
        return "it is made of other files"
    return "its values stand in another file" if data.external else ""


def _left(dtype: Any) -> str:
    return f"it holds {dtype}"


def _labels(data: Any, name: str) -> list[str]:
    """Return the names of the columns of two dimensions: ``pt0``, ``pt1``, as NPZ calls them."""
    width = int(data.shape[1])
    return [name] if width == 1 else [f"{name}{i}" for i in range(width)]


def how_read(dtype: Any) -> str | None:
    """Return how elements of a type are read (see `Place`), None where they cannot be."""
    import h5py

    if h5py.check_string_dtype(dtype) is not None:
        return "text"
    if (inside := h5py.check_vlen_dtype(dtype)) is not None:
        return "list" if np.dtype(inside).kind in "biuf" and not np.dtype(inside).shape else None
    if h5py.check_enum_dtype(dtype) is not None:
        return "word"
    return "number" if np.dtype(dtype).kind in "biuf" else None


def _number(data: Any) -> Place:
    """Return a column of numbers, with what the attributes of netCDF say of them (CF conventions, 2.5 and 8.1)."""
    said = {str(name).lower(): name for name in data.attrs}
    gaps = tuple(_scalar(data.attrs[said[word]]) for word in _GAPS if word in said)
    scale, shift = (
        float(_scalar(data.attrs[said[word]])) if word in said else value
        for word, value in (("scale_factor", 1), ("add_offset", 0))
    )
    return Place(data, "number", None, None, tuple(gap for gap in gaps if gap == gap), scale, shift)


def _scalar(value: Any) -> Any:
    return np.asarray(value).ravel()[0].item()


# --- reading


def read(
    path: Path, columns: Mapping[str, Place], names: Sequence[str], start: int, stop: int
) -> Iterator[tuple[str, Any]]:
    """Yield some columns, rows ``start`` to ``stop``, each data set read but once."""
    asked = {name: columns[name] for name in names}
    declared = (stop - start) * sum(place.size for place in asked.values())
    refuse_promise(path, "HDF5", declared, allowed=ALLOWED)
    for _, group in _by_data(asked):
        refuse_promise(path, "HDF5", _chunk(next(iter(group.values())).data), allowed=ALLOWED)
        raw = _raw(list(group.values()), start, stop)
        for name, place in group.items():
            yield name, _values(place, raw, alone=len(group) == 1)


def _by_data(asked: Mapping[str, Place]) -> Iterable[tuple[int, dict[str, Place]]]:
    found: dict[int, dict[str, Place]] = {}
    for name, place in asked.items():
        found.setdefault(id(place.data), {})[name] = place
    return found.items()


def _chunk(data: Any) -> int:
    """Return the bytes of a chunk, which the library holds at once."""
    return int(np.prod(data.chunks, dtype=object)) * int(data.dtype.itemsize) if data.chunks else 0


def _raw(group: Sequence[Place], start: int, stop: int) -> NDArray[Any]:
    """Return what stands in the data set that some columns share."""
    data, first = group[0].data, group[0]
    if first.field is not None:
        fields = list(dict.fromkeys(place.field for place in group))
        return np.asarray(data.fields(fields)[start:stop])
    if first.part is not None and len(group) == 1:
        return np.asarray(data[start:stop, first.part])
    return np.asarray(data[start:stop])


def _values(place: Place, raw: NDArray[Any], *, alone: bool) -> Any:
    if place.field is not None:
        raw = raw[place.field]
    if place.part is not None and (place.field is not None or not alone):
        raw = raw[:, place.part]
    if place.how == "list":
        return _lists(place, raw)
    if place.how == "text":
        return _texts(raw, place.gaps)
    return _words(place, raw) if place.how == "word" else _numbers(place, raw)


def _lists(place: Place, raw: NDArray[Any]) -> Jagged:
    import h5py

    inside = np.dtype(h5py.check_vlen_dtype(place.type)).newbyteorder("=")
    held = [each for each in raw if len(each)]
    values = np.concatenate(held).astype(inside, copy=False) if held else np.empty(0, inside)
    counts = np.fromiter((len(each) for each in raw), np.int64, len(raw))
    return Jagged(values, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))


def _texts(raw: NDArray[Any], gaps: Sequence[Any] = ()) -> NDArray[Any]:
    """Return text; an empty one is missing, as HDF5 knows no other way to say so."""
    words = (word.encode() if isinstance(word, str) else word for word in raw.ravel().tolist())
    none = {b"", *(gap.encode() for gap in gaps if isinstance(gap, str))}
    return kinds.texts(None if word in none else word for word in (w.rstrip(b"\0") for w in words))


def _words(place: Place, raw: NDArray[Any]) -> NDArray[Any]:
    """Return the words of an enumeration; a number that has none is missing."""
    import h5py

    words = {number: word for word, number in h5py.check_enum_dtype(place.type).items()}
    return kinds.texts(words.get(number) for number in raw.tolist())


def _numbers(place: Place, raw: NDArray[Any]) -> NDArray[Any]:
    """Return numbers in the byte order of the machine, and missing where they say so."""
    values = np.ascontiguousarray(raw, dtype=raw.dtype.newbyteorder("="))
    if values.dtype.kind == "f" and values.dtype.itemsize > 8:
        values = values.astype(np.float64)
    if place.truth:
        values = values.astype(bool)
    absent = np.isin(values, place.gaps) if place.gaps and values.dtype.kind != "b" else np.zeros(1, bool)
    if place.scale != 1 or place.shift != 0:
        values = values.astype(np.float64) * place.scale + place.shift
    if not absent.any():
        return values
    if values.dtype.kind in "iu" and values.ndim == 1:
        return kinds.gapped(values, absent)
    return np.where(absent, np.nan, values)


# --- what attributes say


def units(data: Any, names: Sequence[str]) -> dict[str, str]:
    """Return the units of the columns ``names`` of a data set: one for all, or one each of a compound type."""
    said = {str(name).lower(): name for name in data.attrs}
    found: dict[str, str] = {}
    for word in _UNITS:
        if word in said:
            found |= _shared(data.attrs[said[word]], names, single=data.dtype.names is None)
        for name in names:
            if (own := f"{name.lower()}_{word}") in said:
                found[name] = _text(data.attrs[said[own]])
    return {name: unit for name, unit in found.items() if unit}


def _shared(value: Any, names: Sequence[str], *, single: bool) -> dict[str, str]:
    listed = np.asarray(value)
    if listed.ndim == 1 and len(listed) == len(names):
        return {name: _text(each) for name, each in zip(names, listed, strict=True)}
    words = pickled(value.tobytes()) if isinstance(value, (np.bytes_, np.void)) else []
    if len(words) == len(names) and all(isinstance(word, str) for word in words):
        return {name: str(word) for name, word in zip(names, words, strict=True)}
    return dict.fromkeys(names, _text(value)) if single and listed.ndim == 0 else {}


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip("\0 ")
    return str(value).strip() if isinstance(value, str) else ""


def pickled(text: bytes) -> list[str | int | None]:
    """Return the words, whole numbers and Nones that a pickle of PyTables spells, in their order; nothing is loaded.

    PyTables keeps lists in attributes as pickles. Loading one may run code, so that its letters are read instead.

    >>> pickled(b"(lp0\\nVpt\\np1\\naVeta\\np2\\na.")
    ['pt', 'eta']
    """
    found: list[str | int | None] = []
    kept: dict[int, Any] = {}
    last: Any = _NO_WORD
    try:
        for code, value, _ in pickletools.genops(bytes(text)):
            if "PUT" in code.name or code.name == "MEMOIZE":
                kept[len(kept) if value is None else value] = last
                continue
            last = _spelled(code.name, kept.get(int(value or 0), _NO_WORD) if "GET" in code.name else value)
            if last is not _NO_WORD:
                found.append(last)
    except ValueError:  # it is no pickle
        return []
    return found


_NO_WORD = object()


def _spelled(code: str, value: Any) -> Any:
    """Return what an instruction of a pickle puts down: a word, a number or None; `_NO_WORD` for all else."""
    if code == "NONE":
        return None
    if any(kind in code for kind in ("UNICODE", "STRING", "INT", "LONG", "GET")):
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return _NO_WORD
