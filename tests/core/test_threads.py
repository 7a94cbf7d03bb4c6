"""Libraries are held at one thread, found again when new ones came, and given back what they had."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
from threadpoolctl import ThreadpoolController, threadpool_limits

from fivesigma._core import threads


def counts() -> list[int]:
    return [each["num_threads"] for each in ThreadpoolController().info()]


def test_all_libraries_have_one_thread_within_and_their_own_after() -> None:
    assert np.ones((2, 2)).sum() == 4
    with threadpool_limits(2):
        before = counts()
        with threads.single_threaded():
            assert set(counts()) == {1}
            with threads.single_threaded():
                assert set(counts()) == {1}
            assert set(counts()) == {1}
        assert counts() == before


def test_they_are_looked_for_again_only_where_a_module_was_imported(monkeypatch) -> None:
    first = threads._libraries(len(sys.modules))
    with threads.single_threaded():
        assert threads._libraries(len(sys.modules)) is first
    monkeypatch.setitem(sys.modules, "a_new_module", ModuleType("a_new_module"))
    with threads.single_threaded():
        assert threads._libraries(len(sys.modules)) is not first
