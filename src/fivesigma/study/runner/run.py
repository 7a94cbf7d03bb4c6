"""Carry a study out: prepare, fit, open the test once, weigh the evidence, keep the record, render the page."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fivesigma._core.commands import command
from fivesigma._core.errors import DataError, FivesigmaError, InputError
from fivesigma.record.results import Audit
from fivesigma.record.store import RunFolder, write_bytes
from fivesigma.study.finished.result import Result, load
from fivesigma.study.preparation.prepare import prepare
from fivesigma.study.prepared import MEMORY, Prepared
from fivesigma.study.runner.audit import before, refuse
from fivesigma.study.runner.forecast import n_workers, planned
from fivesigma.study.runner.kept_models import keep_beside
from fivesigma.study.runner.kept_rows import keep_rows
from fivesigma.study.runner.manifest import (
    HIDDEN,
    _default_folder,
    _manifest,
    refuse_other_observed,
    refuse_other_scores,
    study_hash,
)
from fivesigma.study.runner.openings import note_seen, open_rows, opened_by
from fivesigma.study.runner.outlook import Outlook
from fivesigma.study.runner.progress import Progress, Silent, choose
from fivesigma.study.runner.results import prediction_table, prediction_units, results
from fivesigma.study.runner.stages import SPEED, Made, make
from fivesigma.study.spec.document import Spec


class InterruptedRunError(FivesigmaError):
    """The run was stopped; what is finished is kept, and ``resume`` goes on from there."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"interrupted; what is done is kept, {command('resume', path)} goes on")
        self.path = path


def run(
    prepared: Prepared,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    progress: Progress | bool = True,
    blind: bool = False,
    strict: bool = False,
) -> Result:
    """Carry a prepared study out into the folder ``out``; see `Study.run`."""
    started = time.perf_counter()
    audited = before(prepared, opened=not blind)
    if strict:
        refuse(audited)
    folder = RunFolder.create(Path(out) if out is not None else _default_folder(prepared))
    with folder.lock():
        write_bytes(folder.study, prepared.spec.to_toml().encode())
        folder.write_manifest(_manifest(prepared, blind=blind))
        return _carry_out(prepared, folder, _Settings(workers, _shown(progress), blind, started, audited))


def resume(
    path: str | Path,
    *,
    workers: int | None = None,
    progress: Progress | bool = True,
    prepared: Prepared | None = None,
    trust: bool = False,
    strict: bool = False,
) -> Result:
    """Go on with a run that was stopped; a finished one is returned as it is.

    Parameters
    ----------
    path : the run folder.
    prepared : the study, where its data or estimators were given in Python (see `Study.resume`).
    trust : whether a loss of the user's own may be imported.
    strict : whether a warning of the audit stops it before the next fit.

    Raises
    ------
    DataError
        If it is not a run folder, or the table has changed since.
    AuditError
        Under ``strict``.
    """
    folder = RunFolder.open(Path(path))
    ended = [(folder.path / name).is_file() for name in ("results.json", "report.html")]
    if all(ended) and not folder.work.exists():
        return load(path)
    started, manifest = time.perf_counter(), folder.manifest()
    with folder.lock():
        same, blind = _again(folder, prepared, trust), bool(manifest["blind"])
        audited = before(same, opened=not blind)
        if strict:
            refuse(audited)
        return _carry_out(same, folder, _Settings(workers, _shown(progress), blind, started, audited))


def unblind(
    path: str | Path,
    *,
    progress: Progress | bool = True,
    prepared: Prepared | None = None,
    trust: bool = False,
) -> Result:
    """Open the sealed test of a blind run: note it in the ledger, score, and write record and page again.

    Where observed events stand beside the simulation, those that were not looked at are opened too.

    Raises
    ------
    InputError
        If the run has not ended, or all of it is open already.
    """
    folder = RunFolder.open(Path(path))
    manifest = folder.manifest()
    if not (folder.path / "results.json").is_file():
        raise InputError(f"{path}: this run has not ended; {command('resume', path)} goes on with it.")
    page = folder.path / "report.html"
    if not manifest["blind"] and not manifest.get(HIDDEN, False):
        what = "there is nothing to unblind." if page.is_file() else f"{command('resume', path)} goes on."
        raise InputError(f"{path}: its test set is open already; {what}")
    started = time.perf_counter()
    with folder.lock():
        same = _again(folder, prepared, trust)
        page.unlink(
            missing_ok=True
        )  # a run without its page has not ended: a kill from here on leaves it to `resume`
        opened = {HIDDEN: False} if HIDDEN in manifest else {}
        folder.write_manifest({**manifest, "blind": False, **opened})
        same = dataclasses.replace(same, observed_open=True)
        audited = before(same, opened=True)
        return _carry_out(same, folder, _Settings(1, _shown(progress), False, started, audited))


@dataclass(frozen=True)
class _Settings:
    workers: int | None
    progress: Progress
    blind: bool
    started: float
    audited: tuple[Audit, ...]


def _shown(progress: Progress | bool) -> Progress:
    if isinstance(progress, bool):
        return choose() if progress else Silent()
    return progress


def _again(folder: RunFolder, prepared: Prepared | None, trust: bool) -> Prepared:
    """Prepare the study of a run folder once more, and see that it is the same."""
    if prepared is None:
        spec = Spec.read(folder.study, trust=trust)
        if spec.data.source == MEMORY:
            raise InputError(
                f"{folder.path}: its data came from Python; go on there with resume or unblind of the same Study(...)"
            )
        prepared = prepare(spec)
    prepared = dataclasses.replace(prepared, observed_open=not folder.manifest().get(HIDDEN, True))
    refuse_other_scores(prepared, folder.manifest(), folder.path)
    refuse_other_observed(prepared, folder.manifest(), folder.path)
    if folder.manifest()["study_hash"] != study_hash(prepared):
        raise DataError(
            f"{folder.path}: data, study or library versions are not those that this run began with; "
            "run the study anew into another folder."
        )
    return prepared


def _carry_out(prepared: Prepared, folder: RunFolder, settings: _Settings) -> Result:
    """Do the tasks that are missing, then everything that follows from them."""
    try:
        n = n_workers(prepared, planned(prepared), settings.workers)
        made = make(prepared, folder, n, settings.progress, Outlook.of(prepared, n))
        settings.progress.start(3.0, "evidence")
        result = _conclude(made, folder, dataclasses.replace(settings, workers=n))
    except KeyboardInterrupt:
        raise InterruptedRunError(folder.path) from None
    finally:
        settings.progress.finish()
    return result


def _conclude(made: Made, folder: RunFolder, settings: _Settings) -> Result:
    """Open the test, weigh the evidence and write everything that a run leaves."""
    from fivesigma._core.threads import single_threaded
    from fivesigma.report import render
    from fivesigma.study.finished.brought import page_sections, record_sections

    fitted, prepared, outcomes = time.perf_counter(), made.run.prepared, made.outcomes
    if all(outcome.status != "ok" for outcome in outcomes):
        _log(folder, "no model could be fitted")
    opened = not settings.blind and bool(prepared.split.tests)
    parts = opened_by(prepared)
    if parts and not (settings.blind and prepared.split.tests):
        open_rows(prepared, folder, parts)
    note_seen(prepared, folder, parts)
    with single_threaded():
        record = results(made, settings.audited, opened=not settings.blind, n_threads=settings.workers or 1)
    settings.progress.advance(1.0, "evidence weighed")
    table = prediction_table(prepared, outcomes, opened=opened)
    _write_predictions(folder, table, prediction_units(prepared, outcomes, list(table)))
    keep_beside(prepared, outcomes, folder)
    keep_rows(prepared, folder)
    folder.tasks.write_index(made.run.index)
    weighed = time.perf_counter()
    timing = {
        "fits": fitted - settings.started,
        "evidence": weighed - fitted,
        "models": {outcome.entry.name: outcome.seconds for outcome in outcomes if outcome.ok},
        "saved": made.saved,
    }
    if prepared.measured[1]:
        timing["image_features"] = prepared.measured[1]
    if made.speeds:
        timing[SPEED] = made.speeds
    record = dataclasses.replace(record, timing=timing)
    sections = (
        record_sections()
    )  # the record before the page: nothing that is found out depends on a picture;
    # and after all that other verbs read, as a run that has a record has ended
    record = folder.write_results(record, sections)
    render(record, folder.manifest(), folder.path, page_sections())
    settings.progress.advance(2.0, "page written")
    ended = time.perf_counter()
    timing |= {"page": ended - weighed, "total": ended - settings.started}
    record = folder.write_timing(record, timing)
    shutil.rmtree(folder.work, ignore_errors=True)
    return Result(folder.path, record)


def _write_predictions(folder: RunFolder, columns: dict[str, Any], units: dict[str, str]) -> None:
    from fivesigma.data import frames
    from fivesigma.data.readers import parquet

    buffer, frame = io.BytesIO(), frames.table(columns, nan_to_null=False)
    frame.write_parquet(buffer, compression="zstd", statistics=False, metadata=parquet.about(units))
    write_bytes(folder.predictions, buffer.getvalue())


def _log(folder: RunFolder, line: str) -> None:
    folder.log(f"{datetime.now(UTC).isoformat(timespec='seconds')} {line}")


def canonical(document: dict[str, Any]) -> str:
    """Return a results document as text without its timing: what equal runs have in common."""
    return json.dumps({**document, "timing": None}, sort_keys=True)
