"""The logbook of a folder: every run below it, what changed since the one before, and whether that made it better."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fivesigma._core.commands import command
from fivesigma._core.errors import DataError, FivesigmaError, InputError
from fivesigma.record import ledger as ledgers
from fivesigma.record.logbook import Entry, Logbook
from fivesigma.record.notes import Note, notes
from fivesigma.record.opened import not_blind, seen_of
from fivesigma.record.results import Results, Score
from fivesigma.record.sections.columns import TargetUnitRecord
from fivesigma.record.store import RunFolder, read_json
from fivesigma.report import seal
from fivesigma.report.section import unit_of_metric
from fivesigma.study.finished.changes import changes
from fivesigma.study.finished.compare import compare
from fivesigma.study.finished.entrant import Entrant
from fivesigma.study.finished.openings import ledger_of_run
from fivesigma.study.finished.result import load
from fivesigma.study.tasks.task import TRAIN, VALIDATION

_FILES = ("study.toml", "manifest.json", "results.json")
_ENOUGH = 2
"""So many of the files of a run tell a folder of one, whatever else became of it."""

_DAMAGES = (FivesigmaError, OSError, ValueError, KeyError, TypeError, AttributeError)


def logbook(folder: str | Path = ".") -> Logbook:
    """Return the logbook of all runs below ``folder``, the oldest first.

    Each run is held against the last one of the same study, or of the same test rows, that was started before it: by
    what differs between their studies, and by `fivesigma.study.finished.compare.compare` where both are judged on the
    same events. Runs that have not ended, or are damaged, stand there with a sentence. What a blind run has sealed
    stays sealed.

    Raises
    ------
    DataError
        There is no such folder, or no run below it.
    """
    place = Path(folder)
    if not place.is_dir():
        raise DataError(f"{place}: there is no such folder; name one that holds runs, such as runs.")
    found = sorted((_found(each) for each in _runs(place)), key=lambda run: run.order)
    if not found:
        raise DataError(f"{place}: no run is in it or below; `fivesigma run STUDY` makes one.")
    openings = _Openings()
    entries = [_entry(run, _before(run, found[:at]), openings.of(run, found)) for at, run in enumerate(found)]
    return Logbook(place, tuple(entries))


def _runs(place: Path) -> Iterator[Path]:
    """Yield the run folders at and below a place; nothing is looked for inside of one, nor where names are hidden."""
    for here, below, files in os.walk(place):
        if sum(name in files for name in _FILES) >= _ENOUGH:
            below.clear()
            yield Path(here)
        below[:] = sorted(name for name in below if not name.startswith("."))


@dataclass(frozen=True, eq=False)
class _Run:
    """A run folder as far as it can be read: ``entrant`` where it has ended, else why not in ``said``."""

    path: Path
    manifest: dict[str, Any]
    entrant: Entrant | None
    said: str
    notes: tuple[Note, ...] = ()
    blind: bool = False
    score: Score = field(default_factory=lambda: Score(None))

    @property
    def order(self) -> tuple[str, int, str]:
        """By the time it was started, those without one last; of one second, by which was written first."""
        files = [self.path / name for name in _FILES if (self.path / name).is_file()]
        return self.time or "later", min(file.stat().st_mtime_ns for file in files), str(self.path)

    @property
    def time(self) -> str | None:
        """When it was started; None where nothing says so."""
        found = self.manifest.get("started")
        return None if found is None else str(found)

    @property
    def study(self) -> str | None:
        """The name of its study."""
        if self.entrant is not None:
            return self.entrant.result.results.study
        found = self.manifest.get("study")
        return None if found is None else str(found)

    @property
    def sealed(self) -> set[str]:
        """The hashes of its test rows."""
        return set() if self.entrant is None else set(self.entrant.sealed.values())


def _found(path: Path) -> _Run:
    """Return what can be read of a run folder."""
    manifest, said = _manifest(path)
    try:
        written = notes(path)
    except DataError as error:
        written, said = (), said or str(error)
    try:
        entrant = None if said else _ended(path)
    except _DAMAGES as error:
        return _Run(path, manifest, None, said or _damage(error, path), written)
    if entrant is None:
        return _Run(path, manifest, None, said or _unfinished(path), written)
    return _judged(_Run(path, manifest, entrant, "", written))


def _manifest(path: Path) -> tuple[dict[str, Any], str]:
    """Return the manifest of a run, and what is wrong with it."""
    try:
        found = read_json(path / "manifest.json")
        found.get("run")
        RunFolder.open(path)
    except (FivesigmaError, AttributeError) as error:
        return {}, _damage(error, path)
    return found, ""


def _ended(path: Path) -> Entrant | None:
    """Return a run with its record, None where it has none yet."""
    if not all((path / name).is_file() for name in ("results.json", "report.html")):
        return None
    return Entrant(load(path))


def _unfinished(path: Path) -> str:
    return f"It has not ended; {command('resume', path)} goes on."


def _damage(error: BaseException, path: Path) -> str:
    """Return what damaged a run, in a sentence."""
    what = str(error) if isinstance(error, FivesigmaError) else f"{path}: is damaged ({error})"
    return what if what.endswith(("?", ".")) else f"{what}."


def _judged(run: _Run) -> _Run:
    """Return a run with the score of its best model, none where its test is sealed or nothing was fitted."""
    assert run.entrant is not None
    results = run.entrant.result.results
    if results.best is None:
        return replace(run, said="No model could be fitted.")
    if results.blind and results.split.n_test:
        said = f"Its test is sealed; {command('unblind', run.path)} opens it."
        return replace(run, blind=True, said=said)
    return replace(run, score=run.entrant.score(results.metric))


def _before(run: _Run, earlier: Sequence[_Run]) -> _Run | None:
    """Return the last run of the same study, or of the same test rows, that had been started before."""
    if run.entrant is None:
        return None
    ended = (each for each in reversed(earlier) if each.entrant is not None)
    return next((each for each in ended if each.study == run.study or each.sealed & run.sealed), None)


# --- one entry ---------------------------------------------------------------------------------------------------


def _entry(run: _Run, before: _Run | None, openings: int | None) -> Entry:
    entry = Entry(
        run=str(run.path),
        time=run.time,
        study=run.study,
        notes=run.notes,
        openings=openings,
        said=run.said,
        ended=run.entrant is not None,
    )
    if run.entrant is None:
        return entry
    results, score = run.entrant.result.results, run.score
    unit = unit_of_metric(results.metric, _target_unit(results))
    entry = replace(
        entry,
        metric=results.metric,
        unit=unit,
        model=results.best,
        sealed=run.blind,
        blind=not _known(run),
    )
    if score.value is not None:
        entry = replace(entry, part=run.entrant.part, value=score.value, low=score.low, high=score.high)
    return entry if before is None else _against(entry, run, before)


def _target_unit(results: Results) -> str | None:
    kept = results.data.section(TargetUnitRecord)
    return None if kept is None else kept.unit


def _known(run: _Run) -> bool:
    """Whether other runs had opened the rows on which a run is judged."""
    assert run.entrant is not None
    return run.entrant.result.results.best is not None and not_blind(run.manifest, run.entrant.part)


def _against(entry: Entry, run: _Run, before: _Run) -> Entry:
    """Return an entry with what changed since the run before, and whether that made a difference."""
    entry = replace(entry, before=str(before.path))
    sealed = next((each for each in (run, before) if each.blind), None)
    try:
        if sealed is not None or entry.value is None:
            return replace(entry, changed=_changes(before, run), said=entry.said or _not_compared(before))
        found = compare([before.path, run.path])
    except InputError as error:
        return replace(entry, changed=_changes(before, run), said=str(error))
    except _DAMAGES as error:
        return replace(entry, said=f"It cannot be compared with {before.path}: {_damage(error, run.path)}")
    return _compared(entry, found)


def _not_compared(before: _Run) -> str:
    return f"No difference is claimed over {before.path.name}: its test is sealed."


def _changes(before: _Run, run: _Run) -> tuple[str, ...]:
    assert before.entrant is not None
    assert run.entrant is not None
    return tuple(changes(before.entrant, run.entrant))


def _compared(entry: Entry, found: dict[str, Any]) -> Entry:
    """Return an entry with what `compare` has found, its reason where it claims no difference."""
    row = found["runs"][1]
    return replace(
        entry,
        changed=tuple(row["differs"]),
        difference=row["difference"],
        low_difference=row.get("difference_low"),
        high_difference=row.get("difference_high"),
        sigma=row["sigma_local"],
        blind=row.get("blind", entry.blind),
        said=entry.said if row["paired"] else found["notes"][1],
    )


# --- how often its test was opened -------------------------------------------------------------------------------


class _Openings:
    """How often the rows of tests are open by now: each ledger is read once."""

    def __init__(self) -> None:
        self._standing: dict[Path, dict[str, int]] = {}

    def of(self, run: _Run, every: Sequence[_Run]) -> int | None:
        """Return how often the most-opened test row of a run is open, 0 where none is; None where nobody knows."""
        own = self._own(run)
        if own is not None or run.entrant is None:
            return own
        if not run.blind:
            return seal.openings(run.manifest) if run.entrant.part != VALIDATION else 0
        seen = [each.most for part, each in seen_of(run.manifest).items() if part != TRAIN]
        since = [self._own(each) or 0 for each in every if each.sealed & run.sealed]
        return max([*seen, *since], default=None)

    def _own(self, run: _Run) -> int | None:
        """Return what the ledger says of a run that has opened its test."""
        if "ledger" not in run.manifest:
            return None
        try:
            place = ledger_of_run(run.path)
            if place not in self._standing:
                self._standing[place] = ledgers.Ledger(place).standing()
            return self._standing[place].get(str(run.manifest.get("run")))
        except _DAMAGES:  # a ledger that is broken is told by `fivesigma ledger`
            return None
