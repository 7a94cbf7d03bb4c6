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


@pytest.mark.parametrize(("call", "frozen"), [("main()", "True"), ("main(['--version'])", "False")])
def test_a_process_of_the_program_s_own_ends_without_looking_for_cycles(call, frozen) -> None:
    code = (
        "import atexit, gc, sys; sys.argv = ['fivesigma', '--version']\n"
        "atexit.register(lambda: print(gc.get_freeze_count() > 0))  # first registered, last asked\n"
        f"from fivesigma.cli import main; {call}"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == frozen


def test_what_is_to_be_done_at_the_end_is_done_all_the_same(tmp_path) -> None:
    code = (
        "import atexit, sys, tempfile, weakref; sys.argv = ['fivesigma', '--version']\n"
        "from fivesigma.cli import main; main()\n"
        f"kept = tempfile.TemporaryDirectory(dir={str(tmp_path)!r}); kept.itself = kept\n"
        f"file = open({str(tmp_path / 'written')!r}, 'w'); file.write('all')\n"
        "atexit.register(print, 'last words')"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stdout.endswith("last words\n")
    assert [each.name for each in tmp_path.iterdir()] == ["written"]
    assert (tmp_path / "written").read_text() == "all"
