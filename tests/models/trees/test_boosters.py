"""XGBoost's bytes are read as XGBoost wrote them, and what it cannot have written is refused."""

from __future__ import annotations

import copy
import json
from importlib.util import find_spec

import numpy as np
import pytest

from fivesigma.models.trees.boosters import check, read

pytestmark = pytest.mark.skipif(find_spec("xgboost") is None, reason="the extra [boost] is not installed")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
REFUSED = r"(?s)^.+$"  # a sentence, whichever
TARGETS = {None: X[:, 0], 2: X[:, 0] > 0, 3: np.digitize(X[:, 0], [-0.5, 0.5])}


def written(n_classes, form):
    """A model of XGBoost's, as it writes it."""
    from fivesigma.models.trees.xgboost import XGBoostClassifier, XGBoostRegressor

    made = XGBoostRegressor if n_classes is None else XGBoostClassifier
    model = made(max_iter=3).fit(X, TARGETS[n_classes])
    return bytes(model.booster().save_raw(form))


@pytest.mark.parametrize("n_classes", [None, 2, 3])
def test_binary_and_text_say_the_same_and_are_sound(n_classes):
    binary, text = read(written(n_classes, "ubj")), read(written(n_classes, "json"))
    for document in (binary, text):
        check(document, n_features=3, n_classes=n_classes)
    one, other = (each["learner"]["gradient_booster"]["model"]["trees"] for each in (binary, text))
    for tree, same in zip(one, other, strict=True):
        for name in ("left_children", "split_indices", "parents"):
            assert tree[name] == same[name]
        conditions = [np.array(each["split_conditions"], dtype=np.float32) for each in (tree, same)]
        np.testing.assert_array_equal(*conditions)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[",
        b"{}x",
        b"[]",
        b"{i\x01aT",
        b"{i\xffa}",
        b"{i\x01aTi\x01aT}",
        b"{i\x01a[$l]}",
        b"{i\x01a[$T#i\x01}",
        b"{i\x01a?}",
        b"{i\x01a[$d#L\x7f\xff\xff\xff\xff\xff\xff\xff}",
        b"{i\x01a" + b"[" * 5000,
        b'{"a": 1, "a": 2}',
        b'{"a": ',
    ],
)
def test_what_is_not_one_whole_object_is_refused(content):
    with pytest.raises(ValueError, match=REFUSED):
        read(content)


def test_every_type_is_read():
    content = (
        b"{i\x01aZi\x01bTi\x01cFi\x01dSi\x02hii\x01eU\xffi\x01fI\x00\x02i\x01g[#i\x02i\x01i\x02i\x01h[D"
        + (np.array(0.5, ">f8").tobytes() + b"]}")
    )
    assert read(content) == {
        "a": None,
        "b": True,
        "c": False,
        "d": "hi",
        "e": 255,
        "f": 2,
        "g": [1, 2],
        "h": [0.5],
    }


def tree_of(document):
    return document["learner"]["gradient_booster"]["model"]["trees"][0]


DAMAGE = [
    lambda d: tree_of(d)["left_children"].__setitem__(0, 10**6),
    lambda d: tree_of(d)["left_children"].__setitem__(0, 0),
    lambda d: tree_of(d)["left_children"].__setitem__(0, -1),
    lambda d: tree_of(d)["right_children"].__setitem__(0, tree_of(d)["left_children"][0]),
    lambda d: tree_of(d)["split_indices"].__setitem__(0, 3),
    lambda d: tree_of(d)["split_conditions"].__setitem__(0, float("nan")),
    lambda d: tree_of(d)["base_weights"].pop(),
    lambda d: tree_of(d)["split_type"].__setitem__(0, 1),
    lambda d: tree_of(d)["default_left"].__setitem__(0, 2),
    lambda d: tree_of(d)["categories"].append(1),
    lambda d: tree_of(d).__setitem__("id", 7),
    lambda d: tree_of(d)["tree_param"].__setitem__("num_nodes", "1000000"),
    lambda d: tree_of(d)["tree_param"].__setitem__("num_feature", "9"),
    lambda d: tree_of(d).pop("parents"),
    lambda d: d["learner"].pop("objective"),
    lambda d: d["learner"]["objective"].__setitem__("name", "rank:ndcg"),
    lambda d: d["learner"]["learner_model_param"].__setitem__("num_feature", "9"),
    lambda d: d["learner"]["learner_model_param"].__setitem__("num_class", "9"),
    lambda d: d["learner"]["learner_model_param"].__setitem__("base_score", "[nan]"),
    lambda d: d["learner"]["gradient_booster"].__setitem__("name", "dart"),
    lambda d: d["learner"]["gradient_booster"]["model"]["tree_info"].__setitem__(0, 99),
    lambda d: d["learner"]["gradient_booster"]["model"]["iteration_indptr"].__setitem__(1, 99),
    lambda d: d["learner"]["gradient_booster"]["model"]["gbtree_model_param"].__setitem__("num_trees", "77"),
    lambda d: d["learner"]["gradient_booster"]["model"]["gbtree_model_param"].__setitem__(
        "num_parallel_tree", "2"
    ),
]


@pytest.fixture(scope="module")
def documents():
    return {n: read(written(n, "ubj")) for n in TARGETS}


@pytest.mark.parametrize("n_classes", [None, 2, 3])
@pytest.mark.parametrize("damage", DAMAGE, ids=range(len(DAMAGE)))
def test_what_xgboost_cannot_have_written_is_refused(documents, damage, n_classes):
    document = copy.deepcopy(documents[n_classes])
    damage(document)
    with pytest.raises(ValueError, match=REFUSED):
        check(document, n_features=3, n_classes=n_classes)


def test_a_base_score_of_two_classes_is_a_probability(documents):
    document = copy.deepcopy(documents[2])
    document["learner"]["learner_model_param"]["base_score"] = "[1.5]"
    with pytest.raises(ValueError, match="no probability"):
        check(document, n_features=3, n_classes=2)


def test_a_loaded_model_predicts_the_same_bits_from_text():
    from fivesigma._core.saved_state import SavedState
    from fivesigma.models.trees.xgboost import XGBoostClassifier

    model = XGBoostClassifier(max_iter=3).fit(X, TARGETS[3])
    before = model.predict_proba(X)
    model.check_state(SavedState(model))
    assert json.loads(model.booster_.tobytes())
    np.testing.assert_array_equal(model.predict_proba(X), before)
    model.check_state(SavedState(model))


@pytest.mark.parametrize(
    ("n_classes", "asked", "least", "most"), [(None, None, 150, 255), (None, 32, 20, 31), (2, None, 40, 63)]
)
def test_values_are_told_apart_as_by_xgboost_itself_and_classes_by_fewer_bins(n_classes, asked, least, most):
    from fivesigma.models.trees.xgboost import XGBoostClassifier, XGBoostRegressor

    column = np.random.default_rng(0).normal(size=(3000, 1))
    wave = np.sin(40 * column[:, 0])
    made, y = (XGBoostRegressor, wave) if n_classes is None else (XGBoostClassifier, wave > 0)
    model = made(max_iter=60, max_depth=6, max_bin=asked, min_child_weight=0.0).fit(column, y)
    trees = read(bytes(model.booster().save_raw("json")))["learner"]["gradient_booster"]["model"]["trees"]
    cuts = {
        cut
        for tree in trees
        for cut, left in zip(tree["split_conditions"], tree["left_children"], strict=True)
        if left >= 0
    }
    assert least <= len(cuts) <= most
