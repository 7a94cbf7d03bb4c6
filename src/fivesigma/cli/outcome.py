"""How the outcome of a run is told: answer, leaderboard, claims, where the page is, and whether a promise failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fivesigma._core.counts import counted
from fivesigma.cli.answer import DONE, PROMISE_FAILED, Answer, Interrupted, Part, Table

if TYPE_CHECKING:
    from fivesigma.record.results import Audit
    from fivesigma.study.finished.result import Result

_MOST_CLAIMS = 3


@contextmanager
def resumable() -> Iterator[None]:
    """An interrupted run ends the verb as an interruption that knows its folder."""
    from fivesigma.study.runner.run import InterruptedRunError

    try:
        yield
    except InterruptedRunError as error:
        raise Interrupted(str(error.path)) from None


def outcome_of(made: Callable[[], Result], *, strict: bool, metrics: bool) -> Answer:
    """Return what to say of the run that is ``made``, or of the audit that stopped it before its first fit."""
    from fivesigma.study.runner.audit import AuditError

    try:
        with resumable():
            result = made()
    except AuditError as error:
        return stopped(error.audit)
    return answer(result, strict=strict, metrics=metrics)


def stopped(audit: Sequence[Audit]) -> Answer:
    """Return what to say of a study that the audit stopped: nothing was fitted or written."""
    from fivesigma.record.results import plain

    found = [each for each in audit if each.status != "ok"]
    lines: list[Part] = ["nothing was fitted: under --strict the audit stops a study before its first fit"]
    lines += [
        f"{each.status}: {each.check}: {each.message}{f' ({each.advice})' if each.advice else ''}"
        for each in found
    ]
    failed = [f"{each.check}: {each.message}" for each in found]
    return Answer({"run": None, "audit": plain(list(audit)), "failed": failed}, lines, PROMISE_FAILED)


def answer(result: Result, *, strict: bool = False, metrics: bool = False) -> Answer:
    """Return what to say of a run; every metric where ``metrics`` are asked for."""
    broken = broken_promises(result, strict=strict)
    told, shown = document(result, broken), parts(result, broken)
    if metrics:
        told, shown = told | scores(result), [*shown[:-1], "", *every_metric(result), "", shown[-1]]
    return Answer(told, shown, PROMISE_FAILED if broken else DONE)


def scores(result: Result) -> dict[str, Any]:
    """Return every metric of the fitted models by model, part and metric, as JSON's own types."""
    from fivesigma.record.results import plain

    return {"scores": {model.name: plain(model.scores) for model in result.results.models if model.scores}}


def every_metric(result: Result) -> list[Part]:
    """Return a table of all metrics for each model, the best first."""
    from fivesigma.report.metrics.text import every_metric as text

    found, yields = text(result.results)
    shown: list[Part] = [
        Table(header, [[_short(cell, 80) for cell in row] for row in rows], title, right=header[2:])
        for title, header, rows in found
    ]
    return [part for table in shown for part in (table, "")][:-1] + ([yields] if yields else [])


def broken_promises(result: Result, *, strict: bool) -> list[str]:
    """Return what failed although the study ran: fits, audit checks; its warnings too under ``strict``."""
    bad = ("failed", "warning") if strict else ("failed",)
    fits = [f"{model.name}: {model.message}" for model in result.results.models if model.status == "failed"]
    return fits + [f"{audit.check}: {audit.message}" for audit in result.results.audit if audit.status in bad]


def document(result: Result, broken: list[str]) -> dict[str, Any]:
    """Return the outcome as JSON's own types."""
    from fivesigma.record.results import plain

    results = result.results
    return {
        "run": str(result.path),
        "report": str(result.path / "report.html"),
        "study": results.study,
        "task": results.task,
        "metric": results.metric,
        "baseline": results.baseline,
        "best": results.best,
        "answer": result.answer,
        "leaderboard": plain(result.leaderboard().to_dict()),
        "claims": plain(list(result.claims)),
        "blind": not result.not_blind,
        "audit": plain(list(results.audit)),
        "failed": broken,
    }


def parts(result: Result, broken: list[str]) -> list[Part]:
    """Return the outcome for people."""
    board = result.leaderboard()
    header = board.header()
    cells = [[_short(cell) for cell in row] for row in board.cells()]
    lines: list[Part] = [result.answer, "", Table(header, cells, title(result), right=header[1:]), ""]
    lines += [claim.text for claim in result.claims[:_MOST_CLAIMS]]
    if len(result.claims) > _MOST_CLAIMS:
        lines.append(f"... and {counted(len(result.claims) - _MOST_CLAIMS, 'more claim')} on the page")
    lines += [result.known_before] if result.not_blind else []
    lines += _of_sections(result)
    lines += [f"failed: {what}" for what in broken]
    lines.append(f"page: {result.path / 'report.html'}")
    return lines


def _of_sections(result: Result) -> list[str]:
    """Return what the sections of the page say in the terminal too, those of other packages among them."""
    from fivesigma.record.store import RunFolder
    from fivesigma.report.sections import terminal
    from fivesigma.study.finished.brought import page_sections

    return terminal(result.results, RunFolder(result.path).manifest(), page_sections())


def _short(cell: str, limit: int = 40) -> str:
    return cell if len(cell) <= limit else cell[: limit - 1] + "…"


def title(result: Result) -> str:
    """Name the study and its events; weighted events count as what they are worth."""
    data = result.results.data
    worth = "" if data.n_effective == data.n_samples else f" (N_eff {data.n_effective:,.0f})"
    events, features = counted(data.n_samples, "event"), counted(data.n_features, "feature")
    return f"{result.results.study}: {events}{worth}, {features}"
