"""Carry a study out: prepare, fit, open the test once, weigh the evidence, keep the record, render the page."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fivesigma._core.errors import DataError, FivesigmaError, InputError
from fivesigma._core.executor import Executor, Processes, Serial, available_cores
from fivesigma.record.ledger import Ledger
from fivesigma.record.store import RunFolder, write_arrays, write_bytes, write_json
from fivesigma.risk.splits import rows_key
from fivesigma.study.analyses.explain.ablation import Tasks, Trail, explore
from fivesigma.study.analyses.scan.summary import summary
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.finished.result import Result, load
from fivesigma.study.fit.clustering_outcome import gather as gather_clusterings
from fivesigma.study.fit.outcome import Outcome, gather
from fivesigma.study.plan import Fit, Plan
from fivesigma.study.preparation.prepare import prepare
from fivesigma.study.prepared import MEMORY, Prepared
from fivesigma.study.runner import clustering_results as clusterings
from fivesigma.study.runner import results as assembly
from fivesigma.study.runner.clustering_results import TIMED
from fivesigma.study.runner.manifest import _default_folder, _manifest, study_hash
from fivesigma.study.runner.progress import Progress, Silent, choose
from fivesigma.study.runner.scanning import scan
from fivesigma.study.runner.worker import Workshop
from fivesigma.study.spec.document import Spec


class InterruptedRunError(FivesigmaError):
    """The run was stopped; what is finished is kept, and ``resume`` goes on from there."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"interrupted; what is done is kept, go on with: fivesigma resume {path}")
        self.path = path


def run(
    prepared: Prepared,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    progress: Progress | bool = True,
    blind: bool = False,
) -> Result:
    """Carry a prepared study out into the folder ``out``; see `Study.run`."""
    started = time.perf_counter()
    folder = RunFolder.create(Path(out) if out is not None else _default_folder(prepared))
    with folder.lock():
        write_bytes(folder.study, prepared.spec.to_toml().encode())
        folder.write_manifest(_manifest(prepared, blind=blind))
        return _carry_out(prepared, folder, _Settings(workers, _shown(progress), blind, started))


def resume(
    path: str | Path,
    *,
    workers: int | None = None,
    progress: Progress | bool = True,
    prepared: Prepared | None = None,
    trust: bool = False,
) -> Result:
    """Go on with a run that was stopped; a finished one is returned as it is.

    Parameters
    ----------
    path : the run folder.
    prepared : the study, where its data or estimators were given in Python (see `Study.resume`).
    trust : whether a loss of the user's own may be imported.

    Raises
    ------
    DataError
        If it is not a run folder, or the table has changed since.
    """
    folder = RunFolder.open(Path(path))
    ended = [(folder.path / name).is_file() for name in ("results.json", "report.html")]
    if all(ended) and not folder.work.exists():
        return load(path)
    started, manifest = time.perf_counter(), folder.manifest()
    with folder.lock():
        same = _again(folder, prepared, trust)
        return _carry_out(
            same, folder, _Settings(workers, _shown(progress), bool(manifest["blind"]), started)
        )


def unblind(
    path: str | Path,
    *,
    progress: Progress | bool = True,
    prepared: Prepared | None = None,
    trust: bool = False,
) -> Result:
    """Open the sealed test of a blind run: note it in the ledger, score, and write record and page again.

    Raises
    ------
    InputError
        If the run has not ended, or its test is open already.
    """
    folder = RunFolder.open(Path(path))
    manifest = folder.manifest()
    if not (folder.path / "results.json").is_file():
        raise InputError(f"{path}: the run has not ended; go on with: fivesigma resume {path}")
    page = folder.path / "report.html"
    if not manifest["blind"]:
        what = "there is nothing to unblind." if page.is_file() else f"go on with: fivesigma resume {path}"
        raise InputError(f"{path}: its test set is open already; {what}")
    started = time.perf_counter()
    with folder.lock():
        same = _again(folder, prepared, trust)
        page.unlink(
            missing_ok=True
        )  # a run without its page has not ended: a kill from here on leaves it to `resume`
        folder.write_manifest({**manifest, "blind": False})
        return _carry_out(same, folder, _Settings(1, _shown(progress), False, started))


@dataclass(frozen=True)
class _Settings:
    workers: int | None
    progress: Progress
    blind: bool
    started: float


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
    if folder.manifest()["study_hash"] != study_hash(prepared):
        raise DataError(
            f"{folder.path}: data, study or library versions are not those that this run began with; "
            "run the study anew into another folder."
        )
    return prepared


def _carry_out(prepared: Prepared, folder: RunFolder, settings: _Settings) -> Result:
    """Do the fits that are missing, then everything that follows from them."""
    try:
        fitted = _fit(prepared, folder, settings)
        fitted.died.update(scan(prepared, folder, settings.workers, settings.progress))
        settings.progress.start(3.0, "evidence")
        result = _conclude(prepared, folder, settings, fitted)
    except KeyboardInterrupt:
        raise InterruptedRunError(folder.path) from None
    finally:
        settings.progress.finish()
    return result


@dataclass(frozen=True, eq=False)
class _Fitted:
    """All fits of a run: the plan they make up, what became of the models, and the trails of their columns."""

    plan: Plan
    outcomes: list[Any]
    trails: tuple[Trail, ...]
    died: dict[str, str]


def _fit(prepared: Prepared, folder: RunFolder, settings: _Settings) -> _Fitted:
    """Do every fit that has no result yet, stage by stage: which columns go next follows from fits that are done."""
    plan, died = prepared.plan, dict[str, str]()
    found: Any = gather_clusterings if prepared.data.task == "clustering" else gather
    with _executor(prepared, folder, settings) as executor:
        died |= _stage(prepared, folder, settings, executor)
        outcomes = list(found(plan, folder.tasks, prepared.material, died))
        best = _most_explained(prepared, outcomes)
        while True:
            tasks = Tasks(plan, folder.tasks, prepared.material, died)
            explored = explore(tasks, outcomes, prepared.metric, best)
            if not explored.missing:
                break
            plan = plan.with_fits(explored.missing)
            died |= _stage(dataclasses.replace(prepared, plan=plan), folder, settings, executor, "explaining")
    if explored.asked:  # these fits are counted too
        plan = plan.with_fits(explored.asked)
        outcomes = list(found(plan, folder.tasks, prepared.material, died))
    return _Fitted(plan, outcomes, explored.trails, died)


def _most_explained(prepared: Prepared, outcomes: list[Outcome]) -> str | None:
    """Return the best model on the folds that is not the baseline."""
    if not prepared.spec.explain.refits:
        return None
    ranked = Evidence(prepared, outcomes, opened=False).ranked
    return next((name for name in ranked if name != prepared.baseline), None)


def _stage(
    prepared: Prepared, folder: RunFolder, settings: _Settings, executor: Executor, label: str = "fitting"
) -> dict[str, str]:
    """Do every fit of the plan that has no result yet; return the reasons of those that left none."""
    plan = prepared.plan
    todo = [key for key in plan.fits if not folder.tasks.has(key)]
    settings.progress.start(sum(plan.fits[key].cost for key in todo), label)
    died: dict[str, str] = {}
    if not todo:
        return died
    folder.note_damaged({key: _told(plan.fits[key]) for key in todo})
    material = prepared.material
    write_arrays(folder.work / "arrays", material.arrays(), material.meta)
    write_json(folder.work / "plan.json", plan.to_document())
    for outcome in executor.run(todo):
        fit = plan.fits[outcome.key]
        if outcome.error is not None:
            died[outcome.key] = outcome.error
        _log(folder, f"{_told(fit)}, {outcome.seconds:.2f} s {outcome.error or ''}")
        folder.log_printed(_told(fit), outcome.printed)
        settings.progress.advance(fit.cost, f"{_told(fit)}{_speed(folder, plan, outcome.key)}")
    return died


def _told(fit: Fit) -> str:
    return f"{fit.model}: {fit.purpose} {fit.number}"


def _speed(folder: RunFolder, plan: Plan, key: str) -> str:
    """Return the sweeps per second of a fit that samples, for the progress line."""
    kept = folder.tasks.read(key) if plan.shared["task"] == "clustering" else None
    speed = None if kept is None else kept[1].get(TIMED)
    return "" if speed is None else f", {speed:,.0f} sweeps/s"


@contextmanager
def _executor(prepared: Prepared, folder: RunFolder, settings: _Settings) -> Iterator[Executor]:
    """Yield what carries the fits out; estimators given in Python exist in this process only."""
    workers = min(settings.workers or available_cores(), max(len(prepared.plan.fits), 1))
    if prepared.own or workers < 2:
        yield Serial(Workshop(folder, prepared.material, prepared.plan, prepared.own))
        return
    executor = Processes("fivesigma.study.runner.worker", (str(folder.path),), workers, keep=True)
    try:
        yield executor
    finally:
        executor.close()


def _conclude(prepared: Prepared, folder: RunFolder, settings: _Settings, fits: _Fitted) -> Result:
    """Open the test, weigh the evidence and write everything that a run leaves."""
    from threadpoolctl import threadpool_limits

    from fivesigma.report import render

    fitted = time.perf_counter()
    clusters = prepared.data.task == "clustering"
    tell: Any = clusterings if clusters else assembly
    outcomes = fits.outcomes
    if all(outcome.status != "ok" for outcome in outcomes):
        _log(folder, "no model could be fitted")
    opened = not settings.blind and bool(prepared.split.tests)
    if opened:
        _open_test(prepared, folder)
    with threadpool_limits(1):
        record = (
            clusterings.results(prepared, outcomes, opened=not settings.blind)
            if clusters
            else assembly.results(prepared, outcomes, opened=not settings.blind, trails=fits.trails)
        )
    found = summary(prepared, folder.tasks, fits.died)
    record = record if found is None else assembly.scanned(record, found)
    settings.progress.advance(1.0, "evidence weighed")
    _write_predictions(folder, tell.prediction_table(prepared, outcomes, opened=opened))
    weighed = time.perf_counter()
    timing = {
        "fits": fitted - settings.started,
        "evidence": weighed - fitted,
        "models": {outcome.entry.name: outcome.seconds for outcome in outcomes if outcome.ok},
    }
    if speeds := {each.entry.name: each.described[TIMED] for each in outcomes if TIMED in each.described}:
        timing[TIMED] = speeds
    record = dataclasses.replace(record, timing=timing)
    folder.write_results(record)  # before the page: nothing that is found out depends on a picture
    render(record, folder.manifest(), folder.path)
    settings.progress.advance(2.0, "page written")
    ended = time.perf_counter()
    timing |= {"page": ended - weighed, "total": ended - settings.started}
    record = dataclasses.replace(record, timing=timing)
    folder.write_results(record)
    shutil.rmtree(folder.work, ignore_errors=True)
    return Result(folder.path, record)


def _open_test(prepared: Prepared, folder: RunFolder) -> None:
    """Note in the ledger that these rows were opened by this run, and in the manifest how often they have been."""
    manifest, hashes = folder.manifest(), prepared.data.row_hashes
    ledger = Ledger(Path(manifest["ledger"]))
    openings = {
        name: ledger.open(
            f"{manifest['run']}:{name}", rows_key(hashes[rows]), prepared.spec.study.name, n=len(rows)
        )
        for name, rows in prepared.split.tests.items()
    }
    folder.write_manifest({**manifest, "openings": openings})


def _write_predictions(folder: RunFolder, columns: dict[str, Any]) -> None:
    import polars

    buffer = io.BytesIO()
    polars.DataFrame({name: polars.Series(name, list(c) if c.dtype == object else c) for name, c in columns.items()}
    ).write_parquet(buffer, compression="zstd", statistics=False)  # fmt: skip
    write_bytes(folder.predictions, buffer.getvalue())


def _log(folder: RunFolder, line: str) -> None:
    folder.log(f"{datetime.now(UTC).isoformat(timespec='seconds')} {line}")


def failures(outcomes: list[Outcome]) -> list[str]:
    """Return one line for each model that failed."""
    return [f"{each.entry.name}: {each.message}" for each in outcomes if each.status == "failed"]


def canonical(document: dict[str, Any]) -> str:
    """Return a results document as text without its timing: what equal runs have in common."""
    return json.dumps({**document, "timing": None}, sort_keys=True)
