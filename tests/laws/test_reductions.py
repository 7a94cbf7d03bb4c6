"""Laws of the steps that leave fewer columns: planted truths, weights, useless columns, and steps taken."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.features.components import NonNegativeParts, PrincipalComponents
from fivesigma.features.selection import L1Selection, RecursiveElimination, Univariate
from fivesigma.models.neural.features import Autoencoder, NetworkFeatures
from fivesigma.models.trees import ExtraTreesRegressor
from tests.steps import steps

RNG = np.random.default_rng(3)
N, P = 400, 12
X = RNG.normal(size=(N, P))
LINEAR = 2.0 * X[:, 3] - 1.5 * X[:, 7] + 0.3 * RNG.normal(size=N)
LABELS = np.digitize(LINEAR, [-1.0, 1.0])
ALL = [
    PrincipalComponents(3),
    NonNegativeParts(3),
    Autoencoder(3, epochs=5),
    NetworkFeatures(3, epochs=5),
    Univariate(3),
    Univariate(3, "mutual-information"),
    RecursiveElimination(3),
    RecursiveElimination(3, "forest"),
    RecursiveElimination(3, ExtraTreesRegressor(100, random_state=0)),
    L1Selection(3),
]
SELECTIONS = ALL[4:]


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
