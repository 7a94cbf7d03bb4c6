"""Tables that polars holds or scans: columns become arrays when they are asked for, lists jagged columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import DataError
from fivesigma._core.jagged import Jagged
from fivesigma.data.readers.border import border
from fivesigma.data.readers.table import Tile, across, looks_of_rows

if TYPE_CHECKING:
    import polars

_BLOCK = 1 << 16  # rows of a frame in memory that are turned into arrays together
_HELD = 3  # times a part of a file that polars holds while it makes arrays of it


@dataclass(frozen=True)
class FrameTable:
    """A table that polars scans from a file, or holds.

    Parameters
    ----------
    path, format, next_step : what messages say
    frame : what is scanned; or the frame itself
    n_rows : its height
    units : units that the file says, by column
    check : called with columns before they are read
    groups : rows of each group of a file in which these can be read alone, one after the other

    >>> import polars
    >>> frame = polars.DataFrame({"x": [1.5, 2.5], "jets": [[1.0], []]})
    >>> table = FrameTable(Path("events.parquet"), "Parquet", "write it again", frame, 2)
    >>> table.names, table.jagged, table.columns(["x"], 1)
    (('x',), ('jets',), {'x': array([2.5])})
    """

    path: Path
    format: str
    next_step: str
    frame: polars.LazyFrame | polars.DataFrame
    n_rows: int
    units: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[Sequence[str]], None] | None = None
    groups: tuple[int, ...] = ()

    @property
    def row_blocks(self) -> tuple[tuple[int, int], ...]:
        """Rows that are read together: some at a time of a frame in memory, all of one that is scanned."""
        import polars

        if isinstance(self.frame, polars.LazyFrame):
            return ()
        return tuple((i, min(i + _BLOCK, self.n_rows)) for i in range(0, self.n_rows, _BLOCK))

    def tiles(self, names: Sequence[str], together: int) -> Iterator[Tile]:
        """Yield the parts in which the table is read: of groups of rows as many columns as make a third of that."""
        known = sum(self.groups) == self.n_rows
        for start, stop in _merged(self.groups) if known else self.row_blocks or ((0, self.n_rows),):
            step = together * self.n_rows // (_HELD * (stop - start)) if known else together
            yield from across(names, start, stop, len(names) if self.row_blocks else step)

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of single values."""
        lists = set(self.jagged)
        return tuple(name for name in self._schema if name not in lists)

    @property
    def jagged(self) -> tuple[str, ...]:
        """Columns of lists of numbers."""
        return tuple(name for name, kind in self._schema.items() if is_jagged(kind))

    @property
    def _schema(self) -> Mapping[str, Any]:
        import polars

        return self.frame.collect_schema() if isinstance(self.frame, polars.LazyFrame) else self.frame.schema

    def columns(
        self, names: Sequence[str], start: int = 0, stop: int | None = None
    ) -> dict[str, NDArray[Any]]:
        """Read some of ``names``, rows ``start`` to ``stop``."""
        from fivesigma.data import frames

        with border(self.path, self.format, self.next_step):
            return frames.consumed(self._read(names, start, stop))

    def looks(self, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Return of each column enough to know its kind and type, of plain numbers no row: the schema says it."""
        from fivesigma.data import frames

        plain = {name: self._schema[name] for name in names if is_plain(self._schema[name])}
        found = frames.consumed([_no_row(name, kind) for name, kind in plain.items()])
        return found | looks_of_rows(self, [name for name in names if name not in plain])

    def lists(self, names: Sequence[str], start: int = 0, stop: int | None = None) -> dict[str, Jagged]:
        """Read some of ``jagged``, rows ``start`` to ``stop``."""
        with border(self.path, self.format, self.next_step):
            return {series.name: jagged(series) for series in self._read(names, start, stop)}

    def _read(self, names: Sequence[str], start: int, stop: int | None) -> list[polars.Series]:
        import polars

        if not names:
            return []
        if self.check is not None:
            self.check(names)
        first, last, _ = slice(start, stop).indices(self.n_rows)
        wanted = self.frame.select(names)
        part = wanted if (first, last) == (0, self.n_rows) else wanted.slice(first, max(last - first, 0))
        read = part.collect() if isinstance(part, polars.LazyFrame) else part
        if read.height != max(last - first, 0):
            raise DataError(
                f"{self.path}: {read.height} rows where {last - first} were declared; it is damaged: {self.next_step}."
            )
        return read.get_columns()


def _merged(groups: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield first row and stop of groups, small ones together.

    >>> list(_merged([10, 10])), list(_merged([100_000, 0, 10]))
    ([(0, 20)], [(0, 100000), (100000, 100010)])
    """
    start = stop = 0
    for rows in groups:
        stop += rows
        if stop - start >= _BLOCK:
            yield start, stop
            start = stop
    if stop > start:
        yield start, stop


def is_plain(kind: Any) -> bool:
    """Whether a type of polars is one of NumPy's numbers or of truth values."""
    name = str(kind)
    return name in ("Boolean", "Float32", "Float64") or (kind.is_integer() and not name.endswith("128"))


def _no_row(name: str, kind: Any) -> polars.Series:
    import polars

    return polars.Series(name, [], dtype=kind)


def is_jagged(kind: Any) -> bool:
    """Whether a type of polars is one of lists of numbers or truth values."""
    inner = getattr(kind, "inner", None)
    return inner is not None and (inner.is_numeric() or inner.base_type().__name__ == "Boolean")


def jagged(series: polars.Series) -> Jagged:
    """Return a column of lists; one that is missing is empty, a missing member NaN.

    >>> import polars
    >>> jagged(polars.Series("pt", [[31.5, 20.2], None, [45.1]])).counts
    array([2, 0, 1])
    """
    import polars

    from fivesigma.data import frames

    if not isinstance(series.dtype, polars.List):
        series = series.arr.to_list()
    counts = series.list.len().fill_null(0).to_numpy()
    members = series.filter(series.list.len() > 0).explode()
    return Jagged(
        frames.consumed([members])[series.name], np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    )
