"""One law, the whole list of penalties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fivesigma._core.errors import InputError
from fivesigma.risk.penalties import L1, L2, ElasticNet, GroupL1, NoPenalty

PENALTIES = [
    NoPenalty(),
    L1(),
    L2(),
    ElasticNet(0.3),
    GroupL1([0, 0, 1, 1, 1, 2]),
    GroupL1(list("aabbcc"), [1.0, 2.0, 0.5]),
]
laws = settings(deadline=None, max_examples=50, derandomize=True)


def point(seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=6) * rng.integers(0, 2, 6)


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
@laws
@given(seed=st.integers(0, 2**31), step=st.floats(0.01, 3.0))
def test_prox_satisfies_its_own_optimality_condition(penalty, seed, step):
    v = 2 * point(seed)
    theta = penalty.prox(v, step)
    assert penalty.distance(theta - v, theta, step).max() <= 1e-12


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
@laws
@given(seed=st.integers(0, 2**31), step=st.floats(0.01, 3.0))
def test_prox_beats_its_neighbours(penalty, seed, step):
    v, rng = 2 * point(seed), np.random.default_rng(seed + 1)
    theta = penalty.prox(v, step)

    def cost(t):
        return 0.5 * ((t - v) ** 2).sum() + step * penalty.value(t)

    for size in (1e-3, 0.1, 1.0):
        assert cost(theta) <= cost(theta + size * rng.normal(size=6)) + 1e-12


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
@laws
@given(seed=st.integers(0, 2**31), lam=st.floats(0.05, 3.0))
def test_conjugate_bounds_every_point_and_is_reached(penalty, seed, lam):
    rng = np.random.default_rng(seed)
    v = 3 * rng.normal(size=6)
    v *= penalty.shrink(v, lam)
    for theta in (point(seed + 1), 5 * rng.normal(size=6)):
        assert v @ theta - lam * penalty.value(theta) <= penalty.conjugate(v, lam) + 1e-9
    if not isinstance(penalty, NoPenalty):
        theta = penalty.prox(v * (1 + 1 / lam), 1.0)
        gradient = -v
        if penalty.distance(gradient, theta, lam).max() < 1e-12:
            assert v @ theta - lam * penalty.value(theta) == pytest.approx(
                penalty.conjugate(v, lam), abs=1e-9
            )


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
@laws
@given(seed=st.integers(0, 2**31), t=st.floats(0.0, 1.0))
def test_convexity_and_zero_at_zero(penalty, seed, t):
    a, b = point(seed), point(seed + 1)
    assert penalty.value(t * a + (1 - t) * b) <= t * penalty.value(a) + (1 - t) * penalty.value(b) + 1e-12
    assert penalty.value(np.zeros(6)) == 0


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
def test_a_stack_of_vectors_is_each_vector(penalty):
    coefs = np.stack([point(seed) for seed in range(5)])
    gradients = np.stack([point(seed + 9) for seed in range(5)])
    lams = np.array([0.1, 0.5, 1.0, 2.0, 4.0])
    together = penalty.distance(gradients, coefs, lams)
    for i in range(5):
        np.testing.assert_allclose(together[i], penalty.distance(gradients[i], coefs[i], lams[i]))
        np.testing.assert_allclose(penalty.value(coefs)[i], penalty.value(coefs[i]))
        np.testing.assert_allclose(penalty.shrink(gradients, lams)[i], penalty.shrink(gradients[i], lams[i]))
        np.testing.assert_allclose(penalty.prox(gradients, lams)[i], penalty.prox(gradients[i], lams[i]))


def test_elastic_net_is_the_mixture_of_its_ends():
    theta = point(1)
    assert ElasticNet(0.25).value(theta) == pytest.approx(0.25 * L1().value(theta) + 0.75 * L2().value(theta))


def test_groups_of_one_are_l1():
    singles = GroupL1(range(6))
    v = 2 * point(5)
    np.testing.assert_allclose(singles.prox(v, 0.7), L1().prox(v, 0.7), atol=1e-15)
    assert singles.value(v) == pytest.approx(L1().value(v))


def test_tiled_groups_join_the_classes_of_a_feature():
    assert GroupL1([0, 1]).tiled(2).value(np.array([3.0, 0.0, 4.0, 0.0])) == pytest.approx(5.0)


@pytest.mark.parametrize(
    "make", [lambda: ElasticNet(1.0), lambda: GroupL1([]), lambda: GroupL1([0, 1], [1.0])]
)
def test_an_impossible_parameter_is_refused(make):
    with pytest.raises(InputError):
        make()
