"""Steps that leave fewer columns: what they find in planted truths, weights, names, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from fivesigma._core.errors import InputError
from fivesigma.features.components import NonNegativeParts, PrincipalComponents
from fivesigma.features.plan import FeaturePlan
from fivesigma.features.ranking import explained
from fivesigma.features.reduction import KINDS, Reduction
from fivesigma.features.selection import L1Selection, RecursiveElimination, Univariate
from tests.steps import steps

RNG = np.random.default_rng(3)
N, P = 400, 12
X = RNG.normal(size=(N, P))
LINEAR = 2.0 * X[:, 3] - 1.5 * X[:, 7] + 0.3 * RNG.normal(size=N)
LABELS = np.digitize(LINEAR, [-1.0, 1.0])
ALL = [
    PrincipalComponents(3),
    NonNegativeParts(3),
    Univariate(3),
    Univariate(3, "mutual-information"),
    RecursiveElimination(3),
    RecursiveElimination(3, "forest"),
    L1Selection(3),
]
SELECTIONS = ALL[2:]


@pytest.mark.parametrize("made", SELECTIONS, ids=str)
@pytest.mark.parametrize("y", [LINEAR, LABELS, (LINEAR > 0).astype(int)], ids=["numbers", "three", "two"])
def test_planted_columns_are_found(made, y) -> None:
    assert {3, 7} <= set(made.fit(X, y).chosen_.tolist())


@pytest.mark.parametrize("made", [each for each in ALL if getattr(each, "rank", "") != "forest"], ids=str)
@pytest.mark.parametrize("y", [LINEAR, LABELS], ids=["numbers", "classes"])
def test_weight_k_is_k_copies_and_weight_0_is_removal(made, y) -> None:
    w = RNG.integers(0, 4, N)
    copies = np.repeat(np.arange(N), w)
    one = made.fit(X, y, sample_weight=w.astype(float)).transform(X)
    two = made.fit(X[copies], y[copies]).transform(X)
    np.testing.assert_allclose(one, two, atol=2e-5 if isinstance(made, NonNegativeParts) else 1e-9)


def test_components_are_scikit_learns() -> None:
    Z = X @ RNG.normal(size=(P, P)) * RNG.uniform(0.1, 30.0, P)
    ours = PrincipalComponents().fit(Z)
    theirs = PCA().fit(StandardScaler().fit_transform(Z))
    np.testing.assert_allclose(ours.explained_, theirs.explained_variance_ratio_, rtol=1e-9)
    np.testing.assert_allclose(np.abs(ours.components_), np.abs(theirs.components_), atol=1e-7)
    largest = np.abs(ours.components_).argmax(axis=1)
    assert (ours.components_[np.arange(P), largest] > 0).all()
    assert ours.get_feature_names_out().tolist()[:2] == ["PC1", "PC2"]


def test_a_share_of_the_variance_takes_as_few_components_as_will_do() -> None:
    Z = RNG.normal(size=(300, 2)) @ RNG.normal(size=(2, 9)) + 1e-3 * RNG.normal(size=(300, 9))
    model = PrincipalComponents(0.99).fit(Z)
    assert len(model.components_) == 2
    assert model.explained_[:2].sum() >= 0.99 > model.explained_[0]


def test_more_columns_than_rows_give_the_same_components() -> None:
    wide = RNG.normal(size=(20, 60))
    scores = PrincipalComponents(5).fit(wide).transform(wide)
    expected = PCA(5).fit_transform(StandardScaler().fit_transform(wide))
    np.testing.assert_allclose(np.abs(scores), np.abs(expected), atol=1e-8)


def test_parts_rebuild_what_was_made_of_parts() -> None:
    h, W = RNG.gamma(1.0, size=(300, 2)), RNG.gamma(0.3, size=(2, 8))
    model = NonNegativeParts(2).fit(h @ W)
    assert model.error_ < 0.01
    assert (model.components_ >= 0).all()
    scores = model.transform(h @ W)
    np.testing.assert_allclose(
        model.transform((h @ W)[7:9]), scores[7:9], atol=1e-8
    )  # whatever comes with it


def test_mutual_information_sees_what_a_line_does_not() -> None:
    y = X[:, 5] ** 2
    assert Univariate(1, "mutual-information").fit(X, y).chosen_.tolist() == [5]
    assert explained(X, y, np.ones(N), classification=False)[5] < 0.1


def test_the_names_of_the_chosen_columns_are_kept() -> None:
    model = L1Selection(2).fit(X, LINEAR)
    assert model.get_feature_names_out([f"c{j}" for j in range(P)]).tolist() == ["c3", "c7"]


@pytest.mark.parametrize("made", SELECTIONS, ids=str)
def test_one_column_and_constant_columns_do_not_matter(made) -> None:
    assert made.fit(X[:, :1], LINEAR).chosen_.tolist() == [0]
    Z = np.column_stack([np.full(N, 5.0), X])
    assert 0 not in made.fit(Z, LABELS).chosen_
    assert len(made.fit(X, np.ones(N)).chosen_) == 3  # a constant target: no column says anything


def test_many_columns_end_or_are_refused() -> None:
    wide = RNG.normal(size=(60, 100_000))
    y = wide[:, 5] * 5 + RNG.normal(size=60)
    assert 5 in Univariate(10).fit(wide, y).chosen_
    assert PrincipalComponents(2).fit(wide).components_.shape == (2, 100_000)
    with pytest.raises(InputError, match="let an 'f-test' of at most 5,000 columns go before it"):
        RecursiveElimination(10).fit(wide, y)


@pytest.mark.parametrize("made", [Univariate(10), PrincipalComponents(2)], ids=str)
def test_a_thousand_times_as_many_columns_take_no_more_steps(made) -> None:
    wide = RNG.normal(size=(60, 20_000))
    y = wide[:, 5] * 5 + RNG.normal(size=60)
    made.fit(wide[:, :20], y)  # what a first call imports
    assert steps(lambda: made.fit(wide, y)) <= steps(lambda: made.fit(wide[:, :20], y)) + 10


def test_the_plan_puts_steps_in_their_place() -> None:
    plan = FeaturePlan(
        ("a", "b", "c"), interactions=2, reductions=(Reduction("f-test", 4), Reduction("pca", (1, 9)))
    )
    assert (plan.made, plan.width, plan.tuned) == (6, 4, {"pca": (1, 4)})
    names = [name for name, _ in plan.steps(native=True, standardise=True)]
    assert names == ["impute", "products", "f-test", "pca", "standardise"]


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        (("umap", 2), "kind of reduction"),
        (("rfe", 0), "a whole number from 1, \\[low, high\\] or 'tuned'"),
        (("f-test", 0.5), "no number of columns"),
        (("pca", 1.5), "a share of the variance"),
        (("l1", (5, 2)), "no number of columns"),
        (("pca", "best"), "'tuned'"),
        (("pca", 3, "forest"), "'rank' belongs to rfe"),
        (("rfe", 3, "svm"), "rank"),
    ],
)
def test_what_a_step_cannot_be_is_one_sentence(settings, match) -> None:
    with pytest.raises(InputError, match=match):
        Reduction(*settings)


def test_more_than_there_are_is_refused_and_every_kind_builds() -> None:
    with pytest.raises(InputError, match="n = 9 of 3 columns"):
        FeaturePlan(("a", "b", "c"), reductions=(Reduction("pca", 9),)).refuse_too_many()
    with pytest.raises(InputError, match="'pca' twice"):
        FeaturePlan(("a",), reductions=(Reduction("pca", 1), Reduction("pca", 1)))
    for kind in KINDS:
        step = Reduction(kind, 2).step(5, standardise=True, classification=False)
        assert step.fit(X, LINEAR).transform(X).shape == (N, 2)
