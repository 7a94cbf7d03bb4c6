"""One temperature: found where it was planted, better log loss of a network that is too sure, the same classes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss

from fivesigma._core.errors import StudyError
from fivesigma.data.dataset import Dataset
from fivesigma.models.neural import MLPClassifier
from fivesigma.models.tempered import Tempered, best_temperature, tempered
from fivesigma.record.sections.temperature import TemperatureRecord
from fivesigma.study.study import Study

RNG = np.random.default_rng(9)
SURE = {"epochs": 150, "early_stopping": False, "learning_rate": 0.01}
X = RNG.normal(size=(500, 5))
Y = (X[:, 0] + 1.2 * RNG.normal(size=500) > 0).astype(int)


@pytest.mark.parametrize("planted", [0.3, 1.0, 2.5])
def test_a_planted_temperature_is_found_by_weighted_log_loss(planted):
    true = softmax(2 * RNG.normal(size=(20_000, 3)), axis=1)
    codes = (true.cumsum(axis=1) < RNG.random(20_000)[:, None]).sum(axis=1)
    said = tempered(true, 1 / planted)
    assert best_temperature(said, codes, np.ones(20_000)) == pytest.approx(planted, rel=0.06)
    w = RNG.integers(0, 3, 20_000)
    copies = np.repeat(np.arange(20_000), w)
    one = best_temperature(said, codes, w.astype(float))
    assert one == pytest.approx(best_temperature(said[copies], codes[copies], np.ones(len(copies))), rel=1e-5)


def test_a_network_that_is_too_sure_gets_a_better_log_loss_and_the_same_classes():
    model = Tempered(MLPClassifier((50, 50), **SURE)).fit(X[:200], Y[:200])
    held, truth = X[200:], Y[200:]
    assert model.temperature_ > 1.5
    with_, without = model.predict_proba(held), model.untempered(held)
    assert log_loss(truth, with_) < 0.8 * log_loss(truth, without)
    np.testing.assert_array_equal(with_.argmax(axis=1), without.argmax(axis=1))


def test_undoing_it_gives_the_probabilities_of_the_network():
    p = softmax(5 * RNG.normal(size=(50, 3)), axis=1)
    np.testing.assert_allclose(tempered(tempered(p, 3.0), 1 / 3.0), p, atol=1e-12)


def test_groups_stay_together_and_no_row_is_kept_with_the_model():
    groups = np.repeat(np.arange(50), 10)
    model = Tempered(MLPClassifier((4,), epochs=3))
    held = model._held(X, Y, groups)
    assert 0 < held.sum() < 100
    assert not set(groups[held]) & set(groups[~held])
    assert model.fit(X, Y, groups=groups).estimator_.validation is None


def test_too_few_rows_are_not_divided():
    assert Tempered(MLPClassifier((2,), epochs=3)).fit(X[:3], [0, 1, 1]).temperature_ == 1.0


def test_a_study_says_what_the_temperature_changes(tmp_path):
    params = {**SURE, "epochs": 25, "hidden": [50, 50], "n_members": 1, "temperature": True}
    models = [{"kind": "dummy"}, {"kind": "mlp", "params": params}]
    study = Study(Dataset.from_arrays(X, Y), models, evaluate={"bootstrap": 100, "refits": 2})
    result = study.run(tmp_path / "r", workers=1, progress=False)
    kept = result.results.model("mlp").section(TemperatureRecord)
    assert kept.temperature > 1.3
    assert kept.part == "test"
    assert kept.log_loss < kept.log_loss_without
    assert kept.error.value < kept.error_without.value
    assert kept.log_loss == pytest.approx(result.results.model("mlp").scores["test"]["log_loss"].value)
    assert "history" in result.results.model("mlp").sections
    text = (result.path / "report.html").read_text()
    assert "divided by a temperature of" in text
    assert "the calibration off by" in text


def test_a_regression_has_no_temperature():
    models = [{"kind": "dummy"}, {"kind": "mlp", "params": {"temperature": True, "epochs": 2}}]
    study = Study(Dataset.from_arrays(X, X[:, 0]), models, evaluate={"bootstrap": 100, "refits": 2})
    with pytest.raises(StudyError, match="temperature = True is not possible in regression; expected False"):
        study.check()
