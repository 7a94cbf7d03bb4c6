"""The tutorial on arrays and tensors: every line does what stands under it, those of PyTorch where it is installed."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "arrays-and-tensors.md"
BLOCKS = re.findall(r"```pycon\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
TORCH = [block for block in BLOCKS if "torch." in block]
NUMPY = [block for block in BLOCKS if "torch." not in block]


def failures(blocks):
    """How many lines of some blocks, in one session, do not say what stands under them; and how many there are."""
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(verbose=False)
    test = parser.get_doctest("\n".join(blocks), {}, PAGE.name, str(PAGE), 0)
    runner.run(test, clear_globs=False)
    return runner.summarize(verbose=False)


def test_every_line_of_numpy_does_what_it_says():
    found = failures(NUMPY)
    assert found.failed == 0
    assert found.attempted >= 30


def test_every_line_of_torch_does_what_it_says():
    pytest.importorskip(
        "torch", reason="EXTRA ABSENT: torch is not installed (pip install 'fivesigma[neural]')"
    )
    found = failures([">>> import numpy as np\n", *TORCH])
    assert found.failed == 0
    assert found.attempted >= 25


def test_a_line_that_is_wrong_is_found():
    assert failures([">>> 1 + 1\n3\n"]).failed == 1


@pytest.mark.parametrize(
    "word", ["reshape(-1", "stack(", "cat(", "where(", "min(dim=1", "min(axis=1", "[:, None]", "std("]
)
def test_what_a_first_week_needs_is_there(word):
    assert any(word in block for block in BLOCKS)
