"""Trees are fitted to the rows of a study where these lie: no fit copies the table, and the record is the same."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from fivesigma.study.fit import recipe
from fivesigma.study.fit.data import FitData
from fivesigma.study.plan import Entry
from fivesigma.study.runner.run import canonical
from fivesigma.study.runner.worker import Worker
from fivesigma.study.study import Study

STUDY = """
[study]
name = "columns"
[data]
path = "events.parquet"
target = "y"
[[models]]
name = "logistic"
kind = "logistic"
[[models]]
name = "boosting"
kind = "boosting"
params = { max_iter = 3 }
[[models]]
name = "forest"
kind = "forest"
params = { n_estimators = 3 }
[evaluate]
baseline = "logistic"
bootstrap = 200
claim = "fitted"
"""


@pytest.fixture
def study(tmp_path):
    """Return a study of float32 columns with gaps, with the path of its file."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3)).astype(np.float32)
    y = (X[:, 0] + rng.normal(size=300) > 0).astype(int)
    X[rng.random(X.shape) < 0.05] = np.nan
    pl.DataFrame({f"x{j}": X[:, j] for j in range(3)} | {"y": y}).write_parquet(tmp_path / "events.parquet")
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path / "study.toml"


def test_fits_of_trees_copy_no_table_and_say_what_they_say_of_a_copy(study, tmp_path, monkeypatch):
    copied, plain = [], FitData.table

    def table(self, rows, entry):
        copied.append(entry.name)
        return plain(self, rows, entry)

    monkeypatch.setattr(FitData, "table", table)
    documents = []
    for reads in (recipe.reads_columns, lambda estimator: False):
        copied.clear()
        monkeypatch.setattr(recipe, "reads_columns", reads)
        out = tmp_path / f"run {len(documents)}"
        Study.read(study).run(out, workers=1, progress=False)
        documents.append(canonical(json.loads((out / "results.json").read_text())))
        assert set(copied) == ({"logistic"} if len(documents) == 1 else {"logistic", "boosting", "forest"})
    assert documents[0] == documents[1]


def test_rows_of_a_table_are_not_copied_and_images_are(study):
    data = Study.read(study).prepared().fit_data
    some = data.columnwise(np.array([5, 2]), Entry("boosting", "boosting", features=("x2", "x0")))
    np.testing.assert_array_equal(np.asarray(some), data.X[[5, 2]][:, [2, 0]].astype(np.float64))
    images = FitData(
        np.zeros((4, 2, 2), np.float32), data.y[:4], None, data.units[:4], np.arange(4), np.zeros(4), {},
        {**data.meta, "kind": "image", "names": ["a", "b"]},
    )  # fmt: skip
    assert images.columnwise(np.arange(2), Entry("net", "boosting")).shape == (2, 2, 2)


def test_fits_in_the_process_of_the_run_share_its_arrays(study, tmp_path, monkeypatch):
    shared = []
    plain = Worker.fitter.func

    def fitter(self):
        found = plain(self)
        shared.append(
            [getattr(found.data, name) is getattr(self.held, name) for name in ("X", "y", "units", "train")]
        )
        return found

    monkeypatch.setattr(Worker, "fitter", property(fitter))
    Study.read(study).run(tmp_path / "run", workers=1, progress=False)
    assert shared
    assert all(map(all, shared))
