"""The shipped schema of ``results.json`` is that of the records, and takes what a run writes."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

import fivesigma as fs
from fivesigma.record import schema
from fivesigma.record.sections import SECTIONS
from fivesigma.record.sections.section import Section

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
        lambda d: d.update(schema="fivesigma.results/3"),
        lambda d: d["models"][0].update(status="fine"),
        lambda d: d["models"][0].update(n_fits="3"),
        lambda d: next(iter(d["models"][1]["scores"]["test"].values())).update(sigma=3.0),
        lambda d: d.update(unexpected={}),
        lambda d: d["data"].update(unexpected=1),
        lambda d: d["split"].update(unexpected=None),
        lambda d: d["models"][0].update(unexpected=[]),
        lambda d: d["models"][1]["curve"].update(unexpected=[]),
    ],
)
def test_another_document_is_refused(document, change):
    other = json.loads(json.dumps(document))
    change(other)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(other, schema.json_schema())


@dataclass(frozen=True, kw_only=True)
class Speed(Section):
    """How fast a model is."""

    key, of = "speed", "model"

    events: float


def test_a_section_of_another_distribution_enters_the_schema_with_its_name(document):
    other = json.loads(json.dumps(document))
    other["models"][0]["speed"] = {"events": 2.0}
    with pytest.raises(jsonschema.ValidationError, match="speed"):
        jsonschema.validate(other, schema.json_schema())
    wider = schema.json_schema((*SECTIONS, Speed))
    jsonschema.validate(other, wider)
    other["models"][0]["speed"]["unit"] = "s"
    with pytest.raises(jsonschema.ValidationError, match="unit"):
        jsonschema.validate(other, wider)


def test_two_records_of_one_name_have_a_definition_each():
    named = {"__doc__": "Theirs.", "__module__": "theirs", "__annotations__": {"steps": int}}
    bare = type("PathRecord", (Section,), {**named, "key": "way", "of": "model"})
    found = schema.json_schema((*SECTIONS, dataclass(frozen=True, kw_only=True)(bare)))
    assert found["$defs"]["theirs.PathRecord"]["properties"] == {"steps": {"type": "integer"}}
    assert found["$defs"]["ModelRecord"]["properties"]["way"] == {"$ref": "#/$defs/theirs.PathRecord"}
    assert "lambdas" in found["$defs"]["PathRecord"]["properties"]
