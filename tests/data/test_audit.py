"""The audit sees what is planted, and is quiet where nothing is."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.data.dataset import Dataset


def warned(data: Dataset) -> dict[str, str]:
    return {check: message for check, status, message in data.audit if status == "warning"}


def clean(seed: int, n: int = 400, p: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X[:, 0] + rng.normal(size=n)


@pytest.mark.parametrize("kind", ["regression", "classification"])
def test_fifty_clean_tables_are_not_flagged(kind):
    for seed in range(50):
        X, y = clean(seed)
        target = y if kind == "regression" else np.where(y > 0, "s", "b")
        assert warned(Dataset.from_arrays(X, target)) == {}, seed


@pytest.mark.parametrize("seed", range(5))
def test_a_monotone_copy_of_the_target_is_a_leak(seed):
    X, y = clean(seed)
    X[:, 3] = np.exp(y / 3) + 1e-6 * np.random.default_rng(seed).normal(size=len(y))
    assert warned(Dataset.from_arrays(X, y))["leak"].endswith("x3")


@pytest.mark.parametrize("classes", [2, 3])
def test_a_feature_that_separates_the_classes_is_a_leak(classes):
    X, y = clean(1)
    code = np.digitize(y, np.quantile(y, np.arange(1, classes) / classes))
    for leak in (code.astype(float), code + 0.1 * np.random.default_rng(0).random(len(y))):
        X[:, 2] = leak
        assert warned(Dataset.from_arrays(X, [f"c{k}" for k in code]))["leak"].endswith("x2")


def test_duplicates_constants_and_missing_are_counted():
    X, y = clean(2)
    X[10:15] = X[3]
    X[:, 4] = 7.0
    X[50:390, 1] = np.nan
    found = warned(Dataset.from_arrays(X, y))
    assert found["duplicates"].startswith("5 of 400")
    assert found["constant"].endswith("x4")
    assert "x1 85 %" in found["missing"]


@pytest.mark.parametrize(
    ("name", "values", "flagged"),
    [
        ("EventId", np.arange(100.0), True),
        ("event_id", np.arange(100.0) * 7, True),
        ("trigger_num", np.arange(100.0), True),
        ("EventId", np.arange(100.0) / 3, False),
        ("run", np.repeat(np.arange(50.0), 2), False),
        ("width", np.arange(100.0), False),
        ("humidity", np.arange(100.0), False),
    ],
)
def test_event_numbers(name, values, flagged):
    assert ("identifier" in warned(Dataset.from_arrays(values[:, None], names=[name]))) is flagged


def test_few_effective_events_are_a_warning():
    X, y = clean(3)
    w = np.ones(400)
    data = Dataset.from_arrays(X, y, w=w)
    assert ("weights", "ok", "400 events with weights count as N_eff = 400.0") in data.audit
    w[0] = 1e4
    assert "N_eff = 1.1" in warned(Dataset.from_arrays(X, y, w=w))["weights"]


def test_spearman_equals_scipy():
    from scipy.stats import rankdata

    from fivesigma.data.audit.leaks import ranks

    values = np.random.default_rng(0).integers(0, 9, size=100)
    np.testing.assert_array_equal(ranks(values), rankdata(values))
