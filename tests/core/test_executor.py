"""The executor: every outcome arrives, a death costs its own task only, nothing outlives its parent."""

from __future__ import annotations

import os
import time

import pytest

from fivesigma._core import executor as executor_module
from fivesigma._core.executor import (
    END_OF_TASK,
    Processes,
    Serial,
    _parse,
    _PrintedByTask,
    available_cores,
)

WORKER = """
import os, pathlib

def open_work(folder):
    def work(key):
        print("some library prints", key, flush=True)
        marker = pathlib.Path(folder) / key
        if key.startswith("die") and (key == "die always" or not marker.exists()):
            marker.touch()
            os._exit(9)
        if key == "fail":
            raise ValueError("no")
    return work
"""


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A module of tasks and its arguments."""
    (tmp_path / "dying_tasks.py").write_text(WORKER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "dying_tasks", (str(tmp_path),)


def test_serial_keeps_the_order_and_turns_an_exception_into_an_outcome():
    def work(key):
        if key == "b":
            raise ValueError("no")

    outcomes = list(Serial(work).run(["a", "b", "c"]))
    assert [(o.key, o.error) for o in outcomes] == [("a", None), ("b", "ValueError: no"), ("c", None)]


@pytest.mark.parametrize("workers", [1, 3])
def test_every_task_is_answered_once(served, workers):
    keys = [f"k{i}" for i in range(7)] + ["fail"]
    outcomes = {o.key: o.error for o in Processes(*served, workers).run(keys)}
    assert set(outcomes) == set(keys)
    assert outcomes.pop("fail") == "ValueError: no"
    assert set(outcomes.values()) == {None}


@pytest.mark.skipif(os.name != "posix", reason="process groups are POSIX's")
def test_a_keyboard_interrupt_does_not_reach_the_workers(served):
    running = Processes(*served, 1).run(["a", "b"])
    next(running)
    worker = running.gi_frame.f_locals["crew"][0].process
    assert os.getpgid(worker.pid) != os.getpgid(0)
    assert next(running).error is None


def test_a_worker_that_dies_is_replaced_and_only_its_own_task_can_fail(served):
    keys = ["a", "die once", "b", "die always", "c", "d"]
    outcomes = {o.key: o.error for o in Processes(*served, 2).run(keys)}
    assert set(outcomes) == set(keys)
    assert "died twice" in outcomes.pop("die always")
    assert set(outcomes.values()) == {None}


def test_what_a_task_prints_is_part_of_its_outcome(served, capsys):
    (answered,) = Processes(*served, 1).run(["a"])
    (done,) = Serial(lambda key: print("some library prints", key)).run(["a"])
    assert answered.printed == done.printed == "some library prints a\n"
    (died,) = Processes(*served, 1).run(["die always"])
    assert died.printed == "some library prints die always\n"
    assert capsys.readouterr() == ("", "")


def test_workers_that_are_kept_serve_again_and_end_when_closed(served):
    executor = Processes(*served, 2, keep=True)
    assert {each.key for each in executor.run(["a", "b"])} == {"a", "b"}
    crew = [worker.process for worker in executor._crew]
    assert {each.key for each in executor.run(["c", "d", "e"])} == {"c", "d", "e"}
    assert [worker.process for worker in executor._crew] == crew
    executor.close()
    assert all(process.poll() is not None for process in crew)


def test_a_worker_that_cannot_begin_says_why(served):
    (answer,) = Processes("no_such_module_of_tasks", (), 1).run(["a"])
    assert "died twice (exit status 1" in answer.error
    assert "no_such_module_of_tasks" in answer.printed


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b'{"key": "a"}', b"some library prints", b"\xff"])
def test_a_line_that_is_no_answer_is_none(line):
    assert _parse(line) == (None, False)


def test_a_mark_that_comes_in_two_pieces_and_never_comes_is_borne(monkeypatch):
    monkeypatch.setattr(executor_module, "_PATIENCE", 0.05)
    reading, writing = os.pipe()
    printed = _PrintedByTask(reading)
    for piece in (b"before ", END_OF_TASK[:7], END_OF_TASK[7:] + b"\xce", b"\xb1", END_OF_TASK):
        os.write(writing, piece)
        time.sleep(0.02)
    assert [printed.of_task(), printed.of_task(), printed.of_task()] == ["before ", "α", ""]
    os.write(writing, b"rest")
    os.close(writing)
    printed.finish()
    assert printed.rest() == "rest"
    os.close(reading)


def test_there_is_at_least_one_core():
    assert available_cores() >= 1


def test_cores_are_counted_where_the_system_does_not_say_which_are_ours(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert available_cores() == (os.cpu_count() or 1)
