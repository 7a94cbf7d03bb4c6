"""Sums over resamples are products of matrices; an order is that of a stable sort."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.risk.counted import counted_sums, n_distinct, rising
from fivesigma.risk.evidence import Part, measure
from fivesigma.risk.metrics import metric


@pytest.mark.parametrize("n", [1, 3, 1023, 1024, 1025, 5000])
@pytest.mark.parametrize("n_boot", [0, 1, 65, 300])
@pytest.mark.parametrize("shape", [(), (1,), (4,)])
def test_sums_are_those_of_the_whole_matrix(n, n_boot, shape) -> None:
    rng = np.random.default_rng(n)
    counts, terms = rng.poisson(1.0, (n_boot, n)).astype(np.uint8), rng.normal(size=(n, *shape))
    expected = counts.astype(float) @ terms
    np.testing.assert_allclose(counted_sums(counts, terms), expected, rtol=1e-12, atol=1e-10)


def test_whole_numbers_are_summed_exactly_and_terms_of_no_event_to_nothing() -> None:
    counts = np.random.default_rng(0).integers(0, 256, (70, 3000)).astype(np.uint8)
    assert (counted_sums(counts, np.ones(3000)) == counts.sum(axis=1)).all()
    assert (counted_sums(np.ones((2, 0), np.uint8), np.ones((0, 3))) == 0).all()


def test_rows_of_a_part_of_a_table_are_summed_as_they_lie() -> None:
    rng = np.random.default_rng(1)
    counts, terms = rng.poisson(1.0, (40, 4000)).astype(np.uint8), rng.normal(size=2000)
    np.testing.assert_allclose(counted_sums(counts[::2, ::2], terms), counts[::2, ::2] @ terms)


VALUES = {
    "all differ": lambda rng: rng.normal(size=5000),
    "all equal": lambda rng: np.full(5000, 0.3),
    "few values": lambda rng: rng.integers(0, 7, 5000) / 7,
    "some are equal": lambda rng: rng.normal(size=5000).round(3),
    "ends": lambda rng: np.clip(rng.normal(size=5000), -1, 1),
    "signs of zero": lambda rng: rng.choice([0.0, -0.0, 1.0, -1.0], 5000),
    "infinite": lambda rng: rng.choice([np.inf, -np.inf, 2.0], 5000),
    "one": lambda rng: np.ones(1),
    "none": lambda rng: np.empty(0),
}


@pytest.mark.parametrize("name", VALUES)
def test_equal_values_stand_as_they_stood_or_by_what_comes_then(name) -> None:
    rng = np.random.default_rng(2)
    values = VALUES[name](rng)
    then = rng.random(len(values)) < 0.5
    np.testing.assert_array_equal(rising(values), np.argsort(values, kind="stable"))
    np.testing.assert_array_equal(rising(values, then), np.lexsort((then, values)))


def test_different_codes_are_counted() -> None:
    codes = np.random.default_rng(3).choice([0, 4, 9], 100)
    assert n_distinct(codes) == len(np.unique(codes)) == 3
    assert n_distinct(codes[:0]) == 0


class Twice(type(metric("mae"))):
    """A metric of somebody's own, which says more than its sums do."""

    def value(self, *events, **more):
        return 2.0 * super().value(*events, **more)

    def resampled(self, *events, **more):
        return 2.0 * super().resampled(*events, **more)


def test_a_metric_of_ones_own_is_asked_what_it_says_itself() -> None:
    rng = np.random.default_rng(0)
    y, said = rng.normal(size=(2, 200))
    part = Part.draw(y, rng, n_boot=200)
    own, plain = (measure(each, part, said, refits=[said + 0.1]) for each in (Twice(), metric("mae")))
    assert own.value == 2.0 * plain.value
    np.testing.assert_array_equal(own.draws, 2.0 * plain.draws)
    np.testing.assert_array_equal(own.refits.values, 2.0 * plain.refits.values)
    assert Twice().value(y, said) == own.value
