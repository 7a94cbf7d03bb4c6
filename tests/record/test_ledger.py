"""Openings are counted once a run, chained, and survive kills, damage and eight writers at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fivesigma._core.errors import DataError
from fivesigma.record import ledger as module
from fivesigma.record.ledger import START, Ledger, Rows
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


# --- rows, not sets ------------------------------------------------------------------------


def rows(*numbers: int, relabelled: bool = False) -> Rows:
    """The rows of some numbers; of a table whose target was corrected only the second hash is the same."""
    first = np.array(numbers, dtype=np.uint64)
    hashes = np.column_stack([first + np.uint64(10**6) * relabelled, first + np.uint64(10**9)])
    return Rows(f"{sorted(numbers)} {relabelled}", len(numbers), hashes)


def opened(ledger: Ledger, run: str, *numbers: int, **more: bool) -> int:
    return ledger.open(f"{run}:test", rows(*numbers, **more), "susy", test="test", folder=f"runs/{run}")


def test_rows_are_counted_in_whichever_set_they_were_opened(ledger):
    assert [opened(ledger, run, *range(100)) for run in ("r0", "r1")] == [1, 2]
    assert opened(ledger, "more", *range(105)) == 3
    assert opened(ledger, "few", *range(90, 110), relabelled=True) == 4
    assert opened(ledger, "others", *range(200, 210)) == 1
    assert [each.before for each in ledger.entries()] == ledger.before() == [0, 100, 100, 15, 0]
    assert [each.name for each in ledger.entries()] == ["r0", "r1", "more", "few", "others"]
    seen = ledger.seen("new:test", rows(*range(95, 120)))
    assert (seen.n, seen.before, seen.most, seen.at_least) == (25, 15, 4, False)
    assert [(each.run, each.rows) for each in seen.by] == [("r0", 5), ("r1", 5), ("more", 10), ("few", 15)]


def test_a_run_knows_what_was_open_before_it_and_not_what_came_after(ledger):
    opened(ledger, "r0", *range(10))
    opened(ledger, "r1", *range(5, 15))
    before = ledger.path.read_bytes()
    assert opened(ledger, "r0", *range(10)) == 2, "the resumed run counts no opening of its own again"
    assert ledger.path.read_bytes() == before
    assert ledger.seen("r0:test", rows(*range(10))).before == 0
    assert ledger.seen("r1:test", rows(*range(5, 15))).before == 5
    ledger.open("r1:far", rows(*range(5, 9)), "susy", test="far", folder="r1")
    assert ledger.before() == [0, 5, 4], "another test of the same run is no other run"


def test_older_lines_are_known_as_sets_and_make_it_at_least(ledger):
    ledger.open("a" * 32 + ":test", rows(1, 2, 3).key, "susy", n=3)
    assert set(json.loads(ledger.path.read_text())) == {
        "time", "run", "study", "rows", "n", "previous", "hash"
    }, "a line without rows is a line of version 0.1.0"  # fmt: skip
    same, more = (ledger.seen("b:test", each) for each in (rows(1, 2, 3), rows(1, 2, 3, 4)))
    assert (same.before, same.at_least) == (3, False)
    assert (more.before, more.at_least) == (0, True)
    assert ledger.entries()[0].name == "a" * 32 + ":test"
    assert opened(ledger, "r0", 1, 2, 3) == 2
    assert ledger.before() == [0, 3]


@pytest.mark.parametrize("damage", [lambda file: file.unlink(), lambda file: file.write_bytes(b"\x93NUMPY"),
                                    lambda file: file.write_bytes(file.read_bytes()[:-1] + b"\xff")])  # fmt: skip
def test_damaged_rows_of_an_opening_make_it_at_least_and_lose_no_line(ledger, damage):
    opened(ledger, "r0", *range(10))
    opened(ledger, "r1", *range(20))
    (file,) = [each for each in ledger.opened.folder.iterdir() if each.stem == ledger.entries()[1].events]
    damage(file)
    again = Ledger(ledger.path)
    seen = again.seen("new:test", rows(*range(5, 25)))
    assert (seen.before, seen.at_least) == (5, True)
    assert again.before() == [0, 10], "what a line says of itself stands in the line"
    assert opened(again, "r2", *range(20)) == 3
    assert Ledger(ledger.path).seen("new:test", rows(*range(5, 25))).before == 15, (
        "and the rows are kept anew"
    )


def test_the_same_rows_opened_again_take_no_more_space(ledger):
    for run in ("r0", "r1", "r2"):
        opened(ledger, run, *range(1000))
    (file,) = ledger.opened.folder.iterdir()
    assert file.stat().st_size < 16 * 1000 + 200


def test_a_disk_that_refuses_the_rows_keeps_the_seal(ledger, monkeypatch):
    from fivesigma.record import store

    opened(ledger, "r0", 1, 2)
    before = ledger.path.read_bytes()
    monkeypatch.setattr(
        store.os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    with pytest.raises(DataError, match="No space left"):
        opened(ledger, "r1", 1, 2, 3)
    monkeypatch.undo()
    assert ledger.path.read_bytes() == before
    assert [each.stem for each in ledger.opened.folder.iterdir()] == [ledger.entries()[0].events]


def test_writers_at_once_lose_no_rows(ledger):
    script = (
        "import sys, pathlib, numpy as np\n"
        "from fivesigma.record.ledger import Ledger, Rows\n"
        "ledger, k = Ledger(pathlib.Path(sys.argv[1])), int(sys.argv[2])\n"
        "for i in range(4):\n"
        "    h = np.arange(5 * i, 5 * i + 10, dtype=np.uint64)\n"
        "    ledger.open(f'{k}-{i}:t', Rows(str(i), 10, h[:, None]), 's', test='t', folder=f'{k}-{i}')\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(ledger.path), str(k)], stderr=subprocess.PIPE)
        for k in range(4)
    ]
    errors = [writer.communicate()[1] for writer in writers]
    assert not any(errors), errors
    assert len(ledger.entries()) == 16
    hashes = np.arange(5, 10, dtype=np.uint64)
    assert ledger.seen("new:t", Rows("", 5, hashes[:, None])).most == 8
