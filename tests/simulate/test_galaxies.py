"""Images: flux, shape and blurring against closed forms, noise in standard errors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammainc, gammaincinv

from fivesigma._core.errors import InputError
from fivesigma.simulate.galaxies import Galaxies, Psf, blur, render


def radius(size, x, y, q, angle):
    rows, columns = np.mgrid[:size, :size]
    dx, dy = columns - x, rows - y
    c, s = np.cos(angle), np.sin(angle)
    return np.hypot(c * dx + s * dy, (c * dy - s * dx) / q)


@pytest.mark.parametrize(
    ("n", "q", "tolerance"), [(0.5, 0.7, 1e-4), (1.0, 0.5, 1e-3), (2.5, 0.6, 2e-3), (4.0, 1.0, 6e-3)]
)
def test_flux_inside_an_ellipse(n, q, tolerance):
    image = render(np.array([[100.0, 4.0, n, q, 0.4, 127.3, 127.8]]), 256)[0].astype(float)
    inside = image[radius(256, 127.3, 127.8, q, 0.4) < 50].sum()
    exact = 100 * gammainc(2 * n, gammaincinv(2 * n, 0.5) * (50 / 4.0) ** (1 / n))
    assert inside == pytest.approx(exact, rel=tolerance)


def test_gaussian_blurred_by_gaussian_is_gaussian():
    # a Sérsic index of ½ is a Gaussian with R_e = σ √(2 ln 2)
    sigma, fwhm = 3.0, 4.0
    image = render(np.array([[1.0, sigma * np.sqrt(2 * np.log(2)), 0.5, 1.0, 0.0, 31.5, 31.5]]), 64)
    seen = blur(image, Psf(fwhm, None))[0].astype(float)
    variance = sigma**2 + fwhm**2 / (8 * np.log(2)) + 1 / 12  # the last is the pixel's
    r2 = radius(64, 31.5, 31.5, 1.0, 0.0) ** 2
    exact = np.exp(-r2 / (2 * variance)) / (2 * np.pi * variance)
    assert seen == pytest.approx(exact, abs=2e-3 * exact.max())


@pytest.mark.parametrize("beta", [None, 2.5, 4.0])
def test_psf_has_its_width_and_keeps_the_flux(beta):
    point = np.zeros((1, 65, 65), np.float32)
    point[0, 32, 32] = 1
    seen = blur(point, Psf(6.0, beta))[0]
    assert seen[32, 35] == pytest.approx(seen[32, 32] / 2, rel=1e-3)
    assert seen.sum() == pytest.approx(1, abs=0.06)


def test_noise_and_blends():
    table = Galaxies(size=32, noise=2.0, truth_images=True, blended=0.4).table(400, np.random.default_rng(0))
    single = table.columns["kind"] == "single"
    assert abs(single.mean() - 0.6) < 4 * np.sqrt(0.24 / 400)
    noise = (table.columns["image"] - table.columns["truth_image"])[single]
    assert abs(noise.mean()) < 4 * 2 / np.sqrt(noise.size)
    assert abs(noise.std() / 2 - 1) < 4 / np.sqrt(2 * noise.size)
    assert np.isnan(table.columns["flux_2"][single]).all()
    assert np.isfinite(table.columns["flux_2"][~single]).all()


def test_refusals():
    for wrong in ({"size": 4}, {"blended": 2.0}, {"flux": (5.0, 1.0)}):
        with pytest.raises(InputError):
            Galaxies(**wrong)
    with pytest.raises(InputError):
        Psf(beta=1.0)
