"""Text tables of plain numbers, parsed some lines at a time: what is held is the numbers, never the text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.data.readers.block_table import BlockTable, given_back
from fivesigma.data.readers.text_bytes import pieces
from fivesigma.data.readers.text_layout import Layout

if TYPE_CHECKING:
    import polars

_FIRST, _BLOCK = 1 << 18, 1 << 22  # bytes of text that are parsed together
_ROWS = 1000  # that tell the types


def read_blocks(path: Path, layout: Layout) -> BlockTable | None:
    """Return the numbers of a text table of which polars can read any lines; None where it is not as simple as that.

    It is not where a column holds anything else, a word is quoted, a line is empty or cut short, or a whole number is
    missing: then all lines have to be looked at together.
    """
    if layout.text or layout.missing or layout.decimal == ",":
        return None
    kinds: list[np.dtype[Any]] = []
    blocks: list[NDArray[np.float64] | None] = []
    with path.open("rb") as stream:
        for _ in range(layout.skipped + layout.header):
            if b'"' in stream.readline():
                return None
        for text, size in pieces(stream, _FIRST, _BLOCK):
            raw = bytes(memoryview(text)[:size])
            if not kinds:
                kinds = _kinds(raw, layout)
            block = _block(raw, layout, kinds) if kinds else None
            if block is None:
                return None
            blocks.append(block)
    return BlockTable(dict(zip(layout.names, kinds, strict=True)), blocks) if blocks else None


def _kinds(raw: bytes, layout: Layout) -> list[np.dtype[Any]]:
    """Return the types of the columns by their first rows; none if one of them holds anything but numbers."""
    import polars

    found: dict[Any, np.dtype[Any]] = {polars.Int64: np.dtype(np.int64), polars.Float64: np.dtype(np.float64)}
    frame = _parsed(raw, layout, None)
    if frame is None or frame.width != len(layout.names) or any(kind not in found for kind in frame.dtypes):
        return []
    return [found[kind] for kind in frame.dtypes]


def _block(raw: bytes, layout: Layout, kinds: Sequence[np.dtype[Any]]) -> NDArray[np.float64] | None:
    """Return the numbers (p, rows) of some lines, whole ones as the same 64 bits; None where something is odd."""
    frame = None if b'"' in raw else _parsed(raw, layout, kinds)
    if frame is None:
        return None
    gaps = [series.null_count() for series in frame.get_columns()]
    if gaps[0] or gaps[-1] or any(gap and kind.kind == "i" for gap, kind in zip(gaps, kinds, strict=True)):
        return None
    values = given_back(frame.width, frame.height)
    for j, series in enumerate(frame.get_columns()):
        values[j].view(kinds[j])[:] = series.to_numpy()
    return values


def _parsed(raw: bytes, layout: Layout, kinds: Sequence[np.dtype[Any]] | None) -> polars.DataFrame | None:
    """Return lines as polars reads them, with these types or those that it finds; None where it cannot."""
    import polars

    types = [polars.Int64 if kind.kind == "i" else polars.Float64 for kind in kinds or ()]
    schema = {str(j): each for j, each in enumerate(types)} or None
    try:
        return polars.read_csv(
            raw,
            separator=layout.written,
            has_header=False,
            comment_prefix=layout.comment,
            schema=schema,
            infer_schema_length=_ROWS,
        )
    except polars.exceptions.PolarsError:
        return None
