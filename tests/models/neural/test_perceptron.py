"""Ensembles of perceptrons: what a member is, what is kept, and what a user can get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr
from sklearn.linear_model import LinearRegression

from fivesigma._core.errors import FitError, InputError
from fivesigma.models.neural import MixtureLaw, MLPClassifier, MLPRegressor
from fivesigma.models.neural.rows import Counted

RNG = np.random.default_rng(1)
X = RNG.normal(size=(300, 3))
Y = X[:, 0] * X[:, 1] + 0.1 * RNG.normal(size=300)
LABEL = np.digitize(X[:, 0] + 0.3 * RNG.normal(size=300), [-0.5, 0.5])
QUICK = {"epochs": 30, "learning_rate": 0.01, "n_jobs": 1}


def _regressor(hidden=(8,), **settings) -> MLPRegressor:
    return MLPRegressor(hidden, **QUICK | settings)


@pytest.mark.parametrize("settings", [{}, {"optimiser": "rprop", "batch_size": "full"}, {"loss": "gaussian"}])
def test_a_weight_of_k_is_k_copies_to_the_last_bit(settings) -> None:
    k = RNG.integers(0, 4, len(X))
    copies = np.repeat(np.arange(len(X)), k)
    weighted = _regressor(**settings).fit(X, Y, sample_weight=k)
    copied = _regressor(**settings).fit(X[copies], Y[copies])
    np.testing.assert_array_equal(weighted.predict(X), copied.predict(X))
    np.testing.assert_array_equal(weighted.history_["validation"], copied.history_["validation"])


def test_a_weight_of_k_is_k_copies_of_a_classifier_with_balanced_classes() -> None:
    k = RNG.integers(1, 4, len(X))
    weighted = MLPClassifier((8,), loss="balanced", **QUICK).fit(X, LABEL, sample_weight=k)
    copied = MLPClassifier((8,), loss="balanced", **QUICK).fit(np.repeat(X, k, axis=0), np.repeat(LABEL, k))
    np.testing.assert_array_equal(weighted.predict_proba(X), copied.predict_proba(X))


def test_a_member_is_the_same_alone_in_company_and_in_threads() -> None:
    three = _regressor(n_members=3).fit(X, Y)
    threads = _regressor(n_members=3, n_jobs=3).fit(X, Y)
    one = _regressor().fit(X, Y)
    np.testing.assert_array_equal(three.predict_members(X)[0], one.predict(X))
    np.testing.assert_array_equal(three.predict_members(X), threads.predict_members(X))
    mean, spread = three.predict(X, return_std=True)
    np.testing.assert_array_equal(mean, three.predict_members(X).mean(axis=0))
    np.testing.assert_allclose(spread, three.predict_members(X).std(axis=0, ddof=1))
    assert (spread > 0).all()


def test_rates_decays_and_widths_may_differ_by_member() -> None:
    several = _regressor([[4], [8, 4]], n_members=2, learning_rate=[0.01, 0.02], weight_decay=[0, 0.1]).fit(
        X, Y
    )
    assert [network.sizes.tolist() for network in several._networks] == [[3, 4, 1], [3, 8, 4, 1]]
    first = _regressor([4], learning_rate=0.01).fit(X, Y)
    np.testing.assert_array_equal(several.predict_members(X)[0], first.predict(X))
    assert not np.array_equal(_regressor([4], learning_rate=0.02).fit(X, Y).predict(X), first.predict(X))


def test_one_linear_layer_by_rprop_is_least_squares() -> None:
    """To 1e-6 of the spread of the target, with one column and with several."""
    for columns in (slice(0, 1), slice(0, 3)):
        exact = LinearRegression().fit(X[:, columns], Y + 5 * X[:, 0]).predict(X[:, columns])
        ours = MLPRegressor(
            (),
            optimiser="rprop",
            batch_size="full",
            epochs=400,
            early_stopping=False,
            dtype="float64",
            n_jobs=1,
        )
        found = ours.fit(X[:, columns], Y + 5 * X[:, 0]).predict(X[:, columns])
        np.testing.assert_allclose(found, exact, rtol=0, atol=1e-6)


def test_several_targets_are_learnt_together_each_in_its_own_unit() -> None:
    both = np.column_stack([Y, 1e9 * X[:, 2] + 3e12])
    model = _regressor((16,), epochs=150).fit(X, both)
    found = model.predict(X)
    assert found.shape == (300, 2)
    assert np.corrcoef(found[:, 0], Y)[0, 1] > 0.9
    assert np.sqrt(np.mean((found[:, 1] - both[:, 1]) ** 2)) < 0.2e9
    law = _regressor((16,), loss="gaussian", n_members=2).fit(X, both).predict_dist(X)
    assert law.quantile([0.1, 0.5, 0.9]).shape == (300, 2, 3)
    assert law.centre.shape == (300, 2, 2)


@pytest.mark.parametrize("loss", ["gaussian", "mixture"])
def test_a_law_covers_what_it_says(loss) -> None:
    """A noise that grows with x: intervals of 68 % hold 68 % at its lower and at its upper end."""
    rng = np.random.default_rng(2)
    x = rng.uniform(size=(4000, 1))
    y = x[:, 0] + (0.1 + x[:, 0]) * rng.normal(size=4000)
    fit, test = slice(0, 2000), slice(2000, 4000)
    law = (
        MLPRegressor((16,), loss=loss, n_members=2, epochs=60, n_jobs=1)
        .fit(x[fit], y[fit])
        .predict_dist(x[test])
    )
    low, high = law.interval(0.68)
    inside = (low < y[test]) & (y[test] < high)
    for part in (x[test, 0] < 0.5, x[test, 0] >= 0.5):
        assert 0.63 < inside[part].mean() < 0.73
    off = np.abs(law.std / (0.1 + x[test, 0]) - 1)
    assert np.median(off) < 0.08
    assert np.quantile(off, 0.9) < 0.2


def test_a_mixture_law_is_what_it_is_made_of() -> None:
    law = MixtureLaw(np.array([[0.2, 0.8]]), np.array([[-2.0, 1.0]]), np.array([[0.5, 2.0]]))
    grid = np.linspace(-12, 14, 20001)
    density = np.exp(law.logpdf(grid[:, None])[:, 0])
    step = grid[1] - grid[0]
    assert density.sum() * step == pytest.approx(1.0, abs=1e-9)
    assert (density * grid).sum() * step == pytest.approx(law.mean[0], abs=1e-9)
    assert np.sqrt((density * (grid - law.mean[0]) ** 2).sum() * step) == pytest.approx(law.std[0], abs=1e-6)
    assert law.cdf(law.quantile(0.3))[0] == pytest.approx(0.3, abs=1e-14)
    assert law.cdf([0.0])[0] == pytest.approx(0.2 * ndtr(4.0) + 0.8 * ndtr(-0.5))


def test_only_a_loss_with_a_law_has_one() -> None:
    assert not hasattr(_regressor(), "predict_dist")


def test_rows_held_out_choose_the_epoch_and_groups_stay_together() -> None:
    model = _regressor((32,), epochs=300, learning_rate=0.02, patience=15).fit(X[:80], Y[:80])
    curve = model.history_["validation"][0]
    assert model.epoch_[0] == np.nanargmin(curve) + 1
    assert np.isnan(curve[model.epoch_[0] + 15 :]).all()
    groups = np.repeat(np.arange(10), 30)
    every = MLPRegressor((4,), **QUICK | {"validation": 0.2})
    from fivesigma.models.neural.rows import Counted

    fit, held = Counted.of(X, Y[:, None], np.ones(300), groups).parted(0.2, classification=False, seed=0)
    assert not set(fit.groups) & set(held.groups)
    assert len(held.w) == 60
    every.fit(X, Y, groups=groups)


def test_rows_that_a_user_holds_out_are_watched_and_nothing_else() -> None:
    watched = _regressor(early_stopping=False, validation=(X[:50], Y[:50])).fit(X[50:], Y[50:])
    plain = _regressor(early_stopping=False).fit(X[50:], Y[50:])
    np.testing.assert_array_equal(watched.predict(X), plain.predict(X))
    assert np.isfinite(watched.history_["validation"]).all()
    assert np.isnan(plain.history_["validation"]).all()
    last = watched.history_["validation"][0, -1] * np.var(Y[50:])
    assert np.mean((watched.predict(X[:50]) - Y[:50]) ** 2) == pytest.approx(last, rel=1e-4)


def test_classes_are_told_by_the_mean_of_the_members() -> None:
    labels = np.array(["a", "b", "c"])[LABEL]
    model = MLPClassifier((16,), n_members=3, **QUICK).fit(X, labels)
    np.testing.assert_allclose(model.predict_proba(X), model.predict_members(X).mean(axis=0))
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)
    assert model.score(X, labels) > 0.7
    assert model.decision_function(X).shape == (300, 3)
    two = MLPClassifier((16,), loss="hinge", **QUICK).fit(X, LABEL > 0)
    assert ((two.decision_function(X) > 0) == two.predict(X)).all()


def test_a_member_that_diverges_is_named_and_the_others_go_on() -> None:
    model = _regressor(
        (8,), n_members=3, optimiser="sgd", momentum=0.0, learning_rate=[0.01, 1e3, 0.01], epochs=60
    )
    model.fit(X, Y)
    assert model.failed_.tolist() == [False, True, False]
    assert len(model.predict_members(X)) == 2
    assert np.isfinite(model.predict(X)).all()
    with pytest.raises(FitError, match="every member"):
        _regressor(optimiser="sgd", momentum=0.0, learning_rate=1e3, epochs=60).fit(X, Y)


def test_progress_ends_at_the_epochs_of_all_members() -> None:
    told = []
    _regressor(n_members=2, patience=3).fit(X, Y, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (60, 60)
    assert told == sorted(told)


WRONG = [
    ({"hidden": 5}, "hidden is 5"),
    ({"hidden": (0,)}, "a width of hidden is 0"),
    ({"hidden": [[4], [4]]}, "2 entries for 1 members"),
    ({"activation": "rely"}, "relu"),
    ({"loss": "mse2"}, "mse"),
    ({"loss": "mixture", "setting": 2.5}, "setting of the loss 'mixture' is 2.5"),
    ({"loss": "huber", "setting": "a"}, "setting of the loss 'huber' is 'a'"),
    ({"optimiser": "adamax"}, "adam"),
    ({"learning_rate": -1.0}, "learning_rate is -1.0"),
    ({"learning_rate": [0.1, 0.2]}, "2 entries for 1 members"),
    ({"batch_size": 1000}, "batch_size is 1000, but 270 different rows"),
    ({"batch_size": "all"}, "batch_size is 'all'"),
    ({"epochs": 0}, "epochs is 0"),
    ({"n_members": 0}, "n_members is 0"),
    ({"nesterov": True}, "nesterov = True goes with"),
    ({"validation": 0.7}, "validation is 0.7"),
    ({"validation": (X, Y, Y, Y)}, "validation has 4 parts"),
    ({"validation": (X, Y[:5])}, "300 rows of X and 5 of y"),
    ({"engine": "jax"}, "fused"),
    ({"dtype": "float16"}, "float32"),
]


@pytest.mark.parametrize(("settings", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_cannot_be_is_said_in_one_sentence(settings, said) -> None:
    with pytest.raises(InputError, match=said.replace("(", r"\(")) as caught:
        MLPRegressor(**QUICK | settings).fit(X, Y)
    assert "\n" not in str(caught.value)


def test_gaps_and_classes_that_are_not_there_are_refused() -> None:
    gappy = X.copy()
    gappy[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        _regressor().fit(gappy, Y)
    with pytest.raises(InputError, match="one class only"):
        MLPClassifier().fit(X, np.zeros(300))
    with pytest.raises(InputError, match="validation holds a class"):
        MLPClassifier((4,), validation=(X, LABEL + 1), **QUICK).fit(X, LABEL)


@pytest.mark.parametrize("rare", [1, 2, 5])
def test_a_rare_class_does_not_change_how_much_is_held_out_and_is_learnt(rare) -> None:
    label = (np.arange(300) >= rare).astype(int)
    every = Counted.of(X, label, np.ones(300))
    for seed in range(5):
        fit, held = every.parted(0.1, classification=True, seed=seed)
        assert held is not None
        assert 27 <= len(held.y) <= 31
        assert set(fit.y) == {0, 1}


def test_where_nothing_can_be_held_out_every_row_is_fitted_to() -> None:
    plain = _regressor(early_stopping=False)
    np.testing.assert_array_equal(
        _regressor().fit(X, Y, groups=np.zeros(300)).predict(X), plain.fit(X, Y).predict(X)
    )
    alike = np.ones((300, 2))
    np.testing.assert_array_equal(
        _regressor().fit(alike, Y).predict(alike), plain.fit(alike, Y).predict(alike)
    )


def test_weights_that_cancel_are_refused_in_one_sentence() -> None:
    w = np.where(np.arange(300) % 2, 1.0, -1.0)
    for model, y in [
        (_regressor(early_stopping=False), Y),
        (MLPClassifier((4,), early_stopping=False, **QUICK), LABEL),
    ]:
        with pytest.raises(InputError, match="rows that are fitted to sum to 0"):
            model.fit(X, y, sample_weight=w)
    with pytest.raises(InputError, match="weights of class 0 sum to"):
        MLPClassifier((4,), loss="balanced", **QUICK).fit(X, LABEL, sample_weight=np.where(LABEL, 1.0, w - 1))


def test_a_class_without_weight_balances_nothing() -> None:
    some = MLPClassifier((4,), loss="balanced", **QUICK).fit(X, LABEL, sample_weight=LABEL > 0)
    assert np.isfinite(some.predict_proba(X)).all()


@pytest.mark.parametrize("engine", ["fused", "torch"])
def test_a_row_beyond_the_precision_is_refused_not_answered_with_nan(engine) -> None:
    if engine == "torch":
        pytest.importorskip("torch")
    model = _regressor(engine=engine).fit(X, Y)
    with pytest.raises(InputError, match="float32 cannot hold its standardised columns"):
        model.predict(X[:2] * 1e60)
