"""The logbook: the runs below a folder, dated, each with what changed since the one before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fivesigma.record.notes import Note


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One run in the logbook.

    Attributes
    ----------
    run : its folder.
    time : when it was started (UTC); None where nothing says so.
    study, model : the names of its study and of its best model.
    metric, unit, part : the primary metric, the unit of a score by it, and the part of the data the score is of.
    value, low, high : the score of the best model with its interval; None while its test is sealed.
    before : the folder of the run of the same study or test that was started before it, "" of a first one.
    changed : what is otherwise in its study than in that of the run before.
    difference, low_difference, high_difference : of its score over that of the run before on the same events, positive
        where it is the better; None where the two are not paired.
    sigma : the significance of the difference, local.
    blind : whether its events were closed to both runs until they were judged.
    notes : what the user wrote beside it.
    openings : how often the most-opened of its test rows are open by now; None where nobody knows.
    said : why it has no score or no difference, or what damaged it, in a sentence; "" where there is nothing to say.
    ended, sealed : whether it has a record and a page, and whether its test is still sealed.
    """

    run: str
    time: str | None = None
    study: str | None = None
    model: str | None = None
    metric: str | None = None
    unit: str | None = None
    part: str | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    before: str = ""
    changed: tuple[str, ...] = ()
    difference: float | None = None
    low_difference: float | None = None
    high_difference: float | None = None
    sigma: float | None = None
    blind: bool = True
    notes: tuple[Note, ...] = ()
    openings: int | None = None
    said: str = ""
    ended: bool = False
    sealed: bool = False

    def to_document(self) -> Mapping[str, Any]:
        """Return it as JSON's own types; of a run without a record the sentence stands for what changed."""
        changed = self.changed if self.ended or not self.said else (self.said,)
        return {
            "run": self.run,
            "time": self.time,
            "study": self.study,
            "metric": self.metric,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "changed": list(changed),
            "difference": self.difference,
            "sigma": self.sigma,
            "notes": [asdict(note) for note in self.notes],
            "openings": self.openings,
        }


@dataclass(frozen=True)
class Logbook:
    """All runs below ``folder``, the oldest first."""

    folder: str | Path
    entries: tuple[Entry, ...]

    def name(self, run: str) -> str:
        """Return a run folder as it is found from that of the logbook; of one that is the folder itself, its name.

        >>> book = Logbook("runs", ())
        >>> book.name("runs/old/a"), book.name("runs")
        ('old/a', 'runs')
        """
        place = Path(run)
        inside = place.is_relative_to(self.folder) and place != Path(self.folder)
        return place.relative_to(self.folder).as_posix() if inside else place.resolve().name

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON's own types."""
        return {"runs": [entry.to_document() for entry in self.entries]}
