"""The two layouts in which pandas writes a frame to HDF5, ``fixed`` and ``table``; pickles in them are never loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from fivesigma.data.readers.hdf5_values import Place, elsewhere, how_read, pickled, places

INDEX = "__index_level_0__"
"""What the index of a frame is called where it has no name, as in a Parquet file of pandas."""

Columns = Iterator[tuple[str, Place | str]]


def layout(group: Any) -> str:
    """Return the layout of a group that pandas wrote, "" of any other."""
    said = group.attrs.get("pandas_type", b"")
    word = said.decode("ascii", "replace") if isinstance(said, bytes) else str(said)
    return word if word in ("frame", "series", "frame_table", "series_table", "appendable_frame") else ""


def columns(group: Any) -> Columns:
    """Yield the columns of a frame by name, in place of one that is left out the reason."""
    how = layout(group)
    if how.endswith("_table"):
        yield from _table(group)
    elif how == "series":
        yield from _indexed(group["index"])
        yield from _renamed(places(group["values"], "values"), [_name(group, "values")], group["values"])
    else:
        yield from _indexed(group["axis1"])
        yield from _blocks(group)


def _name(group: Any, otherwise: str) -> str:
    said = group.attrs.get("name", b"")
    word = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return otherwise if word in ("", "N.") else word


def _indexed(index: Any) -> Columns:
    yield from _renamed(places(index, INDEX), [_name(index, INDEX)], index)


def _blocks(group: Any) -> Columns:
    """Yield the columns of the blocks of the layout ``fixed``, in the order of the frame."""
    found: dict[str, Place | str] = {}
    for number in range(int(group.attrs["nblocks"])):
        labels = _words(group[f"block{number}_items"])
        values = group[f"block{number}_values"]
        found |= dict(_renamed(places(values, "block"), labels, values))
    order = {label: at for at, label in enumerate(_words(group["axis0"]))}
    yield from sorted(found.items(), key=lambda pair: order.get(pair[0], len(order)))


def _words(labels: Any) -> list[str]:
    return [
        word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word)
        for word in labels[()].tolist()
    ]


def _renamed(found: Columns, labels: list[str], values: Any) -> Columns:
    """Give the columns of a block their labels; what pandas wrote as something else is left out."""
    kind = values.attrs.get("value_type", b"")
    if kind or "PSEUDOATOM" in values.attrs:
        word = kind.decode("ascii", "replace") if isinstance(kind, bytes) else str(kind)
        held = "times" if "time" in word else "pickled objects, which could run code: write format='table'"
        yield from ((label, f"it holds {held}") for label in labels)
        return
    each = list(found)
    if len(each) == len(labels):
        yield from ((label, place) for label, (_, place) in zip(labels, each, strict=True))
    elif len(each) == 1 and isinstance(each[0][1], Place):  # wider than what is taken apart
        yield from ((label, replace(each[0][1], part=at)) for at, label in enumerate(labels))


def _table(group: Any) -> Columns:
    """Yield the columns of the layout ``table``: fields of one row, some of which are blocks of several columns."""
    data = group["table"]
    info = pickled(bytes(group.attrs.get("info", b"")))
    after = info[info.index("index_name") + 1] if "index_name" in info[:-1] else None
    if reason := elsewhere(data):
        yield "table", reason
        return
    for field in data.dtype.names:
        how = how_read(data.dtype[field].base)
        if how is None:
            yield field, f"it holds {data.dtype[field]}"
        elif field == "index":
            yield (after if isinstance(after, str) else INDEX), Place(data, how, field)
        else:
            yield from _field(data, field, Place(data, how, field))


def _field(data: Any, field: str, place: Place) -> Columns:
    said = {
        word: _said(data.attrs.get(f"{field}_{word}", b"")) for word in ("dtype", "kind", "meta", "nan_rep")
    }
    names = [str(word) for word in pickled(said["kind"].encode())] or [field]
    if "time" in said["dtype"] or said["meta"] == "category":
        held = "categories" if said["meta"] == "category" else "times"
        yield from ((name, f"it holds {held}; write it as text or numbers") for name in names)
        return
    gaps = (said["nan_rep"],) if place.how == "text" and said["nan_rep"] else ()
    meant = replace(place, gaps=gaps, truth=said["dtype"].startswith("bool"))
    width = int(np.prod(data.dtype[field].shape, dtype=object))
    if not data.dtype[field].shape:
        yield names[0] if len(names) == 1 else field, meant
    elif width == len(names):
        yield from ((name, replace(meant, part=at)) for at, name in enumerate(names))
    else:
        yield field, "its names are damaged"


def _said(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
