"""λ chosen by folds inside the rows given: nested, scaled, weighted, and the same for every way to write a table."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from fivesigma._core.errors import InputError
from fivesigma.models.folds import inner_folds
from fivesigma.models.linear.folded import FoldedPath
from fivesigma.models.linear.minimised import MinimisedPath
from fivesigma.models.linear.path import RegularisationPath
from fivesigma.risk.losses import Huber, Logistic, Squared, SquaredHinge
from fivesigma.risk.metrics import metric
from fivesigma.risk.penalties import L1, L2

RNG = np.random.default_rng(5)
N = 200
X = RNG.normal(size=(N, 6)) * [1, 1, 5, 1, 1, 0.1] + [0, 3, 0, 0, 0, 0]
F = X[:, 0] + 0.3 * X[:, 2]
Y = F + RNG.normal(size=N)
CODES = (Y > 0).astype(int)
LAMBDAS = np.geomspace(300.0, 0.1, 12)


def folded(loss, penalty, lambdas=LAMBDAS, **settings) -> FoldedPath:
    steps = [("scale", StandardScaler()), ("path", RegularisationPath(loss, penalty, lambdas))]
    return FoldedPath(Pipeline(steps), **settings)


class Seen(TransformerMixin, BaseEstimator):
    """A step that remembers the rows of every fit: of the class, so that clones write to one list."""

    rows: ClassVar[list[set[float]]] = []

    def fit(self, X, y=None):
        Seen.rows.append(set(X[:, 0].tolist()))
        self.fitted_ = True
        return self

    def transform(self, X):
        return X


def test_the_steps_before_the_path_see_the_rows_of_each_inner_fit_and_no_others() -> None:
    Seen.rows = []
    FoldedPath(Pipeline([("seen", Seen()), ("path", RegularisationPath(Squared(), L2(), LAMBDAS))])).fit(X, Y)
    folds = inner_folds(X, Y, n_folds=5, classification=False)
    assert Seen.rows == [set(X[:, 0].tolist())] + [set(X[folds != k, 0].tolist()) for k in range(5)]


def test_scores_are_those_of_paths_fitted_by_hand() -> None:
    model = folded(Logistic(), L1()).fit(X, CODES)
    folds = inner_folds(X, CODES, n_folds=5, classification=True)
    scores = []
    for k in range(5):
        fit, out = folds != k, folds == k
        scale = StandardScaler().fit(X[fit])
        path = RegularisationPath(Logistic(), L1(), LAMBDAS * fit.sum() / N)
        path.fit(scale.transform(X[fit]), CODES[fit])
        p = path.predict_path(scale.transform(X[out]))
        assert set(np.unique(p)) <= {0, 1}
        linear = path.score_path(scale.transform(X[out]))
        q = 1.0 / (1.0 + np.exp(-linear))
        scores.append([metric("roc_auc").value(CODES[out], np.column_stack([1 - s, s])) for s in q])
    np.testing.assert_allclose(model.scores_, scores, atol=1e-12)
    assert model.best_ == LAMBDAS[np.argmax(np.mean(scores, axis=0).round(12))]
    assert model.limit_ == 0.5


def test_the_law_is_the_path_at_the_chosen_lambda_on_all_rows() -> None:
    model = folded(Squared(), L1(), rule="one-standard-error").fit(X, Y)
    assert model.lambda_ == model.one_standard_error_ >= model.best_
    Z = StandardScaler().fit_transform(X)
    path = RegularisationPath(Squared(), L1(), LAMBDAS, select=model.lambda_).fit(Z, Y)
    np.testing.assert_allclose(model.predict(X), path.predict(Z), atol=1e-10)
    at = int(np.flatnonzero(model.lambdas_ == model.lambda_)[0])
    assert model.mean_[at] >= model.mean_.max() - model.standard_error_[np.argmax(model.mean_)]


@pytest.mark.parametrize(
    ("loss", "y"), [(Logistic(), CODES), (Squared(), Y), (Huber(0.5), Y), (SquaredHinge(), CODES)]
)
def test_weight_k_is_k_copies(loss, y) -> None:
    w = RNG.integers(0, 4, N).astype(float)
    copies = np.repeat(np.arange(N), w.astype(int))
    one = folded(loss, L1()).fit(X, y, sample_weight=w)
    two = folded(loss, L1()).fit(X[copies], y[copies])
    assert one.lambda_ == two.lambda_
    np.testing.assert_allclose(one.mean_, two.mean_, atol=1e-9)
    np.testing.assert_allclose(one.coefs_, two.coefs_, atol=1e-8)


def test_members_of_a_group_share_a_fold() -> None:
    Seen.rows = []
    groups = np.arange(N) // 20
    path = RegularisationPath(Squared(), L2(), LAMBDAS)
    FoldedPath(Pipeline([("seen", Seen()), ("path", path)])).fit(X, Y, groups=groups)
    for rows in Seen.rows[1:]:
        inside = np.isin(X[:, 0], list(rows))
        assert all(inside[groups == g].all() or not inside[groups == g].any() for g in range(10))


def test_where_the_path_has_no_lambdas_they_follow_from_lambda_max() -> None:
    model = folded(Squared(), L1(), None).fit(X, Y)
    assert len(model.lambdas_) == 50
    assert not model.coefs_[0].any()


def test_one_lambda_leaves_nothing_to_choose() -> None:
    model = folded(Logistic(), None, [1.0]).fit(X, CODES)
    assert model.lambda_ == 1.0
    assert model.scores_.shape == (0, 1)


def test_three_classes_have_probabilities() -> None:
    labels = np.array(["a", "b", "c"])[np.digitize(F, [-0.5, 0.8])]
    model = folded(Logistic(), L2()).fit(X, labels)
    p = model.predict_proba(X)
    assert p.shape == (N, 3)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    assert (model.predict(X) == model.classes_[p.argmax(axis=1)]).all()
    assert model.score(X, labels) > 0.6


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(InputError, match="rule is 'least'"):
        folded(Squared(), L1(), rule="least").fit(X, Y)


def test_minimised_paths_agree_and_plain_bfgs_misses_the_zeros() -> None:
    Z, lambdas = StandardScaler().fit_transform(X), [100.0, 20.0]
    exact = RegularisationPath(Squared(), L1(), lambdas).fit(Z, Y)
    split = MinimisedPath(lambdas=lambdas).fit(Z, Y)
    np.testing.assert_allclose(split.coefs_, exact.coefs_, atol=1e-6)
    assert ((split.coefs_ == 0) == (exact.coefs_ == 0)).all()
    with pytest.warns(match="did not reach tol|stopped early"):
        plain = MinimisedPath(lambdas=lambdas, method="BFGS").fit(Z, Y)
    assert (exact.coefs_ == 0).any()
    assert (plain.coefs_[1] != 0).all()
    assert plain.violations_.max() > 1e-8
