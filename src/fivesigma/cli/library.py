"""The verbs about what is installed: the built-in studies, the models, and whether all is well."""

from __future__ import annotations

from typing import Annotated

import typer

from fivesigma.cli.answer import Answer, Table
from fivesigma.cli.options import Debug, Json, Quiet


def studies(json: Json = False, quiet: Quiet = False, debug: Debug = False) -> Answer:
    """List the studies that ship with the package."""
    from fivesigma.study.spec.shipped import built_in

    found = built_in()
    listed = [
        {"name": each.name, "question": each.question, "path": str(each.path), "needs_data": each.needs_data}
        for each in found
    ]
    rows = [
        [each.name, each.question, "by --data PATH" if each.needs_data else "ships with it"] for each in found
    ]
    return Answer(
        {"studies": listed}, [Table(["study", "question", "table"], rows), "", "fivesigma run STUDY"]
    )


def models(json: Json = False, quiet: Quiet = False, debug: Debug = False) -> Answer:
    """List the models, and when to choose each."""
    from fivesigma.study.registry.registry import kinds

    found = kinds().values()
    listed = [
        {
            "name": kind.name,
            "tasks": list(kind.tasks),
            "when": kind.when,
            "weights": kind.weights,
            "data": list(kind.data),
            "lacking": kind.lacking or None,
            "parameters": {name: str(setting.allowed) for name, setting in kind.parameters.items()},
            "tuned": sorted(kind.space),
        }
        for kind in found
    ]
    header = ["kind", "tasks", "weights", "choose it for"]
    rows = [[k.name, ", ".join(k.tasks), "yes" if k.weights else "no", k.when] for k in found]
    return Answer({"models": listed}, [Table(header, rows)])


def doctor(json: Json = False, quiet: Quiet = False, debug: Debug = False) -> Answer:
    """Say what is installed and what is missing."""
    from fivesigma._core.environment import examine

    found = examine()
    rows = [[name, state.value, state.remedy] for name, state in found.items()]
    listed = {
        name: {"value": state.value, "ok": state.ok, "remedy": state.remedy} for name, state in found.items()
    }
    return Answer(listed, [Table(["what", "found", "what to do"], rows)])


def docs(
    page: Annotated[
        str | None, typer.Argument(metavar="PAGE", help="A page; without one they are listed.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """Read the documentation; it is installed with the package."""
    from fivesigma._core import documentation

    if page is not None:
        found = documentation.page(page)
        return Answer({"name": found.name, "path": str(found.path), "text": found.text}, [found.text])
    every = documentation.pages()
    listed = [{"name": each.name, "title": each.title, "path": str(each.path)} for each in every]
    rows = [[each.name, each.title] for each in every]
    return Answer({"pages": listed}, [Table(["page", "about"], rows), "", "fivesigma docs PAGE"])
