"""Random streams named by what they are for, never by the order in which they are asked for."""

from __future__ import annotations

import hashlib

import numpy as np


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
    return np.random.SeedSequence(entropy, spawn_key=tuple(_word(key) for key in keys))


def generator(entropy: int, *keys: int | str) -> np.random.Generator:
    """Return the generator of the stream named by ``keys``."""
    return np.random.default_rng(seed_sequence(entropy, *keys))


def random_state(entropy: int, *keys: int | str) -> int:
    """Return an integer below 2**31 for scikit-learn's ``random_state``."""
    return int(seed_sequence(entropy, *keys).generate_state(1)[0] >> 1)
