"""Laws are found with their exponents, whatever the units, and where there is none nothing is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fivesigma.data.audit import audit
from fivesigma.data.audit.laws import search
from fivesigma.data.dataset import Dataset
from fivesigma.simulate.tables import draw, flat

MCXC = Path(__file__).parents[4] / "shared/data/mcxc/mcxc.csv.gz"


def table(seed: int, n: int = 400, p: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).lognormal(0, 0.7, size=(n, p))


@pytest.mark.parametrize(("c", "scale"), [(1.0, 1.0), (1e-20, 1e6), (-3.0, 1e-9), (7.0, -2.0)])
def test_a_power_law_is_found_in_any_unit(c, scale):
    X = table(0)
    y = c * X[:, 1] ** 0.6 * X[:, 4] ** -1.5 * X[:, 6] ** 2
    [law] = search(X * scale, y)
    assert law.columns == (1, 4, 6)
    assert law.logarithm
    np.testing.assert_allclose(law.slopes, [0.6, -1.5, 2.0], rtol=1e-6)


def test_a_sum_of_columns_of_both_signs_is_found():
    X = np.random.default_rng(1).normal(size=(400, 8))
    [law] = search(X, 2 * X[:, 0] - 5 * X[:, 3] + 0.1 * X[:, 7] ** 2 - 4)
    assert law.columns == (0, 3, 7)
    assert not law.logarithm
    np.testing.assert_allclose([law.slopes[0], law.slopes[1]], [2.0, -5.0], rtol=1e-6)


def test_a_few_rows_that_were_mended_do_not_hide_a_law():
    X = table(2)
    y = X[:, 0] / X[:, 5]
    y[::20] *= 3.0
    [law] = search(X, y)
    assert law.columns == (0, 5)


def test_fewest_columns_are_named():
    X = table(3)
    [law] = search(X, X[:, 2] ** 0.3)
    assert law.columns == (2,)


def test_products_of_columns_of_both_signs_and_a_magnitude_are_found():
    X = np.random.default_rng(1).normal(size=(400, 8))
    [product] = search(X, X[:, 1] * X[:, 2] / X[:, 5])
    assert (product.columns, product.logarithm) == ((1, 2, 5), True)
    flux = table(7)
    [magnitude] = search(flux, 20 - 2.5 * np.log10(flux[:, 3]) + 5 * np.log10(flux[:, 4]))
    assert (magnitude.columns, magnitude.logarithm) == ((3, 4), False)


@pytest.mark.parametrize("noise", [0.02, 0.2, 2.0])
def test_noise_is_no_law(noise):
    X = table(4)
    y = X[:, 1] ** 0.6 * X[:, 4] ** -1.5 * np.exp(noise * np.random.default_rng(0).normal(size=len(X)))
    assert search(X, y) == []


def test_a_law_in_sixty_columns_is_found_by_its_best_pairs():
    X = table(5, n=2000, p=60)
    [law] = search(X, X[:, 11] * X[:, 40] ** 0.5 / X[:, 59])
    assert law.columns == (11, 40, 59)


def test_missing_values_hide_no_law():
    X = table(6)
    y = X[:, 1] * X[:, 2]
    X[np.random.default_rng(0).random(X.shape) < 0.03] = np.nan
    X[::2, 7] = np.nan
    [law] = search(X, y)
    assert law.columns == (1, 2)


@pytest.mark.parametrize("target", ["M500", "R500"])
def test_masses_of_a_catalogue_were_computed_from_luminosity_and_redshift(target):
    if not MCXC.is_file():
        pytest.skip(f"{MCXC} is not here: the catalogue of X-ray clusters")
    import polars as pl

    frame = pl.read_csv(MCXC, infer_schema_length=10_000, null_values=["NA", ""])
    names = ["GLON", "GLAT", "z", "L500"]
    data = Dataset.from_arrays(
        frame.select(names).to_numpy(), frame[target].to_numpy(), names=names, target=target
    )
    [found] = [each for each in audit(data) if each.check == "law"]
    assert set(found.columns) == {"z", "L500"}
    assert found.status == "warning"
    assert ("0.61 log(L500)" in found.message) is (target == "M500")


def test_simulated_haloes_follow_no_law():
    drawn = draw("halos", n=3000, seed=1, settings={})
    columns = flat(drawn.columns)
    names = [name for name in drawn.features if name in columns]
    y = np.asarray(columns[drawn.target] if drawn.target in columns else columns[names[0]], dtype=float)
    X = np.column_stack([np.asarray(columns[name], dtype=float) for name in names if name != drawn.target])
    assert search(X, y) == []
