"""One order of the models: by validation score, what was chosen first among equals, then what was not fitted."""

from __future__ import annotations

from typing import Any

import pytest

from fivesigma.record.leaderboard import compared_on, leaderboard, not_fitted, opened_tests, ranked, score
from fivesigma.record.results import Comparison, DataRecord, ModelRecord, Results, Score, SplitRecord


def model(name: str, status: str = "ok", **parts: float | None) -> ModelRecord:
    scores = {part: {"rmse": Score(value)} for part, value in parts.items()}
    versus = {"rmse": Comparison(0.1, sigma_global=4.0)}
    return ModelRecord(name, "tree", status, scores=scores, versus_baseline=versus)


def results(*models: ModelRecord, metric: str = "rmse", **more: Any) -> Results:
    data = DataRecord("0", 9, 1, 9.0, (), None, "y")
    named = {"baseline": None, "best": None} | more
    return Results(
        "s", "regression", 0, metric, data=data, split=SplitRecord("0", 6, 3, 2), models=models, **named
    )


def names(found: Results) -> list[str]:
    return [line.model.name for line in leaderboard(found)]


def test_the_order_is_that_of_the_validation_score_whatever_the_test_says() -> None:
    found = results(
        model("poor", validation=3.0, test=0.1),
        model("failed", "failed"),
        model("good", validation=1.0, test=5.0),
        model("skipped", "skipped"),
        model("fair", validation=2.0, test=0.2),
    )
    assert names(found) == ["good", "fair", "poor", "failed", "skipped"]
    assert [each.name for each in not_fitted(found)] == ["failed", "skipped"]


def test_of_equal_scores_the_chosen_model_stands_first() -> None:
    found = results(model("a", validation=1.0), model("b", validation=1.0), best="b")
    assert [each.name for each in ranked(found)] == ["b", "a"]


def test_a_model_without_a_validation_score_is_ranked_by_its_test_and_last_without_any() -> None:
    found = results(model("none"), model("null", validation=None, test=None), model("tested", test=2.0))
    assert names(found)[0] == "tested"


@pytest.mark.parametrize(("metric", "first"), [("rmse", "low"), ("r2", "high"), ("theirs", "high")])
def test_the_direction_is_that_of_the_metric(metric: str, first: str) -> None:
    models = [
        ModelRecord(name, "tree", "ok", scores={"validation": {metric: Score(value)}})
        for name, value in (("low", 0.1), ("high", 0.9))
    ]
    assert names(results(*models, metric=metric))[0] == first


def test_models_are_compared_on_the_first_test_set_else_on_the_folds() -> None:
    tested = results(model("a", train=0.0, validation=1.0, near=2.0, far=3.0))
    assert opened_tests(tested) == ("near", "far")
    assert compared_on(tested) == "near"
    assert leaderboard(tested)[0].score == Score(2.0)
    sealed = results(model("a", train=0.0, validation=1.0))
    assert (opened_tests(sealed), compared_on(sealed)) == ((), "validation")
    assert leaderboard(sealed)[0].score == leaderboard(sealed)[0].validation == Score(1.0)


def test_a_line_has_significances_and_the_role() -> None:
    found = results(model("a", validation=1.0), model("b", validation=2.0), best="a", baseline="b")
    assert [(each.role, each.sigma_baseline, each.sigma_best) for each in leaderboard(found)] == [
        ("best", 4.0, None),
        ("baseline", 4.0, None),
    ]
    assert score(found, found.models[0], "validation", "r2") is None
