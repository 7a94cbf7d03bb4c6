"""Whether a clustering is found again: numbers of clusters, agreement of labels, and which models have none."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.data.dataset import Dataset
from fivesigma.record.sections.stability import StabilityRecord
from fivesigma.study.analyses.stability import recovered
from fivesigma.study.study import Study

RNG = np.random.default_rng(2)
X = np.concatenate([RNG.normal(m, 1.0, (40, 2)) for m in (0.0, 2.2)])
MODELS = [
    {"kind": "dummy"},
    {"kind": "k-means", "params": {"n_components": 2, "starts": 1}},
    {"kind": "k-means", "name": "too many", "params": {"n_components": 5, "starts": 1}},
    {"kind": "agglomerative", "params": {"n_components": 2}},
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    data = Dataset.from_arrays(X, np.repeat(["a", "b"], 40), task="clustering")
    study = Study(data, MODELS, evaluate={"bootstrap": 100, "refits": 6})
    return study.run(tmp_path_factory.mktemp("run") / "r", workers=1, progress=False)


def test_populations_far_apart_are_found_again_and_a_cluster_too_many_is_not(run):
    two, five = (run.results.model(name).section(StabilityRecord) for name in ("k-means", "too many"))
    assert (two.n_clusters, two.found[0].refits, two.found[0].seeds) == (2, 6, 5)
    assert min(two.refits) > 0.7
    assert min(two.clusters) > 0.85
    assert max(five.refits) < 0.9
    assert min(five.clusters) < 0.7
    assert len(five.clusters) == 5


def test_one_cluster_is_not_said_to_be_found_again_and_what_has_no_seed_has_none(run):
    assert run.results.model("dummy").section(StabilityRecord) is None
    kept = run.results.model("agglomerative").section(StabilityRecord)
    assert (len(kept.refits), kept.seeds) == (6, ())


def test_the_page_says_how_often(run):
    text = (run.path / "report.md").read_text()
    assert "Whether the clusters are found again" in text
    assert "2 (6 of 6)" in text
    assert "fitted afresh to another sample" in (run.path / "report.html").read_text()


def test_scores_are_of_the_procedure_and_without_refits_of_these_fits(run, tmp_path):
    score = run.results.model("k-means").scores["validation"]["overlap"]
    assert score.method.startswith("procedure")
    assert run.results.claim == "procedure"
    data = Dataset.from_arrays(X, np.repeat(["a", "b"], 40), task="clustering")
    fitted = Study(data, MODELS[:2], evaluate={"bootstrap": 100, "refits": 0, "claim": "fitted"})
    results = fitted.run(tmp_path / "r", workers=1, progress=False).results
    assert results.claim == "fitted"
    assert results.model("k-means").section(StabilityRecord) is None
    assert results.model("k-means").scores["validation"]["overlap"].method.startswith("fitted model:")


def test_noise_is_no_cluster_of_any_refit():
    assert recovered(np.array([0, 0, -1, 1]), [np.array([-1, -1, -1, 0])]) == (0.0, 1.0)
