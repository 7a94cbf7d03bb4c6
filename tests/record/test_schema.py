"""The shipped schema of ``results.json`` is that of the records, and takes what a run writes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

import fivesigma as fs
from fivesigma.record import schema

jsonschema = pytest.importorskip("jsonschema")


@pytest.fixture(scope="module", params=["classification", "regression"])
def document(request, tmp_path_factory):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(120, 2))
    classifies = request.param == "classification"
    y = (X[:, 0] > 0) * 1 if classifies else X[:, 0]
    study = fs.Study(
        fs.Dataset.from_arrays(X, y),
        models=["dummy", "tree", ("broken", NeverClassifies() if classifies else NeverRegresses())],
        split={"folds": 2},
        evaluate={"bootstrap": 100, "refits": 2},
    )
    folder = tmp_path_factory.mktemp("schema") / "run"
    study.run(folder, workers=1, progress=False)
    return json.loads((folder / "results.json").read_text())


class NeverRegresses(RegressorMixin, BaseEstimator):
    """A regressor that never fits."""

    def fit(self, X, y):
        raise ValueError("never")


class NeverClassifies(ClassifierMixin, BaseEstimator):
    """A classifier that never fits."""

    def fit(self, X, y):
        raise ValueError("never")

    def predict_proba(self, X):
        raise ValueError("never")


def test_the_shipped_schema_is_the_one_of_the_records():
    assert schema.PATH.read_text(encoding="utf-8") == schema.text(), "run python -m fivesigma.record.schema"


def test_a_run_writes_what_the_schema_says(document):
    jsonschema.Draft202012Validator.check_schema(schema.json_schema())
    jsonschema.validate(document, json.loads(schema.PATH.read_text(encoding="utf-8")))
    assert {model["status"] for model in document["models"]} == {"ok", "failed"}


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("claims"),
        lambda d: d.update(schema="fivesigma.results/2"),
        lambda d: d["models"][0].update(status="fine"),
        lambda d: d["models"][0].update(n_fits="3"),
        lambda d: next(iter(d["models"][1]["scores"]["test"].values())).update(sigma=3.0),
    ],
)
def test_another_document_is_refused(document, change):
    other = json.loads(json.dumps(document))
    change(other)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(other, schema.json_schema())
