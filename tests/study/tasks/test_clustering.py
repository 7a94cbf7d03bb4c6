"""Clustering: what is asked of it, what counts as its truth, and what it cannot be told."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.cluster import DBSCAN
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from fivesigma._core.errors import InputError, StudyError
from fivesigma._core.outputs import Output
from fivesigma.models.mixtures.clusterer import Clusterer
from fivesigma.risk.metrics import metric
from fivesigma.study.plan import Entry
from fivesigma.study.study import Study
from fivesigma.study.tasks.clustering import Clustering, density
from fivesigma.study.tasks.task import VALIDATION, Asked
from tests.study.made import prepared

TASK = Clustering()
RNG = np.random.default_rng(0)
X = np.concatenate([RNG.normal(size=(40, 2)), RNG.normal(6.0, 1.0, size=(40, 2))])


def fitted(model, parameter="n_components"):
    steps = [("standardise", StandardScaler()), ("model", Clusterer(model, parameter, 2, random_state=0))]
    return Pipeline(steps).fit(X)


def test_a_mixture_says_label_membership_and_density_in_the_units_of_the_columns():
    pipeline = fitted(GaussianMixture())
    said = TASK.predict(pipeline, X, Asked(TASK.outputs, fitted=True))
    assert list(said) == list(TASK.outputs)
    np.testing.assert_array_equal(said[Output.LABEL], said[Output.MEMBERSHIP].argmax(axis=1))
    narrow = Pipeline(pipeline.steps[:1]).transform(X)
    inside = pipeline.steps[-1][1].score_samples(narrow)
    np.testing.assert_allclose(said[Output.DENSITY], inside - np.log(X.std(axis=0)).sum())
    others = TASK.predict(pipeline, X[:3], Asked((Output.DENSITY,)))
    assert list(others) == [Output.DENSITY]


def test_one_that_labels_its_own_events_alone_says_nothing_of_others():
    pipeline = Pipeline([("model", Clusterer(DBSCAN(eps=1.5), None))]).fit(X)
    assert list(TASK.predict(pipeline, X, Asked(TASK.outputs, fitted=True))) == [Output.LABEL]
    assert TASK.predict(pipeline, X[:3], Asked(TASK.outputs)) == {}


def test_a_density_that_is_no_number_is_refused():
    with pytest.raises(InputError, match="not finite"):
        density(fitted(GaussianMixture()), np.array([-np.inf]))


def test_agreement_is_with_the_events_whose_class_is_known_and_density_with_none():
    data = prepared("clustering").data
    y = data.y.copy()
    y[[1, 4]] = -1
    data, rows = dataclasses.replace(data, y=y), np.arange(6)
    truth = TASK.truth(data, metric("overlap"), rows)
    assert rows[truth.counts].tolist() == [0, 2, 3, 5]
    assert truth.y.tolist() == y[[0, 2, 3, 5]].tolist()
    assert TASK.truth(data, metric("log_likelihood"), rows).y.tolist() == [0.0] * 6
    blind = TASK.truth(dataclasses.replace(data, y=None), metric("log_likelihood"), rows)
    assert len(blind.y) == 6


def test_only_a_density_is_judged_by_folds_and_agreement_by_refits():
    folds = {"n_folds": 3, "claim": "procedure"}
    assert TASK.judged(metric("log_likelihood"), VALIDATION, **folds).by == "folds"
    judged = TASK.judged(metric("overlap"), VALIDATION, **folds)
    assert (judged.by, judged.claim) == ("resamples", "procedure")
    assert TASK.judged(metric("overlap"), VALIDATION, n_folds=3, claim="fitted").claim == "fitted"
    assert TASK.judged(metric("log_likelihood"), VALIDATION, n_folds=1, claim="procedure").claim == "fitted"


def test_a_refit_that_labels_its_own_events_alone_labels_others_as_their_nearest_one():
    part = np.r_[0:20, 40:60]
    pipeline = Pipeline([("model", Clusterer(DBSCAN(eps=1.5), None))]).fit(X[part])
    said = TASK.predict(pipeline, X, Asked((Output.LABEL,), seen=X[part]))[Output.LABEL]
    np.testing.assert_array_equal(said[part], pipeline.steps[-1][1].labels_)
    away = np.setdiff1d(np.arange(80), part)
    nearest = ((X[away, None] - X[None, part]) ** 2).sum(axis=2).argmin(axis=1)
    np.testing.assert_array_equal(said[away], said[part][nearest])


def test_columns_are_the_cluster_and_the_probability_of_each():
    said = {Output.LABEL: np.array([1, -1]), Output.MEMBERSHIP: np.array([[0.2, 0.8], [0.5, 0.5]])}
    columns = TASK.columns("m", said, ())
    assert {name: each.tolist() for name, each in columns.items()} == {
        "m": [1, -1],
        "m:0": [0.2, 0.5],
        "m:1": [0.8, 0.5],
    }
    assert list(TASK.columns("m", {Output.LABEL: np.array([0])}, ())) == ["m"]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"n_components": 9}, "n_components is 9, and 8 events are fitted"),
        ({"start": "informed", "n_components": 1}, "the truth has 2 classes, more than n_components = 1"),
        ({"start": "informed", "n_components": 2}, ""),
        ({}, ""),
    ],
)
def test_a_model_is_unfit_for_fewer_events_than_clusters_or_classes_than_the_truth(params, said):
    data = prepared("clustering").data
    found = TASK.unfit(data, Entry("m", "gaussian-mixture", params), 8)
    assert found.startswith(said)
    assert bool(found) is bool(said)


def test_a_start_at_the_truth_needs_the_truth_of_every_event():
    data = prepared("clustering").data
    entry = Entry("m", "gibbs", {"start": "informed"})
    for y in (None, np.where(np.arange(data.n_samples) == 3, -1, data.y)):
        assert "the truth of every event" in TASK.unfit(dataclasses.replace(data, y=y), entry, 99)


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"features": {"interactions": 2}}, "features.interactions: clusters are described in the columns"),
        ({"features": {"polynomial": 2}}, "features.polynomial: clusters are described in the columns"),
        ({"explain": {"permutation": 3}}, "explain.permutation: there is no target"),
        ({"curves": {"learning": True}}, "curves: a clustering has no score on folds"),
        (
            {"models": [{"kind": "k-means", "polynomial": 2}]},
            "models\\[0\\].polynomial: clusters are described",
        ),
    ],
)
def test_keys_that_need_a_target_to_learn_are_refused(sections, said):
    with pytest.raises(StudyError, match=said):
        Study(prepared("clustering").data, task="clustering", **sections).prepared()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"w": np.ones(240), "weight": "w"}, "clusterings take no event weights"),
        ({"categories": {"x0": ("a", "b")}}, "'x0' holds text"),
        ({"X": np.ones((240, 2))}, "is constant \\(1 in every event\\)"),
        ({"X": np.full((240, 2), np.nan)}, "is missing in 240 of 240 events"),
    ],
)
def test_events_that_no_clustering_can_take_are_refused(change, said):
    study = prepared("clustering")
    with pytest.raises(InputError, match=said):
        TASK.check(study.spec, dataclasses.replace(study.data, **change))


def test_one_event_is_no_cluster():
    study = prepared("clustering")
    with pytest.raises(InputError, match="have 1 events; a clustering needs at least two"):
        TASK.check(study.spec, study.data.take(np.arange(1)))
