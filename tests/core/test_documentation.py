"""What hints name is installed: pages are found, and no message points to a file of the repository."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from fivesigma._core.documentation import page, pages, see
from fivesigma._core.errors import InputError

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "fivesigma").rglob("*.py"))


def _strings(tree: ast.Module) -> list[str]:
    """The texts of a module that are not its documentation."""
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documented | alone
    ]


def test_pages_have_a_name_a_heading_and_their_text():
    assert {"study-file", "command-line", "logbook"} <= {each.name for each in pages()}
    assert page("study-file.md") == page("study-file")
    assert page("logbook").title == "The logbook"
    assert page("logbook").text.startswith("# The logbook")
    with pytest.raises(InputError, match="Did you mean 'logbook'"):
        page("logboook")


def test_no_message_names_a_file_that_only_the_repository_has():
    named = [
        (path.name, text)
        for path in SOURCES
        for text in _strings(ast.parse(path.read_text(encoding="utf-8")))
        if "docs/" in text and ".md" in text
    ]
    assert not named


def test_every_page_that_a_message_names_is_there():
    named = {
        node.args[0].value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "see"
        and isinstance(node.args[0], ast.Constant)
    }  # fmt: skip
    assert {"study-file", "mixtures"} <= named
    for name in named:
        assert page(name).name in see(name)


def test_the_pages_are_part_of_what_is_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]["docs"] == "fivesigma/docs"
