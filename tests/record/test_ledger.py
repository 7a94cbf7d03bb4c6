"""Openings are counted once a run, chained, and survive kills, damage and eight writers at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fivesigma._core.errors import DataError
from fivesigma.record import ledger as module
from fivesigma.record.ledger import START, Ledger
from fivesigma.record.lock import locked

ROWS = "a" * 64


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / ".fivesigma" / "ledger.jsonl")


def lock_of(ledger: Ledger) -> Path:
    ledger.path.parent.mkdir(parents=True, exist_ok=True)
    return ledger.path.with_name("ledger.jsonl.lock")


def test_counts_openings_of_rows_and_a_resumed_run_adds_none(ledger):
    assert ledger.openings(ROWS) == 0
    assert not ledger.path.parent.exists()
    assert ledger.open("run 1", ROWS, "susy", n=1000) == 1
    assert ledger.open("run 2", ROWS, "susy", n=1000) == 2
    before = ledger.path.read_bytes()
    assert ledger.open("run 1", ROWS, "susy", n=1000) == 2
    assert ledger.path.read_bytes() == before
    assert ledger.open("run 1", "b" * 64, "susy") == 1  # a second named test of the same run
    assert ledger.openings(ROWS) == 2
    assert not lock_of(ledger).exists()


def test_lines_are_chained_json(ledger):
    for run in "abc":
        ledger.open(run, ROWS, "halo müss", n=7)
    lines = [json.loads(line) for line in ledger.path.read_text(encoding="utf-8").splitlines()]
    assert [line["previous"] for line in lines] == [START, lines[0]["hash"], lines[1]["hash"]]
    assert {(line["study"], line["rows"], line["n"]) for line in lines} == {("halo müss", ROWS, 7)}
    assert lines[0]["time"].endswith("+00:00")


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: lines[1:],
        lambda lines: [lines[0], lines[2]],
        lambda lines: [lines[1], lines[0], lines[2]],
        lambda lines: [lines[0].replace('"n": 7', '"n": 8'), *lines[1:]],
        lambda lines: ["[]", *lines],
        lambda lines: ["\x00\x01", *lines],
        lambda lines: [*lines, "{}"],
        lambda lines: [lines[0].replace('"study"', '"stud"'), *lines[1:]],
    ],
)
def test_a_broken_chain_is_one_sentence(ledger, damage):
    for run in "abc":
        ledger.open(run, ROWS, "susy", n=7)
    lines = damage(ledger.path.read_text().splitlines())
    ledger.path.write_text("\n".join(lines) + "\n")
    kept = ledger.path.read_bytes()
    for use in (lambda: ledger.openings(ROWS), lambda: ledger.open("d", ROWS, "susy")):
        with pytest.raises(DataError, match=r"ledger.jsonl: line \d does not follow .* restore it") as caught:
            use()
        assert "\n" not in str(caught.value)
    assert ledger.path.read_bytes() == kept
    assert not lock_of(ledger).exists()


@pytest.mark.parametrize("keep", [1, 40, -1])
def test_a_torn_last_line_is_cut_and_its_bytes_are_kept(ledger, keep):
    ledger.open("a", ROWS, "susy")
    whole = ledger.path.read_bytes()
    ledger.open("b", ROWS, "susy")
    torn = ledger.path.read_bytes()[len(whole) :][:keep]
    ledger.path.write_bytes(whole + torn)
    assert ledger.openings(ROWS) == 1
    assert ledger.path.read_bytes() == whole + torn  # counting repairs nothing
    assert ledger.open("b", ROWS, "susy") == 2
    assert ledger.path.read_bytes().startswith(whole)
    assert ledger.openings(ROWS) == 2
    assert ledger.path.with_name("ledger.jsonl.torn").read_bytes() == torn + b"\n"


@pytest.mark.parametrize("left", ["", "4 on elsewhere", "\x00\xff"])
def test_a_lock_file_that_nobody_holds_holds_nothing(ledger, left):
    lock_of(ledger).write_text(left)
    assert ledger.open("a", ROWS, "susy") == 1
    assert sorted(each.name for each in ledger.path.parent.iterdir()) == ["ledger.jsonl"]


def test_a_held_lock_is_waited_for_and_then_its_holder_is_named(ledger, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    with (
        locked(lock_of(ledger)),
        pytest.raises(DataError, match=rf"lock: another run has held the ledger .*process {os.getpid()} on"),
    ):
        ledger.open("a", ROWS, "susy")
    assert ledger.open("a", ROWS, "susy") == 1


def test_a_refusing_disk_keeps_the_ledger_and_the_seal(ledger, monkeypatch):
    ledger.open("a", ROWS, "susy")
    before = ledger.path.read_bytes()
    real = os.write

    def full(descriptor: int, content: bytes) -> int:
        if b'"previous"' in content:
            real(descriptor, content[:20])
            raise OSError(28, "No space left on device")
        return real(descriptor, content)

    monkeypatch.setattr(module.os, "write", full)
    with pytest.raises(DataError, match=r"No space left .* stays sealed"):
        ledger.open("b", ROWS, "susy")
    assert ledger.path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be recorded"):
        Ledger(tmp_path / "file" / "ledger.jsonl").open("a", ROWS, "susy")


def test_eight_writers_lose_nothing(ledger):
    script = (
        "import sys, pathlib\n"
        "from fivesigma.record.ledger import Ledger\n"
        "ledger = Ledger(pathlib.Path(sys.argv[1]))\n"
        "for i in range(10):\n"
        "    ledger.open(f'run {sys.argv[2]}-{i}', 'r', 'susy')\n"
        "    ledger.open('shared run', 'r', 'susy')\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(ledger.path), str(k)], stderr=subprocess.PIPE)
        for k in range(8)
    ]
    errors = [writer.communicate()[1] for writer in writers]
    assert not any(errors), errors
    entries = ledger.entries()
    assert len(entries) == ledger.openings("r") == 81
    assert len({each.run for each in entries}) == 81
    assert sorted(each.name for each in ledger.path.parent.iterdir()) == ["ledger.jsonl"]
