"""Intervals: the scale, the exact limits of proportions, refusals, and the training set's part."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fivesigma.risk.intervals import (
    FEWEST_EVENTS,
    Scale,
    clopper_pearson,
    cross_validated,
    few_passing,
    nadeau_bengio,
    refusal,
    score,
    stat_dof,
    stat_error,
    stat_interval,
    total_dof,
    train_dof,
    welch_satterthwaite,
)
from fivesigma.risk.metrics import METRICS
from fivesigma.risk.resampling import Part, measure

RNG = np.random.default_rng(0)


def classified(n=200, *, w=None, groups=None, shift=1.0, n_boot=200, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % 2)
    p = 1.0 / (1.0 + np.exp(-(shift * (2 * y - 1) + rng.normal(size=n))))
    return Part.draw(y, rng, w=w, groups=groups, n_boot=n_boot), np.column_stack([1 - p, p])


def regressed(n=200, *, n_boot=200, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n)
    return Part.draw(y, rng, n_boot=n_boot), y + rng.normal(0.1, 0.7, n)


def made(name, *, refits=0, part=None, prediction=None, spread=0.3, **kwargs):
    if part is None:
        part, prediction = regressed() if name in ("r2", "rmse", "median_bias", "nll") else classified()
    rng = np.random.default_rng(9)

    def again():
        if prediction.ndim == 1:
            return prediction + spread * rng.normal(size=len(prediction))
        p = np.clip(prediction[:, 1] + 0.1 * spread * rng.normal(size=len(prediction)), 0.0, 1.0)
        return np.column_stack([1 - p, p])

    others = [again() for _ in range(refits)]
    return measure(
        METRICS[name], part, prediction, refits=others, seeds=others[:2] if refits else (), **kwargs
    )


@pytest.mark.parametrize(
    ("lower", "upper", "x"), [(None, None, -3.0), (0.0, None, 5.0), (None, 1.0, -4.0), (0.0, 1.0, 0.3)]
)
def test_a_scale_has_an_inverse_and_its_slope_is_its_derivative(lower, upper, x):
    scale, h = Scale(lower, upper), 1e-6
    assert scale.back(float(scale.forward(x))) == pytest.approx(x)
    slope = (scale.forward(x + h) - scale.forward(x - h)) / (2 * h)
    assert float(scale.slope(x)) == pytest.approx(float(slope), rel=1e-6)


def test_a_scale_is_infinite_at_its_bounds():
    assert Scale(0.0, 1.0).forward(1.0) == np.inf
    assert Scale(0.0, None).forward(0.0) == -np.inf
    assert Scale(None, 1.0).slope(1.0) == np.inf


@pytest.mark.parametrize(("k", "n"), [(3, 20), (17, 20), (1, 400)])
def test_clopper_pearson_is_the_exact_binomial_limit(k, n):
    low, high = clopper_pearson(k / n, n)
    assert stats.binom.sf(k - 1, n, low) == pytest.approx(0.025)
    assert stats.binom.cdf(k, n, high) == pytest.approx(0.025)


def test_clopper_pearson_is_one_sided_at_the_ends():
    assert clopper_pearson(0.0, 20) == (0.0, pytest.approx(1 - 0.05 ** (1 / 20)))
    assert clopper_pearson(1.0, 20) == (pytest.approx(0.05 ** (1 / 20)), 1.0)


@pytest.mark.parametrize(
    "name", ["roc_auc", "log_loss", "brier", "accuracy", "balanced_accuracy", "rejection_80"]
)
@pytest.mark.parametrize("refits", [0, 5])
def test_an_interval_holds_its_value_and_training_widens_it(name, refits):
    m = made(name, refits=refits)
    fitted, procedure = score(m, claim="fitted"), score(m)
    assert fitted.low < m.value < fitted.high
    assert fitted.method.startswith("fitted model")
    assert procedure.error.stat == pytest.approx(stat_error(m))
    if not refits:
        assert procedure.method.endswith(procedure.method.rsplit(": ", 1)[1])
        assert "(no refits)" in procedure.method
        assert procedure.error.train is None
    else:
        assert "5 refits" in procedure.method
        assert procedure.low <= fitted.low
        assert procedure.high >= fitted.high
        assert procedure.error.seed <= procedure.error.train


@pytest.mark.parametrize("name", ["r2", "rmse", "median_bias"])
def test_intervals_of_values_lie_within_the_bounds(name):
    m = made(name, refits=6)
    found = score(m)
    assert found.low < m.value < found.high
    assert METRICS[name].upper is None or found.high <= METRICS[name].upper
    assert METRICS[name].lower is None or found.low >= METRICS[name].lower


def test_many_events_are_not_studentised():
    part, prediction = classified(2400)
    assert (
        stat_interval(METRICS["roc_auc"], made("roc_auc", part=part, prediction=prediction), 0.95).method
        == "t interval"
    )
    few, few_prediction = classified(200, n_boot=200)
    assert (
        "bootstrap-t"
        in stat_interval(
            METRICS["roc_auc"], made("roc_auc", part=few, prediction=few_prediction), 0.95
        ).method
    )
    short, short_prediction = classified(200, n_boot=50)  # fewer draws than a quantile takes
    assert (
        "t interval"
        in stat_interval(
            METRICS["roc_auc"], made("roc_auc", part=short, prediction=short_prediction), 0.95
        ).method
    )


def test_a_perfect_ranking_has_an_exact_lower_limit():
    part, _ = classified(100)
    perfect = np.column_stack([part.y == 0, part.y == 1]) * 1.0
    found = score(made("roc_auc", part=part, prediction=perfect), claim="fitted")
    assert (found.low, found.high) == (pytest.approx(0.05 ** (1 / 50)), 1.0)
    for name in ("accuracy", "balanced_accuracy"):
        assert score(made(name, part=part, prediction=perfect), claim="fitted").high == 1.0
    assert (
        score(made("brier", part=part, prediction=perfect)).method == "no interval: the score is at its bound"
    )


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "rejection_80"])
def test_weights_and_groups_widen_the_interval_of_a_proportion(name):
    n = 300
    plain_part, prediction = classified(n)
    w = np.random.default_rng(1).exponential(size=n)
    widths = []
    for kwargs in ({}, {"w": w}, {"groups": np.arange(n) // 6}):
        part, _ = classified(n, **kwargs)
        found = score(made(name, part=part, prediction=prediction), claim="fitted")
        widths.append(found.high - found.low)
        assert found.low < found.value < found.high
    assert plain_part.units(additive=True) == n
    if name != "rejection_80":  # whose interval goes with its value, which weights move
        assert widths[1] > widths[0]


def test_where_no_background_passes_a_rejection_has_a_lower_limit_alone():
    part, _ = classified(200)
    perfect = np.column_stack([part.y == 0, part.y == 1]) * 1.0
    found = score(made("rejection_50", part=part, prediction=perfect, cut=0.5), claim="fitted")
    assert found.value is None
    assert found.high is None
    assert found.low > 10


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"n": 20}, f"20 events, fewer than {FEWEST_EVENTS}"),
        ({"n": 200, "groups": np.arange(200) // 30}, "groups with the rarest class, fewer than 10"),
        (
            {"n": 200, "w": np.r_[np.full(4, 1e6), np.ones(196)]},
            "effective events in the rarest class, fewer than 10",
        ),
    ],
)
def test_too_little_is_refused_in_words(kwargs, said):
    part, prediction = classified(**kwargs)
    assert said in refusal(part)
    found = score(made("roc_auc", part=part, prediction=prediction))
    assert said in found.method
    assert found.low is None
    assert found.value is not None


def test_one_group_is_counted_as_one():
    y = np.linspace(0, 1, 50)
    one = Part(y, None, np.zeros(50, int), np.empty((0, 50), np.uint8))
    assert refusal(one) == "no interval: 1 group, fewer than 10"
    few = Part(y[:20], None, None, np.empty((0, 20), np.uint8))
    assert refusal(few) == "no interval: 20 events, fewer than 30"
    light = Part(y, np.r_[1e9, np.ones(49)], None, np.empty((0, 50), np.uint8))
    assert refusal(light) == "no interval: 1.0 effective events, fewer than 10"


def test_a_biased_or_undefined_score_has_no_interval():
    assert score(made("ece")).method == "no interval: ece is biased at finite size"
    part, prediction = regressed()
    undefined = made("r2", part=Part(np.zeros(200), None, None, part.counts), prediction=prediction)
    found = score(undefined)
    assert (found.value, found.method) == (None, "no interval: the score is not defined")
    only, p = classified()
    signal = Part(np.ones(200, int), None, None, only.counts)
    assert score(made("rejection_50", part=signal, prediction=p, cut=0.5)).method.endswith("no background")


def test_a_significance_needs_background_behind_its_cut():
    part, prediction = classified(400)
    enough = made("asimov", part=part, prediction=prediction, cut=0.1)
    assert few_passing(enough) == ""
    assert few_passing(made("roc_auc", part=part, prediction=prediction)) == ""
    high = made("asimov", part=part, prediction=prediction, cut=0.999)
    assert "background events pass the cut, fewer than 10" in few_passing(high)
    own = made("asimov", part=part, prediction=prediction)
    assert few_passing(own) == ""


def test_degrees_of_freedom():
    m = made("roc_auc", refits=4)
    assert stat_dof(m) == 99.0
    assert train_dof(m.refits) == 3.0
    assert train_dof(made("roc_auc").refits) == 1.0
    assert welch_satterthwaite([0.0, 0.0], [7.0, 3.0]) == 7.0
    assert welch_satterthwaite([1.0, 1.0], [5.0, 5.0]) == 10.0
    assert total_dof(0.0, 0.0, spread=0.0, dofs=(5.0, 3.0)) == 5.0
    assert total_dof(2.0, 3.0, spread=3.0, dofs=(5.0, 4.0)) == pytest.approx(
        welch_satterthwaite([2.0, 3.0], [5.0, 4.0])
    )


def test_folds_give_the_variance_of_nadeau_and_bengio():
    values = np.array([0.7, 0.8, 0.75, 0.72])
    found = cross_validated(values, n_fit=300, n_validation=100)
    half = stats.t.ppf(0.975, 3) * nadeau_bengio(values, 300, 100) ** 0.5
    assert (found.low, found.high) == (
        pytest.approx(values.mean() - half),
        pytest.approx(values.mean() + half),
    )
    assert cross_validated(values[:1], n_fit=3, n_validation=1).method == "no interval: fewer than two folds"
    one = cross_validated(
        np.array([0.5, np.nan]), n_fit=3, n_validation=1
    )  # a fold without a class is left out
    assert (one.value, one.low, one.method) == (0.5, None, "no interval: fewer than two folds")
    assert cross_validated(np.full(2, np.nan), n_fit=3, n_validation=1).value is None
    equal = cross_validated(np.full(4, 0.5), n_fit=3, n_validation=1)
    assert equal.method == "no interval: every fold scores the same"


def test_refits_at_a_bound_still_have_a_spread():
    part, prediction = classified(100, shift=2.5)
    perfect = np.column_stack([part.y == 0, part.y == 1]) * 1.0
    m = measure(METRICS["roc_auc"], part, prediction, refits=[perfect, prediction, prediction[:, ::-1]])
    found = score(m)
    assert found.error.train > 0
    assert np.isfinite([found.low, found.high]).all()
