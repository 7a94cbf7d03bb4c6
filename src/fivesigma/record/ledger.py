"""The ledger of openings: how often the rows of a sealed test have been looked at.

One line of JSON an opening, each holding the hash of the one before, only ever appended to. It counts rows,
not studies: the same rows opened by two studies count twice.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from fivesigma._core.errors import DataError, InputError
from fivesigma.record.lock import locked

START = "0" * 64
PATIENCE = 30.0  # seconds to wait for a lock


@dataclass(frozen=True)
class Opening:
    """One opening: when (UTC), by which run of which study, and of which rows (`rows_key` hashes them)."""

    time: str
    run: str
    study: str
    rows: str
    n: int
    previous: str

    @property
    def hash(self) -> str:
        """sha256 of the line's content, the previous hash included."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def line(self) -> bytes:
        """Return the line that stands in the file."""
        return (json.dumps({**asdict(self), "hash": self.hash}) + "\n").encode()


@dataclass(frozen=True)
class Ledger:
    """The openings kept in one file, ``.fivesigma/ledger.jsonl`` beside the study.

    Parameters
    ----------
    path : the file; it and its folder are made by the first opening

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ledger = Ledger(Path(folder) / "ledger.jsonl")
    ...     [ledger.open(run, "rows-sha", "susy", n=1000) for run in ("a", "b", "a")]
    [1, 2, 2]
    """

    path: Path

    def openings(self, rows_key: str) -> int:
        """Return how often these rows were opened; `DataError` where the chain is broken."""
        return sum(opening.rows == rows_key for opening in self.entries())

    def entries(self) -> tuple[Opening, ...]:
        """Return every opening in order, less one torn by a kill; `DataError` where the chain is broken."""
        return self._verified(self._whole_and_torn()[0])

    def open(self, run_key: str, rows_key: str, study: str, *, n: int = 0) -> int:
        """Record that ``run_key`` opened the ``n`` rows of ``rows_key``; return their number of openings.

        A run that has opened these rows before, as a resumed one has, adds no line.

        Raises
        ------
        DataError
            Where the chain is broken, the lock is held too long or the disk refuses the line.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(self.path.with_name(self.path.name + ".lock")):
                entries = self._repaired()
                if not any((each.run, each.rows) == (run_key, rows_key) for each in entries):
                    now = datetime.now(UTC).isoformat(timespec="seconds")
                    previous = entries[-1].hash if entries else START
                    opening = Opening(now, run_key, study, rows_key, n, previous)
                    self._append(opening.line())
                    entries = (*entries, opening)
        except DataError:
            raise
        except OSError as error:
            raise DataError(
                f"{self.path}: the opening of the test set cannot be recorded ({error.strerror or error}), "
                "so it stays sealed; make the folder writable and resume."
            ) from error
        return sum(each.rows == rows_key for each in entries)

    def _whole_and_torn(self) -> tuple[bytes, bytes]:
        """Return the file's whole lines, and what a kill left of a last one."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return b"", b""
        end = content.rfind(b"\n") + 1
        return content[:end], content[end:]

    def _verified(self, whole: bytes) -> tuple[Opening, ...]:
        entries: list[Opening] = []
        previous = START
        for number, line in enumerate(whole.splitlines(), start=1):
            opening = _parsed(line)
            if opening is None or opening.previous != previous:
                raise DataError(
                    f"{self.path}: line {number} does not follow from the one before, so it was edited or "
                    "damaged; restore it from a copy, or move it away to start a new count."
                )
            entries.append(opening)
            previous = opening.hash
        return tuple(entries)

    def _repaired(self) -> tuple[Opening, ...]:
        """Return the entries; a torn last line is cut off and kept in ``.torn`` beside the ledger."""
        whole, torn = self._whole_and_torn()
        entries = self._verified(whole)
        if torn:
            _append_synced(self.path.with_name(self.path.name + ".torn"), torn + b"\n")
            os.truncate(self.path, len(whole))
        return entries

    def _append(self, line: bytes) -> None:
        size = self.path.stat().st_size if self.path.exists() else 0
        try:
            _append_synced(self.path, line)
        except OSError:
            with contextlib.suppress(OSError):
                os.truncate(self.path, size)
            raise


def _parsed(line: bytes) -> Opening | None:
    """Return the opening that ``line`` holds, or None where it is not what was written."""
    try:
        document = json.loads(line)
        stated = document.pop("hash")
        opening = Opening(**document)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return opening if opening.hash == stated else None


def _append_synced(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        while content:
            content = content[os.write(descriptor, content) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _locked(lock: Path) -> Iterator[None]:
    """Hold ``lock`` for one opening."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(locked(lock, patience=PATIENCE))
        except InputError as error:
            raise DataError(
                f"{lock}: another run has held the ledger for {PATIENCE:.0f} s; wait for it ({error})"
            ) from error
        yield
