"""The verbs about a run that exists: go on, open the seal, show, compare, use, repeat."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from fivesigma._core.counts import counted
from fivesigma.cli.answer import PROMISE_FAILED, Answer, Part, Table
from fivesigma.cli.options import Debug, Json, Metrics, Quiet, Run, Runs, Strict, Trust, Workers
from fivesigma.cli.options import Table as TablePath


def resume(
    run: Run,
    workers: Workers = None,
    strict: Strict = False,
    metrics: Metrics = False,
    trust: Trust = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Go on with an interrupted run.

    What is finished is not done again, and the result is the same as without the interruption.
    """
    from fivesigma.cli.outcome import outcome_of
    from fivesigma.study.runner.progress import choose
    from fivesigma.study.runner.run import resume as go_on

    made = partial(go_on, workers=workers, progress=choose(quiet), trust=trust, strict=strict)
    return outcome_of(lambda: made(run), strict=strict, metrics=metrics)


def unblind(
    run: Run,
    metrics: Metrics = False,
    trust: Trust = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Open the sealed test set of a blind run.

    The opening is written into the ledger beside the study file.
    """
    from fivesigma.cli.outcome import answer, resumable
    from fivesigma.study.runner.progress import choose
    from fivesigma.study.runner.run import unblind as open_seal

    with resumable():
        result = open_seal(run, progress=choose(quiet), trust=trust)
    return answer(result, metrics=metrics)


def report(
    run: Run,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Also write the page here.")
    ] = None,
    metrics: Metrics = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Write the page of a run again."""
    from fivesigma.cli.outcome import every_metric, scores
    from fivesigma.study.finished.result import load
    from fivesigma.study.finished.written import refuse_other_than_page

    if out is not None:
        refuse_other_than_page(out)
    result = load(run)
    page = result.report(out)
    more: tuple[dict[str, Any], list[Part]] = (
        (scores(result), [*every_metric(result), ""]) if metrics else ({}, [])
    )
    return Answer({"report": str(page)} | more[0], [*more[1], f"page: {page}"])


def compare(runs: Runs, json: Json = False, quiet: Quiet = False, debug: Debug = False) -> Answer:
    """Compare the best models of runs.

    The comparison is paired where the same events were sealed; else no difference is claimed.
    """
    from fivesigma.study.finished.compare import compare as compare_runs

    found = compare_runs(runs)
    header = ["run", "model", found["metric"], "difference", "σ (local)", "σ (global)"]
    keys = ("run", "model", "score", "difference_text", "sigma_text", "sigma_global_text")
    mixed = len({row["part"] == "validation" for row in found["runs"]}) > 1  # one is blind, or has no test
    rows = [
        [({**row, "score": row["text"] + f" ({row['part']})" * mixed})[key] for key in keys]
        for row in found["runs"]
    ]
    return Answer(found, [Table(header, rows, right=header[2:]), "", *found["notes"]])


def predict(
    run: Run,
    file: TablePath,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="OUT", help="The table to write: .csv, .parquet, .root, .fits or .h5."
        ),
    ],
    model: Annotated[
        str | None, typer.Option("--model", help="A model of the run; default: the best.")
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="COLUMN", help="A column to copy, such as an event id; repeat."),
    ] = None,
    format: Annotated[
        str, typer.Option("--format", help="probability, class, both, or kaggle (rank and class).")
    ] = "both",
    cut: Annotated[
        float | None,
        typer.Option("--cut", help="Call it signal above this probability; default: the likeliest."),
    ] = None,
    level: Annotated[
        float | None,
        typer.Option(
            "--level", help="Of the error beside each prediction, NAME:low to NAME:high; default: 0.68."
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Apply a fitted model to another table.

    Each prediction has an error, and events that lie outside the range of the training events are counted and marked.
    """
    from fivesigma.study.finished.predict import predict as apply
    from fivesigma.study.finished.predicted_errors import in_words

    done = apply(run, file, out, model=model, keep=keep or (), format=format, cut=cut, level=level)
    lines = [f"wrote {done['out']}: {counted(done['n_rows'], 'row')} by '{done['model']}'"]
    if done["n_refused"]:
        lines.append(
            f"{counted(done['n_refused'], 'row')} without a prediction, where a feature is missing "
            '(features.missing = "drop")'
        )
    for column, count in done["unknown"].items():
        lines.append(f"{counted(count, 'value')} of '{column}' not seen in training, counted as missing")
    return Answer(done, [*lines, *in_words(done, done["n_rows"])])


def score(
    run: Run,
    file: TablePath,
    model: Annotated[
        str | None, typer.Option("--model", help="A model of the run; default: the best.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Judge a saved model on newly labelled events.

    Rows that it was trained on are left out and counted, sealed rows of a blind run are refused, the opening is written
    into the ledger, and the scores are held against those of the sealed test.
    """
    from fivesigma.report.rounding import interval_text
    from fivesigma.risk.evidence import sigma_text
    from fivesigma.study.runner.score import score as judge

    done = judge(run, file, model=model)
    header = ["metric", "new events", "new less test", "σ"]
    rows = [
        [
            name,
            interval_text(each["value"], each["low"], each["high"]),
            interval_text(each["difference"], each["difference_low"], each["difference_high"]),
            "" if each["sigma"] is None else sigma_text(each["sigma"]),
        ]
        for name, each in done["scores"].items()
    ]
    title = f"{done['model']} on {counted(done['n'], 'event')} of {file}"
    return Answer(done, [Table(header, rows, title, right=header[1:]), "", *done["notes"]])


def export(
    run: Run,
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="latex: tables for a paper.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="The folder; default: RUN/FORMAT.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Write what a run found for other tools.

    latex: scores, every metric, claims and coefficients, a file a table, and one document that inputs them.
    """
    from fivesigma.study.finished.export import export as write

    files = [str(file) for file in write(run, to, out)]
    return Answer({"format": to, "files": files}, [f"wrote {file}" for file in files])


def reproduce(
    run: Run,
    workers: Workers = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Keep the second run here.")
    ] = None,
    trust: Trust = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Do a run again and compare.

    The answer is bitwise equal, statistically equal (with p), or different and where first.
    """
    from fivesigma.study.runner.progress import choose
    from fivesigma.study.runner.reproduce import reproduce as again

    verdict = again(run, out=out, workers=workers, progress=choose(quiet), trust=trust)
    status = PROMISE_FAILED if verdict["verdict"] == "different" else 0
    return Answer(verdict, [verdict["text"]], status)
