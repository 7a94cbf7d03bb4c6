"""Declared symmetries: distances by hand, the average against the model with its σ, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

import fivesigma as fs
from fivesigma.record.sections.symmetries import SymmetriesRecord

RNG = np.random.default_rng(3)
N = 240
X = RNG.normal(size=(N, 1, 4, 4))
Y = X.mean(axis=(1, 2, 3)) + 0.01 * RNG.normal(size=N)
QUICK = {"split": {"folds": 2}, "evaluate": {"bootstrap": 200, "refits": 3}}


class Left(RegressorMixin, BaseEstimator):
    """The mean brightness, and ``bias`` times how much brighter the left half is."""

    def __init__(self, bias=0.0):
        self.bias = bias

    def fit(self, X, y):
        self.offset_ = float(np.mean(y - X.mean(axis=(1, 2, 3))))
        return self

    def predict(self, X):
        left, right = X[..., :2].mean(axis=(1, 2, 3)), X[..., 2:].mean(axis=(1, 2, 3))
        return X.mean(axis=(1, 2, 3)) + self.offset_ + self.bias * (left - right)


def run(tmp_path, models, names, data=None, **more):
    study = fs.Study(
        data or fs.Dataset.from_arrays(X, Y), models=models, features={"symmetries": names}, **QUICK | more
    )
    return study.run(tmp_path / "run", progress=False).results


def test_distances_are_those_by_hand_and_a_symmetric_model_has_none(tmp_path) -> None:
    found = run(tmp_path, [("even", Left()), ("odd", Left(0.5))], ["flip", "rotate90"])
    even, odd = (found.model(name).section(SymmetriesRecord) for name in ("even", "odd"))
    flip = {each.name: each for each in odd.each}["flip"]
    assert (even.part, even.what, even.n_elements) == ("test", "value", 8)
    assert max(each.apart.value for each in even.each) < 1e-12
    spread = 2 * 0.5 * (X[..., :2].mean(axis=(1, 2, 3)) - X[..., 2:].mean(axis=(1, 2, 3)))
    assert flip.apart.value == pytest.approx(np.sqrt(np.mean(spread**2)), rel=0.25)
    assert flip.apart.low < flip.apart.value < flip.apart.high
    assert odd.error.value == pytest.approx(0.5 * flip.apart.value, rel=0.05)


def test_the_average_is_a_claim_with_the_procedures_sigma(tmp_path) -> None:
    found = run(tmp_path, [("even", Left()), ("odd", Left(0.5))], ["flip"])
    even, odd = (found.model(name).section(SymmetriesRecord).change for name in ("even", "odd"))
    assert odd.difference > 0.1
    assert odd.sigma_local > 3
    assert even.difference == pytest.approx(0.0, abs=1e-12)
    texts = [each.text for each in found.claims]
    assert any(
        text.startswith("odd averaged over its symmetries is") and "odd on r2" in text for text in texts
    )
    assert any("for the procedure" in text for text in texts if "averaged over" in text)


def test_without_a_test_folds_judge(tmp_path) -> None:
    found = run(tmp_path, [("odd", Left(0.5))], ["flip"], split={"folds": 3, "test": 0.0})
    kept = found.model("odd").section(SymmetriesRecord)
    assert kept.part == "validation"
    assert kept.change.difference > 0.1
    assert kept.each[0].apart.value > kept.error.value


def test_classes_targets_and_features_of_images_have_distances_too(tmp_path) -> None:
    label = np.digitize(X[:, 0, :, 0].mean(axis=1), [-0.2, 0.2])
    models = [{"kind": "logistic", "image": ["pixels"]}]
    of_classes = run(tmp_path / "a", models, ["flip", "translate"], fs.Dataset.from_arrays(X, label))
    kept = of_classes.model("logistic").section(SymmetriesRecord)
    assert kept.what == "probability"
    assert 0 < kept.each[0].apart.value < 1
    assert [each.n_elements for each in kept.each] == [1, 3]
    both = fs.Dataset.from_arrays(X, np.column_stack([Y, 1e6 * Y]), target=["a", "b"])
    of_targets = run(tmp_path / "b", [{"kind": "ridge", "image": ["pixels"]}], ["flip"], both)
    assert of_targets.model("ridge").section(SymmetriesRecord).error.value < 1


def test_a_study_without_symmetries_says_nothing_of_them(tmp_path) -> None:
    study = fs.Study(fs.Dataset.from_arrays(X, Y), models=[("even", Left())], **QUICK)
    found = study.run(tmp_path / "run", progress=False).results
    assert found.model("even").section(SymmetriesRecord) is None
    assert "symmetries" not in study.prepared().plan.shared


def test_events_without_the_symmetry_are_refused_before_a_fit() -> None:
    wide = fs.Dataset.from_arrays(X[..., :3], Y)
    with pytest.raises(
        fs.InputError, match=r"features.symmetries: 'rotate90' turns square images, .* 4 × 3 pixels"
    ):
        fs.Study(wide, models=[("odd", Left())], features={"symmetries": ["rotate90"]}).check()
    table = fs.Dataset.from_arrays(X.reshape(N, -1), Y)
    with pytest.raises(
        fs.InputError, match=r"symmetries are of images and sequences, and an event is of kind 'table'"
    ):
        fs.Study(table, models=["ridge"], features={"symmetries": ["flip"]}).check()
    with pytest.raises(fs.InputError, match=r"features\.symmetries"):
        fs.Study(wide, models=[("odd", Left())], features={"symmetries": ["turn"]}).check()
