"""An answer that a study cannot fill is refused before anything is fitted."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.data.dataset import Dataset
from fivesigma.study.spec.document import Spec, StudyError
from fivesigma.study.study import Study

RNG = np.random.default_rng(3)
X = RNG.normal(size=(80, 2))
NUMBERS = Dataset.from_arrays(X, X[:, 0] + RNG.normal(size=80), names=["a", "b.c"])
CLASSES = Dataset.from_arrays(X, np.where(X[:, 0] > 0, "s", "b"), names=["a", "b.c"])
LINEAR = ["dummy", "linear"]


def study(answer: str, data: Dataset = NUMBERS, models: list[str] | None = None, **sections: object) -> Study:
    return Study(data, models=models or LINEAR, answer=answer, **sections)


REFUSED = {
    "populations": (study("populations"), "a regression has no populations"),
    "trend": (study("trend"), "no [scan] and no [curves.validation]"),
    "importance": (study("importance"), "nothing of [explain] ranks the columns"),
    "ablation": (study("ablation", explain={"permutation": 5}), "nothing of [explain] takes columns away"),
    "law": (study("law", models=["dummy", "forest"]), 'kind = "linear"'),
    "coefficients": (study("coefficients", CLASSES, ["dummy", "tree"]), 'kind = "logistic"'),
    "difference": (study("difference", models=["dummy"]), "one model"),
    "model": (study("models.forest.scores.test.rmse"), "expected one of dummy, linear"),
    "test": (study("models.linear.scores.gizmo.rmse"), "expected one of train, validation, test"),
    "metric": (study("models.linear.scores.test.rmsle"), "Did you mean 'rmse'?"),
    "more": (study("models.linear.scores.test"), "holds more than one number"),
    "below": (study("best.score"), "nothing stands below 'best'"),
}
FILLED = {
    "best": study("best"),
    "law": study("law"),
    "coefficients": study("coefficients", CLASSES, ["dummy", "logistic"]),
    "importance": study("importance", explain={"permutation": 5}),
    "ablation": study("ablation", explain={"drop_best": True}),
    "a score": study("models.linear.scores.test.rmse"),
    "its limit": study("models.linear.scores.validation.rmse.high"),
    "a column with a dot": study("data.features.b.c.mean"),
    "an entry of a list": study("claims.0.effect"),
    "a setting": study("models.linear.params.whatever"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_answer_that_cannot_be_filled_is_refused_in_one_sentence(case: str) -> None:
    asked, why = REFUSED[case]
    with pytest.raises(StudyError) as refused:
        asked.prepared()
    said = str(refused.value)
    assert said.startswith("Study: study.answer: '")
    assert why in said
    assert said.endswith((".", "?"))


@pytest.mark.parametrize("case", FILLED)
def test_an_answer_that_can_be_filled_is_prepared(case: str) -> None:
    asked = FILLED[case]
    assert asked.prepared().spec.study.answer == asked.answer


@pytest.mark.parametrize("word", ["bset", "", "models.", ".rmse", "a..b", 3])
def test_a_word_that_is_no_answer_is_refused_with_those_that_are(word: object) -> None:
    with pytest.raises(StudyError, match=r"study\.answer: .* is no answer; expected one of best, difference"):
        Spec.from_document({"study": {"answer": word}, "data": {"path": "t.csv", "target": "y"}})


def test_the_answer_is_in_the_record_and_no_point_of_a_scan_has_one(tmp_path) -> None:
    asked = Study(
        None,
        given=Spec.from_document(
            {
                "study": {"answer": "trend"},
                "data": {"source": "simulate:cube", "target": "label"},
                "source": {"n": 60, "d": 2},
                "models": [{"kind": "dummy"}, {"kind": "nearest"}],
                "evaluate": {"bootstrap": 100, "refits": 2, "metric": "accuracy"},
                "scan": {"source.d": [2, 3], "repeats": 2},
            }
        ),
    )
    result = asked.run(tmp_path / "r", workers=1, progress=False)
    assert result.answer.startswith("As d goes from 2 to 3, accuracy of “nearest” ")
    assert '"answer": "trend"' in (tmp_path / "r" / "results.json").read_text()
    assert result.answer in (tmp_path / "r" / "report.md").read_text()
