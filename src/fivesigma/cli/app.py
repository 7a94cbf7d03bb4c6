"""The verbs by name. A verb is a function in one of the modules beside; its docstring is its help."""

from __future__ import annotations

from typing import Annotated

import typer

from fivesigma.cli import library, logbook, openings, runs, simulation, studies

app = typer.Typer(
    name="fivesigma",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_STUDIES = (studies.run, studies.init, studies.inspect, studies.check, studies.split)
_RUNS = (runs.resume, runs.unblind, runs.report, runs.compare, runs.predict, runs.score)
_RECORDS = (logbook.log, logbook.note, openings.ledger, runs.export, runs.reproduce)
_LIBRARY = (simulation.simulate, library.studies, library.models, library.docs, library.doctor)

for _verb in (*_STUDIES, *_RUNS, *_RECORDS, *_LIBRARY):
    app.command()(_verb)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"fivesigma {version('fivesigma')}")
        raise typer.Exit


@app.callback()
def fivesigma(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Machine learning held to a physicist's standard of evidence.

    `fivesigma run penguins-species` is a first run; `fivesigma init FILE` begins a study of your own table.

    Exit status: 0 done, 1 the study ran and a promise failed, 2 the input is wrong, 3 interrupted (`resume`).
    """
