"""Fits of Sérsic profiles: derivatives by differences, truths within their errors, one galaxy and two."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.features.images.psf import Psf
from fivesigma.features.images.sersic import SersicFit
from fivesigma.features.images.sersic_kernel import N_PARAMETERS, NODES, profiles
from fivesigma.simulate.galaxies import Galaxies, render

SKY = Galaxies(size=32, R_e=(1.5, 4.0), psf=Psf(2.5, 3.5), flux=(2000.0, 10_000.0), separation=10.0)


def columns_of(fit: SersicFit, images: np.ndarray) -> dict[str, np.ndarray]:
    names = [column.name for column in fit.columns((32, 32))]
    return dict(zip(names, fit.measured(np.asarray(images, dtype=np.float64)).T, strict=True))


def test_derivatives_are_those_of_the_profile() -> None:
    p = np.array([[3.0, np.log(4.0), np.log(1.7), 15.3, 16.2, 0.2, -0.15]])
    out, moved = np.empty((1, N_PARAMETERS, 32, 32)), np.empty((1, N_PARAMETERS, 32, 32))
    profiles(p, out, NODES)
    for j in range(1, N_PARAMETERS):
        value = []
        for step in (1e-5, -1e-5):
            q = p.copy()
            q[0, j] += step
            profiles(q, moved, NODES)
            value.append(moved[0, 0].copy())
        wanted = (value[0] - value[1]) / 2e-5
        np.testing.assert_allclose(out[0, j], wanted, atol=2e-6 * np.abs(wanted).max())


@pytest.mark.parametrize("n", [0.5, 1.0, 2.5, 4.0])
def test_profiles_are_those_of_the_simulator(n: float) -> None:
    flux, R_e, q, angle = 500.0, 4.0, 0.6, 0.4
    wanted = render(np.array([[flux, R_e, n, q, angle, 15.3, 16.2]]), 32)[0]
    shear = (1 - q) / (1 + q)
    p = [np.log(flux), np.log(R_e * np.sqrt(q)), np.log(n), 15.3, 16.2]
    out = np.empty((1, N_PARAMETERS, 32, 32))
    profiles(np.array([[*p, shear * np.cos(2 * angle), shear * np.sin(2 * angle)]]), out, NODES)
    np.testing.assert_allclose(out[0, 0], wanted, rtol=3e-2, atol=1e-3 * wanted.max())


def test_a_galaxy_has_its_own_parameters_within_their_errors() -> None:
    table = Galaxies(**{**vars(SKY), "blended": 0.0}).table(60, np.random.default_rng(2)).columns
    found = columns_of(SersicFit(2.5), table["image"])
    for name, truth in (("ln flux", np.log(table["flux_1"])), ("ln n", np.log(table["n_1"]))):
        pulls = (found[f"fit {name}"] - truth) / found[f"fit error of {name}"]
        assert abs(np.median(pulls)) < 4 * 1.25 / np.sqrt(60)
        assert 0.6 < np.diff(np.percentile(pulls, [15.87, 84.13]))[0] / 2 < 1.6
    assert np.abs(found["fit axis ratio"] - table["q_1"]).mean() < 0.05
    assert np.median(np.abs(found["fit x"] + 15.5 - table["x_1"])) < 0.05
    assert 0.8 < np.median(found["fit χ²/dof"]) < 1.25


def test_two_galaxies_are_told_apart_by_a_joint_fit_and_not_by_a_single_one() -> None:
    table = Galaxies(**{**vars(SKY), "blended": 1.0}).table(40, np.random.default_rng(3)).columns
    both, one = (
        columns_of(SersicFit(2.5, profiles=2), table["image"]),
        columns_of(SersicFit(2.5), table["image"]),
    )
    truth = np.log(table["flux_1"])
    off = np.abs(both["fit ln flux 1"] - truth)
    assert np.median(off) < 0.1
    assert np.median(np.abs(one["fit ln flux"] - truth)) > 3 * np.median(off)
    near = np.hypot(both["fit x 1"], both["fit y 1"]) <= np.hypot(both["fit x 2"], both["fit y 2"])
    assert near.all()


def test_images_without_a_galaxy_have_a_fit_or_none_and_never_an_infinite_one() -> None:
    images = np.stack(
        [np.zeros((32, 32)), np.full((32, 32), 3.0), np.random.default_rng(0).normal(size=(32, 32))]
    )
    for k in (1, 2):
        found = SersicFit(profiles=k).measured(images)
        assert not np.isinf(found).any()


@pytest.mark.parametrize("wrong", [{"profiles": 3}, {"fwhm": 0.0}, {"beta": 0.5}])
def test_what_no_fit_can_be_is_a_sentence(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=r"expected|give|needs"):
        SersicFit(**wrong)
