"""Refits that choose cuts of their own: the fits that takes, what comes of them, and where none are made."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import fivesigma as fs
from fivesigma.record.store import RunFolder
from fivesigma.study.runner.forecast import planned
from fivesigma.study.runner.run import canonical, resume

FOLDS, REFITS = 3, 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table of two columns and two classes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(240, 2))
    y = np.where(X[:, 0] + rng.normal(size=240) > 0, "s", "b")
    path = tmp_path_factory.mktemp("cuts")
    pl.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": y}).write_csv(path / "events.csv")
    return path


def study(folder, evaluate):
    path = folder / "study.toml"
    path.write_text(
        f'[study]\nname = "cuts"\n[data]\npath = "events.csv"\ntarget = "y"\n[split]\nfolds = {FOLDS}\ntest = 0.3\n'
        f"[evaluate]\nbootstrap = 100\nrefits = {REFITS}\n{evaluate}\n"
        '[[models]]\nkind = "dummy"\n[[models]]\nkind = "naive-bayes"\n'
    )
    return fs.Study.read(path)


def crossed(plan):
    """The fits of a plan that hold out a fold of a resample, by key."""
    return {key: each for key, each in plan.tasks.items() if each.sample.without is not None}


@pytest.mark.parametrize(
    ("evaluate", "n"),
    [
        ('metric = "rejection_50"', 2 * REFITS * FOLDS),
        ('metric = "rejection_50"\nclaim = "fitted"', 0),
        ('metric = "roc_auc"', 0),
        ("", 0),
    ],
)
def test_folds_of_refits_are_fitted_only_where_claims_are_made_on_a_metric_with_a_cut(folder, evaluate, n):
    plan = planned(study(folder, evaluate).prepared())
    assert len(crossed(plan)) == n
    assert not any(each.wanted for each in crossed(plan).values())
    assert len({str(each) for each in plan.tasks.values()}) == len(plan.tasks)


@pytest.fixture(scope="module")
def run(folder):
    return study(folder, 'metric = "rejection_50"').run(folder / "run", workers=1, progress=False)


def document(path):
    return canonical(json.loads((path / "results.json").read_text(encoding="utf-8")))


def test_the_record_counts_the_fits_and_the_error_is_that_of_the_procedure_with_its_cut(run):
    model = next(each for each in run.results.models if each.name == "naive-bayes")
    assert model.n_fits >= 1 + FOLDS + REFITS * (1 + FOLDS)
    for name in ("rejection_50", "rejection_80"):
        assert model.scores["test"][name].method.startswith("procedure: ")
        assert model.scores["test"][name].error.train is not None


def test_a_run_that_lost_folds_of_refits_resumes_on_two_workers_to_the_same_bytes(run, folder):
    before, tasks = document(run.path), RunFolder(run.path).tasks
    lost = list(crossed(planned(study(folder, 'metric = "rejection_50"').prepared())))
    for key in lost:
        tasks.path(key).unlink()
    (run.path / "results.json").unlink()
    resume(run.path, workers=2, progress=False)
    assert all(tasks.has(key) for key in lost)
    assert document(run.path) == before
