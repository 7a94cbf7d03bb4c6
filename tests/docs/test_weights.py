"""docs/weights.md says of every kind and metric what the registry does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.negative_weights import NOT_HERE, SHOWN, found
from fivesigma.risk.metrics import METRICS
from fivesigma.study.registry.registry import kinds

PAGE = Path(__file__).parents[2] / "docs" / "weights.md"


def table(name: str) -> dict[tuple[str, ...], list[str]]:
    """Lines of a table between its marks: by the names in quotes and a task, the cells after them."""
    text = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- end -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]  # type: ignore[index]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines()[2:]]
    keys = 2 if name == "kinds" else 1
    return {tuple(cell.strip("` ") for cell in row[:keys]): row[keys:] for row in rows}


def asked() -> list[tuple[str, str]]:
    return [
        (name, task)
        for name, kind in kinds().items()
        for task in ("classification", "regression")
        if task in kind.tasks and name not in NOT_HERE and kind.needs is None and not name.startswith("test-")
    ]


def test_every_kind_has_its_line() -> None:
    assert set(asked()) <= set(table("kinds"))


@pytest.mark.parametrize(("name", "task"), asked())
def test_what_a_kind_refuses_is_what_the_page_says(name: str, task: str) -> None:
    keep, *others = table("kinds")[name, task]
    why = kinds()[name].refuses(task)
    assert keep == (f"refused: {why}" if why else keep)
    assert keep.startswith("refused") == bool(why)
    assert len(others) == len(SHOWN) - 1
    assert all(float(each) > 0 for each in others)


@pytest.mark.parametrize("name", ["dummy", "naive-bayes", "boosting"])
def test_what_is_not_refused_is_found_again(name: str) -> None:
    said = table("kinds")[name, "classification"][0]
    assert float(found(name, "classification", "keep")) == pytest.approx(float(said), abs=0.02)


def test_every_metric_has_its_line() -> None:
    lines = table("metrics")
    assert set(lines) == {(name,) for name in METRICS}
    for name, each in METRICS.items():
        assert lines[(name,)] == [
            f"refused: {each.unsigned}" if each.unsigned else "its formula, by hand in the tests"
        ]
