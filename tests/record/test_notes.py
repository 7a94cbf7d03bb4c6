"""Notes lie beside a run, dated and whole, and the record keeps its bytes."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from fivesigma._core.errors import DataError, InputError
from fivesigma.record.notes import add, notes


@pytest.fixture
def run(tmp_path):
    """A run folder as far as a note needs one."""
    for name in ("study.toml", "manifest.json", "results.json"):
        (tmp_path / name).write_text(name)
    return tmp_path


def test_several_notes_are_kept_in_their_order_with_their_date(run):
    add(run, "first")
    found = add(run, " zwei\nZeilen, σ > 5 ")
    assert found == notes(run)
    assert [note.text for note in found] == ["first", "zwei\nZeilen, σ > 5"]
    assert all(note.time.endswith("+00:00") for note in found)


def test_a_note_changes_no_byte_of_the_run(run):
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    add(run, "x")
    after = {path.name: path.read_bytes() for path in run.iterdir()}
    assert after.pop("notes.json")
    assert after == before


def test_notes_of_one_moment_are_all_kept(run):
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda i: add(run, f"note {i}"), range(12)))
    assert {note.text for note in notes(run)} == {f"note {i}" for i in range(12)}


def test_what_is_no_note_or_no_run_is_refused_in_a_sentence(run):
    with pytest.raises(InputError, match="a note needs words"):
        add(run, " \n")
    with pytest.raises(DataError, match=r"is not a run folder \(there is no such folder\)"):
        add(run / "absent", "x")
    with pytest.raises(DataError, match=r"is not a run folder \(it has no study.toml and no manifest.json\)"):
        add(run.parent, "x")


@pytest.mark.parametrize("damaged", ["{", "[1]", json.dumps([{"time": "t"}]), "null"])
def test_damaged_notes_are_named_and_left_as_they_are(run, damaged):
    (run / "notes.json").write_text(damaged)
    with pytest.raises(DataError, match=r"notes\.json: is no list of notes"):
        add(run, "x")
    assert (run / "notes.json").read_text() == damaged
