"""What tasks left is read once, told apart by who read it off, and said in words where there is nothing."""

from __future__ import annotations

import numpy as np

from fivesigma.study.fit.finished import Finished, Memory, packed
from fivesigma.study.plan import Child, Fit

PLAIN, ASKED = Fit("m"), Fit("m", wanted={"curve": {"n": 3}})


class Counting(Memory):
    """A memory that counts how often it is read."""

    times = 0

    def read(self, key):
        Counting.times += 1
        return super().read(key)


def test_a_fit_is_done_when_all_that_is_wanted_of_it_was_read_off():
    store = Memory(
        {"bare": ({}, {"found": {}}), "read": ({}, {"found": {"curve": {}}}), "failed": ({}, {"error": "x"})}
    )
    done = Finished(store, lost={"gone": "killed"})
    assert [done.has(key, PLAIN) for key in ("bare", "read", "failed", "gone", "never")] == [True] * 4 + [
        False
    ]
    assert [done.has(key, ASKED) for key in ("bare", "read", "failed", "gone", "never")] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert done.has("bare", Child({}, 0, 0))


def test_results_are_read_once_until_they_are_forgotten():
    store = Counting({"a": ({"y": np.ones(1)}, {"found": {}})})
    done, Counting.times = Finished(store), 0
    done.read("a"), done.read("a")
    assert Counting.times == 1
    store.results["a"] = ({"y": np.zeros(1)}, {"found": {}})
    assert done.read("a")[0]["y"] == 1
    done.forget("a")
    done.forget("unknown")
    assert done.read("a")[0]["y"] == 0


def test_what_was_read_is_not_read_again_to_see_whether_it_is_done_but_a_failure_is():
    store = Counting({"a": ({}, {"found": {key: {} for key in ASKED.wanted}})})
    done, Counting.times = Finished(store), 0
    done.read("a")
    assert done.has("a", ASKED)
    assert Counting.times == 1
    assert done.read("b")[1] == {"error": "it left no result"}
    assert not done.has("b", ASKED)
    store.results["b"] = ({}, {"found": {}})
    assert not done.has("b", ASKED)
    store.results["b"] = store.results["a"]
    assert done.has("b", ASKED)


def test_why_a_task_left_nothing_is_said():
    done = Finished(Memory(), lost={"gone": "its worker was killed"})
    assert done.read("gone") == ({}, {"error": "its worker was killed"})
    assert done.read("never") == ({}, {"error": "it left no result"})
    assert done.found("gone", "curve") is None


def test_arrays_of_diagnostics_stand_apart_from_those_of_the_fit_and_of_each_other():
    arrays, rest = packed({"curve": {"train": np.array([1.0]), "n": 3}, "curves": {"train": np.array([2.0])}})
    done = Finished(Memory({"a": ({"own": np.array([0.0]), **arrays}, {"found": rest})}))
    assert list(done.read("a")[0]) == ["own"]
    assert done.found("a", "curve") == {"n": 3, "train": np.array([1.0])}
    assert done.found("a", "curves") == {"train": np.array([2.0])}
    assert done.found("a", "other") is None
