"""Predictive laws: the families' geometry, one law for every question, calibration, refusals."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from fivesigma._core.errors import InputError
from fivesigma._core.saved_state import SavedState, UnsoundStateError
from fivesigma.explain.shapley import shapley_values
from fivesigma.models.trees import (
    BoostingRegressor,
    LogNormal,
    NaturalGradientBoosting,
    Normal,
    PredictiveLaw,
    StudentT,
    continuous_ranked_probability_score,
    negative_log_likelihood,
)
from fivesigma.models.trees.binning import Bins
from fivesigma.models.trees.natural_gradient import _Trees
from fivesigma.models.trees.recalibration import Recalibration

FAMILIES = [Normal(), LogNormal(), StudentT(5.0), StudentT(3.5)]
BENT = Recalibration(np.array([-3.0, -1.0, 0.5, 2.0]), np.array([-2.0, -1.0, 0.0, 1.5]))
MAPS = {"as it is": Recalibration.identity(), "recalibrated": BENT}
THETA = np.array([[0.3, -0.5], [-0.2, 0.1]])


def _data(n: int, seed: int = 4):
    rng = np.random.default_rng(seed)
    X = np.exp(rng.normal(size=(n, 6)) * 0.6)
    scale = 0.15 + 0.2 * (X[:, 0] > 1)
    return X, np.log(X[:, 0] * X[:, 1] ** 0.5 + X[:, 2]) + scale * rng.normal(size=n)


def _named(family):
    return type(family).__name__ + str(getattr(family, "degrees", ""))


@pytest.mark.parametrize("family", FAMILIES, ids=_named)
def test_slope_is_the_derivative_of_the_negative_log_likelihood(family) -> None:
    t, theta, h = np.linspace(-3, 3, 13), np.array([0.2, -0.3]), 1e-6

    def nll(mu, log_s):
        return log_s - family.log_density((t - mu) / np.exp(log_s))

    of_mu, of_scale = family.slope((t - theta[0]) / np.exp(theta[1]))
    np.testing.assert_allclose(
        of_mu / np.exp(theta[1]),
        (nll(theta[0] + h, theta[1]) - nll(theta[0] - h, theta[1])) / 2 / h,
        atol=1e-7,
    )
    np.testing.assert_allclose(
        of_scale, (nll(theta[0], theta[1] + h) - nll(theta[0], theta[1] - h)) / 2 / h, atol=1e-7
    )


@pytest.mark.parametrize("family", FAMILIES, ids=_named)
def test_information_is_the_variance_of_the_slope(family) -> None:
    for which in (0, 1):
        found, _ = integrate.quad(
            lambda z, q=which: float(
                family.slope(np.array([z]))[q][0] ** 2 * np.exp(family.log_density(np.array([z]))[0])
            ),
            -np.inf,
            np.inf,
        )
        assert found == pytest.approx(family.information[which], rel=1e-6)


@pytest.mark.parametrize("family", FAMILIES, ids=_named)
@pytest.mark.parametrize("name", MAPS)
def test_density_quantiles_and_moments_are_of_one_law(family, name) -> None:
    law = PredictiveLaw(family, THETA, MAPS[name])
    q = np.array([0.001, 0.1587, 0.5, 0.9, 0.999])
    y = law.quantile(q)
    for k, level in enumerate(q):  # the quantile is the inverse of the distribution function
        np.testing.assert_allclose(law.cdf(y[:, k]), level, rtol=1e-9)
    row = PredictiveLaw(family, THETA[:1], MAPS[name])
    # the density is smooth between the images of the knots only, so it is integrated piece by piece
    ladder = np.union1d(np.arange(-8, 8.1, 0.5), family.to_normal(BENT.wanted))
    pieces = row.quantile(stats.norm.cdf(ladder))[0]

    def moment(power):
        return sum(
            integrate.quad(lambda v: v**power * np.exp(row.logpdf([v])[0]), a, b, limit=400)[0]
            for a, b in pairwise(pieces)
        )

    assert moment(0) == pytest.approx(1, abs=1e-6)
    assert moment(1) == pytest.approx(row.mean[0], rel=2e-3)
    assert (moment(2) - moment(1) ** 2) ** 0.5 == pytest.approx(row.std[0], rel=2e-2)
    draws = law.sample(40_000, np.random.default_rng(0))
    np.testing.assert_allclose(np.median(draws, axis=1), law.quantile(0.5), atol=0.02)


def test_scores_of_a_gaussian_are_those_in_closed_form() -> None:
    y, mu, s = np.array([0.0, 1.5]), THETA[:, 0], np.exp(THETA[:, 1])
    z, law = (y - mu) / s, PredictiveLaw(Normal(), THETA)
    crps = s * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - np.pi**-0.5)
    np.testing.assert_allclose(law.crps(y), crps, atol=2e-4)
    assert continuous_ranked_probability_score(law, y, [1, 0]) == pytest.approx(crps[0], abs=2e-4)
    assert negative_log_likelihood(law, y) == pytest.approx(-stats.norm.logpdf(y, mu, s).mean())


def test_the_map_undoes_a_planted_overconfidence_and_inverts_itself() -> None:
    x = 1.5 * np.random.default_rng(1).normal(size=50_000) + 0.2
    found = Recalibration.of(x, Normal())
    mended = found.forward(x)
    for reach, level in ((1, 0.6827), (2, 0.9545)):
        assert np.mean(np.abs(mended) < reach) == pytest.approx(level, abs=0.005)
    np.testing.assert_allclose(found.backward(mended), x, atol=1e-10)
    assert (found.slope(x) > 0).all()


@pytest.mark.parametrize("distribution", ["normal", "student-t", "log-normal"])
def test_calibrated_intervals_cover_and_calibration_lowers_the_loss(distribution) -> None:
    X, y = _data(3000)
    y = np.exp(y) if distribution == "log-normal" else y
    fit, held = slice(0, 1500), slice(1500, None)
    plain = NaturalGradientBoosting(distribution, calibrate=False, n_estimators=150).fit(X[fit], y[fit])
    mended = NaturalGradientBoosting(distribution, n_estimators=150).fit(X[fit], y[fit])
    law = mended.predict_dist(X[held])
    for level, slack in ((0.68, 0.045), (0.95, 0.025)):
        low, high = law.interval(level)
        assert np.mean((low < y[held]) & (y[held] < high)) == pytest.approx(level, abs=slack)
    loss = negative_log_likelihood(law, y[held])
    assert loss < negative_log_likelihood(plain.predict_dist(X[held]), y[held])
    assert loss < -stats.norm.logpdf(y[held], y[fit].mean(), y[fit].std()).mean() - 0.3


def test_weight_k_is_k_copies_and_a_change_of_unit_changes_the_answer_by_the_unit() -> None:
    X, y = _data(300)
    w = np.random.default_rng(0).integers(0, 4, size=300)
    model = NaturalGradientBoosting(n_estimators=40)
    weighted = model.fit(X, y, sample_weight=w).predict_dist(X)
    mean, std = weighted.mean, weighted.std
    copied = model.fit(np.repeat(X, w, axis=0), np.repeat(y, w)).predict_dist(X)
    np.testing.assert_allclose(copied.mean, mean, rtol=1e-9)
    np.testing.assert_allclose(copied.std, std, rtol=1e-9)
    scaled = model.fit(X, 1000 * y + 5, sample_weight=w).predict_dist(X)
    np.testing.assert_allclose(scaled.mean, 1000 * mean + 5, rtol=1e-6)
    np.testing.assert_allclose(scaled.std, 1000 * std, rtol=1e-6)


@pytest.mark.parametrize("distribution", ["normal", "student-t"])
def test_copies_leave_the_bits_that_their_weights_leave(distribution) -> None:
    X, y = _data(300)
    X[::9, 1] = np.nan
    w = np.random.default_rng(0).integers(1, 4, size=300)
    model = NaturalGradientBoosting(distribution, n_estimators=40, calibrate=False)
    weighted = model.fit(X, y, sample_weight=w)._trees
    copied = model.fit(np.repeat(X, w, axis=0), np.repeat(y, w))._trees
    for each, other in zip(weighted.tree, copied.tree, strict=True):
        np.testing.assert_array_equal(each, other)


def test_missing_values_go_where_the_law_is_told_apart() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6000, 2))
    X[rng.random(6000) < 0.3, 0] = np.nan
    missing = np.isnan(X[:, 0])
    y = np.where(missing | (X[:, 0] > 1), 3.0, 0.0) + np.where(missing, 1.0, 0.1) * rng.normal(size=6000)
    law = NaturalGradientBoosting(n_estimators=150).fit(X[:4000], y[:4000]).predict_dist(X[4000:])
    held = missing[4000:]
    assert law.mean[held].mean() == pytest.approx(3.0, abs=0.1)
    assert np.median(law.std[held]) == pytest.approx(1.0, abs=0.12)
    assert np.median(law.std[~held]) == pytest.approx(0.1, abs=0.05)


@pytest.mark.parametrize("distribution", ["normal", "student-t"])
def test_where_there_is_hardly_any_noise_events_that_are_told_badly_are_followed_too(distribution) -> None:
    ratios = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        X = rng.standard_t(3.0, (3000, 3))
        y = np.tanh(X[:, 0]) + X[:, 1] / (1.0 + np.abs(X[:, 2])) + 0.01 * rng.normal(size=3000)
        law = NaturalGradientBoosting(distribution)
        values = BoostingRegressor(max_iter=200, learning_rate=0.05, max_leaf_nodes=8)
        missed = [np.std(y[2000:] - each.fit(X[:2000], y[:2000]).predict(X[2000:])) for each in (law, values)]
        ratios.append(missed[0] / missed[1])
    assert np.median(ratios) < 1.25


def _heaps(model, X):
    """Return trees as version 0.1.0 kept them, drawn at random, and what they say of X, walked by hand."""
    rng, T, inner = np.random.default_rng(1), 5, 7
    bins = Bins.of(X, np.ones(len(X)), 64)
    feature = rng.integers(0, X.shape[1], (T, 2, inner)).astype(np.int32)
    cut = rng.integers(0, 60, (T, 2, inner)).astype(np.uint8)
    feature[rng.random(feature.shape) < 0.3] = 0
    cut[feature == 0] = 255  # not split: every row goes left
    trees = _Trees(np.array([0.3, -0.2]), feature, cut, rng.normal(size=(T, 2, inner + 1)))
    model._bins, model._trees = bins, trees
    codes, told = bins.codes(X), np.tile(trees.start, (len(X), 1))
    for i in range(len(X)):
        for t in range(T):
            for q in (0, 1):
                k = 0
                while k < inner:
                    k = 2 * k + 1 + int(codes[feature[t, q, k], i] > cut[t, q, k])
                told[i, q] += trees.value[t, q, k - inner]
    return told


def test_trees_that_version_0_1_0_kept_say_what_they_said_and_are_no_trees_to_explain() -> None:
    X, y = _data(200)
    X[::7, 1] = np.nan
    model = NaturalGradientBoosting(n_estimators=2).fit(X, y)
    del model._start
    told = _heaps(model, X)
    model._target = None
    np.testing.assert_array_equal(model.predict_dist(X).parameters, told)
    model.check_state(SavedState(model))
    model._trees.check_state(SavedState(model._trees))
    model._trees.grown(model._bins).check_state(SavedState(model._trees.grown(model._bins)))
    with pytest.raises(AttributeError):
        model.as_trees()
    with pytest.raises(InputError, match="is no tree model"):
        shapley_values(model, X)
    model._trees.feature[0, 0, 0] = X.shape[1]
    with pytest.raises(UnsoundStateError, match="splits on columns below"):
        model.check_state(SavedState(model))


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"_start": np.zeros(1)}, "_start"),
        ({"n_iter_": 3}, "3 rounds of 2 trees"),
        ({"n_features_in_": 5}, "trees of 5 columns"),
        ({"_target": None}, "_target"),
        ({"_trees": None}, "Grown"),
    ],
)
def test_a_state_that_no_fit_leaves_is_refused(broken, message) -> None:
    model = NaturalGradientBoosting(n_estimators=4, calibrate=False).fit(*_data(60))
    model.check_state(SavedState(model))
    vars(model).update(broken)
    with pytest.raises(UnsoundStateError, match=message):
        model.check_state(SavedState(model))


@pytest.mark.parametrize("distribution", ["normal", "log-normal"])
def test_shapley_values_divide_the_location_of_the_law(distribution) -> None:
    X, y = _data(400)
    X[::7, 1] = np.nan
    y = np.exp(y) if distribution == "log-normal" else 1e6 + 1e3 * y
    model = NaturalGradientBoosting(distribution, n_estimators=30).fit(X, y)
    found = shapley_values(model, X[:50])
    location = model.predict_dist(X[:50]).parameters[:, 0]
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), location, rtol=1e-11)
    assert found.scale == ("location" if distribution == "normal" else "location of the logarithm")
    assert (found.values[:, 3:] ** 2).sum() < 0.05 * (found.values[:, :3] ** 2).sum()


def test_two_fits_are_the_same_bytes_and_missing_values_are_taken() -> None:
    X, y = _data(200)
    X[::7, 0] = np.nan
    seen = []
    a = NaturalGradientBoosting(n_estimators=20).fit(
        X, y, progress=lambda done, total: seen.append((done, total))
    )
    b = NaturalGradientBoosting(n_estimators=20).fit(X, y)
    np.testing.assert_array_equal(a.predict(X), b.predict(X))
    assert seen
    assert seen[-1][0] <= seen[-1][1] == 140


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sample_weight": -np.ones(50)}, "[Nn]egative"),
        ({"y": np.ones(50)}, "y is constant"),
        ({"distribution": "log-normal"}, "needs y > 0"),
        ({"distribution": "norml"}, "Did you mean 'normal'"),
        ({"max_depth": 40}, "max_depth is 40"),
        ({"n_estimators": 0}, "n_estimators is 0"),
        ({"n_jobs": 0}, "n_jobs is 0"),
    ],
)
def test_bad_input_is_one_sentence(change, message) -> None:
    X, y = _data(50)
    settings = {key: value for key, value in change.items() if key not in ("sample_weight", "y")}
    with pytest.raises(ValueError, match=message):
        NaturalGradientBoosting(**settings).fit(X, change.get("y", y), change.get("sample_weight"))
    with pytest.raises(InputError, match="more than 2"):
        StudentT(2.0)


def test_a_single_feature_and_very_many_are_taken() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=60)
    for p in (1, 20_000):
        table = np.asarray(rng.normal(size=(60, p)))
        assert NaturalGradientBoosting(n_estimators=2, calibrate=False).fit(table, y).predict(
            table
        ).shape == (60,)


@pytest.mark.parametrize(
    "setting",
    [
        {"max_depth": 2.5},
        {"max_depth": True},
        {"n_estimators": "9"},
        {"learning_rate": None},
        {"n_folds": 3.0},
    ],
    ids=str,
)
def test_a_setting_that_is_no_number_of_its_kind_is_one_sentence(setting) -> None:
    with pytest.raises(InputError, match=rf"{next(iter(setting))} is .*; expected a (whole )?number from"):
        NaturalGradientBoosting(**setting).fit(np.arange(40.0)[:, None], np.arange(40.0))


def test_weights_of_the_location_that_are_not_known_are_one_sentence() -> None:
    with pytest.raises(InputError, match="'evn' is not a location_weights; expected one of precision, even"):
        NaturalGradientBoosting(location_weights="evn").fit(np.arange(40.0)[:, None], np.arange(40.0))
