"""The document of a model says what its own columns mean, and nothing of the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fivesigma.models.trees import ExtraTreesClassifier, ExtraTreesRegressor
from fivesigma.study.fit.saved import about, feature_plan, model_file
from fivesigma.study.plan import Entry

META = {
    "names": ["pt", "eta", "colour"],
    "units": ["GeV", None, None],
    "categories": {"colour": ["blue", "red"]},
    "columns": {
        "pt": {"read": "number"},
        "eta": {"read": "number"},
        "colour": {"read": "text"},
        "px": {"read": "number"},
    },
    "classes": ["b", "s"],
    "task": "classification",
    "target": "kind",
    "targets": [],
    "data": "0",
    "kind": "table",
    "shape": [3],
    "missing": "native",
    "standardise": True,
}


def test_a_model_of_some_columns_keeps_theirs_and_what_columns_are_made_of():
    found = about(META, Entry("m", "tree", {"max_depth": 2}), np.array([2, 0]))
    assert (found["names"], found["units"]) == (["colour", "pt"], [None, "GeV"])
    assert found["categories"] == {"colour": ["blue", "red"]}
    assert found["columns"] == {
        "pt": {"read": "number"}, "colour": {"read": "text", "labels": ["blue", "red"]}, "px": {"read": "number"}
    }  # fmt: skip
    assert not {"targets", "events", "shape"} & set(found)
    assert about(META | {"targets": ["a", "b"]}, Entry("m", "tree"), np.array([0]))["targets"] == ["a", "b"]


def test_events_that_are_no_rows_keep_the_shape_of_the_channels_chosen():
    image = {**META, "kind": "image", "shape": [3, 8, 9], "categories": {}}
    found = about(image, Entry("m", "net"), np.array([0, 2]))
    assert (found["events"], found["shape"]) == ("image", [2, 8, 9])
    assert about({**image, "kind": "set", "shape": [7, 3]}, Entry("m", "net"), np.array([1]))["shape"] == [
        7,
        1,
    ]


def test_the_plan_of_features_is_that_of_the_study_and_the_entry():
    whole = feature_plan(Entry("m", "tree"), META)
    assert (whole.names, whole.categories, whole.standardise) == (
        ("pt", "eta", "colour"),
        {"colour": ("blue", "red")},
        None,
    )
    some = feature_plan(Entry("m", "tree", features=("eta",), polynomial=3), META | {"standardise": False})
    assert (some.names, some.categories, some.polynomial, some.standardise) == (("eta",), {}, 3, False)
    assert (
        feature_plan(Entry("m", "net"), META | {"kind": "image", "categories": {}}).steps(
            native=False, standardise=True
        )
        == []
    )


def test_no_word_of_a_user_is_in_the_path_of_a_model():
    class Folder:
        models = Path("models")

    assert model_file(Folder(), 3) == Path("models/model-03.fivesigma")


def test_what_a_study_eliminates_by_is_our_trees():
    for task, made in (("classification", ExtraTreesClassifier), ("regression", ExtraTreesRegressor)):
        entry = Entry("m", "tree", {}, reduce=({"kind": "rfe", "n": 2, "rank": "forest"},))
        steps = dict(feature_plan(entry, {**META, "task": task}).steps(native=True, standardise=False))
        assert isinstance(steps["rfe"].rank, made)
        assert steps["rfe"].rank.random_state == 0
