"""Every loss with every penalty: certified, and certified again here by arithmetic of its own."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet as SklearnElasticNet
from sklearn.linear_model import LinearRegression, LogisticRegression, QuantileRegressor
from sklearn.svm import LinearSVC

from fivesigma._core.errors import InputError
from fivesigma.models.linear import LinearClassifier, LinearRegressor, RegularisationPath
from fivesigma.risk.losses import (
    Absolute,
    Hinge,
    Huber,
    Logistic,
    Poisson,
    Quantile,
    Softmax,
    Squared,
    SquaredHinge,
)
from fivesigma.risk.penalties import L1, L2, ElasticNet, GroupL1

LOSSES = [
    Squared(),
    Absolute(),
    Huber(0.5),
    Quantile(0.8),
    Poisson(),
    Logistic(),
    Logistic((1.0, 3.0)),
    Hinge(),
    SquaredHinge(),
    Softmax(),
]
PENALTIES = [None, L1(), L2(), ElasticNet(0.4), GroupL1([0, 0, 1, 1, 2])]
LAMBDAS = np.array([0.3, 3.0, 30.0])


def table(loss, n=60, seed=1):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5)) * [1, 2, 1, 0.5, 1] + 3
    f = (X - 3) @ [1, -1, 0, 0, 2] + rng.normal(size=n)
    if isinstance(loss, Softmax):
        # noise enough that no plane divides a class from another: without a penalty there would be no minimum
        return X, np.digitize(f + 2.0 * rng.logistic(size=n), [-1, 1])
    if isinstance(loss, Poisson):
        return X, rng.poisson(np.exp(0.3 * f)).astype(float)
    return X, (f > 0).astype(int) if loss.task == "classification" else f


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_every_loss_with_every_penalty_is_certified(loss, penalty):
    X, y = table(loss)
    lambdas = LAMBDAS[1:2] if isinstance(penalty, GroupL1) else LAMBDAS
    path = RegularisationPath(loss, penalty, lambdas, tol=1e-11).fit(X, y)
    assert path.violations_.max() <= 1e-11
    assert path.converged_.all()
    if penalty is not None and not isinstance(loss, Softmax):
        assert path.gaps_.max() <= 1e-9
    rng = np.random.default_rng(0)
    codes = y.astype(float)
    for i, lam in enumerate(lambdas):
        at = objective(loss, penalty, lam, path.coefs_[i], path.intercepts_[i], X, codes)
        for size in (1e-4, 1e-2):
            moved = path.coefs_[i] + size * rng.normal(size=path.coefs_[i].shape)
            assert at <= objective(loss, penalty, lam, moved, path.intercepts_[i], X, codes) + 1e-9 * abs(at)
            assert (
                at
                <= objective(loss, penalty, lam, path.coefs_[i], path.intercepts_[i] + size, X, codes) + 1e-9
            )


def objective(loss, penalty, lam, coef, intercept, X, y):
    omega = 0.0
    if isinstance(penalty, GroupL1):
        omega = sum(np.linalg.norm(np.atleast_2d(coef)[:, list(g)]) for g in ([0, 1], [2, 3], [4]))
    elif penalty is not None:
        omega = float(penalty.value(coef.ravel()))
    return loss.value(X @ coef.T + intercept, y).sum() + lam * omega


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("penalty", [L1(), L2()], ids=repr)
def test_weight_k_is_k_copies_and_weight_zero_is_removal(loss, penalty):
    X, y = table(loss)
    k = np.random.default_rng(2).integers(0, 4, len(y))
    path = RegularisationPath(loss, penalty, LAMBDAS)
    weighted = path.fit(X, y, k).coefs_.copy()
    copies = path.fit(np.repeat(X, k, axis=0), np.repeat(y, k)).coefs_
    np.testing.assert_allclose(weighted, copies, atol=1e-9)


def test_a_logistic_batch_is_certified_by_hand_and_weights_are_copies():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 12)) @ rng.normal(size=(12, 12))
    y = (X[:, 0] + 3 * rng.normal(size=3000) > 0).astype(int)
    k = rng.integers(1, 3, 3000)
    lambdas = np.logspace(-2, 3, 30)
    for penalty in (L1(), L2(), ElasticNet(0.5)):
        path = RegularisationPath(Logistic(), penalty, lambdas).fit(X, y, k)
        worst = 0.0
        for lam, coef, b in zip(lambdas, path.coefs_, path.intercepts_, strict=True):
            r = k * (1 / (1 + np.exp(-(X @ coef + b))) - y)
            g = X.T @ r
            l1 = lam * {L1(): 1.0, L2(): 0.0}.get(penalty, 0.5)
            g = g + (lam - l1) * coef
            violation = np.where(coef != 0, abs(g + l1 * np.sign(coef)), np.maximum(abs(g) - l1, 0)).max()
            worst = max(worst, violation, abs(r.sum()))
        assert worst / path.lambda_max_ <= 1.01e-8
        assert path.violations_.max() == pytest.approx(worst / path.lambda_max_, rel=0.5)
        copies = RegularisationPath(Logistic(), penalty, lambdas).fit(
            np.repeat(X, k, axis=0), np.repeat(y, k)
        )
        np.testing.assert_allclose(path.coefs_, copies.coefs_, atol=1e-9)
        tight = RegularisationPath(Logistic(), penalty, lambdas, tol=1e-11).fit(X, y, k)
        assert tight.violations_.max() <= 1e-11


@pytest.mark.parametrize("penalty", [L1(), L2()], ids=repr)
def test_weights_are_copies_on_a_large_table_of_nearly_dependent_columns(penalty):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(8000, 18))
    X[:, 17] = X[:, 16] + 1e-3 * X[:, 17]
    y = (X[:, 0] - X[:, 1] + 2 * rng.normal(size=8000) > 0).astype(int)
    k = rng.integers(0, 3, 8000)
    lambdas = np.logspace(-2, 4, 30)
    one = RegularisationPath(Logistic(), penalty, lambdas).fit(X, y, k)
    two = RegularisationPath(Logistic(), penalty, lambdas).fit(np.repeat(X, k, axis=0), np.repeat(y, k))
    np.testing.assert_allclose(one.score_path(X), two.score_path(X), atol=1e-9)
    np.testing.assert_allclose(one.coefs_, two.coefs_, atol=1e-9)


@pytest.mark.parametrize("loss", [Hinge(), SquaredHinge()], ids=repr)
def test_hinges_above_two_classes_are_paths_of_each_class_against_the_rest(loss):
    X, y = table(Softmax())
    labels = np.array(["a", "b", "c"])[y]
    path = RegularisationPath(loss, L2(), LAMBDAS).fit(X, labels)
    assert path.coefs_.shape == (3, 3, 5)
    for k in range(3):
        alone = RegularisationPath(loss, L2(), LAMBDAS).fit(X, (y == k).astype(int))
        np.testing.assert_allclose(path.coefs_[:, k], alone.coefs_, atol=1e-9)
    one = LinearClassifier(loss, L2(), 0.3).fit(X, labels)
    np.testing.assert_allclose(path.decision_function(X), one.decision_function(X), atol=1e-9)
    assert path.predict(X).tolist() == one.predict(X).tolist()
    assert path.violations_.max() <= 1e-8
    assert len(RegularisationPath(loss, L2()).fit(X, labels).lambdas_) == 50
    chosen = RegularisationPath(loss, L2(), LAMBDAS, select="best").fit(X, labels)
    assert chosen.lambda_ in LAMBDAS


def test_a_wide_lasso_is_certified_where_it_interpolates():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 600))
    y = X[:, :10] @ rng.normal(size=10) + rng.normal(size=80)
    for tol in (1e-6, 1e-8, 1e-11):
        path = RegularisationPath(Squared(), L1(), tol=tol).fit(X, y)
        assert path.violations_.max() <= tol
        assert path.n_iterations_.max() < 40


def test_what_a_fit_leaves_holds_no_bound_method():
    X, y = table(Squared())
    path = RegularisationPath(Squared(), L2(), LAMBDAS).fit(X, y)
    assert not [name for name, value in vars(path).items() if callable(value) and name.endswith("_")]
    assert path.loss_ == Squared()


def test_agreement_with_celer_at_tight_tolerance():
    celer = pytest.importorskip("celer", reason="the peer celer is not installed: agreement is not checked")
    X, y = table(Squared(), n=200)
    lambdas = np.array([60.0, 20.0, 5.0])
    ours = RegularisationPath(Squared(), L1(), lambdas, tol=1e-11).fit(X, y)
    centred = np.asfortranarray(X - X.mean(axis=0))
    theirs = celer.celer_path(centred, y - y.mean(), pb="lasso", alphas=lambdas / len(y), tol=1e-14)[1]
    np.testing.assert_allclose(ours.coefs_, theirs.T, atol=1e-8)


def test_agreement_with_scikit_learn_at_tight_tolerance():
    X, y = table(Squared())
    ours = LinearRegressor(Squared(), ElasticNet(0.4), 3.0, tol=1e-12).fit(X, y)
    theirs = SklearnElasticNet(alpha=3.0 / len(y), l1_ratio=0.4, tol=1e-14, max_iter=100000).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-8)
    X, y = table(Logistic())
    ours = LinearClassifier(Logistic(), L2(), 3.0, tol=1e-12).fit(X, y)
    theirs = LogisticRegression(C=1 / 3.0, solver="newton-cholesky", tol=1e-12).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_[0], atol=1e-8)
    X, y = table(Quantile())
    ours = LinearRegressor(Quantile(0.8), L1(), 3.0).fit(X, y)
    theirs = QuantileRegressor(quantile=0.8, alpha=3.0 / len(y)).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-8)
    X, y = table(Squared())
    np.testing.assert_allclose(
        LinearRegressor(penalty=None).fit(X, y).coef_, LinearRegression().fit(X, y).coef_
    )
    X, y = table(SquaredHinge())
    ours = LinearClassifier(SquaredHinge(), L2(), 2.0, fit_intercept=False).fit(X, y)
    theirs = LinearSVC(C=0.5, fit_intercept=False, tol=1e-12, max_iter=10**6).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_[0], atol=1e-6)


def test_agreement_with_glmnet():
    reference = json.loads((Path(__file__).parent / "glmnet.json").read_text())
    X, w = np.array(reference["X"]), np.array(reference["w"])
    losses = {"gaussian": Squared(), "binomial": Logistic(), "poisson": Poisson()}
    for case in reference["cases"]:
        ratio = case["ratio"]
        penalty = L1() if ratio == 1 else L2() if ratio == 0 else ElasticNet(ratio)
        y = np.array(reference["y"][case["family"]])
        path = RegularisationPath(losses[case["family"]], penalty, reference["lambdas"]).fit(X, y, w)
        np.testing.assert_allclose(
            path.coefs_, case["coefs"], atol=1e-5, err_msg=str((case["family"], ratio))
        )
        np.testing.assert_allclose(path.intercepts_, case["intercepts"], atol=1e-5)


@pytest.mark.parametrize("loss", [Squared(), Logistic(), SquaredHinge()], ids=repr)
@pytest.mark.parametrize("penalty", [L1(), L2(), ElasticNet(0.5)], ids=repr)
def test_more_features_than_events(loss, penalty):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 1700))
    y = X[:, 0] - X[:, 1] + 0.1 * rng.normal(size=40)
    y = (y > 0).astype(int) if loss.task == "classification" else y
    path = RegularisationPath(loss, penalty, [20.0, 10.0, 5.0]).fit(X, y)
    assert path.violations_.max() <= 1e-8
    assert path.gaps_.max() <= 1e-7


def test_lambdas_keep_their_order_and_float32_is_float64_of_the_same_numbers():
    X, y = table(Logistic())
    up = RegularisationPath(Logistic(), L1(), LAMBDAS).fit(X, y)
    down = RegularisationPath(Logistic(), L1(), LAMBDAS[::-1]).fit(X, y)
    np.testing.assert_allclose(up.coefs_, down.coefs_[::-1], atol=1e-14)
    assert up.lambda_ == 0.3
    single = RegularisationPath(Logistic(), L1(), LAMBDAS).fit(X.astype(np.float32), y)
    double = RegularisationPath(Logistic(), L1(), LAMBDAS).fit(X.astype(np.float32).astype(float), y)
    np.testing.assert_allclose(single.coefs_, double.coefs_, atol=1e-12)
    assert up.predict_path(X).shape == (3, len(y))


def test_missing_the_tolerance_is_said():
    X, y = table(Logistic())
    with pytest.warns(ConvergenceWarning, match="did not reach tol"):
        RegularisationPath(Logistic(), L2(), LAMBDAS, tol=1e-30).fit(X, y)


def test_no_word_when_all_is_well():
    X, y = table(Logistic())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        RegularisationPath(Logistic(), L1(), LAMBDAS, select="one-standard-error").fit(X, y)


def spoiled(X, value):
    X = X.copy()
    X[3, 2] = value
    return X


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda X, y: ({"X": spoiled(X, np.nan), "y": y}, {}), "NaN .first in row 3, column 2"),
        (lambda X, y: ({"X": spoiled(X, np.inf), "y": y}, {}), "infinity"),
        (lambda X, y: ({"X": X, "y": 0 * y}, {}), "one class only"),
        (lambda X, y: ({"X": X[:0], "y": y[:0]}, {}), "0 sample"),
        (lambda X, y: ({"X": X, "y": y, "sample_weight": -np.ones(len(y))}, {}), "weights are negative"),
        (lambda X, y: ({"X": X, "y": y, "sample_weight": np.zeros(len(y))}, {}), "every weight is zero"),
        (lambda X, y: ({"X": X, "y": y}, {"lambdas": [1.0, 0.0]}), "positive"),
        (lambda X, y: ({"X": X, "y": y}, {"lambdas": [1.0, 3.0, 2.0]}), "not sorted"),
        (lambda X, y: ({"X": X, "y": y}, {"penalty": GroupL1([0, 1])}), "2 group labels for 5 features"),
        (lambda X, y: ({"X": X, "y": y}, {"penalty": "l1"}), "penalty is 'l1'"),
        (lambda X, y: ({"X": X, "y": y}, {"select": "bset"}), "select"),
        (lambda X, y: ({"X": X, "y": y}, {"tol": 0.0}), "tol"),
    ],
)
def test_bad_input_is_one_sentence(change, word):
    X, y = table(Logistic())
    arguments, parameters = change(X, y)
    path = RegularisationPath(Logistic(), L2(), LAMBDAS).set_params(**parameters)
    with pytest.raises(ValueError, match=word) as caught:
        path.fit(**arguments)
    assert len(str(caught.value).splitlines()) == 1


def test_constant_columns_are_named():
    X, y = table(Logistic())
    X[:, 1] = 7.0
    with pytest.warns(UserWarning, match=r"constant columns \(1\)"):
        path = RegularisationPath(Logistic(), L2(), LAMBDAS).fit(X, y)
    assert np.abs(path.coefs_[:, 1]).max() <= 1e-12


def test_the_wrong_kind_of_loss_is_refused():
    X, y = table(Logistic())
    with pytest.raises(InputError, match="LinearClassifier"):
        LinearRegressor(Logistic()).fit(X, y)
    with pytest.raises(InputError, match="LinearRegressor"):
        LinearClassifier(Squared()).fit(X, y)
