"""Libraries are held at one thread and given back what they had; calls side by side give what they give in a row."""

from __future__ import annotations

import sys
import threading
from functools import partial
from types import ModuleType

import numpy as np
import pytest
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


@pytest.mark.parametrize("n_threads", [0, 1, 2, 9])
def test_calls_side_by_side_give_what_they_give_in_a_row(n_threads) -> None:
    assert threads.side_by_side([partial(pow, k, 2) for k in range(20)], n_threads) == [
        k**2 for k in range(20)
    ]
    assert threads.side_by_side([], n_threads) == []


def test_two_calls_run_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=30)
    assert sorted(threads.side_by_side([meeting.wait, meeting.wait], 2)) == [0, 1]


@pytest.mark.parametrize("n_threads", [1, 2])
def test_of_a_call_that_fails_the_error_is_told_and_no_more_begin(n_threads) -> None:
    begun = []

    def failing(k: int) -> None:
        begun.append(k)
        raise ValueError(f"call {k}")

    with pytest.raises(ValueError, match="call 0"):
        threads.side_by_side([partial(failing, k) for k in range(1000)], n_threads)
    assert len(begun) < 1000


@pytest.mark.parametrize("n_threads", [1, 2])
def test_what_numpy_is_told_of_errors_holds_in_calls_side_by_side(n_threads) -> None:
    calls = [lambda: np.divide(1.0, np.zeros(1))] * 2
    with np.errstate(divide="ignore"):
        assert [found.tolist() for found in threads.side_by_side(calls, n_threads)] == [[np.inf]] * 2
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        threads.side_by_side(calls, n_threads)
