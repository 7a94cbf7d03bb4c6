"""The ledger of openings: which rows of sealed tests have been looked at, when, and by which runs.

One line of JSON an opening, each holding the hash of the one before, only ever appended to. It counts rows,
neither studies nor sets of rows: a row is opened as often as it lay in a test that was opened, whatever the study was
called and whichever other rows were in the test. The rows of a line lie in a file beside the ledger that it names
(`fivesigma.record.opened`); lines of version 0.1.0 have only a hash of the whole set.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import DataError, InputError
from fivesigma.record.lock import locked
from fivesigma.record.opened import Earlier, Hashes, OpenedRows, Seen, among, distinct

START = "0" * 64
PATIENCE = 30.0  # seconds to wait for a lock


@dataclass(frozen=True)
class Opening:
    """One opening: when (UTC), by which run of which study, and of which rows.

    Attributes
    ----------
    run : the key of the run, a colon, the name of its test.
    rows : hash of the set of rows; ``n`` : how many there are.
    test, folder : the name of the test; the folder of the run, as it is found from that of the study.
    events : the file beside the ledger that holds the rows.
    before : how many of the rows other runs had opened then.
    """

    time: str
    run: str
    study: str
    rows: str
    n: int
    previous: str
    test: str | None = None
    folder: str | None = None
    events: str | None = None
    before: int | None = None

    @property
    def content(self) -> dict[str, Any]:
        """What the line holds beside its hash; older lines have fewer keys."""
        return {key: value for key, value in asdict(self).items() if value is not None}

    @property
    def hash(self) -> str:
        """sha256 of the line's content, the previous hash included."""
        return hashlib.sha256(json.dumps(self.content, sort_keys=True).encode()).hexdigest()

    @property
    def by(self) -> str:
        """The key of the run, whichever of its tests this is."""
        return self.run.partition(":")[0]

    @property
    def name(self) -> str:
        """The name of the run's folder; of older lines the key of the run."""
        return self.run if self.folder is None else PurePosixPath(self.folder).name

    @property
    def of(self) -> str:
        """The name of the test."""
        return self.run.partition(":")[2] if self.test is None else self.test

    def line(self) -> bytes:
        """Return the line that stands in the file."""
        return (json.dumps({**self.content, "hash": self.hash}) + "\n").encode()


@dataclass(frozen=True, eq=False)
class Rows:
    """A set of rows that is opened, or asked about.

    Attributes
    ----------
    key : hash of the set, by which older lines know it.
    n : how many there are.
    hashes : (n, k) uint64, hashes of each row, any of which tells it; None where only the key is known.
    known : which of the rows the openings of a file hold, as far as it was looked up.
    """

    key: str
    n: int = 0
    hashes: Hashes | None = None
    known: dict[str, NDArray[np.bool_] | None] = field(default_factory=dict, repr=False)


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

    @cached_property
    def opened(self) -> OpenedRows:
        """The rows of the openings."""
        return OpenedRows(self.path.parent / "opened")

    def openings(self, rows_key: str) -> int:
        """Return how often this very set of rows was opened; `DataError` where the chain is broken."""
        return sum(opening.rows == rows_key for opening in self.entries())

    def entries(self) -> tuple[Opening, ...]:
        """Return every opening in order, less one torn by a kill; `DataError` where the chain is broken."""
        return self._verified(self._whole_and_torn()[0])

    def before(self) -> list[int]:
        """Return of each opening how many of its rows other runs had opened: at least, where older lines are.

        Newer lines say it themselves; of older ones a set of rows is known again as a whole.
        """
        entries, found = self.entries(), []
        for at, each in enumerate(entries):
            known = any(other.rows == each.rows and other.by != each.by for other in entries[:at])
            found.append(each.n * known if each.before is None else each.before)
        return found

    def standing(self) -> dict[str, int]:
        """Return for each run, by its key, how often the most-opened of the rows that it opened are open by now.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     ledger = Ledger(Path(folder) / "ledger.jsonl")
        ...     for run, rows in (("a", "one"), ("b", "one"), ("c", "two")):
        ...         _ = ledger.open(f"{run}:test", rows, "susy", n=10)
        ...     ledger.standing()
        {'a': 2, 'b': 2, 'c': 1}
        """
        entries, found, by_rows = self.entries(), dict[str, int](), dict[tuple[str, str | None], int]()
        for each in entries:
            if (each.rows, each.events) not in by_rows:
                hashes = None if each.events is None else self.opened.read(each.events)
                seen = self._seen(entries, each.run, Rows(each.rows, each.n, hashes))
                by_rows[each.rows, each.events] = seen.most
            found[each.by] = max(found.get(each.by, 0), by_rows[each.rows, each.events])
        return found

    def seen(self, run_key: str, rows: Rows) -> Seen:
        """Return what is known of ``rows``, of which ``run_key`` asks: openings before its own, by other runs.

        Raises
        ------
        DataError
            Where the chain is broken.
        """
        return self._seen(self.entries(), run_key, rows)

    def open(
        self,
        run_key: str,
        rows: str | Rows,
        study: str,
        *,
        n: int = 0,
        test: str | None = None,
        folder: str | None = None,
    ) -> int:
        """Record that ``run_key`` opened ``rows``; return how often the most-opened of them was opened.

        A run that has opened these rows before, as a resumed one has, adds no line.

        Parameters
        ----------
        run_key : key of the run, a colon, the name of the test
        rows : what is opened; a hash of ``n`` rows where no more is known
        test, folder : name of the test, and the folder of the run relative to that of the study

        Raises
        ------
        DataError
            Where the chain is broken, the lock is held too long or the disk refuses the line.
        """
        asked = rows if isinstance(rows, Rows) else Rows(rows, n)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            events = None if asked.hashes is None else self.opened.keep(asked.hashes)
            asked = self._looked_up(
                asked
            )  # while nobody waits: with the lock held only what is new is looked up
            with _locked(self.path.with_name(self.path.name + ".lock")):
                entries = self._repaired()
                if not any((each.run, each.rows) == (run_key, asked.key) for each in entries):
                    now = datetime.now(UTC).isoformat(timespec="seconds")
                    previous = entries[-1].hash if entries else START
                    before = None if events is None else self._seen(entries, run_key, asked).before
                    told = (now, run_key, study, asked.key, asked.n, previous, test, folder, events, before)
                    opening = Opening(*told)
                    self._append(opening.line())
                    entries = (*entries, opening)
        except DataError:
            raise
        except OSError as error:
            raise DataError(
                f"{self.path}: the opening of the test set cannot be recorded ({error.strerror or error}), "
                "so it stays sealed; make the folder writable and resume."
            ) from error
        return self._seen(entries, run_key, asked).most

    def _seen(self, entries: Sequence[Opening], run_key: str, rows: Rows) -> Seen:
        own, at = run_key.partition(":")[0], [(each.run, each.rows) for each in entries]
        first = at.index((run_key, rows.key)) if (run_key, rows.key) in at else len(entries)
        held = {(each.rows, each.events): self._held(each, rows) for each in entries}
        found = [held[each.rows, each.events] for each in entries]
        times = np.sum([mask for mask in found if mask is not None], axis=0, dtype=np.int64)
        earlier = [(each, mask) for each, mask in zip(entries[:first], found, strict=False) if each.by != own]
        by = [(each, mask) for each, mask in earlier if mask is not None and mask.any()]
        before = np.any([mask for _, mask in by], axis=0)[..., : rows.n] if by else np.zeros(0)
        return Seen(
            rows.n,
            int(np.sum(before)),
            int(np.max(times, initial=0)),
            any(mask is None for _, mask in earlier),
            distinct(Earlier(each.study, each.name, each.of, int(mask[: rows.n].sum())) for each, mask in by),
        )

    def _looked_up(self, rows: Rows) -> Rows:
        """Return rows that know which of them the openings so far hold; a broken chain is found out later."""
        with contextlib.suppress(DataError):
            for each in self.entries():
                self._held(each, rows)
        return rows

    def _held(self, opening: Opening, rows: Rows) -> NDArray[np.bool_] | None:
        """Mark which of the ``rows`` an opening holds; None where nobody knows."""
        if opening.rows == rows.key:
            return np.ones(max(rows.n, 1), dtype=bool)
        if opening.events is None or rows.hashes is None:
            return None
        if opening.events not in rows.known:
            theirs = self.opened.read(opening.events)
            fitting = theirs is not None and theirs.shape[1] == rows.hashes.shape[1]
            rows.known[opening.events] = (
                among(rows.hashes, theirs) if fitting and theirs is not None else None
            )
        return rows.known[opening.events]

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
        return opening if opening.hash == stated else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


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
