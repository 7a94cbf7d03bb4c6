"""The leaderboard as a user prints it."""

from __future__ import annotations

import pytest

from fivesigma.study.finished.result import _with_error


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (None, "sealed"),
        ({"value": 0.8612, "low": 0.8401, "high": 0.8791}, "0.861 [0.840 to 0.879]"),
        ({"value": 4321.0, "low": 1100.0, "high": 9400.0}, "4300 [1100 to 9400]"),
        ({"value": None, "low": None, "high": None}, "—"),
    ],
)
def test_scores_of_any_size_have_their_interval(score: dict[str, float] | None, text: str) -> None:
    assert _with_error(score) == text
