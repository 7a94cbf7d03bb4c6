"""A saved model takes events as it was trained on them: by name, in the same shape, with the same members marked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.data.dataset import Dataset
from fivesigma.study.finished.fitted_model import FittedModel


def model(events: str, names: list[str], shape: list[int]) -> FittedModel:
    return FittedModel(
        None, {"events": events, "names": names, "shape": shape, "categories": {}, "classes": None}
    )


def test_channels_are_found_by_name_whatever_their_order() -> None:
    X = np.random.default_rng(0).normal(size=(4, 3, 2, 2))
    data = Dataset.from_arrays(X, names=["u", "g", "r"])
    np.testing.assert_array_equal(model("image", ["r", "u"], [2, 2, 2]).columns(data), X[:, [2, 0]])


@pytest.mark.parametrize("k", [2, 3, 5])
def test_sets_are_padded_to_the_members_of_training_and_absent_ones_are_marked(k: int) -> None:
    X = np.random.default_rng(0).normal(size=(4, k, 2))
    mask = np.ones((4, k), dtype=bool)
    mask[:, 2:] = False
    mask[1, 1] = False
    found = model("set", ["pt", "eta"], [3, 2]).columns(
        Dataset.from_arrays(X, names=["pt", "eta"], mask=mask)
    )
    assert found.shape == (4, 3, 2)
    there = ~np.isnan(found).any(axis=2)
    np.testing.assert_array_equal(there[:, :2], mask[:, :2])
    assert not there[:, 2].any()
    np.testing.assert_array_equal(found[there], X[mask])


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (np.zeros((4, 2, 3, 2)), r"shape \(4, 2, 3, 2\); expected \(n, 2, 2, 2\), as in training"),
        (np.zeros((4, 8)), r"expected \(n, 2, 2, 2\)"),
        (np.full((4, 2, 2, 2), np.inf), "infinite"),
        (Dataset.from_arrays(np.zeros((4, 2))), "of kind 'table'; the model was trained on 'image'"),
    ],
)
def test_other_events_are_refused_in_a_sentence(X: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        model("image", ["a", "b"], [2, 2, 2]).columns(X)


def test_a_set_with_more_members_than_in_training_is_refused() -> None:
    data = Dataset.from_arrays(np.zeros((4, 3, 1)), names=["pt"], mask=np.ones((4, 3), dtype=bool))
    with pytest.raises(InputError, match="more than 2 members, the most in training"):
        model("set", ["pt"], [2, 1]).columns(data)
