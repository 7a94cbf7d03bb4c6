"""The verbs about a run that exists: go on, open the seal, show, compare, use, repeat."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fivesigma.cli.answer import PROMISE_FAILED, Answer, Table
from fivesigma.cli.options import Debug, Json, Quiet, Run, Runs, Strict, Workers
from fivesigma.cli.options import Table as TablePath


def resume(
    run: Run,
    workers: Workers = None,
    strict: Strict = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Go on with a run that was interrupted; what is finished is not done again."""
    from fivesigma.cli.outcome import answer
    from fivesigma.study.progress import choose
    from fivesigma.study.run import resume as go_on

    return answer(go_on(run, workers=workers, progress=choose(quiet)), strict=strict)


def unblind(run: Run, json: Json = False, quiet: Quiet = False, debug: Debug = False) -> Answer:
    """Open the sealed test set of a run made with --blind; the opening is written into the ledger."""
    from fivesigma.cli.outcome import answer
    from fivesigma.study.run import unblind as open_seal

    return answer(open_seal(run))


def report(
    run: Run,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Also write the page here.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Write the page of a run again, from its record."""
    from fivesigma.study.result import load

    page = load(run).report(out)
    return Answer({"report": str(page)}, [f"page: {page}"])


def compare(runs: Runs, json: Json = False, quiet: Quiet = False, debug: Debug = False) -> Answer:
    """Compare the best models of runs, paired where data and split are the same."""
    from fivesigma.study.compare import compare as compare_runs

    found = compare_runs(runs)
    header = ["run", "model", found["metric"], "difference", "σ (local)"]
    rows = [
        [row["run"], row["model"], row["text"], row["difference_text"], row["sigma_text"]]
        for row in found["runs"]
    ]
    return Answer(found, [Table(header, rows, right=header[2:]), "", *found["notes"]])


def predict(
    run: Run,
    file: TablePath,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="OUT", help="The table to write: .csv or .parquet.")
    ],
    model: Annotated[
        str | None, typer.Option("--model", help="A model of the run; default: the best.")
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="COLUMN", help="A column to copy, such as an event id; repeat."),
    ] = None,
    format: Annotated[
        str, typer.Option("--format", help="probability, class, or both; a regression has values only.")
    ] = "both",
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Apply a fitted model of a run to another table."""
    from fivesigma.study.predict import predict as apply

    done = apply(run, file, out, model=model, keep=keep or (), format=format)
    return Answer(done, [f"wrote {done['out']}: {done['n_rows']} rows by '{done['model']}'"])


def reproduce(
    run: Run,
    workers: Workers = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Keep the second run here.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Run a study again from its run folder and say whether the result is the same."""
    from fivesigma.study.progress import choose
    from fivesigma.study.reproduce import reproduce as again

    verdict = again(run, out=out, workers=workers, progress=choose(quiet))
    status = PROMISE_FAILED if verdict["verdict"] == "different" else 0
    return Answer(verdict, [verdict["text"]], status)
