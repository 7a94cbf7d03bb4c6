"""The store: whole files or none, damage seen, one writer at a time."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fivesigma._core.errors import DataError, InputError
from fivesigma.record.results import DataRecord, Results, SplitRecord
from fivesigma.record.store import RunFolder, TaskStore, read_arrays, write_arrays, write_bytes, write_json


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    write_json(path, {"a": 1})

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match=r"No space left.*unchanged"):
        write_json(path, {"a": 2})
    assert path.read_text() == '{\n "a": 1\n}\n'
    assert [p.name for p in tmp_path.iterdir()] == ["results.json"]


@pytest.mark.parametrize("damaged", [[], {}, {"models": 3}])
def test_a_record_of_another_shape_is_refused_in_a_sentence(tmp_path, damaged):
    folder = RunFolder.create(tmp_path / "run")
    write_json(folder.path / "results.json", damaged)
    with pytest.raises(DataError, match="no record of a run"):
        folder.results()


@pytest.mark.parametrize(
    "last", [{"fits": 1.0}, {"fits": 2.0, "models": {"a\n }": 0.1, "b": float("nan")}, "saved": {}}]
)
@pytest.mark.parametrize("first", [{"fits": 0.5, "models": {"a": {"b": [1, 2]}}}, {}])
def test_another_timing_leaves_the_bytes_that_the_whole_record_would(tmp_path, first, last):
    data, split = DataRecord("0", 0, 0, 0.0, (), None, None), SplitRecord("0", 0, 0, 5)
    results = Results("s\n }", "regression", 0, "r2", None, None, data, split, (), question='\n "timing": {')
    one, two = (RunFolder.create(tmp_path / name) for name in ("one", "two"))
    written = one.write_results(replace(results, timing=first))
    found = one.write_timing(written, last)
    expected = two.write_results(replace(results, timing=last))
    assert found == expected == one.results()
    assert (one.path / "results.json").read_bytes() == (two.path / "results.json").read_bytes()


def test_json_never_holds_nan(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "x.json", {"a": float("nan")})


def test_a_task_comes_back_and_one_flipped_byte_sets_it_aside(tmp_path):
    store = TaskStore(tmp_path)
    store.write("k", {"p": np.arange(5.0)}, {"seconds": 1.0})
    arrays, meta = store.read("k")
    assert arrays["p"].tolist() == [0, 1, 2, 3, 4]
    assert meta == {"seconds": 1.0}
    content = bytearray(store.path("k").read_bytes())
    content[len(content) // 2] ^= 1
    store.path("k").write_bytes(content)
    assert store.read("k") is None
    assert not store.has("k")
    assert (tmp_path / "corrupt" / "k.npz").is_file()


def test_whether_a_task_is_finished_is_told_without_reading_it(tmp_path, monkeypatch):
    store = TaskStore(tmp_path)
    store.write("k", {}, {})
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read"))
    assert store.has("k")
    assert not store.has("other")


def test_whoever_takes_the_lock_finds_damaged_results_set_aside(tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    folder.tasks.write("whole", {}, {})
    folder.tasks.path("cut").write_bytes(folder.tasks.path("whole").read_bytes()[:-1])
    folder.tasks.path("empty").write_bytes(b"")
    with folder.lock():
        assert [key for key in ("whole", "cut", "empty") if folder.tasks.has(key)] == ["whole"]
    assert {each.name for each in (folder.path / "tasks" / "corrupt").iterdir()} == {"cut.npz", "empty.npz"}


def test_a_folder_that_is_not_empty_is_refused(tmp_path):
    write_bytes(tmp_path / "mine.txt", b"mine")
    with pytest.raises(InputError, match="is not empty"):
        RunFolder.create(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_without_a_run_is_named(tmp_path):
    with pytest.raises(DataError, match="is not a run folder"):
        RunFolder.open(tmp_path)


def test_arrays_appear_whole_and_are_mapped_read_only(tmp_path):
    write_arrays(tmp_path / "work", {"X": np.eye(3)}, {"names": ["a"]})
    arrays, meta = read_arrays(tmp_path / "work")
    assert meta == {"names": ["a"]}
    with pytest.raises(ValueError, match="read-only"):
        arrays["X"][0, 0] = 5.0
