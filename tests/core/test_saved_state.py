"""What a class asks of its loaded state: the right is handed out, everything else is refused by name."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from fivesigma._core.saved_state import MOST, SavedState, UnsoundStateError

A = np.arange(6.0).reshape(2, 3)


def ask(question, value, *args, **kwargs):
    return getattr(SavedState(SimpleNamespace(x=value)), question)("x", *args, **kwargs)


@pytest.mark.parametrize(
    ("question", "value", "args", "kwargs"),
    [
        ("floats", A, ((2, 3),), {}),
        ("floats", A, ((None, 3),), {"low": 0.0, "high": 5.0}),
        ("floats", A.astype("f4"), ((2, None),), {"dtype": np.float32}),
        ("floats", np.empty((0, 3)), ((None, 3),), {"low": 1.0}),
        ("whole", np.array([-1, 7], np.int32), ((2,),), {"low": -1, "high": 7}),
        ("indices", np.array([0, 3], np.uint8), ((None,), 4), {}),
        ("labels", np.array(["a", "b"]), (), {}),
        ("labels", np.array([1.0, 2.0]), (2,), {}),
        ("count", np.int64(3), (), {}),
        ("count", 0, (0,), {}),
        ("number", 1, (), {}),
        ("number", np.float32(0.5), (), {"low": 0.0, "high": 1.0}),
        ("word", "a", ("a", "b"), {}),
        ("word", None, ("a", None), {}),
        ("truth", np.bool_(True), (), {}),
        ("part", {}, (dict, list), {}),
        ("parts", [1, 2], (int,), {}),
        ("parts", (1, 2), (int,), {"n": 2}),
        ("fitted", SimpleNamespace(predict=len, n_features_in_=3), (3,), {}),
        ("fitted", SimpleNamespace(fit=len), (3, "fit"), {}),
    ],
)
def test_what_is_right_is_handed_out(question, value, args, kwargs):
    found = ask(question, value, *args, **kwargs)
    assert list(found) == list(value) if isinstance(value, tuple) else np.all(found == value)


@pytest.mark.parametrize(
    ("question", "value", "args", "kwargs"),
    [
        ("floats", A, ((3, 2),), {}),
        ("floats", A, ((6,),), {}),
        ("floats", A.astype("f4"), ((2, 3),), {}),
        ("floats", A.tolist(), ((2, 3),), {}),
        ("floats", np.array([np.nan]), ((1,),), {}),
        ("floats", np.array([np.inf]), ((1,),), {}),
        ("floats", A, ((2, 3),), {"low": 0.5}),
        ("floats", A, ((2, 3),), {"high": 4.5}),
        ("whole", np.array([1.0]), ((1,),), {}),
        ("whole", np.array([MOST + 1]), ((1,),), {}),
        ("indices", np.array([-1]), ((1,), 4), {}),
        ("indices", np.array([4]), ((1,), 4), {}),
        ("labels", np.array(["a", "a"]), (), {}),
        ("labels", np.array(["a", "b"]), (3,), {}),
        ("labels", np.array([[1], [2]]), (), {}),
        ("labels", np.array([1j, 2j]), (), {}),
        ("labels", [1, 2], (), {}),
        ("count", True, (), {}),
        ("count", 1.0, (), {}),
        ("count", 0, (), {}),
        ("count", 10**30, (), {}),
        ("number", "1", (), {}),
        ("number", False, (), {}),
        ("number", np.nan, (), {}),
        ("number", -1.0, (), {"low": 0.0}),
        ("word", "c", ("a", "b"), {}),
        ("word", 1, ("a", "b"), {}),
        ("word", ["a"], ("a",), {}),
        ("truth", 1, (), {}),
        ("part", {}, (list,), {}),
        ("parts", {1: 2}, (int,), {}),
        ("parts", [1, "a"], (int,), {}),
        ("parts", [1, 2], (int,), {"n": 3}),
        ("fitted", SimpleNamespace(predict=len, n_features_in_=4), (3,), {}),
        ("fitted", SimpleNamespace(predict=1), (), {}),
        ("fitted", dict, (None, "keys"), {}),
    ],
)
def test_what_is_not_is_refused_with_its_name(question, value, args, kwargs):
    with pytest.raises(UnsoundStateError, match=r"^SimpleNamespace\.x is .*; expected "):
        ask(question, value, *args, **kwargs)


def test_an_absent_attribute_is_refused_and_can_be_asked_for():
    state = SavedState(SimpleNamespace(a=1, b=None))
    assert (state.has("a"), state.has("b"), state.has("c")) == (True, False, False)
    with pytest.raises(UnsoundStateError, match="c is absent"):
        state.get("c")


def test_any_other_expectation_is_put_in_words():
    state = SavedState(SimpleNamespace(a=A, b=[1]))
    state.expect(True, "a", "rising")
    for name, said in (("a", r"a float64 array of shape \(2, 3\)"), ("b", "a list")):
        with pytest.raises(UnsoundStateError, match=f"{name} is {said}; expected rising"):
            state.expect(False, name, "rising")


@dataclass
class Setting:
    share: float = 0.5

    def __post_init__(self):
        if not 0 < self.share < 1:
            raise ValueError("share is out of range")


def test_settings_are_what_their_constructor_takes():
    SavedState(Setting()).constructed()
    for wrong in ({"share": 2.0}, {"share": "x"}, {"other": 1.0}):
        broken = Setting()
        broken.__dict__.clear()
        broken.__dict__.update(wrong)
        with pytest.raises(UnsoundStateError, match="Setting: "):
            SavedState(broken).constructed()
