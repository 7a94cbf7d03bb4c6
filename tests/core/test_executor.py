"""The executor: every outcome arrives, a death costs its own task only, nothing outlives its parent."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import textwrap
import time

import pytest

from fivesigma._core.executor import Processes, Serial, available_cores, serve

WORKER = """
import os, sys, json, pathlib
folder = pathlib.Path(sys.argv[1])
for line in sys.stdin:
    key = line.strip()
    print("some library prints")
    if key.startswith("die"):
        marker = folder / key
        if key == "die always" or not marker.exists():
            marker.touch()
            os._exit(9)
    error = "ValueError: no" if key == "fail" else None
    print(json.dumps({"key": key, "seconds": 0.1, "error": error}), flush=True)
"""


@pytest.fixture
def command(tmp_path):
    script = tmp_path / "worker.py"
    script.write_text(textwrap.dedent(WORKER))
    return (sys.executable, str(script), str(tmp_path))


def test_serial_keeps_the_order_and_turns_an_exception_into_an_outcome():
    def work(key):
        if key == "b":
            raise ValueError("no")

    outcomes = list(Serial(work).run(["a", "b", "c"]))
    assert [(o.key, o.error) for o in outcomes] == [("a", None), ("b", "ValueError: no"), ("c", None)]


@pytest.mark.parametrize("workers", [1, 3])
def test_every_task_is_answered_once(command, workers):
    keys = [f"k{i}" for i in range(7)] + ["fail"]
    outcomes = {o.key: o.error for o in Processes(command, workers).run(keys)}
    assert set(outcomes) == set(keys)
    assert outcomes.pop("fail") == "ValueError: no"
    assert set(outcomes.values()) == {None}


@pytest.mark.skipif(os.name != "posix", reason="process groups are POSIX's")
def test_a_keyboard_interrupt_does_not_reach_the_workers(command):
    running = Processes(command, 1).run(["a", "b"])
    next(running)
    worker = running.gi_frame.f_locals["crew"][0].process
    assert os.getpgid(worker.pid) != os.getpgid(0)
    assert next(running).error is None


def test_a_worker_that_dies_is_replaced_and_only_its_own_task_can_fail(command):
    keys = ["a", "die once", "b", "die always", "c", "d"]
    outcomes = {o.key: o.error for o in Processes(command, 2).run(keys)}
    assert set(outcomes) == set(keys)
    assert "died twice" in outcomes.pop("die always")
    assert set(outcomes.values()) == {None}


def test_serve_answers_one_line_a_task():
    sink = io.StringIO()
    serve(lambda key: int(key), io.StringIO("1\nx\n"), sink)
    first, second = (json.loads(line) for line in sink.getvalue().splitlines())
    assert first["error"] is None
    assert second["error"].startswith("ValueError")


@pytest.mark.skipif(os.name == "nt", reason="process groups are of POSIX")
def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    """A worker of ours watches its parent: kill -9 of the parent leaves no process behind."""
    code = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-c', 'from fivesigma.study.runner.worker import end_with_parent as e;"
        " import os, time; e(); print(os.getpid(), flush=True); time.sleep(120)'])\n"
        "time.sleep(120)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    assert _gone(child, within=60)


def _gone(pid, within):
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            with open(f"/proc/{pid}/stat") as file:  # a zombie that nobody waits for counts as gone
                if file.read().split(")")[1].split()[0] == "Z":
                    return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.2)
    return False


def test_there_is_at_least_one_core():
    assert available_cores() >= 1
