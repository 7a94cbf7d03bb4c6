"""The page of a clustering: figures, tables and what is said of convergence."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.cli.outcome import broken_promises
from fivesigma.data.dataset import Dataset
from fivesigma.study.study import Study


def run(tmp_path, X, y=None, **gibbs):
    settings = {"n_components": 2, "n_sweeps": 400, "n_warmup": 100} | gibbs
    models = [
        {"kind": "k-means", "params": {"n_components": 2}},
        {"kind": "gaussian-mixture", "params": {"max_components": 3}},
        {"kind": "gibbs-mixture", "params": settings},
    ]
    data = Dataset.from_arrays(X, y, task="clustering", units=["km/s"] * X.shape[1])
    study = Study(data, models, evaluate={"bootstrap": 200})
    return study.run(tmp_path / "run", workers=1, progress=False)


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(m, 1.0, (150, 1)) for m in (0.0, 7.0)])
    return run(tmp_path_factory.mktemp("line"), X)


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(m, 1.0, (80, 3)) for m in (0.0, 7.0)])
    return run(tmp_path_factory.mktemp("plane"), X, np.repeat(["near", "far"], 80))


def test_page_of_one_column(line):
    page, text = ((line.path / name).read_text() for name in ("report.html", "report.md"))
    for figure in ("clusters", "orders", "chains-1", "together-1"):
        assert f'id="figure-{figure}"' in page
        assert (line.path / "figures" / f"{figure}.csv").stat().st_size > 100
    assert "BIC prefers 2 (gaussian-mixture)" in page
    assert "All chains have converged" in page
    assert "mean x0 [km/s]" in page
    assert "finds 2 clusters" in text
    assert "R-hat" in text


def test_page_of_a_plane_shows_truth_and_confusion(plane):
    page = (plane.path / "report.html").read_text()
    assert "against the truth" in page
    assert "80 (100 %)" in page
    assert "which no fit has seen" in page
    header = (plane.path / "figures" / "clusters.csv").read_text().splitlines()[0]
    assert header.startswith("event,component 1,component 2,truth")
    assert "principal components of the 3 standardised columns" in page
    assert 'id="components"' in page
    assert "Ellipses hold" in page


def test_chains_that_are_too_short_break_a_promise(tmp_path):
    rng = np.random.default_rng(1)
    result = run(tmp_path, rng.normal(size=(60, 1)), n_sweeps=20, n_warmup=0)
    failed = [each for each in result.results.audit if each.status == "failed"]
    assert [each.check for each in failed] == ["convergence"]
    assert "gibbs-mixture did not converge" in failed[0].message
    assert "effective draws" in failed[0].message
    assert broken_promises(result, strict=False)
    page = (result.path / "report.html").read_text()
    assert "Not converged" in page
    assert "standard deviations apart (below 3)" in page


def test_nothing_is_drawn_of_other_tasks(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 1))
    study = Study(
        Dataset.from_arrays(X, X[:, 0] + rng.normal(size=60)), ["linear"], evaluate={"bootstrap": 100}
    )
    page = study.run(tmp_path / "r", workers=1, progress=False).path / "report.html"
    assert "figure-clusters" not in page.read_text()
