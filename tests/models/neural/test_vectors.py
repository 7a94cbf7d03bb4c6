"""Products in vectors are those of numpy, for every shape, and write nothing beside what they are given."""

import numpy as np
import pytest
from numba import njit

from fivesigma.models.neural import vectors

SHAPES = [(1, 1), (1, 5), (2, 4), (3, 7), (4, 8), (5, 3), (9, 6), (16, 12)]
KINDS = [("float32", 1e-5), ("float64", 1e-13)]


@njit
def sums(W, offsets, x, to):
    vectors.weighted_sums(W, offsets, x, to)


@njit
def sums_without_offsets(W, x, to):
    vectors.weighted_sums(W, None, x, to)


@njit
def products(a, b, to):
    vectors.row_products(a, b, to)


@njit
def view(flat, start, m, n):
    found = vectors.matrix(flat, start, m, n)
    return found.sum(axis=0), found[m - 1, n - 1]


@njit
def length(n, array):
    return vectors.padded(n, array)


def framed(rows, columns, dtype):
    """An array inside a larger one of sevens, so that what is written beside it is seen."""
    whole = np.full((rows + 2) * columns, 7.0, dtype)
    return whole, whole[columns:-columns].reshape(rows, columns)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("dtype", "near"), KINDS)
@pytest.mark.parametrize("n_vectors", [1, 3])
def test_sums_and_products_are_those_of_numpy(shape, dtype, near, n_vectors) -> None:
    m, n = shape
    rng = np.random.default_rng([m, n])
    B = n_vectors * length(1, np.zeros(1, dtype))
    W, offsets = rng.normal(size=shape).astype(dtype), rng.normal(size=m).astype(dtype)
    x, s = rng.normal(size=(n, B)).astype(dtype), rng.normal(size=(m, B)).astype(dtype)
    found = [framed(m, B, dtype), framed(n, B, dtype), framed(m, n, dtype)]
    sums(W, offsets, x, found[0][1])
    sums_without_offsets(W.T, s, found[1][1])
    products(s, x, found[2][1])
    for (whole, part), expected in zip(found, (W @ x + offsets[:, None], W.T @ s, s @ x.T), strict=True):
        np.testing.assert_allclose(part, expected, rtol=near, atol=near * B)
        columns = part.shape[1]
        assert (whole[:columns] == 7).all()
        assert (whole[-columns:] == 7).all()


@pytest.mark.parametrize(("dtype", "near"), KINDS)
def test_a_view_is_part_of_its_array(dtype, near) -> None:
    flat = np.arange(20, dtype=dtype)
    total, last = view(flat, 3, 4, 3)
    np.testing.assert_allclose(total, flat[3:15].reshape(4, 3).sum(axis=0), rtol=near)
    assert last == 14


@pytest.mark.parametrize(("dtype", "lanes"), [("float32", 16), ("float64", 8)])
def test_rows_are_padded_to_whole_vectors(dtype, lanes) -> None:
    empty = np.zeros(1, dtype)
    assert [length(n, empty) for n in (0, 1, lanes, lanes + 1)] == [0, lanes, lanes, 2 * lanes]
