"""Mixtures: moments, densities and the truth that comes along."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.simulate.mixtures import GaussianMixture, SpikedMixture


def test_spiked_mixture_has_the_stated_moments():
    d, n, rho = 400, 2000, 9.0
    X, centres, labels = SpikedMixture(d, 3, rho).sample(n, np.random.default_rng(1))
    residual = X - centres[labels]
    assert abs(residual.mean()) < 4 / np.sqrt(n * d)
    assert abs(residual.var() - 1) < 4 * np.sqrt(2 / (n * d))
    assert abs((centres**2).sum() / (3 * rho) - 1) < 4 * np.sqrt(2 / (3 * d))
    counts = np.bincount(labels, minlength=3)
    assert (abs(counts - n / 3) < 4 * np.sqrt(n * 2 / 9)).all()


def test_no_signal_without_rho():
    assert not SpikedMixture(5, 2, 0.0).sample(3, np.random.default_rng(0))[1].any()


def test_density_integrates_to_one():
    rng = np.random.default_rng(2)
    mixture = GaussianMixture.random(3, 2, rng, separation=1.5)
    x = np.linspace(-12, 12, 401)
    grid = np.stack(np.meshgrid(x, x), axis=-1).reshape(-1, 2)
    total = np.exp(mixture.log_density(grid)).sum() * (x[1] - x[0]) ** 2
    assert total == pytest.approx(1, abs=1e-6)


def test_sample_follows_the_density():
    rng = np.random.default_rng(3)
    mixture = GaussianMixture.random(3, 2, rng, separation=2.0)
    X, labels = mixture.sample(40_000, rng)
    p = mixture.weights / mixture.weights.sum()
    mean = p @ mixture.means
    error = X.std(0) / np.sqrt(len(X))
    assert (abs(X.mean(0) - mean) < 4 * error).all()
    # a responsibility is the chance of the label: its mean among the drawn is that of the labels
    r = mixture.responsibilities(X)
    gap = r - np.eye(3)[labels]
    assert (abs(gap.mean(0)) < 4 * gap.std(0) / np.sqrt(len(X))).all()


def test_refusals():
    with pytest.raises(InputError):
        SpikedMixture(0, 2, 1.0)
    with pytest.raises(InputError):
        SpikedMixture(2, 2, -1.0)
    with pytest.raises(InputError):
        GaussianMixture(np.ones(2), np.zeros((3, 2)), np.ones((3, 2, 2)))
