"""Roles: lists are lists, texts are texts, and targets may be several."""

from __future__ import annotations

from typing import Any

import pytest

from fivesigma._core.errors import FivesigmaError
from fivesigma.data.roles import Roles


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ({"weight": ["w"]}, "weight must be text"),
        ({"group": 3}, "group must be text"),
        ({"features": "pt"}, r"features must be a list, got the text 'pt'; write \['pt'\]"),
        ({"spectators": "pt"}, "spectators must be a list"),
        ({"target": 3}, "target must be text, or a list"),
        ({"target": ["a", 3]}, "target must be text, or a list"),
        ({"target": []}, "target is an empty list"),
        ({"target": ["a", "a"]}, "names a column twice"),
    ],
)
def test_what_is_no_role(roles: dict[str, Any], words: str) -> None:
    with pytest.raises(FivesigmaError, match=words):
        Roles(**roles)


@pytest.mark.parametrize(
    ("target", "targets"), [(None, ()), ("a", ("a",)), (["a"], ("a",)), (["a", "b"], ("a", "b"))]
)
def test_targets_are_a_tuple(target: Any, targets: tuple[str, ...]) -> None:
    assert Roles(target=target).targets == targets


@pytest.mark.parametrize(
    ("missing", "codes", "words"),
    [
        (None, (), ()),
        (-999, (-999,), ()),
        ("?", ("?",), ("?",)),
        ([-999, "?", 2**63], (-999, "?", 2**63), ("?",)),
    ],
)
def test_codes_of_missing_values(missing: Any, codes: tuple[Any, ...], words: tuple[str, ...]) -> None:
    roles = Roles(missing=missing)
    assert (roles.codes, roles.words) == (codes, words)
