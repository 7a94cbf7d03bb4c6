"""Tables that are written out for others to read, in the format of their suffix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from fivesigma._core.errors import FivesigmaError, InputError
from fivesigma.data.writers import writer_for
from fivesigma.record.store import RunFolder, write_bytes
from fivesigma.study.spec.document import Spec


def refuse_other_suffix(path: Path) -> None:
    """Raise `InputError` for a file that no format is written to.

    >>> refuse_other_suffix(Path("split.parquet"))
    """
    writer_for(path)


def write_table(
    path: Path,
    columns: Mapping[str, NDArray[Any]],
    units: Mapping[str, str] | None = None,
    notes: Mapping[str, str] | None = None,
) -> None:
    """Write columns of (n_rows,) each, no digit lost; what is missing is empty.

    ``units``, and ``notes`` by a word, stay where a format has a place for them (Parquet, FITS, HDF5).

    Raises
    ------
    InputError
        For another suffix.
    DataError
        Where the file cannot be written.
    MissingExtraError
        Without the package that writes the format.
    """
    write_bytes(path, writer_for(path).content(columns, units or {}, notes or {}))


def read_by(spec: Spec) -> Iterator[Path]:
    """Yield the files that a study names: tables, what is joined to them, scores made elsewhere."""
    with suppress(
        FivesigmaError
    ):  # of a study without a table, or of one that is gone, there is nothing to lose
        yield from spec.sources().files
        yield from _named(spec.resolved().model_dump())


def _named(node: Any) -> Iterator[Path]:
    if isinstance(node, str) and Path(node).is_absolute():
        yield Path(node)
    below = node.values() if isinstance(node, Mapping) else node if isinstance(node, (list, tuple)) else ()
    for each in below:
        yield from _named(each)


def refuse_taken(path: Path, reads: Iterable[str | Path] = ()) -> None:
    """Refuse to write over a table that is read, or over what a run holds.

    Raises
    ------
    InputError
        ``path`` is one of the files ``reads``, or one of the own files of a run.

    Examples
    --------
    >>> refuse_taken(Path("out.csv"), ["events.csv"])
    """
    if any(path.resolve() == Path(each).resolve() for each in reads):
        raise InputError(f"{path}: is a table that is read; give another name to --out.")
    if path.exists() and (run := RunFolder.around(path)) is not None:
        raise InputError(f"{path}: is a file of the run {run.path.name}; give another name to --out.")


def refuse_other_than_page(path: Path) -> None:
    """Refuse to write a page where it would be taken for something else, or over that of a run.

    >>> refuse_other_than_page(Path("log.html"))
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{path}: the page to write is named *.html.")
    refuse_taken(path)
