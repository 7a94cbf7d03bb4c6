"""The verb that draws a simulated system into a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fivesigma.cli.answer import Answer, Table
from fivesigma.cli.options import Debug, Json, Quiet

if TYPE_CHECKING:
    from fivesigma.simulate.tables import Progress

Name = Annotated[str | None, typer.Argument(metavar="NAME", help="A system; without one they are listed.")]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="FILE", help=".parquet, .npz or .csv; collider: .root; halos: .AHF_halos."
    ),
]
Number = Annotated[int | None, typer.Option("--n", min=1, help="Events; default: the system's own number.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same bytes.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting of the system; may be given several times."),
]
Maps = Annotated[bool, typer.Option("--maps", help="halos: with maps of projected pressure and density.")]
Workers = Annotated[int, typer.Option("--workers", "-j", min=1, help="Worker processes.")]


def simulate(
    name: Name = None,
    out: Out = None,
    n: Number = None,
    seed: Seed = 0,
    settings: Set = None,
    maps: Maps = False,
    workers: Workers = 1,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Draw a physical system with known truth into a file; its suffix decides the format."""
    from fivesigma.simulate.catalogue import system
    from fivesigma.simulate.tables import write

    if name is None:
        return _listed()
    given = _pairs(settings or []) | ({"maps": "true"} if maps else {})
    if out is None:
        system(name, given)
        raise typer.BadParameter(f"say where to write: fivesigma simulate {name} -o {name}.parquet")
    with _progress(quiet or json) as progress:
        done = write(name, out, n=n, seed=seed, settings=given, workers=workers, progress=progress)
    paths = [str(path) for path in done.paths]
    answer = {"system": name, "n": done.n, "seed": done.seed, "paths": paths, "columns": list(done.columns)}
    return Answer(answer, [f"{done.n} events of {name} (seed {done.seed}): {', '.join(paths)}"])


def _listed() -> Answer:
    from fivesigma.simulate.catalogue import systems

    rows = [[name, entry.summary] for name, entry in systems().items()]
    listed = {"systems": [{"name": name, "summary": summary} for name, summary in rows]}
    return Answer(listed, [Table(["system", "what it is"], rows), "", "fivesigma simulate NAME -o FILE"])


def _pairs(settings: list[str]) -> dict[str, str]:
    """Split ``KEY=VALUE`` texts."""
    for text in settings:
        if "=" not in text:
            raise typer.BadParameter(f"--set {text!r} is not KEY=VALUE; write it as in --set size=16")
    return dict(text.split("=", 1) for text in settings)


@contextmanager
def _progress(silent: bool) -> Iterator[Progress | None]:
    """A bar on a terminal; else a line a tenth of the way, on standard error, and none for a single step."""
    if silent:
        yield None
        return
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("events", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines() -> Progress:
    last = 0

    def say(done: int, total: int) -> None:
        nonlocal last
        tenth = 10 * done // total
        if last < tenth < 10:
            print(f"{done} of {total} events", file=sys.stderr, flush=True)
        last = tenth

    return say
