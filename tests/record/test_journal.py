"""Steps of a long task: kept one by one, up to the first damaged line."""

from __future__ import annotations

import os

import pytest

from fivesigma._core.errors import DataError
from fivesigma.record.journal import Journal


def test_steps_come_back_in_order_and_are_gone_when_the_task_ends(tmp_path) -> None:
    journal = Journal(tmp_path / "t.steps")
    assert journal.trials() == []
    steps = [{"score": 0.5, "name": "é\n"}, {"score": None}]
    for step in steps:
        journal.add(step)
    assert Journal(journal.path).trials() == steps
    journal.remove()
    journal.remove()
    assert journal.trials() == []


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_what_a_kill_left_half_written_is_cut_off_and_work_goes_on(tmp_path, cut) -> None:
    journal = Journal(tmp_path / "t.steps")
    for number in range(3):
        journal.add({"number": number})
    os.truncate(journal.path, journal.path.stat().st_size - cut)
    kept = journal.trials()
    assert kept == [{"number": number} for number in range(len(kept))]
    assert len(kept) in (1, 2)
    journal.add({"number": "again"})
    assert journal.trials() == [*kept, {"number": "again"}]


def test_nothing_behind_a_flipped_byte_is_believed(tmp_path) -> None:
    journal = Journal(tmp_path / "t.steps")
    for number in range(3):
        journal.add({"number": number})
    lines = journal.path.read_bytes().splitlines(keepends=True)
    journal.path.write_bytes(lines[0] + lines[1].replace(b"1}", b"7}") + lines[2])
    assert journal.trials() == [{"number": 0}]


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path) -> None:
    with pytest.raises(DataError, match="cannot be written"):
        Journal(tmp_path / "absent" / "t.steps").add({})


def test_wherever_a_write_is_cut_off_the_whole_steps_before_it_are_kept(tmp_path) -> None:
    journal, steps = Journal(tmp_path / "t.steps"), [{"score": 0.5}, {"name": "λ"}]
    for step in steps:
        journal.add(step)
    content = journal.path.read_bytes()
    ends = [0, *(at + 1 for at, byte in enumerate(content) if byte == ord("\n"))]
    for length in range(len(content)):
        journal.path.write_bytes(content[:length])
        whole = sum(end <= length for end in ends) - 1
        assert journal.trials() == steps[:whole]
        assert journal.path.stat().st_size == ends[whole]
