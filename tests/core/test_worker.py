"""The worker process: answers on a channel of its own, whatever its tasks print, and an end with its parent."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import textwrap
import time

import pytest

from fivesigma._core import worker
from fivesigma._core.executor import END_OF_TASK, Processes

TASKS = """
import ctypes, os, sys, time

def open_work(*arguments):
    return lambda key: TASKS[key](*arguments)

def loud():
    sys.stdout.write("no newline")
    print("x" * 100_000, end="", file=sys.stderr)
    os.write(1, b"from below")

def asks():
    assert sys.stdin.read() == "", "a task reads the keys of others"

def closes():
    sys.stdout.close(); sys.stderr.close(); os.close(1); os.close(2)

def turns():
    nothing = os.open(os.devnull, os.O_WRONLY); os.dup2(nothing, 1); os.dup2(nothing, 2)

def forges():
    print('{"key": "quiet", "seconds": 0.0, "error": "forged", "marked": true}', flush=True)

def naps():
    time.sleep(600)

def holds():  # native code that keeps the interpreter to itself
    ctypes.PyDLL(None).sleep(600)

TASKS = dict(loud=loud, asks=asks, closes=closes, turns=turns, forges=forges, naps=naps, holds=holds,
             quiet=lambda: None, fails=lambda: int("no"))
"""


@pytest.fixture
def tasks(tmp_path, monkeypatch):
    """A module of tasks that worker processes find."""
    (tmp_path / "some_tasks.py").write_text(TASKS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "some_tasks"


def test_serve_answers_one_line_a_task(monkeypatch):
    written = []
    monkeypatch.setattr(worker.os, "write", lambda descriptor, content: written.append(content))
    sink = io.StringIO()
    worker.serve(lambda key: int(key), io.StringIO("1\nx\n"), sink)
    first, second = (json.loads(line) for line in sink.getvalue().splitlines() if line)
    assert first["error"] is None
    assert second["error"].startswith("ValueError")
    assert first["marked"]
    assert written == [END_OF_TASK] * 2


def test_a_stream_that_is_closed_is_said_to_be_unmarked(monkeypatch):
    def closed(descriptor, content):
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(worker.os, "write", closed)
    sink = io.StringIO()
    worker.serve(lambda key: None, ["a"], sink)
    assert json.loads(sink.getvalue())["marked"] is False


@pytest.mark.parametrize("workers", [1, 2])
def test_what_tasks_print_spoils_no_answer_and_is_kept_up_to_a_bound(tasks, workers):
    keys = ["loud", "quiet", "asks", "forges", "fails"]
    found = {each.key: each for each in Processes(tasks, (), workers).run(keys)}
    assert sorted(found) == sorted(keys)
    assert {key: each.error for key, each in found.items() if each.error} == {
        "fails": "ValueError: invalid literal for int() with base 10: 'no'"
    }
    assert set("no newline") < set(found["loud"].printed)
    assert "more characters)" in found["loud"].printed
    assert len(found["loud"].printed) < 5000
    assert "forged" in found["forges"].printed
    assert found["quiet"].printed == ""


@pytest.mark.parametrize("rude", ["closes", "turns"])
def test_a_task_that_closes_or_turns_its_streams_away_costs_no_answer(tasks, rude):
    found = [(each.key, each.error) for each in Processes(tasks, (), 1).run([rude, "quiet"])]
    assert found == [(rude, None), ("quiet", None)]


def test_the_current_folder_and_empty_places_of_the_path_are_not_code(tasks, tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    for name in sorted({*sys.stdlib_module_names, "numpy", "fivesigma", "some_tasks"}):
        (here / f"{name}.py").write_text("import os\nos._exit(77)\n")
    monkeypatch.chdir(here)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", str(tmp_path), ""]))
    assert [each.error for each in Processes(tasks, (), 1).run(["quiet"])] == [None]


@pytest.mark.parametrize(
    "task", ["naps", pytest.param("holds", marks=pytest.mark.skipif(sys.platform != "linux", reason="prctl"))]
)
def test_a_worker_ends_with_a_parent_that_is_killed_in_the_middle_of_a_task(tasks, task):
    code = f"""
        from fivesigma._core import executor
        running = executor.Processes({tasks!r}, (), 1).run(["quiet", {task!r}])
        next(running)
        print(running.gi_frame.f_locals["crew"][0].process.pid, flush=True)
        next(running)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    time.sleep(0.5)  # the task has begun
    assert not _gone(child)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 2.0
    while not _gone(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _gone(child)


def _gone(pid):
    try:
        os.kill(pid, 0)
        with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"  # nobody waits for it here
    except ProcessLookupError:
        return True
    return False


def test_keys_come_until_they_end_and_then_the_process_ends(monkeypatch):
    ended = []
    monkeypatch.setattr(worker.os, "_exit", ended.append)
    lines = worker.until_the_parent_ends(["a\n", "b\n"])
    assert [next(lines), next(lines)] == ["a\n", "b\n"]
    deadline = time.monotonic() + 10
    while not ended and time.monotonic() < deadline:
        time.sleep(0.01)
    assert ended == [1]


def test_the_kernel_is_asked_where_it_can_be(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "ctypes.CDLL", lambda name: type("C", (), {"prctl": lambda self, *a: asked.append(a)})()
    )
    monkeypatch.setattr(worker.sys, "platform", "linux")
    worker.end_with_parent()
    monkeypatch.setattr(worker.sys, "platform", "darwin")
    worker.end_with_parent()
    assert asked == [(1, 9)]


def test_a_process_whose_input_ends_ends(tasks):
    command = [sys.executable, "-P", "-m", "fivesigma._core.worker", tasks]
    done = subprocess.run(command, input="naps\n", text=True, capture_output=True, timeout=60)
    assert done.returncode == 1
