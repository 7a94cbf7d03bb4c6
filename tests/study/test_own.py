"""What is given in Python and cannot be run is refused in a sentence, before anything is written."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression, Ridge

import fivesigma as fs
from fivesigma._core.errors import WrongTypeError

X = np.random.default_rng(0).normal(size=(60, 2))
DATA = fs.Dataset.from_arrays(X, (X[:, 0] > 0).astype(int))


class LabelsOnly(ClassifierMixin, BaseEstimator):
    """A classifier without scores."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)


class Tagless:
    """Something with scikit-learn's verbs and nothing else."""

    def fit(self, X, y):
        return self

    def get_params(self, deep=True):
        return {}


@pytest.mark.parametrize(
    ("estimator", "words"),
    [
        (LogisticRegression, "is a class; give an instance"),
        (LabelsOnly(), "labels only; expected predict_proba or decision_function"),
        (Tagless(), "no estimator.*BaseEstimator"),
        (Ridge(), "does not do classification"),
        (5, "no estimator"),
    ],
)
def test_an_estimator_that_cannot_be_run_leaves_no_folder(tmp_path, estimator, words):
    study = fs.Study(DATA, models=["dummy", ("mine", estimator)])
    with pytest.raises(fs.InputError, match=f"'mine': .*{words}"):
        study.run(tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_arrays_and_a_bare_word_are_refused():
    with pytest.raises(WrongTypeError, match="a study needs a Dataset, got ndarray"):
        fs.Study(X).check()
    with pytest.raises(WrongTypeError, match=r"write \['logistic'\]"):
        fs.Study(DATA, models="logistic").check()


def test_events_that_are_no_rows_are_refused():
    images = fs.Dataset.from_arrays(np.zeros((60, 4, 4)), np.arange(60) % 2)
    with pytest.raises(fs.InputError, match=r"shape \(4, 4\) are not in this version"):
        fs.Study(images).check()


def test_a_blind_run_of_arrays_is_unblinded_by_its_study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = fs.Study(DATA, models=["dummy"], split={"folds": 2}, evaluate={"bootstrap": 100, "refits": 2})
    sealed = study.run("run", workers=1, progress=False, blind=True)
    assert "test" not in sealed.results.model("dummy").scores
    assert "test" in study.unblind("run", progress=False).results.model("dummy").scores
