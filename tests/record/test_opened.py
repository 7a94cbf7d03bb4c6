"""Rows of openings: told by either hash, kept whole or known to be damaged."""

from __future__ import annotations

import numpy as np

from fivesigma.record.opened import Earlier, OpenedRows, Seen, among, distinct, not_blind, seen_of


def test_a_set_has_one_file_whatever_its_order(tmp_path):
    kept, hashes = OpenedRows(tmp_path), np.arange(20, dtype=np.uint64).reshape(10, 2)
    assert kept.keep(hashes) == kept.keep(hashes[::-1])
    assert len(list(tmp_path.iterdir())) == 1
    assert kept.keep(hashes[1:]) != kept.keep(hashes)
    assert kept.read("0" * 64) is None
    assert kept.read(None) is None


def test_a_row_is_among_others_by_any_of_its_hashes_in_its_place():
    ours = np.array([[1, 2], [3, 4], [2, 1]], dtype=np.uint64)
    assert among(ours, np.array([[9, 2], [3, 9]], dtype=np.uint64)).tolist() == [True, True, False]


def test_each_run_counts_once_with_its_largest_share():
    found = [Earlier("s", "r", "a", 3), Earlier("s", "r", "b", 9), Earlier("t", "r", "a", 1)]
    assert distinct(found) == (found[1], found[2])


def test_what_is_judged_on_open_rows_is_not_blind():
    clean, open_ = Seen(100).to_document(), Seen(100, 1, 2).to_document()
    manifest = {"seen": {"test": clean, "far": open_, "train": open_}}
    assert not not_blind(manifest, "test"), "rows that others tested on may be trained on"
    assert not_blind(manifest, "far")
    assert not_blind(manifest, "validation"), "folds are judged on the training rows"
    assert not not_blind({"openings": {"test": 4}}, "test"), "a run of version 0.1.0"
    assert seen_of(manifest)["test"] == Seen(100)
