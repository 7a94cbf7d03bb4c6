"""What is said of a seal: how many rows were open before, by whom, and what that does to σ."""

from __future__ import annotations

import pytest

from fivesigma.record.opened import Earlier, Seen
from fivesigma.report.seal import analyses, not_blind, of_training, sealed, sentence

BY = tuple(Earlier("first", f"r{i}", "test", 100) for i in range(4))


@pytest.mark.parametrize(
    ("opened", "seen", "said", "mark"),
    [
        (1, Seen(100, 0, 1), "opened 1 time; none of its 100 rows was open before.", "good"),
        (1, Seen(100, 0, 1, at_least=True), "kept no rows, so that it may be more.", "good"),
        (
            5,
            Seen(105, 100, 5, by=BY),
            "100 of the 105 rows were open before, by first (r0, r1, r2, r3).",
            "warning",
        ),
        (2, Seen(105, 7, 2, True, BY[:1]), "at least 7 of the 105 rows", "warning"),
        (1, Seen(105, 7, 1, True, BY[:1]), "at least 7 of the 105 rows", "warning"),
    ],
)
def test_a_test_says_how_many_rows_were_open_before(opened, seen, said, mark):
    text, found = sentence(opened, {"test": seen})
    assert said in text
    assert found == mark


def test_several_tests_are_told_by_name_and_older_runs_by_their_count():
    text, _ = sentence(2, {"near": Seen(10, 4, 2, by=BY[:1]), "far": Seen(20, 0, 1)})
    assert "4 of the 10 rows of “near” were open before, by first (r0)" in text
    assert "none of its 20 rows of “far” was open before" in text
    assert sentence(7, {}) == ("The most-opened test row was opened 7 times.", "warning")
    assert sentence(None, {})[1] == "warning"


def test_training_rows_that_were_a_test_elsewhere_are_said():
    manifest = {"seen": {"train": Seen(400, 90, 1, by=BY[:2]).to_document()}}
    assert of_training(manifest) == ("Of the training rows 90 had been opened as a test by first (r0, r1).")
    assert of_training({}) == ""
    assert "90 of the 400 training rows that σ rests on" in not_blind(manifest, ())


def test_an_older_run_is_named_by_the_beginning_of_its_key():
    assert analyses([Earlier("s", "0123456789abcdef" * 2 + ":test", "test", 1)]) == "s (run 01234567)"


def test_a_test_that_stays_sealed_may_have_been_opened_by_others():
    clean, mark = sealed({"test": Seen(40)})
    assert (clean, mark) == ("The test set is sealed; no model has been scored on it.", "good")
    known, mark = sealed({"near": Seen(40), "far": Seen(9, 3, 1, True, BY[:1])})
    assert known.endswith("But at least 3 of the 9 rows of “far” were open before, by first (r0).")
    assert mark == "warning"
