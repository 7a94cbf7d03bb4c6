"""One holder at a time, whatever is left over and however a holder ends; every refusal is a sentence."""

from __future__ import annotations

import errno
import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from fivesigma._core.errors import DataError, InputError
from fivesigma.record import lock as module
from fivesigma.record.lock import locked
from fivesigma.record.store import RunFolder

ROUNDS, PROCESSES = 25, 8


def _compete(barrier, answers, folder):
    for number in range(ROUNDS):
        barrier.wait()
        try:
            with RunFolder(folder / str(number)).lock():
                began = time.monotonic()
                time.sleep(0.005)
                answers.put((number, began, time.monotonic()))
        except InputError:
            answers.put((number, None, None))
        except BaseException as error:
            answers.put((number, repr(error), None))


def test_of_many_processes_at_once_never_do_two_hold_a_folder_together(tmp_path):
    for number in range(ROUNDS):
        (tmp_path / str(number)).mkdir()
    context = multiprocessing.get_context("fork")
    barrier, answers = context.Barrier(PROCESSES), context.Queue()
    crew = [
        context.Process(target=_compete, args=(barrier, answers, tmp_path), daemon=True)
        for _ in range(PROCESSES)
    ]
    for each in crew:
        each.start()
    found = [answers.get(timeout=60) for _ in range(ROUNDS * PROCESSES)]
    assert [began for _, began, ended in found if began is not None and ended is None] == []
    for number in range(ROUNDS):
        held = sorted((began, ended) for at, began, ended in found if at == number and ended is not None)
        assert held, "nobody got the lock"
        assert all(after[0] >= before[1] for before, after in itertools.pairwise(held))


@pytest.mark.parametrize("left", ["", "1 on another-machine", "no number", "\x00\xff"])
def test_a_file_that_is_left_over_holds_nothing(tmp_path, left):
    (tmp_path / ".lock").write_text(left)
    with RunFolder(tmp_path).lock():
        assert f"process {os.getpid()} on" in (tmp_path / ".lock").read_text()
    assert not (tmp_path / ".lock").exists()


def test_the_hold_of_a_killed_process_ends_with_it(tmp_path):
    code = (
        "import sys, time, pathlib\nfrom fivesigma.record.store import RunFolder\n"
        "with RunFolder(pathlib.Path(sys.argv[1])).lock():\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with (
        pytest.raises(InputError, match=f"process {holder.pid} on .* wait for it"),
        RunFolder(tmp_path).lock(),
    ):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with RunFolder(tmp_path).lock():
        pass


def test_a_second_hold_of_the_same_process_is_refused_too(tmp_path):
    with locked(tmp_path / "l"):
        with pytest.raises(InputError, match="is working in it"), locked(tmp_path / "l"):
            pass
        with pytest.raises(InputError, match="is working in it"), locked(tmp_path / "l", patience=0.03):
            pass
    with locked(tmp_path / "l"):
        pass


def test_an_error_inside_lets_go(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "l"):
        raise ZeroDivisionError
    with locked(tmp_path / "l"):
        pass


def test_a_file_that_was_removed_while_we_waited_is_not_held(tmp_path, monkeypatch):
    """The holder before us removes the file: a lock on the removed one would exclude nobody."""
    real, removed = module._lock, []

    def lock(descriptor):
        real(descriptor)
        if not removed:
            removed.append(descriptor)
            (tmp_path / "l").unlink()

    monkeypatch.setattr(module, "_lock", lock)
    with locked(tmp_path / "l"):
        assert (tmp_path / "l").exists()


def test_no_folder_and_no_locks_are_sentences(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="cannot be locked"), RunFolder(tmp_path / "absent").lock():
        pass

    def refuse(descriptor):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(module, "_lock", refuse)
    with pytest.raises(DataError, match="knows no locks"), RunFolder(tmp_path).lock():
        pass


def test_a_name_that_cannot_be_written_or_read_is_left_out(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.os, "write", full)
    with locked(tmp_path / "l"):
        with pytest.raises(InputError, match="another process is working"), locked(tmp_path / "l"):
            pass
        monkeypatch.setattr(module.os, "read", full)
        with pytest.raises(InputError, match="another process is working"), locked(tmp_path / "l"):
            pass
