"""The verbs by name, in groups of what one wants to do. A verb is a function in one of the modules beside.

Its docstring is its help, with the examples of `fivesigma.cli.examples`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from fivesigma.cli import library, logbook, openings, runs, simulation, studies
from fivesigma.cli.examples import shown

GROUPS: Mapping[str, tuple[Callable[..., Any], ...]] = {
    "Begin": (studies.init, studies.inspect, simulation.simulate, library.studies),
    "Find out": (studies.check, studies.run, runs.resume, runs.unblind, runs.report),
    "Use what was found": (runs.predict, runs.score, runs.export, studies.split),
    "Keep the books": (logbook.log, logbook.note, runs.compare, openings.ledger, runs.reproduce),
    "Look things up": (library.models, library.docs, library.doctor),
}
"""The verbs by what one wants to do; the help lists them so."""


class Grouped(TyperGroup):
    """The program, whose help lists its verbs in their groups."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the verbs in the order of the help."""
        return [verb.__name__ for verbs in GROUPS.values() for verb in verbs]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the verbs, a section a group."""
        width = max(map(len, self.list_commands(ctx)))
        for title, verbs in GROUPS.items():
            names = [verb.__name__ for verb in verbs]
            rows = [(name.ljust(width), self.commands[name].get_short_help_str(90)) for name in names]
            with formatter.section(title):
                formatter.write_dl(rows)


app = typer.Typer(
    name="fivesigma",
    cls=Grouped,
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _verbs in GROUPS.values():
    for _verb in _verbs:
        app.command(epilog=shown(_verb.__name__))(_verb)


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
