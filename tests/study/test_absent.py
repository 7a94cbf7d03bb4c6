"""A model whose package is not installed is skipped, with the command that installs it; the rest of the page stands."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from fivesigma._core.errors import StudyError
from fivesigma.data.dataset import Dataset
from fivesigma.study.study import Study

COMMAND = "pip install 'fivesigma[boost]'"


@pytest.fixture
def data(monkeypatch) -> Dataset:
    monkeypatch.setitem(sys.modules, "xgboost", None)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 2))
    return Dataset.from_arrays(X, X[:, 0] + 0.1 * rng.normal(size=120))


def study(data: Dataset, **more) -> Study:
    evaluate = {"refits": 2, "bootstrap": 100} | more.pop("evaluate", {})
    return Study(data, models=["linear", "xgboost"], evaluate=evaluate, split={"folds": 2}, **more)


def test_check_says_beforehand_what_will_be_skipped(data) -> None:
    (line,) = [line for line in study(data).check() if line.startswith("xgboost")]
    assert line.startswith("xgboost: skipped, ")
    assert COMMAND in line


def test_the_page_stands_without_the_absent_model(data, tmp_path) -> None:
    asked = {"models": ["linear", "xgboost"], "permutation": 2, "drop_best": 1}
    curves = {"validation": {"xgboost": {"max_depth": [1, 2]}}}
    result = study(data, explain=asked, curves=curves).run(tmp_path / "run", workers=1, progress=False)
    absent = result.results.model("xgboost")
    assert absent.status == "skipped"
    assert COMMAND in absent.message
    assert result.results.model("linear").status == "ok"
    assert result.results.best == "linear"
    explained = result.results.explain
    assert set(explained.permutation) == {"linear"} == set(explained.drop_best)
    assert COMMAND in (tmp_path / "run" / "report.html").read_text().replace("&#39;", "'")


def test_an_absent_baseline_is_refused_in_a_sentence(data) -> None:
    with pytest.raises(StudyError, match=r"evaluate\.baseline: 'xgboost' cannot be fitted: .* pip install"):
        study(data, evaluate={"baseline": "xgboost"}).prepared()


def test_a_package_that_is_there_is_not_skipped() -> None:
    pytest.importorskip("xgboost")
    data = Dataset.from_arrays(np.arange(120.0)[:, None], np.arange(120.0) ** 0.5)
    assert not any("skipped" in line for line in study(data).check())
