"""A run notes what it opens, and what was open before: of given tests, of simulated events, of training rows."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fivesigma.record.opened import seen_of
from fivesigma.record.store import RunFolder
from fivesigma.study.runner.run import resume
from fivesigma.study.study import Study

TEXT = """
[study]
name = "NAME"
[data]
DATA
target = "y"
features = ["a", "b"]
[split]
folds = 2
test = TEST
[evaluate]
bootstrap = 100
refits = 2
[[models]]
kind = "dummy"
[[models]]
kind = "linear"
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr("fivesigma.report.render", lambda *given: None)
    rng = np.random.default_rng(0)
    for name, n in (("main", 90), ("other", 40)):
        rows = [",".join(f"{x:.5f}" for x in each) for each in rng.normal(size=(n, 3))]
        (tmp_path / f"{name}.csv").write_text("\n".join(["a,b,y", *rows]))
    return tmp_path


def run(place, out, test, *, name="s", data='path = "main.csv"', blind=False, text=TEXT, **more):
    document = text.replace("NAME", name).replace("DATA", data).replace("TEST", test)
    (place / "s.toml").write_text(document)
    return Study.read(place / "s.toml", **more).run(place / out, workers=1, progress=False, blind=blind)


def seen(result):
    return seen_of(RunFolder(result.path).manifest())


def test_a_given_test_is_known_again_in_the_file_that_it_came_from(place):
    first = run(place, "first", '{ path = "other.csv" }')
    again = run(place, "again", '{ far = { path = "other.csv" } }', name="renamed")
    alone = run(place, "alone", "0.5", data='path = "other.csv"')
    assert [seen(first)["test"].before, seen(first)["train"].before] == [0, 0]
    assert (seen(again)["far"].before, seen(again)["far"].most) == (40, 2)
    assert seen(alone)["test"].before == seen(alone)["test"].n
    assert seen(alone)["train"].before == seen(alone)["train"].n
    assert [each.run for each in seen(again)["far"].by] == ["first"]
    assert [each.not_blind for each in (first, again, alone)] == [False, True, True]


def test_a_file_that_is_read_in_another_way_is_known_again_by_its_rows(place):
    first = run(place, "first", "0.3")
    table = place / "main.csv"
    text = table.read_text()
    again = run(place, "again", '{ column = "b", value = "0.5" }'.replace("0.5", text.splitlines()[1].split(",")[1]),
                data='path = "main.csv"\ntext = ["b"]', text=TEXT.replace('["a", "b"]', '["a"]'))  # fmt: skip
    n = seen(again)["train"].before + seen(again)["test"].before
    assert n == seen(first)["test"].n
    table.write_text(text + "\n1,2,3")
    other = run(
        place,
        "other",
        "0.3",
        data='path = "main.csv"\ntext = ["b"]',
        text=TEXT.replace('["a", "b"]', '["a"]'),
    )
    assert seen(other)["test"].before + seen(other)["train"].before == 1, (
        "of another file the row is, that was read alike"
    )


def test_simulated_events_are_known_by_what_was_drawn(place):
    text = TEXT.replace('target = "y"\nfeatures = ["a", "b"]\n', "")
    data = 'source = "simulate:toys"\n[source]\nn = 120'
    text = text.replace("linear", "naive-bayes")
    runs = [run(place, f"r{i}", "0.3", data=data, text=text, seed=seed) for i, seed in enumerate((1, 1, 2))]
    assert [seen(each)["test"].before for each in runs] == [0, seen(runs[0])["test"].n, 0]


def test_training_rows_that_were_a_test_elsewhere_are_said_and_leave_the_study_blind(place):
    first = run(place, "first", "0.3")
    renamed = run(place, "renamed", '{ path = "other.csv" }', name="renamed")
    assert seen(renamed)["test"].before == 0
    assert seen(renamed)["train"].before == seen(first)["test"].n
    assert not renamed.not_blind
    folds = run(place, "folds", "0", name="folds")
    assert folds.not_blind, "without a test the claims are made on the training rows"
    assert len(json.loads((place / "folds" / "manifest.json").read_text())["seen"]) == 1


def test_a_blind_run_opens_nothing_and_a_resumed_one_nothing_twice(place):
    run(place, "first", "0.3")
    ledger = place / ".fivesigma" / "ledger.jsonl"
    before = ledger.read_bytes()
    blind = run(place, "blind", "0.3", blind=True)
    assert ledger.read_bytes() == before
    assert seen(blind)["test"].before == seen(blind)["test"].n, "what is open already is known beforehand"
    (place / "first" / "results.json").unlink()
    resumed = resume(place / "first", workers=1, progress=False)
    assert ledger.read_bytes() == before
    assert seen(resumed)["test"].before == 0


def test_a_broken_ledger_stops_who_opens_a_test_and_no_one_else(place):
    run(place, "first", "0.3")
    ledger = place / ".fivesigma" / "ledger.jsonl"
    ledger.write_text(ledger.read_text().replace('"n": ', '"n": 1'))
    with pytest.raises(Exception, match="does not follow from the one before"):
        run(place, "second", "0.3")
    folds = run(place, "folds", "0")
    assert seen(folds) == {}
    assert "what was opened before is not known" in (folds.path / "log.txt").read_text()
