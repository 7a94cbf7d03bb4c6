"""Random fields: spectrum and variance in standard errors."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.simulate.fields import Fields, PowerLaw


@pytest.mark.parametrize("dimensions", [2, 3])
def test_power_spectrum_in_shells(dimensions):
    fields = Fields(size=16, factor=2, dimensions=dimensions, power=PowerLaw(cutoff=1.0))
    n = 300
    _, high = fields.sample(n, np.random.default_rng(0))
    k = fields.wave_numbers()
    # inside the half space every mode is independent; its edges hold conjugate pairs
    inner = (slice(None),) * (dimensions - 1) + (slice(1, 8),)
    ratio = fields.spectrum(high)[(slice(None), *inner)] / fields.power(k[inner])
    for low, up in ((0.0, 0.3), (0.3, 0.5), (0.5, 2.0)):
        shell = (k[inner] >= low) & (k[inner] < up)
        values = ratio[:, shell]
        assert abs(values.mean() - 1) < 4 / np.sqrt(values.size)  # each is exponential with mean 1


def test_variance_is_the_sum_over_modes():
    fields = Fields(size=32, factor=4)
    low, high = fields.sample(400, np.random.default_rng(1))
    k = 2 * np.pi * np.fft.fftfreq(32, 100 / 32)
    power = fields.power(np.hypot(*np.meshgrid(k, k)))
    per_field = (high**2).mean((1, 2))
    assert abs(per_field.mean() - power.sum() / 100**2) < 4 * per_field.std() / np.sqrt(400)
    assert low.reshape(400, -1).mean(1) == pytest.approx(high.reshape(400, -1).mean(1))
    assert abs(high.mean()) < 1e-12  # no mode at k = 0


def test_refusals():
    with pytest.raises(InputError):
        Fields(size=10, factor=4)
    with pytest.raises(InputError):
        Fields(dimensions=4)
