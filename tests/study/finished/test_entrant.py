"""A run enters a comparison on the events that it shares with another, whatever both call them."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from fivesigma.study.finished.compare import compare, why_unpaired
from fivesigma.study.finished.entrant import Entrant, entrants, same_file
from fivesigma.study.finished.result import load
from fivesigma.study.study import Study

TEXT = """
[study]
name = "s"
[data]
path = "d.csv"
target = "y"
features = ["a", "b"]
[split]
folds = 2
test = { column = "late", value = "yes" }
[evaluate]
bootstrap = 100
refits = 3
metric = "rmse"
[[models]]
kind = "dummy"
[[models]]
kind = "tree"
params = { max_depth = 2 }
"""
STUDIES = {
    "plain": [],
    "renamed": [
        ('name = "s"', 'name = "t"'),
        ("test = { column", "test = { far = { column"),
        ('"yes" }', '"yes" } }'),
    ],
    "weighted": [('target = "y"', 'target = "y"\nweight = "w"')],
    "squared": [('target = "y"', 'target = "y**2"')],
    "grouped": [('target = "y"', 'target = "y"\ngroup = "g"')],
    "sealed less": [('value = "yes"', 'value = "very"')],
    "folds": [('test = { column = "late", value = "yes" }', "test = 0")],
    "all events": [
        ('test = { column = "late", value = "yes" }', "test = 0"),
        ("refits = 3", "refits = 2\ncrossfit = true"),
    ],
    "more": [('["a", "b"]', '["a", "b", "w"]'), ("refits = 3", "refits = 4")],
}


@pytest.fixture(scope="module")
def entered(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("entrants"), np.random.default_rng(0)
    late = np.where(np.arange(160) < 60, "yes", np.where(np.arange(160) < 90, "very", "no"))
    drawn = enumerate(zip(rng.normal(size=(160, 3)), late, strict=True))
    rows = [f"{a:.4f},{b:.4f},{a + c:.4f},{i % 3 + 1},{i // 4},{when}" for i, ((a, b, c), when) in drawn]
    (folder / "d.csv").write_text("\n".join(["a,b,y,w,g,late", *rows]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fivesigma.report.render", lambda *given: None)
        for name, edits in STUDIES.items():
            text = TEXT
            for old, new in edits:
                assert old in text
                text = text.replace(old, new)
            (folder / "s.toml").write_text(text)
            Study.read(folder / "s.toml").run(folder / name, workers=1, progress=False)
    return {each.name: each for each in entrants([load(folder / name) for name in STUDIES])}


def test_the_same_rows_are_paired_under_another_name_of_study_and_test(entered):
    plain, renamed = entered["plain"], entered["renamed"]
    assert (plain.part, renamed.part) == ("test", "far")
    assert plain.sealed["test"] == renamed.sealed["far"]
    found = compare([plain.result.path, renamed.result.path])["runs"][1]
    assert (found["paired"], found["difference"]) == (True, 0.0)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("weighted", "their event weights differ"),
        ("squared", "their targets differ"),
        ("sealed less", "their splits differ: other rows are sealed"),
        ("folds", "a test set is absent or sealed"),
        (
            "all events",
            "one is judged on all events by halves, which are not paired; put both models into one study",
        ),
    ],
)
def test_why_two_runs_are_not_paired(entered, name, why):
    assert why_unpaired(entered["plain"], entered[name]) == why
    assert why_unpaired(entered[name], entered["plain"]) == why


def test_no_two_runs_end_in_an_error_of_a_metric(entered):
    every = list(entered.values())
    for one in every:
        found = compare([one.result.path, *(each.result.path for each in every)])
        assert [each["model"] for each in found["runs"]]
        assert all(each["paired"] == (each["difference"] is not None) for each in found["runs"][1:])


def test_events_in_groups_are_paired_where_the_groups_were_kept(entered):
    grouped = entered["grouped"]
    for part in ("train", "test"):
        rows = grouped.column("row", part)
        np.testing.assert_array_equal(grouped.groups(part), np.unique(rows // 4, return_inverse=True)[1])
    assert why_unpaired(grouped, entered["plain"]) == ""


def test_groups_that_a_run_has_not_kept_are_asked_for_by_name(entered, tmp_path):
    shutil.copytree(entered["grouped"].result.path, tmp_path / "old")
    (tmp_path / "old" / "rows.npz").unlink()
    old = Entrant(load(tmp_path / "old"))
    assert why_unpaired(old, entered["plain"]).startswith("their events come in groups; name 'g' among")


def test_another_number_of_refits_is_not_paired_and_still_of_the_procedures(entered):
    found = compare([entered["plain"].result.path, entered["more"].result.path])["runs"][1]
    assert found["claim"] == "procedure"
    assert "4 and 3 refits, not paired" in found["method"]


def test_training_rows_are_told_by_what_stays_together_of_them_too(entered):
    plain = entered["plain"]
    assert plain.training == entered["renamed"].training == entered["more"].training
    assert plain.training != entered["grouped"].training, "whole groups are resampled"
    assert plain.training != entered["sealed less"].training


def test_a_run_is_called_by_its_path_where_its_folder_names_several(entered, tmp_path):
    result = entered["plain"].result
    assert [each.name for each in entrants([result, result])] == [str(result.path)] * 2
    assert same_file(Entrant(result), entered["folds"])
