"""The training of networks on the page: from a record alone, in words and as curves."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fivesigma.record.sections.history import HistoryRecord
from fivesigma.report.history.figure import groups, history_plot
from fivesigma.report.history.section import SECTION, sentences
from fivesigma.report.page import page
from fivesigma.report.plot import drawing
from fivesigma.report.section import View
from tests.report import fixture as made

EPOCHS = 40


def member(seed, *, failed=False, **params):
    at = np.arange(1, EPOCHS + 1)
    fall = 1.0 / at + 1e-3 * at + 0.001 * np.random.default_rng(seed).random(EPOCHS)
    held, epoch = fall + 0.1, int(fall.argmin()) + 1
    return {
        "n_epochs": EPOCHS,
        "epoch": None if failed else epoch,
        "failed": failed,
        "train": fall.tolist(),
        "validation": held.tolist(),
        "kept": None if failed else float(held.min()),
        "params": params,
    }


def section(members, **changed):
    document = {"loss": "mse", "most": 60, "epochs": list(range(1, EPOCHS + 1)), "members": members}
    return HistoryRecord.from_document(document | changed)


def results(kept):
    base = made.binary(3, 2, 100)
    models = tuple(
        dataclasses.replace(m, sections={**m.sections, "history": kept}) if m.name == base.best else m
        for m in base.models
    )
    return dataclasses.replace(base, models=models, timing={"models": {base.best: 3.25}})


def said(kept):
    view = View(results(kept), made.MANIFEST)
    return sentences(view, view.best, kept)


def test_it_says_how_many_members_how_long_and_in_which_time():
    text = said(section([member(0), member(1)], n_fits=9, others=[12, 20, 35]))
    assert text.startswith(
        "2 members, 40 of at most 60 epochs in 3.2 s, by mean squared error; kept is epoch "
    )
    assert (
        "Over 9 fits to folds and other training sets the epochs kept are 12 to 35, their median 20." in text
    )


def test_members_that_fail_are_named_here_and_in_other_fits():
    diverged = [{"fit": f"fold {k}", "members": [1]} for k in range(7)]
    text = said(section([member(0, failed=True), member(1)], n_fits=20, diverged=diverged))
    assert "member 1 in epoch 40" in text
    assert "7 of 20 other fits" in text
    assert "and 2 more" in text


def test_a_loss_that_still_falls_asks_for_more_epochs():
    late = member(0) | {"epoch": EPOCHS, "n_epochs": EPOCHS}
    assert "1 of 2 had the lowest loss in the last epoch" in said(section([late, member(1)], most=EPOCHS))
    assert "last epoch" not in said(section([member(1)], most=EPOCHS))


def test_a_run_without_a_history_has_no_section_and_one_with_it_has():
    assert not SECTION.applies(View(made.binary(3, 2, 100), made.MANIFEST))
    assert 'id="training"' in page(results(section([member(0), member(1)])), made.MANIFEST).html


def test_members_are_drawn_by_the_settings_in_which_they_differ_unless_these_are_many():
    few = section([member(k, learning_rate=10.0 ** -(k % 2)) for k in range(4)])
    assert {label: len(each) for label, each in groups(few).items()} == {
        "learning_rate = 1": 2,
        "learning_rate = 0.1": 2,
    }
    many = section([member(k, learning_rate=1.0 + k) for k in range(9)])
    assert [len(each) for each in groups(many).values()] == [9]


@pytest.mark.parametrize(
    "kept",
    [
        section([member(0)]),
        section([member(k) for k in range(20)]),
        section([member(0, learning_rate=0.1), member(1, learning_rate=0.2, failed=True)]),
        section([member(0, failed=True)]),
        section([member(0) | {"validation": None, "train": [-k / 10 for k in range(EPOCHS)], "kept": -3.9}]),
        section([member(0) | {"train": [10.0 ** (3 - k / 4) for k in range(EPOCHS)]}]),
        section(
            [member(0) | {"train": [0.5], "validation": None, "n_epochs": 1, "epoch": 1, "kept": 0.5}],
            epochs=[1],
        ),
    ],
    ids=["one", "many", "settings", "failed", "negative", "decades", "one epoch"],
)
def test_every_shape_of_a_training_is_drawn_with_its_numbers(kept):
    view = View(results(kept), made.MANIFEST)
    drawn = drawing(history_plot(view.best, kept, 1))
    assert drawn.inline.startswith("<svg")
    assert drawn.table.splitlines()[0] == "member,rows,epoch,loss,kept"
    assert len(drawn.table.splitlines()) > 1
