"""Clusters: mass function, relations, hydrostatic bias, the AHF catalogue and a clean home."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import kstest

from fivesigma._core.errors import InputError
from fivesigma.data.reading import read
from fivesigma.simulate import ahf
from fivesigma.simulate.halos import Halos
from fivesigma.simulate.hydrostatic import PressureProfile, nfw_mass, nfw_radius
from fivesigma.simulate.tables import draw, write


@pytest.fixture(scope="module")
def many():
    return Halos(M_min=3e13).sample(60_000, np.random.default_rng(0))


def test_number_density_of_clusters():
    # colossus' Tinker 2008 in 500c at z = 0, planck18: 1.04e-5 (h/Mpc)³ above 1e14 Msun/h
    assert Halos().mass_function().total == pytest.approx(1.04e-5, rel=0.01)


def test_masses_follow_the_mass_function():
    function = Halos().mass_function()
    M = Halos().sample(5000, np.random.default_rng(1))["M_500"]

    def cdf(m):
        return np.interp(np.log(m), function.log_M, function.cumulative) / function.total

    assert kstest(M, cdf).pvalue > 1e-4
    assert M.min() >= 1e14


@pytest.mark.parametrize(
    ("proxy", "A0", "log_C", "alpha", "scatter"),
    [
        ("T_X", 5.0, 14.580, 1.71, 0.039),
        ("M_gas_500", 4e13, 14.542, 0.803, 0.044),
        ("Y_X", 2e14, 14.556, 0.548, 0.040),
    ],
)
def test_published_relation_of_mass_at_fixed_proxy_comes_back(many, proxy, A0, log_C, alpha, scatter):
    """Within 4 standard errors of the fit plus what the curvature of the mass function leaves (0.5 %)."""
    log_M = np.log10(0.88 * many["M_500"] / 0.7)  # hydrostatic, for H₀ = 70
    x = np.log10(many[proxy] / A0)
    used = x > np.quantile(x, 0.75)  # away from the smallest mass, which cuts the scatter off
    (slope, level), covariance = np.polyfit(x[used], log_M[used], 1, cov=True)
    errors = np.sqrt(np.diag(covariance))
    assert abs(slope - alpha) < 4 * errors[0] + 0.005 * alpha
    assert abs(level - log_C) < 4 * errors[1] + 0.002
    residual = log_M[used] - slope * x[used] - level
    assert residual.std() == pytest.approx(scatter, rel=4 / np.sqrt(2 * used.sum()) + 0.02)


def test_gas_at_fixed_temperature_has_nearly_the_published_scatter(many):
    hot = many["T_X"] > 2.5
    x, y = np.log10(many["T_X"][hot] / 5), np.log10(many["M_gas_500"][hot])
    slope, level = np.polyfit(x, y, 1)
    assert slope == pytest.approx(2.10, abs=0.10)  # published 2.10 ± 0.05
    assert level == pytest.approx(13.651, abs=0.02)  # published ± 0.010
    assert (y - slope * x - level).std() == pytest.approx(0.036, abs=0.003)
    assert many["Y_X"] == pytest.approx(many["T_X"] * many["M_gas_500"], rel=1e-12)


def test_luminosity_scatter(many):
    residual = np.log(many["L_X"] / 2.52e44) - 0.84 * np.log(many["Y_X"] / 2e14)
    assert residual.std() == pytest.approx(0.411, rel=4 / np.sqrt(2 * len(residual)))


def test_radius_is_that_of_500_critical_densities(many):
    # critical density at z = 0: 277.5 h² Msun/kpc³
    density = many["M_500"] / (4 / 3 * np.pi * many["R_500"] ** 3)
    assert density == pytest.approx(np.full(len(density), 500 * 277.5), rel=1e-3)


def test_hydrostatic_mass_without_turbulence_is_the_mass():
    rng, c = np.random.default_rng(0), np.full(200, 2.6)
    quiet = PressureProfile(nonthermal=1e-12, noise=0.0).sample(c, rng)
    assert quiet["measured"] == pytest.approx(np.ones(200), abs=2e-3)
    flat = PressureProfile(nonthermal=0.2, nonthermal_slope=0.0, nonthermal_scatter=0.0, noise=0.0).sample(
        c, rng
    )
    assert flat["measured"] == pytest.approx(np.full(200, 0.8), abs=2e-3)


def test_bias_is_an_outcome_and_noise_adds_no_bias():
    halos = Halos().sample(4000, np.random.default_rng(3))
    measured = 1 - halos["M_HE_500"] / halos["M_500"]
    gap = measured - halos["truth_hydrostatic_bias"]
    assert abs(gap.mean()) < 4 * gap.std() / np.sqrt(len(gap)) + 1e-3
    assert halos["truth_hydrostatic_bias"].mean() == pytest.approx(0.12, abs=0.01)
    assert np.corrcoef(halos["truth_hydrostatic_bias"], halos["f_sub"])[0, 1] < 4 / np.sqrt(4000)


def test_nfw_radius_inverts():
    c = np.array([1.5, 2.6, 6.0])
    x = nfw_radius(0.4, c)
    assert nfw_mass(x, c) / x**3 == pytest.approx(np.full(3, 0.4))


def test_higher_redshift_means_hotter_gas_at_fixed_mass():
    now, then = (Halos(z=z).sample(4000, np.random.default_rng(1)) for z in (0.0, 0.5))
    T = [np.log10(h["T_X"]) - np.log10(h["M_500"]) / 1.71 for h in (now, then)]
    E = Halos(z=0.5).mass_function().E
    # the steeper mass function at z = 0.5 changes the shift of the inversion by less than 0.01 dex
    assert T[1].mean() - T[0].mean() == pytest.approx(np.log10(E) / 1.71, abs=0.01)


def test_second_code_is_shifted():
    a, b = (Halos(code=code).sample(6000, np.random.default_rng(1)) for code in "ab")
    assert np.log10(b["T_X"]).mean() - np.log10(a["T_X"]).mean() == pytest.approx(
        -0.03, abs=4 * 0.1 / np.sqrt(3000)
    )
    assert b["truth_hydrostatic_bias"].mean() > 1.3 * a["truth_hydrostatic_bias"].mean()


def test_catalogue_and_companion_are_read_back(tmp_path):
    written = write("halos", tmp_path / "box.AHF_halos", n=50, seed=4)
    catalogue, companion = written.paths
    head = catalogue.read_text().splitlines()[0]
    assert head.startswith("#ID(1)\thostHalo(2)\tnumSubStruct(3)\tMvir(4)")
    assert "M_star(65)" in head
    assert head.endswith("Epot_star(83)")
    names = ["Mvir", "Rvir", "T_X"]
    join = {"path": str(companion), "on": "ID"}
    data = read(catalogue, target="log10(M_500)", features=names, join=join)
    assert data.units == ("Msun/h", "comoving kpc/h", "keV")
    table = draw("halos", n=50, seed=4)
    assert data.X[:, 0] == pytest.approx(table.columns["Mvir"], rel=1e-7)
    assert data.X[:, 2] == pytest.approx(table.columns["T_X"])
    assert data.y == pytest.approx(np.log10(table.columns["M_500"]))


def test_catalogue_is_sensible():
    table = draw("halos", n=500, seed=1)
    c = table.columns
    assert list(c)[:83] == list(ahf.COLUMNS)
    assert (c["Mvir"] > c["M_500"]).all()
    assert ((c["M_gas"] / c["Mvir"] > 0.03) & (c["M_gas"] / c["Mvir"] < 0.25)).all()
    axes = np.stack([c[f"Ea{k}"] for k in "xyz"], axis=1)
    assert np.linalg.norm(axes, axis=1) == pytest.approx(np.ones(500))
    assert len(np.unique(c["ID"])) == 500
    assert all(np.isfinite(column).all() for column in c.values())


def test_home_stays_clean_and_colossus_as_it_was(tmp_path):
    code = (
        "from colossus.cosmology import cosmology as c; c.setCosmology('WMAP9', persistence='');"
        "before = set(__import__('os').listdir(__import__('os').environ['HOME']));"
        "from fivesigma.simulate.tables import draw; draw('halos', n=5);"
        "assert c.getCurrent().name == 'WMAP9', c.getCurrent().name;"
        "assert set(__import__('os').listdir(__import__('os').environ['HOME'])) == before;"
    )
    home = tmp_path / "own"
    home.mkdir()
    subprocess.run([sys.executable, "-c", code], env=os.environ | {"HOME": str(home)}, check=True)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    code = "from fivesigma.simulate.tables import draw; draw('halos', n=5)"
    subprocess.run([sys.executable, "-c", code], env=os.environ | {"HOME": str(fresh)}, check=True)
    assert list(fresh.iterdir()) == []


@pytest.mark.parametrize("wrong", [{"z": -1.0}, {"bias": 1.0}, {"M_min": 1.0}, {"correlation": 1.0}])
def test_refusals(wrong):
    with pytest.raises(InputError):
        Halos(**wrong)
    with pytest.raises(InputError, match="cosmology"):
        Halos(cosmology="steady-state").mass_function()
