"""Heavy tails are said of the best model, from held-out training events, and of no study with normal noise."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fivesigma._core.outputs import Output
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.evidence.tails import heavy_tail
from tests.study.made import outcome, prepared


def said(noise, task="regression"):
    study = prepared(task)
    model = outcome(study, "m", 0.5)
    if task == "regression":
        truth = study.data.y[study.split.train]
        model = dataclasses.replace(model, validation={Output.VALUE: truth + noise(len(truth))})
    return list(heavy_tail(Evidence(study, [model], opened=False)))


def test_a_heavy_tail_is_said_with_its_index_and_the_steadier_score():
    rng = np.random.default_rng(0)
    ((check, status, message),) = said(lambda n: rng.standard_t(1.5, n))
    assert (check, status) == ("tails", "warning")
    assert "m: the residuals of held-out training events" in message
    assert "RMSE" in message
    assert "MAE is steadier" in message


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_said_of_normal_residuals(seed):
    rng = np.random.default_rng(seed)
    assert said(lambda n: rng.normal(size=n)) == []


def test_nothing_is_said_of_a_classification():
    assert said(None, "classification") == []
