"""Cycles are looked for seldom in our own processes, and as before in those of others."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from fivesigma._core.garbage import seldom_collected
from fivesigma.cli import main


def test_within_it_is_seldom_and_afterwards_as_before() -> None:
    before = gc.get_threshold()
    with seldom_collected():
        assert gc.isenabled()
        assert gc.get_threshold()[0] > 10 * before[0]
    assert gc.get_threshold() == before


def test_a_failure_within_leaves_it_as_before() -> None:
    before = gc.get_threshold()
    with pytest.raises(RuntimeError), seldom_collected():
        raise RuntimeError
    assert gc.get_threshold() == before


def test_a_verb_leaves_it_as_it_was(capsys) -> None:
    before = gc.get_threshold()
    main(["--version"])
    assert gc.get_threshold() == before


def test_cycles_are_still_found() -> None:
    code = (
        "import gc, weakref; from fivesigma._core.garbage import collect_seldom; collect_seldom()\n"
        "class Node: pass\n"
        "node = Node(); node.itself = node; seen = weakref.ref(node); del node\n"
        "kept = [[] for _ in range(100_000)]\n"
        "assert seen() is None"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
