"""The rows behind an opening: some hashes of each row, kept beside the ledger in one file for each set of rows.

A file is named by the sha256 of its content, so that the same rows opened again cost nothing, and a damaged file is
known to be one. It holds ``(n, 3)`` uint64: 24 bytes a row, 24 MB for 10⁶ rows, which no compression makes smaller by
more than a third.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Earlier:
    """An opening by another run that holds some of the rows asked about: how many, and whose it was."""

    study: str
    run: str
    test: str
    rows: int


@dataclass(frozen=True)
class Seen:
    """What the ledger knows of some rows.

    Attributes
    ----------
    n : how many rows were asked about.
    before : how many of them other runs had opened.
    most : how often the most-opened of them was opened, by any run.
    at_least : whether earlier openings are on record of which the rows are not, so that it may be more.
    by : the openings by other runs that hold some of them, in their order.
    """

    n: int
    before: int = 0
    most: int = 0
    at_least: bool = False
    by: tuple[Earlier, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON's own types."""
        return {
            "n": self.n,
            "before": self.before,
            "most": self.most,
            "at_least": self.at_least,
            "by": [vars(each) for each in self.by],
        }

    @classmethod
    def from_document(cls, document: Any) -> Seen:
        """Return what `to_document` wrote.

        >>> seen = Seen(100, 90, 2, by=(Earlier("susy", "r0", "test", 90),))
        >>> Seen.from_document(seen.to_document()) == seen
        True
        """
        return cls(**{**document, "by": tuple(Earlier(**each) for each in document["by"])})


def seen_of(manifest: Mapping[str, Any]) -> dict[str, Seen]:
    """Return by part what a run has noted of its rows; {} of an older run."""
    return {part: Seen.from_document(each) for part, each in (manifest.get("seen") or {}).items()}


def not_blind(manifest: Mapping[str, Any], part: str) -> bool:
    """Whether an earlier opening of the rows of ``part``, which claims are made on, could have informed a run.

    Where claims are made on folds, that is one of its training rows.

    >>> not_blind({"seen": {"test": Seen(100, 3).to_document()}}, "test"), not_blind({}, "test")
    (True, False)
    """
    seen = seen_of(manifest)
    judged = seen.get(part) or seen.get("train")
    return judged is not None and judged.before > 0


@dataclass(frozen=True)
class OpenedRows:
    """The sets of rows kept in ``folder``.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     kept = OpenedRows(Path(place))
    ...     name = kept.keep(np.array([[3, 4], [1, 2]], dtype=np.uint64))
    ...     kept.read(name).tolist()
    [[1, 2], [3, 4]]
    """

    folder: Path
    _read: dict[str, Hashes | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def keep(self, hashes: Hashes) -> str:
        """Keep the ``hashes`` (n, k) of a set of rows; return its name. `DataError` where the disk refuses it."""
        from fivesigma.record.store import write_bytes

        content, name = _packed(hashes)
        if not self._place(name).is_file() or self.read(name) is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_bytes(self._place(name), content)
            self._read.pop(name, None)
        return name

    def read(self, name: str | None) -> Hashes | None:
        """Return the set of rows called ``name``, None where it is not there or not whole."""
        if name is None:
            return None
        if name not in self._read:
            self._read[name] = _unpacked(self._place(name), name)
        return self._read[name]

    def _place(self, name: str) -> Path:
        return self.folder / f"{name}.npy"


def _packed(hashes: Hashes) -> tuple[bytes, str]:
    """Return a set of rows as bytes, the same whatever their order, and their sha256."""
    buffer = io.BytesIO()
    rows = np.asarray(hashes, dtype="<u8")[np.lexsort(np.asarray(hashes).T[::-1])]
    np.lib.format.write_array(buffer, np.ascontiguousarray(rows), allow_pickle=False)
    return buffer.getvalue(), hashlib.sha256(buffer.getvalue()).hexdigest()


def _unpacked(place: Path, name: str) -> Hashes | None:
    try:
        content = place.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(content).hexdigest() != name:
        return None
    found: Hashes = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    return found


def among(rows: Hashes, others: Hashes) -> NDArray[np.bool_]:
    """Mark which ``rows`` (n, k) are among ``others`` (m, k): by any of their hashes.

    >>> among(np.array([[1, 5], [2, 6], [3, 7]], dtype=np.uint64), np.array([[1, 9], [4, 7]], dtype=np.uint64)).tolist()
    [True, False, True]
    """
    found = [_within(mine, np.sort(theirs)) for mine, theirs in zip(rows.T, others.T, strict=True)]
    return np.asarray(np.any(found, axis=0))


def _within(values: Hashes, known: Hashes) -> NDArray[np.bool_]:
    """Mark which of ``values`` are among those ``known`` in order: looked up in order, four times as fast as `isin`."""
    found, order = np.zeros(len(values), dtype=bool), np.argsort(values)
    if len(known):
        sought = values[order]
        found[order] = known[np.minimum(np.searchsorted(known, sought), len(known) - 1)] == sought
    return found


def distinct(found: Iterable[Earlier]) -> tuple[Earlier, ...]:
    """Return openings, each run's own once: with the most rows that one of them holds."""
    most: dict[tuple[str, str], Earlier] = {}
    for each in found:
        known = most.get((each.study, each.run))
        if known is None or known.rows < each.rows:
            most[each.study, each.run] = each
    return tuple(most.values())
