"""The verb about the ledger: which rows of sealed tests were opened, and by whom."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fivesigma.cli.answer import Answer, Part, Table
from fivesigma.cli.options import Debug, Json, Quiet


def ledger(
    place: Annotated[
        Path,
        typer.Argument(metavar="PLACE", help="A folder with study files, a study file, or a run folder."),
    ] = Path(),
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Show which sealed tests were opened.

    One line an opening, with how many of its rows other runs had opened before; then what each study claims now.
    """
    from fivesigma.study.finished.openings import ledger_beside, openings

    found = openings(ledger_beside(place))
    return Answer(found, _parts(found))


def _parts(found: dict[str, Any]) -> list[Part]:
    header = ["time", "study", "run", "test", "rows", "open before"]
    rows = [
        [each["time"], each["study"], each["run"], each["test"], f"{each['n']:,}", f"{each['before']:,}"]
        for each in found["openings"]
    ]
    return [Table(header, rows, right=header[4:]), "", *map(_sentence, found["studies"])]


def _sentence(study: dict[str, Any]) -> str:
    if study["run"] is None:
        return f"{study['study']}: no folder of its runs is there."
    return f"{study['study']} ({study['run']}): {study['claim'] or 'it claims nothing.'}"
