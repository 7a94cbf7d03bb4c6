"""Random streams named by what they are for, never by the order in which they are asked for."""

from __future__ import annotations

import hashlib

import numpy as np

from fivesigma._core.errors import InputError, WrongTypeError


def _word(key: int | str) -> int:
    """One 32-bit word for a key: integers as they are, text through SHA-256."""
    if isinstance(key, int) and 0 <= key < 2**32:
        return key
    return int.from_bytes(hashlib.sha256(str(key).encode()).digest()[:4], "big")


def seed_sequence(entropy: int, *keys: int | str) -> np.random.SeedSequence:
    """``SeedSequence(entropy, spawn_key=keys)``: the same keys give the same stream in any order of work.

    >>> seed_sequence(0, "fold", 3).generate_state(1) == seed_sequence(0, "fold", 3).generate_state(1)
    array([ True])
    """
    if entropy < 0:
        raise InputError(f"seed is {entropy}; expected a whole number from 0.")
    return np.random.SeedSequence(entropy, spawn_key=tuple(_word(key) for key in keys))


def generator(entropy: int, *keys: int | str) -> np.random.Generator:
    """Return the generator of the stream named by ``keys``."""
    return np.random.default_rng(seed_sequence(entropy, *keys))


def random_state(entropy: int, *keys: int | str) -> int:
    """Return an integer below 2**31 for scikit-learn's ``random_state``."""
    return int(seed_sequence(entropy, *keys).generate_state(1)[0] >> 1)


def refuse_other_than_generator(rng: object) -> None:
    """Raise `WrongTypeError` unless ``rng`` is a generator of numpy: a seed would draw the same at every call.

    >>> refuse_other_than_generator(0)
    Traceback (most recent call last):
        ...
    fivesigma._core.errors.WrongTypeError: rng is 0; expected a generator: np.random.default_rng(0).
    """
    if not isinstance(rng, np.random.Generator):
        raise WrongTypeError(f"rng is {rng!r:.60}; expected a generator: np.random.default_rng(0).")
