"""The fits that the scores of a model are made of: which samples refits are to, by what a copy of an event is to it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import DBSCAN, KMeans

from fivesigma.data.dataset import Dataset
from fivesigma.study.analyses.fits import fits_of, sample_of_refits, samples_of_refits
from fivesigma.study.registry.registry import kinds
from fivesigma.study.study import Study


def prepared(models, task="regression", n=80, p=3, **sections):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    y = X[:, 0] if task == "regression" else (X[:, 0] > 0).astype(int)
    sections = {"split": {"test": 0.25} if task != "clustering" else {}} | sections
    return Study(Dataset.from_arrays(X, y), models=models, task=task, **sections).prepared()


def kind_of(study, name):
    return sample_of_refits(study, study.plan.entry(name))


@pytest.mark.parametrize(
    ("model", "p", "sample"),
    [
        ("nearest", 3, "nine tenths"),
        ("knn", 3, "resample"),
        ({"kind": "knn", "params": {"n_neighbors": 1}}, 3, "nine tenths"),
        ({"kind": "knn", "tune": {"n_neighbors": [1, 9]}}, 3, "resample"),
        ("ridge", 3, "resample"),
        ("ridge", 60, "nine tenths"),
        ({"kind": "ridge", "interactions": 2}, 12, "nine tenths"),
        ("linear", 61, "nine tenths"),
        ("tree", 61, "resample"),
        ("dummy", 61, "resample"),
    ],
)
def test_what_goes_through_its_events_is_refitted_to_parts_of_them(model, p, sample):
    name = model if isinstance(model, str) else model["kind"]
    study = prepared([model], p=p)
    assert kind_of(study, name) == sample
    assert {each.kind for each in samples_of_refits(study, study.plan.entry(name))} == {sample}


def test_a_clustering_that_labels_its_own_events_alone_is_refitted_to_halves():
    own = [("mine", KMeans(2, n_init=1)), ("dense", DBSCAN())]
    study = prepared([*own, "hdbscan", "agglomerative", "k-means"], "clustering")
    found = {entry.name: kind_of(study, entry.name) for entry in study.plan.entries}
    assert found == {
        "dummy": "resample",
        "mine": "resample",
        "dense": "five tenths",
        "hdbscan": "five tenths",
        "agglomerative": "five tenths",
        "k-means": "resample",
    }


def test_kinds_that_label_no_others_are_those_that_cannot_predict():
    """The law of the family: a kind says that it labels others if and only if its clustering can."""
    from fivesigma.study.registry.kind import Request

    for kind in kinds().values():
        if kind.tasks == ("clustering",):
            made = kind.build(Request("clustering", kind.checked({}), 0, 2))
            assert made.can("predict") == kind.labels_others, kind.name


def test_refits_of_chains_have_one_chain_and_a_small_clustering_has_none():
    study = prepared(["gibbs-mixture"], "clustering")
    fits = fits_of(study, study.plan.entry("gibbs-mixture"))
    again = [fit for fit in fits if fit.sample.again or fit.seed]
    assert len(again) == 15
    assert all(fit.params == {"n_chains": 1} and not fit.is_final for fit in again)
    assert fits[0].is_final
    few = prepared(["gibbs-mixture"], "clustering", n=29)
    assert samples_of_refits(few, few.plan.entry("gibbs-mixture")) == []


def test_parts_are_whole_units_each_once():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 4)
    data = Dataset.from_arrays(rng.normal(size=(80, 2)), rng.normal(size=80), groups=groups)
    study = Study(data, models=["nearest"], split={"test": 0.25, "folds": 3}).prepared()
    train = study.split.train
    for sample in samples_of_refits(study, study.plan.entry("nearest")):
        rows = study.fit_data.rows(sample, 0)
        assert len(np.unique(rows)) == len(rows)
        assert set(rows) <= set(train)
        assert set(np.bincount(groups[rows])) <= {0, 4}
        n_units = len(np.unique(groups[train]))
        assert len(np.unique(groups[rows])) == round(0.9 * n_units)
        assert study.fit_data.share(sample) == round(0.9 * n_units) / n_units


def test_a_large_line_up_that_nobody_chose_has_no_neighbours_and_says_so(monkeypatch) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    data = Dataset.from_arrays(X, (X[:, 0] > 0).astype(int))
    monkeypatch.setattr("fivesigma.study.analyses.fits.LARGE", 50)
    for models, large in ((None, True), (["tree"], False)):
        study = Study(data, models=models, split={"test": 0.25, "folds": 3})
        tree = fits_of(study.prepared(), study.prepared().plan.entry("tree"))
        assert any(fit.params for fit in tree) is not large
        assert sum(fit.sample.kind == "fold" for fit in tree) == (3 if large else 9)
        assert any("less or more flexible" in line for line in study.check()) is large
