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


class Brightness(ClassifierMixin, BaseEstimator):
    """Which of two classes an image is of, by the sign of its mean."""

    def fit(self, X, y):
        self.shape_, self.classes_ = X.shape[1:], np.unique(y)
        return self

    def predict_proba(self, X):
        assert X.shape[1:] == self.shape_
        p = 1 / (1 + np.exp(-10 * X.reshape(len(X), -1).mean(axis=1)))
        return np.column_stack([1 - p, p])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def test_images_go_to_an_estimator_as_they_are_and_to_no_model_of_a_table(tmp_path):
    y = np.arange(120) % 2
    X = np.random.default_rng(1).normal(size=(120, 1, 4, 4)) + 0.6 * (y[:, None, None, None] - 0.5)
    images = fs.Dataset.from_arrays(X, y)
    quick = {"split": {"folds": 3}, "evaluate": {"bootstrap": 100, "refits": 2, "claim": "fitted"}}
    result = fs.Study(images, models=[("mine", Brightness())], **quick).run(tmp_path / "run", progress=False)
    assert (result.results.data.kind, result.results.data.shape) == ("image", (1, 4, 4))
    assert result.results.model("mine").scores["test"]["roc_auc"].value > 0.75
    assert {each.name for each in result.results.models} == {"mine", "dummy"}
    with pytest.raises(fs.InputError, match=r"'logistic' takes events of kind table, and these .* 'image'"):
        fs.Study(images, models=["logistic"]).check()
    with pytest.raises(fs.InputError, match="of kind 'image', and clusterings take a table"):
        fs.Study(fs.Dataset.from_arrays(X)).check()


def test_a_blind_run_of_arrays_is_unblinded_by_its_study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = fs.Study(DATA, models=["dummy"], split={"folds": 2}, evaluate={"bootstrap": 100, "refits": 2})
    sealed = study.run("run", workers=1, progress=False, blind=True)
    assert "test" not in sealed.results.model("dummy").scores
    assert "test" in study.unblind("run", progress=False).results.model("dummy").scores
