"""The choice of features: those named, or every numeric column without another role; what is left out is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fivesigma._core.columns import Gapped, objects
from fivesigma._core.errors import InputError
from fivesigma.data.choice import Choice, choose, ingredients_of
from fivesigma.data.roles import Roles
from fivesigma.data.stack import INTERNAL

COLUMNS: dict[str, np.ndarray] = {
    "x": np.array([0.5, 1.5, 2.5]),
    "n": Gapped(np.array([1.0, np.nan, 3.0])),
    "ID": objects([2**70, 2**70 + 1, None]),
    "None": np.array([1.0, 2.0, 4.0]),
    "kind": objects(["a", "b", None]),
    "img": np.zeros((3, 1, 2, 2)),
    "unnamed 0": np.arange(3),
    "y": np.array([0.0, 1.0, 2.0]),
}


def _chosen(made_of: dict[str, tuple[str, ...]] | None = None, **roles: Any) -> Choice:
    return choose(COLUMNS, Roles(**roles), made_of or {}, "a table")


def test_every_number_without_another_role_is_a_feature() -> None:
    found = _chosen(target="y")
    assert found.names == ("x", "n", "ID", "None")
    said = " ".join(message for _, _, message in found.notes)
    for name in ("kind", "img", "unnamed 0"):
        assert name in said
    assert _chosen(target="y", group="n", spectators=["ID"]).names == ("x", "None")
    assert _chosen(target=["y", "x"]).names == ("n", "ID", "None")
    assert _chosen(target="y", join={"path": "p", "on": "ID"}).names == ("x", "n", "None")
    assert _chosen(target="y", categorical=["kind"]).names == ("x", "n", "ID", "None", "kind")


def test_ingredients_go_through_other_expressions() -> None:
    made_of = {"a": ("b", "x"), "b": ("n",)}
    table = COLUMNS | {"a": COLUMNS["x"], "b": COLUMNS["x"]}
    assert ingredients_of("log10(a)", table, made_of) == {"a", "b", "x", "n"}
    assert ingredients_of(("y", "b"), table, made_of) == {"y", "b", "n"}
    assert ingredients_of(None, table, made_of) == set()


def test_features_that_may_hold_the_answer_are_suspects() -> None:
    for roles, words in (
        ({"target": "y * x", "features": ["x", "n"]}, "the target is computed from the feature x"),
        ({"target": "y", "weight": "n", "features": ["x", "n"]}, "n is the weight and a feature"),
        ({"target": "y", "group": "n", "features": ["x", "n"]}, "n is the group and a feature"),
    ):
        assert any(words in message for _, _, message in _chosen(**roles).notes)
    made = _chosen({"None": ("y",)}, target="y", features=["None"])
    assert any(
        "computed from what the target 'y' is made of: None" in message for _, _, message in made.notes
    )


def test_a_column_of_no_file_is_not_named() -> None:
    with pytest.raises(InputError) as caught:
        choose({INTERNAL + "part": np.zeros(1), "x": np.ones(1)}, Roles(target="z"), {}, "a table")
    assert str(caught.value) == "target 'z' is not a column of a table. Its columns: x."


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ({"target": "z"}, "target 'z' is not a column of a table. Its columns: x, n, ID, None, kind"),
        ({"features": ["y"], "target": "y"}, "'y' is the target and a feature"),
        ({"features": ["x"], "spectators": ["x"]}, "'x' is a spectator and a feature"),
        ({"features": []}, "empty list"),
        ({"features": ["x", "x"]}, "names a column twice"),
        ({"features": ["kind"]}, "feature 'kind' of a table holds text .such as 'a'"),
        ({"features": ["img", "x"]}, "name it alone, or with arrays of its size"),
        ({"spectators": ["img"]}, "spectator 'img' is an array"),
        ({"features": ["x"], "categorical": ["kin"]}, "categorical column 'kin' .* Did you mean 'kind'"),
    ],
)
def test_choices_that_are_refused(roles: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        _chosen(**roles)


def test_an_expression_that_nothing_uses_is_refused() -> None:
    with pytest.raises(InputError, match="'None' is used nowhere"):
        _chosen({"None": ("x",)}, features=["x"])
    assert _chosen({"None": ("x",)}, features=["x"], select="`None` > 1").names == ("x",)


def test_numbers_with_a_word_among_them_are_broken() -> None:
    broken = objects([str(i) for i in range(19)] + ["oops"])
    for roles in ({"target": "y"}, {"features": ["b"]}):
        with pytest.raises(
            InputError, match=r"column 'b' of t holds numbers but for 1 value \(first 'oops' in row 19"
        ):
            choose({"b": broken, "y": np.arange(20)}, Roles(**roles), {}, "t")
    with pytest.raises(InputError, match="feature 'b' of t is missing in all 2 rows"):
        choose({"b": objects([None, None])}, Roles(), {}, "t")
    with pytest.raises(InputError, match="no numeric column is left"):
        choose({"b": objects(["u", "v"])}, Roles(), {}, "t")
    assert choose({"b": objects(["u", "v"])}, Roles(features=["b"], categorical=True), {}, "t").names == (
        "b",
    )
