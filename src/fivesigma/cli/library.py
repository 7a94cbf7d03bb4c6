"""The verbs about what is installed: the built-in studies, the models, and whether all is well."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fivesigma._core.commands import command
from fivesigma.cli.answer import Answer, Part, Table
from fivesigma.cli.options import Debug, Json, Quiet

if TYPE_CHECKING:
    from fivesigma.study.registry.kind import ModelKind
    from fivesigma.study.spec.shipped import BuiltIn


def studies(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A built-in study; without one they are listed.")
    ] = None,
    copy: Annotated[
        Path | None,
        typer.Option("--copy", metavar="DIR", help="Copy it there, with the tables that ship with it."),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """List the studies that ship with the package, show one, or copy one to begin with."""
    from fivesigma.study.spec import shipped

    if name is not None and copy is not None:
        files = [str(path) for path in shipped.copy(name, copy)]
        lines = [f"wrote {file}" for file in files]
        return Answer({"study": files[0], "files": files}, [*lines, f"{command('run', files[0])} runs it"])
    if copy is not None:
        raise typer.BadParameter("--copy copies one study: fivesigma studies NAME --copy DIR")
    if name is not None:
        return _study(shipped.called(name))
    found = shipped.built_in()
    rows = [
        [each.name, each.question, "by --data PATH" if each.needs_data else "ships with it"] for each in found
    ]
    more = "fivesigma run STUDY, fivesigma studies STUDY, fivesigma studies STUDY --copy DIR"
    listed = [_listed(each) for each in found]
    return Answer({"studies": listed}, [Table(["study", "question", "table"], rows), "", more])


def _listed(study: BuiltIn) -> dict[str, Any]:
    return {
        "name": study.name,
        "question": study.question,
        "path": str(study.path),
        "needs_data": study.needs_data,
    }


def _study(study: BuiltIn) -> Answer:
    """Answer of one study: what it asks and what to expect, then its file."""
    text = study.path.read_text(encoding="utf-8")
    run = f"{command('run', study.name, *(['--data', 'PATH'] if study.needs_data else []))} runs it"
    told = _listed(study) | {"readme": study.readme, "study": text}
    return Answer(told, [study.readme.rstrip(), "", f"--- {study.path}", "", text.rstrip(), "", run])


def models(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A kind of model; without one they are listed.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> Answer:
    """List the models and when to choose each, or show the settings of one."""
    from fivesigma.study.registry.registry import kind, kinds

    if name is not None:
        return _model(kind(name))
    found = kinds().values()
    header = ["kind", "tasks", "weights", "choose it for"]
    rows = [[k.name, ", ".join(k.tasks), "yes" if k.weights else "no", k.when] for k in found]
    more = ["", "fivesigma models KIND shows its settings"]
    return Answer({"models": [_described(each) for each in found]}, [Table(header, rows), *more])


def _described(kind: ModelKind) -> dict[str, Any]:
    return {
        "name": kind.name,
        "tasks": list(kind.tasks),
        "when": kind.when,
        "weights": kind.weights,
        "data": list(kind.as_they_are),
        "members": kind.members,
        "lacking": kind.lacking or None,
        "parameters": {name: str(setting.allowed) for name, setting in kind.parameters.items()},
        "tuned": sorted(kind.space),
    }


def _model(kind: ModelKind) -> Answer:
    """Answer of one kind of model: each setting with its default, what it may be, and where a search looks."""
    settings = [
        {
            "name": name,
            "default": _plain(each.default),
            "allowed": str(each.allowed),
            "search": None if each.search is None else str(each.search),
        }
        for name, each in kind.parameters.items()
    ]
    header = ["setting", "default", "may be", "tune = true looks in"]
    rows = [
        [each["name"], _toml(each["default"]), each["allowed"], each["search"] or ""] for each in settings
    ]
    lines: list[Part] = [f"{kind.name}: {kind.when}", f"tasks: {', '.join(kind.tasks)}"]
    told = "; a table too whose members are named in features.members" if kind.members else ""
    lines += [f"weights: {'yes' if kind.weights else 'no'}; data: {', '.join(kind.as_they_are)}{told}"]
    lines += [kind.lacking] if kind.lacking else []
    lines += ["", Table(header, rows)] if rows else ["", "It has no settings."]
    said = [f"{each['name']} = {_toml(each['default'])}" for each in settings if each["default"] is not None]
    example = f"params = {{ {said[0]} }}" if said else ""
    lines += ["", "[[models]]", f'kind = "{kind.name}"', *([example] if example else [])]
    return Answer(_described(kind) | {"settings": settings}, lines)


def _plain(value: Any) -> Any:
    """Return a default as JSON has it."""
    return list(value) if isinstance(value, tuple) else value


def _toml(value: Any) -> str:
    """Return a default as a study file has it, which knows no None."""
    from fivesigma.study.spec.toml import value_text

    return "none" if value is None else value_text(value)


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
