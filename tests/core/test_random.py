"""Streams named by what they are for: equal names equal streams, others independent, in any order of work."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fivesigma._core.errors import WrongTypeError
from fivesigma._core.random import generator, random_state, refuse_other_than_generator, seed_sequence

NAMES = [(), ("fold",), ("fold", 0), ("fold", 1), (1, "fold"), ("fold", "0"), (-1,), (2**32,), ("fold", 0, 0)]


def test_a_stream_depends_on_its_names_alone():
    forwards = [generator(7, *keys).random(3).tolist() for keys in NAMES]
    backwards = [generator(7, *keys).random(3).tolist() for keys in reversed(NAMES)]
    assert forwards == backwards[::-1]


def test_other_names_and_other_entropy_give_other_streams():
    states = [tuple(seed_sequence(seed, *keys).generate_state(4)) for seed in (0, 1) for keys in NAMES]
    assert all(one != other for one, other in itertools.combinations(states, 2))


def test_a_state_suits_scikit_learn_and_the_global_generator_is_not_touched():
    before = np.random.mtrand._rand.get_state()[1].tolist()
    found = {random_state(0, "fold", k) for k in range(200)}
    assert len(found) == 200
    assert all(type(each) is int and 0 <= each < 2**31 for each in found)
    assert np.random.mtrand._rand.get_state()[1].tolist() == before


def test_only_a_generator_is_one():
    refuse_other_than_generator(np.random.default_rng(0))
    for other in (0, None, np.random.RandomState(0), np.random):
        with pytest.raises(WrongTypeError, match="expected a generator"):
            refuse_other_than_generator(other)
