"""What the files of each sample hold before anything is selected: how many rows, and what was generated of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma.data import targets
from fivesigma.data.readers.table import Table
from fivesigma.data.stack import Stack

_NEXT = "type sum_w, the sum of weights of the sample before any selection or skim, over all its files"


@dataclass(frozen=True)
class FileOf:
    """A file: the rows of each sample in it, and the sum of weights that was generated, None where it says none.

    ``rows`` of a file that is named for its sample holds that one, even where it has no row.
    """

    path: Path
    rows: Mapping[str, int]
    sum_w: float | None


@dataclass(frozen=True)
class Generated:
    """The files of a table, and which share of the rows of each sample was read.

    >>> found = Generated((FileOf(Path("a.root"), {"tt": 5}, 9.0), FileOf(Path("b.root"), {"tt": 0}, 1.0)), {"tt": 1.0})
    >>> found.sum_w("tt")
    10.0
    """

    files: tuple[FileOf, ...]
    share: Mapping[str, float]

    def sum_w(self, sample: str) -> float:
        """Return the sum of weights of all that was generated of a sample, over its files.

        Raises
        ------
        InputError
            Where a file of the sample says none, or holds rows of another sample too, or no row that says of which
            sample it is; or where the sum is not positive.
        """
        return _positive(
            sample, sum(self._said(file, sample) for file in self.files if _may_be(file, sample))
        )

    def _said(self, file: FileOf, sample: str) -> float:
        """Return what a file that holds the sample says was generated of it."""
        place = f"weights.yields.{sample}: sum_w is missing"
        if file.sum_w is None:
            raise InputError(
                f"{place}, and {file.path} says none (NanoAOD has it in the tree Runs); {_NEXT}."
            )
        if not file.rows:
            raise InputError(f"{place}, and no row of {file.path} says of which sample it is; {_NEXT}.")
        if len(file.rows) > 1:
            held = ", ".join(file.rows)
            raise InputError(f"{place}, and {file.path} says one for all of its samples ({held}); {_NEXT}.")
        return file.sum_w


def _may_be(file: FileOf, sample: str) -> bool:
    """Whether a file holds the sample, or may do so: it has no row left, but says that something was generated."""
    return sample in file.rows or (not file.rows and file.sum_w is not None)


def _positive(sample: str, sum_w: float) -> float:
    if not (np.isfinite(sum_w) and sum_w > 0):
        raise InputError(
            f"weights.yields.{sample}: the files say that the weights generated sum to {sum_w:.4g}; expected a "
            f"positive sum: {_NEXT}."
        )
    return sum_w


def generated(parts: Sequence[Stack], read: Sequence[Table], column: str) -> Generated:
    """Return what the files of ``parts`` hold of each sample, of which a row's ``column`` is the name.

    Parameters
    ----------
    parts : the tables, whole
    read : the same tables with the rows alone that are read, one after the other without a gap
    column : of the tables, or one that says it of each file

    >>> from fivesigma.data.readers.table import WholeTable
    >>> from fivesigma.data.stack import Window
    >>> table = WholeTable({"of": np.array(["s", "b", "b"], dtype=object)})
    >>> stack = Stack([table], [Path("a.csv")])
    >>> generated([stack], [Window(stack, 0, 2)], "of").share
    {'b': 0.5, 's': 1.0}
    """
    names = [_names(part, column) for part in parts]
    whole = _counted(np.concatenate(names))
    seen = _counted(np.concatenate([_names(part, column) for part in read]))
    files = tuple(file for part, own in zip(parts, names, strict=True) for file in _files(part, own, column))
    return Generated(files, {name: seen.get(name, 0) / rows for name, rows in whole.items()})


def _names(table: Table, column: str) -> NDArray[np.object_]:
    """Return the name of the sample of each row (n,), "" where it is missing."""
    codes, labels = targets.codes(table.columns([column])[column])
    return np.array([*labels, ""], dtype=object)[codes]


def _counted(names: NDArray[np.object_]) -> dict[str, int]:
    found, count = np.unique(names.astype(str), return_counts=True)
    return {name: n for name, n in zip(found.tolist(), count.tolist(), strict=True) if name}


def _files(stack: Stack, names: NDArray[np.object_], column: str) -> list[FileOf]:
    """Return the files of a stack, of whose rows ``names`` are the samples."""
    ends = np.cumsum([part.n_rows for part in stack.parts])
    each = zip(stack.parts, stack.files, np.split(names, ends[:-1]), strict=True)
    marks = stack.marks.get(column)
    return [
        FileOf(path, _counted(own) or ({} if marks is None else {str(marks[i]): 0}), _said(part))
        for i, (part, path, own) in enumerate(each)
    ]


def _said(table: Table) -> float | None:
    """Return the sum of weights that a file says; a table of a reader from elsewhere need not know the method."""
    says = getattr(table, "sum_w", None)
    return None if says is None else says()
