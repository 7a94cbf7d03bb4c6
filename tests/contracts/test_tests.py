"""What the tests themselves keep: no clock judges, and a module's own test file stands where its name says."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests import coverage_by_module

TESTS = Path(__file__).resolve().parents[1]
CLOCKS = {"perf_counter", "perf_counter_ns", "process_time", "process_time_ns", "timeit"}
OF_THE_CPU = {
    "core/test_expressions.py",
    "data/readers/mutants.py",  # a damaged file that hangs its reader
}  # seconds of this process, which others on the machine do not lengthen


def test_no_test_asks_a_clock() -> None:
    """A promise of speed is judged by steps (`tests.steps`), or by the modules that importing wakes."""
    asking = {
        path.relative_to(TESTS).as_posix()
        for path in TESTS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute | ast.Name | ast.alias) and _name(node) in CLOCKS
    }
    assert asking == OF_THE_CPU


def _name(node: ast.AST) -> str:
    return str(getattr(node, "attr", None) or getattr(node, "id", None) or getattr(node, "name", None))


@pytest.mark.parametrize(
    ("module", "test"),
    [
        ("risk/splits.py", "risk/test_splits.py"),
        ("data/readers/csv.py", "data/readers/test_csv.py"),
        ("data/readers/__init__.py", "data/test_readers.py"),
    ],
)
def test_a_module_has_its_own_test_file(module: str, test: str) -> None:
    assert coverage_by_module.own_test(coverage_by_module.SOURCE / module) == TESTS / test


def test_modules_are_those_of_a_package_or_those_named() -> None:
    found = coverage_by_module.modules(["sampling", "risk/splits"])
    assert [path.relative_to(coverage_by_module.SOURCE).as_posix() for path in found] == [
        "sampling/diagnostics.py",
        "risk/splits.py",
    ]
