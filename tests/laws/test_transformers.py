"""Laws of the transformers: names, single rows, the order of rows, and the unit of weights."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.features.angles import SineCosine
from fivesigma.features.components import NonNegativeParts, PrincipalComponents
from fivesigma.features.impute import MedianImputer
from fivesigma.features.onehot import OneHot
from fivesigma.features.products import Products
from fivesigma.features.selection import L1Selection, RecursiveElimination, Univariate
from fivesigma.models.neural.features import Autoencoder, NetworkFeatures

RNG = np.random.default_rng(5)
N = 120
X = RNG.gamma(2.0, size=(N, 4))
X[:, 3] = RNG.integers(0, 3, N)
GAPS = np.where((RNG.random(X.shape) < 0.1) & (np.arange(4) < 3), np.nan, X)
Y = X[:, 1] - 2 * X[:, 2] + 0.1 * RNG.normal(size=N)
W = RNG.uniform(0.5, 2.0, N)
GAPLESS = [
    PrincipalComponents(2),
    NonNegativeParts(2),
    Autoencoder(2, epochs=5),
    NetworkFeatures(2, epochs=5),
    Univariate(2),
    Univariate(2, "mutual-information"),
    RecursiveElimination(2),
    L1Selection(2),
]
GAPPY = [SineCosine({1: 2.0}), MedianImputer(), OneHot({3: ("a", "b", "c")}), Products(2, 3)]
ALL = [*((made, X) for made in GAPLESS), *((made, GAPS) for made in GAPPY)]
WEIGHTED = [(made, table) for made, table in ALL if not isinstance(made, Products)]


def name(value):
    return str(value).split("(")[0] if hasattr(value, "fit") else ""


@pytest.mark.parametrize(("made", "table"), ALL, ids=name)
def test_every_column_has_a_name_of_its_own(made, table) -> None:
    width = made.fit(table, Y).transform(table).shape[1]
    names = made.get_feature_names_out(["p", "q", "r", "s"]).tolist()
    assert len(set(names)) == len(names) == width


@pytest.mark.parametrize(("made", "table"), ALL, ids=name)
def test_what_becomes_of_a_row_does_not_depend_on_its_company(made, table) -> None:
    whole = made.fit(table, Y).transform(table)
    for i in (0, 7, N - 1):
        np.testing.assert_allclose(made.transform(table[[i]])[0], whole[i], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("made", "table"), ALL, ids=name)
def test_the_order_of_the_rows_does_not_matter(made, table) -> None:
    order = RNG.permutation(N)
    one = made.fit(table, Y).transform(table)
    two = made.fit(table[order], Y[order]).transform(table)
    np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("made", "table"), WEIGHTED, ids=name)
def test_the_unit_of_weights_has_no_meaning(made, table) -> None:
    one, two = (made.fit(table, Y, sample_weight=k * W).transform(table) for k in (1.0, 1e-6))
    np.testing.assert_allclose(one, two, rtol=1e-6, atol=1e-6)
