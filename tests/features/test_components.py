"""Components and parts: equal to scikit-learn's, and found where they were planted."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from fivesigma._core.errors import InputError
from fivesigma.features import components
from fivesigma.features.components import NonNegativeParts, PrincipalComponents

RNG = np.random.default_rng(3)
N, P = 400, 12
X = RNG.normal(size=(N, P))


def test_components_are_scikit_learns() -> None:
    Z = X @ RNG.normal(size=(P, P)) * RNG.uniform(0.1, 30.0, P)
    ours = PrincipalComponents().fit(Z)
    theirs = PCA().fit(StandardScaler().fit_transform(Z))
    np.testing.assert_allclose(ours.explained_, theirs.explained_variance_ratio_, rtol=1e-9)
    np.testing.assert_allclose(np.abs(ours.components_), np.abs(theirs.components_), atol=1e-7)
    largest = np.abs(ours.components_).argmax(axis=1)
    assert (ours.components_[np.arange(P), largest] > 0).all()
    assert ours.get_feature_names_out().tolist()[:2] == ["PC1", "PC2"]


@pytest.mark.parametrize("unit", [-1.0, -3.0, -0.1, -1e-7, 1e9])
def test_of_equal_entries_the_first_has_the_sign_whatever_the_unit(unit) -> None:
    for seed in range(20):
        x = np.random.default_rng(seed).normal(size=50)
        [direction] = PrincipalComponents(1).fit(np.column_stack([x, unit * x])).components_
        np.testing.assert_allclose(direction, np.sqrt(0.5) * np.array([1.0, np.sign(unit)]))


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


@pytest.mark.parametrize("n", [True, 0, -1, 2.5])
def test_what_is_no_number_of_components_is_refused(n) -> None:
    with pytest.raises(InputError, match="expected a whole number"):
        PrincipalComponents(n).fit(X)


@pytest.mark.parametrize("n", [True, 0, 2.5])
def test_what_is_no_number_of_parts_is_refused(n) -> None:
    with pytest.raises(InputError, match="expected a whole number from 1"):
        NonNegativeParts(n).fit(X)


def test_a_table_that_is_large_on_both_sides_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(components, "LARGEST", 10)
    with pytest.raises(InputError, match="select at most 10 columns before"):
        PrincipalComponents(2).fit(X)


def test_a_share_that_rounding_does_not_reach_takes_all() -> None:
    assert len(PrincipalComponents(0.9999999999999).fit(X).components_) == P


def test_a_table_without_variance_has_one_component_that_explains_nothing() -> None:
    model = PrincipalComponents().fit(np.full((5, 3), 2.0))
    assert model.explained_.tolist() == [0.0]
    assert model.transform([[2.0, 2.0, 2.0]]).tolist() == [[0.0]]


def test_parts_are_named_and_there_are_no_more_than_columns() -> None:
    model = NonNegativeParts(99).fit(np.abs(X[:, :3]))
    assert model.get_feature_names_out().tolist() == ["NMF1", "NMF2", "NMF3"]
    assert (model.transform(-9 * np.abs(X[:, :3])) == 0).all()
