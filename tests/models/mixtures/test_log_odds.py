"""Log odds in plain arithmetic: those of the library, in order, and antisymmetric about one half."""

from __future__ import annotations

import numpy as np

from fivesigma.models.mixtures.log_odds import log_odds

LAST = 1.0 - 2.0**-53


def of(u):
    out = np.array(u, dtype=np.float64)
    log_odds(out, np.empty(len(out)))
    return out


def test_they_are_those_of_the_library_to_the_last_place():
    rng = np.random.default_rng(0)
    u = np.concatenate(
        [rng.random(100_000), 10.0 ** rng.uniform(-300, 0, 10_000), LAST - rng.random(10_000) * 1e-9]
    )
    expected = np.log(u / (1.0 - u))
    assert np.all(np.abs(of(u) - expected) <= 2.0 * np.spacing(np.abs(expected)))


def test_every_uniform_number_has_some_and_they_rise():
    u = [0.0, 2.0**-53, 2.0**-52, 1e-9, 0.25, 0.5, 0.75, 1.0 - 1e-9, 1.0 - 2.0**-52, LAST]
    found = of(u)
    assert np.isfinite(found).all()
    assert np.all(np.diff(found) > 0)
    assert found[0] < -700.0
    assert found[5] == 0.0


def test_one_half_is_the_middle():
    u = np.arange(1, 1024) / 1024.0
    np.testing.assert_allclose(of(u), -of(1.0 - u), rtol=1e-15, atol=2e-16)
