"""The notes that a user writes beside a run: dated, in a file of their own, so that the record keeps its bytes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from fivesigma._core.errors import DataError, InputError
from fivesigma.record.lock import locked
from fivesigma.record.store import RunFolder, read_json, write_json

FILE = "notes.json"
PATIENCE = 10.0  # seconds to wait for another note


@dataclass(frozen=True)
class Note:
    """What was written of a run, and when (UTC)."""

    time: str
    text: str


def notes(run: Path) -> tuple[Note, ...]:
    """Return the notes of the run folder ``run``, the oldest first.

    Raises
    ------
    DataError
        Where the file of notes is damaged.
    """
    place = run / FILE
    if not place.is_file():
        return ()
    try:
        return tuple(Note(str(each["time"]), str(each["text"])) for each in read_json(place))
    except (DataError, KeyError, TypeError) as error:
        raise DataError(
            f"{place}: is no list of notes; mend it, or move it away to start a new one."
        ) from error


def add(run: str | Path, text: str) -> tuple[Note, ...]:
    """Write a note beside a run, finished or not, and return all of its notes.

    Parameters
    ----------
    run : the run folder.
    text : any lines; blanks at either end are left out.

    Raises
    ------
    InputError
        The text is empty.
    DataError
        There is no run folder, or the disk refuses the note; those before stay as they are.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("study.toml", "manifest.json"):
    ...         _ = (Path(folder) / name).write_text("")
    ...     [note.text for note in add(folder, " b is the missing energy ")]
    ['b is the missing energy']
    """
    if not text.strip():
        raise InputError('a note needs words, got none; write, say, fivesigma note RUN "what I saw".')
    folder = RunFolder.open(Path(run)).path
    with locked(folder / ".notes.lock", patience=PATIENCE):
        written = (*notes(folder), Note(datetime.now(UTC).isoformat(timespec="seconds"), text.strip()))
        write_json(folder / FILE, [asdict(note) for note in written])
    return written
