"""The verbs about a study: begin one, look at a table, check it, run it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from fivesigma._core.commands import command
from fivesigma._core.counts import counted
from fivesigma._core.errors import InputError
from fivesigma.cli.answer import Answer, Table
from fivesigma.cli.options import (
    Data,
    Debug,
    Json,
    Metrics,
    Options,
    Quiet,
    Seed,
    Strict,
    StudyName,
    Trust,
    Workers,
    format_options,
)


def run(
    study: StudyName,
    data: Data = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="The run folder; new or empty.")
    ] = None,
    workers: Workers = None,
    seed: Seed = None,
    blind: Annotated[
        bool, typer.Option("--blind", help="Leave the test set sealed until `unblind`.")
    ] = False,
    strict: Strict = False,
    metrics: Metrics = False,
    trust: Trust = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Run a study and write its page.

    Baselines first, then every model; each score gets an uncertainty, each difference a significance.
    The run folder is runs/NAME-TIME-HASH, or --out.
    """
    from fivesigma.cli.outcome import outcome_of
    from fivesigma.study.runner.progress import choose
    from fivesigma.study.study import Study

    chosen = Study.read(study, data=data, seed=seed, trust=trust)
    made = partial(chosen.run, workers=workers, progress=choose(quiet), blind=blind, strict=strict)
    return outcome_of(lambda: made(out), strict=strict, metrics=metrics)


def init(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="A table; of several, those of the same columns are stacked, and one of others is joined.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="STUDY", help="The study file to write.")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option("--target", metavar="COLUMN", help='What to predict: a column, or "log10(Mvir)".'),
    ] = None,
    task: Annotated[
        str | None, typer.Option("--task", help="classification, regression or clustering; default: guessed.")
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--models", metavar="KIND", help="Models in place of the default line-up: forest,ridge."
        ),
    ] = None,
    option: Options = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Write a starter study for a table."""
    from fivesigma.study.spec.starter import write_starter

    options = format_options(option)
    _refuse_several(files[0], options)
    named = [word.strip() for each in models or () for word in each.split(",")]
    place = write_starter(files, out, target, options, task=task, models=named)
    lines = [f"wrote {place}: read it, then {command('check', place)}"]
    return Answer({"study": str(place)}, lines)


def _refuse_several(file: str, options: dict[str, str]) -> None:
    """Refuse a file of several tables of which no option says one."""
    from fivesigma.data.inspection import parts
    from fivesigma.data.readers import reader_for

    if several := parts(file, options):
        first = shlex.quote(f"{reader_for(file).options[0]}={next(iter(several))}")
        raise InputError(f"{file}: holds {', '.join(map(repr, several))}; name one: --option {first}.")


def inspect(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE [FILE]", help="A table, or two to be held against each other."),
    ],
    target: Annotated[str | None, typer.Option("--target", metavar="COLUMN", help="What to predict.")] = None,
    option: Options = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Look at a table and guess its parts, or compare two tables.

    Of a file of several tables those are listed, and --option names one. Of two files: the columns that only one has,
    units, ranges, and by how many σ each column has shifted.
    """
    from fivesigma.data.inspection import inspect as look
    from fivesigma.data.inspection import parts
    from fivesigma.data.readers import reader_for
    from fivesigma.study.spec.starter import document

    options = format_options(option)
    file = files[0]
    if len(files) > 1:
        return _side_by_side(files, options)
    if several := parts(file, options):
        return _several(file, several, reader_for(file).options[0])
    seen = document(look(file, target, options))
    return Answer(seen, [_columns(seen), *_lists(seen), "", *_guesses(seen["guesses"])])


def _side_by_side(files: list[str], options: dict[str, str]) -> Answer:
    """Answer of two files that are compared."""
    from fivesigma.cli.side_by_side import parts as told
    from fivesigma.data.comparison import compared

    if len(files) > 2:
        raise InputError(f"inspect takes one file or two, got {len(files)}; name two to compare them.")
    first, second = files
    found = compared(first, second, options)
    return Answer(found.to_document(), told(found))


def _several(file: str, found: Mapping[str, str], word: str) -> Answer:
    """Answer of a file of several tables: what each is called and holds."""
    listed = Table([word, "holds"], [[name, said] for name, said in found.items()], f"{file}: several tables")
    lines: list[str | Table] = [
        listed,
        "",
        f"Look at one: {command('inspect', file, '--option', f'{word}={next(iter(found))}')}",
    ]
    return Answer({"path": file, "option": word, "tables": dict(found)}, lines)


def _lists(seen: dict[str, Any]) -> Iterator[str | Table]:
    """What stands in a file beside its columns: lists, and what no table can hold."""
    if seen["lists"]:
        rows = [
            [each["name"], each["dtype"], each["unit"] or "", f"{each['mean_members']:.3g}"]
            for each in seen["lists"]
        ]
        yield ""
        yield Table(["list", "dtype", "unit", "mean members"], rows, right=["mean members"])
    if seen["left_out"]:
        yield ""
        yield "Left out: " + "; ".join(f"{name} ({why})" for name, why in seen["left_out"].items())


def _columns(seen: dict[str, Any]) -> Table:
    header = ["column", "type", "dtype", "unit", "min", "max", "mean", "missing", "distinct"]
    rows = [
        [
            c["name"],
            c["type"],
            c["dtype"],
            c["unit"] or "",
            *(_number(c[key]) for key in ("min", "max", "mean")),
            _missing(c),
            str(c["n_distinct"]),
        ]
        for c in seen["columns"]
    ]
    weighted = f", N_eff = {seen['n_effective']:.1f}" if seen["n_effective"] is not None else ""
    sizes = f"{counted(seen['n_rows'], 'row')}, {counted(len(rows), 'column')}{weighted}"
    if not any(row[3] for row in rows):  # no unit is said of any
        header, *rows = ([*row[:3], *row[4:]] for row in (header, *rows))
    return Table(header, rows, f"{seen['path']}: {sizes}", right=header[-5:])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _missing(column: dict[str, Any]) -> str:
    code = column["missing_code"]
    return str(column["n_missing"]) if code is None else f"{column['n_missing']} and code {code:g}"


def _guesses(found: dict[str, Any]) -> list[str]:
    """One line for each part that some column may play."""
    lines = []
    for part, value in found.items():
        words = ", ".join(str(word) for word in value) if isinstance(value, list) else value
        if words:
            lines.append(f"{part}: {words}")
    return ["Guesses, for a person to judge:", *lines]


def check(
    study: StudyName,
    data: Data = None,
    trust: Trust = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Read a study and its table; fit nothing.

    Says what a run would do, one line each, or what is wrong, and writes nothing.
    """
    from fivesigma.study.study import Study

    remarks = Study.read(study, data=data, trust=trust).check()
    return Answer({"study": study, "ok": True, "remarks": list(remarks)}, [*remarks, f"{study}: can be run"])


def split(
    study: StudyName,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="FILE", help="The table to write: .parquet, .csv, .root, .fits or .h5."
        ),
    ],
    data: Data = None,
    seed: Seed = None,
    refits: Annotated[
        int | None,
        typer.Option("--refits", min=0, help="Resamples of the training rows; default: the study's."),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Write how a study divides its events.

    For models fitted with other tools, whose scores come back by `kind = "predictions"`: row, spectators, part,
    fold and how often each training row stands in each refit. No target is in it, and no test set is opened.
    """
    from fivesigma.study.study import Study

    done = Study.read(study, data=data, seed=seed).write_split(out, refits=refits)
    parts = ", ".join(f"{n} {name}" for name, n in done["parts"].items())
    return Answer(
        done,
        [
            f"wrote {done['out']}: {counted(done['n_rows'], 'row')} ({parts}), {counted(done['refits'], 'resample')}"
        ],
    )
