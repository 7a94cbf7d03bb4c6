"""Decision regions of studies of two features: in the record, on the page, and nowhere else."""

from __future__ import annotations

import numpy as np

from fivesigma.data.dataset import Dataset
from fivesigma.record.sections.regions import PlaneRecord, RegionsRecord
from fivesigma.study.study import Study


def run(tmp_path, p: int, n_classes: int):
    rng = np.random.default_rng(0)
    y = rng.integers(0, n_classes, 200)
    X = rng.normal(size=(200, p))
    X[:, 0] += 3 * y
    study = Study(
        Dataset.from_arrays(X, y),
        models=["dummy", "logistic"],
        split={"folds": 3},
        evaluate={"bootstrap": 100, "refits": 2},
    )
    return study.run(tmp_path / f"run{p}", workers=1, progress=False)


def test_regions_are_the_probabilities_of_the_stored_model(tmp_path) -> None:
    result = run(tmp_path, 2, 3)
    kept = result.results.model("logistic").section(RegionsRecord)
    x, y, p = (np.array(each) for each in (kept.x, kept.y, kept.probability))
    assert p.shape == (len(y), len(x), 3)
    grid = np.array([[x[5], y[40]], [x[50], y[3]]])
    again = result.model("logistic").predict_proba(grid)
    np.testing.assert_allclose(p[[40, 3], [5, 50]], again, atol=6e-4)
    assert p[:, 0].argmax(axis=1).tolist() == [0] * len(y)
    plane = result.results.data.section(PlaneRecord)
    assert len(plane.values) == len(plane.target) == result.results.split.n_train
    assert "Decision regions" in (result.path / "report.html").read_text()
    assert (result.path / "figures" / "regions.csv").is_file()


def test_three_features_have_no_plane(tmp_path) -> None:
    result = run(tmp_path, 3, 2)
    assert "regions" not in result.results.model("logistic").sections
    assert "Decision regions" not in (result.path / "report.html").read_text()
