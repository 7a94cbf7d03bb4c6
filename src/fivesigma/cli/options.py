"""The options that verbs share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fivesigma._core.errors import InputError

Json = Annotated[bool, typer.Option("--json", help='Print one JSON document; errors as {"error": ...}.')]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def _studies(incomplete: str) -> list[str]:
    """Return what a shell may complete a study to: built-in ones, study files and folders."""
    shipped = Path(__file__).parents[1] / "studies"
    names = sorted(path.parent.name for path in shipped.glob("*/study.toml"))
    here = Path(incomplete).parent if not incomplete.endswith("/") else Path(incomplete)
    files = (
        [path for path in here.glob("*") if path.suffix == ".toml" or path.is_dir()] if here.is_dir() else []
    )
    there = [f"{path}/" if path.is_dir() else str(path) for path in sorted(files) if path.name[0] != "."]
    return [word for word in (*names, *there) if word.startswith(incomplete)]


StudyName = Annotated[
    str,
    typer.Argument(
        metavar="STUDY",
        help="A study file, or the name of a built-in study.",
        autocompletion=_studies,
    ),
]
Table = Annotated[
    str, typer.Argument(metavar="FILE", help="A table: CSV, Parquet, NPZ, ROOT, FITS, HDF5 ...")
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="NAME=VALUE",
        help="An option of the table's format, as in a study's [data]: tree=Events, key=..., hdu=...; repeat.",
    ),
]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]
Runs = Annotated[list[Path], typer.Argument(metavar="RUN RUN...", help="Run folders.")]

Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        metavar="PATH",
        help="The table in place of data.path, or CLASS=PATH of a line of data.files; may be given several times.",
    ),
]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="In place of study.seed.")]
Workers = Annotated[
    int | None,
    typer.Option("--workers", "-j", min=1, help="Processes; default: all cores, one for a small study."),
]
Trust = Annotated[
    bool, typer.Option("--trust", help="Import a loss of your own (module:name): its module is run.")
]
Metrics = Annotated[
    bool, typer.Option("--metrics", help="Show every metric of every model, on every part of the data.")
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Stop before the first fit, with status 1, if the audit has a warning."),
]


def format_options(words: list[str] | None) -> dict[str, str]:
    """Return the options of a table's format that were given as NAME=VALUE.

    >>> format_options(["tree=Events"])
    {'tree': 'Events'}
    """
    found: dict[str, str] = {}
    for word in words or ():
        name, mark, value = word.partition("=")
        if not name or not mark:
            raise InputError(f"--option {word}: is no NAME=VALUE; write, say, --option tree=Events.")
        found[name] = value
    return found
