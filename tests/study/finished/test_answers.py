"""What the document of a model file must hold of predictive intervals."""

from __future__ import annotations

from pathlib import Path

import pytest
from sklearn.dummy import DummyRegressor

from fivesigma._core.errors import DataError
from fivesigma.risk.conformal import ConformalIntervals
from fivesigma.study.finished.answers import check_document

SOUND = ConformalIntervals.of_law().to_document()
META = {
    "name": "m", "kind": "dummy", "task": "regression", "names": ["x"], "classes": None, "categories": {},
    "units": [None], "params": {}, "target": "y",
}  # fmt: skip


@pytest.fixture
def estimator():
    return DummyRegressor().fit([[0.0], [1.0]], [0.0, 1.0])


@pytest.mark.parametrize("intervals", [[], [SOUND], [{**SOUND, "reaches": [0.5, None]}]])
def test_intervals_that_a_run_keeps_are_taken(intervals, estimator) -> None:
    check_document(Path("m"), META, estimator)  # a model of an older version says nothing of them
    check_document(Path("m"), {**META, "intervals": intervals}, estimator)


@pytest.mark.parametrize(
    "intervals",
    [
        None,
        {},
        [SOUND, SOUND],
        ["0.95"],
        [{**SOUND, "more": 1}],
        [{**SOUND, "levels": [0.5, 0.95]}],
        [{**SOUND, "reaches": [0.5]}],
        [{**SOUND, "reaches": [0.5, "wide"]}],
        [{**SOUND, "reaches": [True, 0.5]}],
        [{**SOUND, "floor": 0.0}],
        [{**SOUND, "units": float("nan")}],
        [{**SOUND, "units": -1.0}],
    ],
)
def test_others_are_refused_in_a_sentence(intervals, estimator) -> None:
    with pytest.raises(DataError, match=r"intervals.*fit it again"):
        check_document(Path("m"), {**META, "intervals": intervals}, estimator)
