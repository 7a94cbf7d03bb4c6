"""Maps of clusters: profiles against published integrals, flux against the catalogue, noise and beam."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.simulate.halos import Halos
from fivesigma.simulate.maps import COMPTON, ClusterMaps, Density, Pressure
from fivesigma.simulate.tables import draw

CLEAN = ClusterMaps(size=64, width=12.0, beam=0.3, noise_pressure=0.0, noise_density=0.0, shape_scatter=0.0)


def cylinder(profile: Pressure | Density, reach: float) -> float:
    x = np.linspace(0, reach, 20_001)[1:]
    return float((profile.surface(0, x) * 2 * np.pi * x).sum() * (x[1] - x[0]))


def test_pressure_has_the_integrals_of_arnaud_2010() -> None:
    """Their eq. 24: I(1) = 0.6145 in the ball, J(1) = 0.7398 in the cylinder."""
    assert cylinder(Pressure(np.array([1.177])), 1.0) == pytest.approx(0.7398 / 0.6145, rel=2e-3)


def test_a_beta_model_is_projected_as_its_integral_along_the_line_of_sight() -> None:
    k, x = 0.2, 0.5
    along = np.linspace(-400, 400, 4_000_001)
    rho = (1 + (x**2 + along**2) / k**2) ** -1.125
    u = np.linspace(0, 1, 200_001)
    inside = (4 * np.pi * u**2 * (1 + (u / k) ** 2) ** -1.125).sum() * (u[1] - u[0])
    wanted = rho.sum() * (along[1] - along[0]) / inside
    assert Density(np.array([k])).surface(0, np.array([x]))[0] == pytest.approx(wanted, rel=2e-3)


def test_maps_hold_the_gas_of_the_catalogue() -> None:
    halos = Halos()
    sample = halos.sample(20, np.random.default_rng(1))
    maps = CLEAN.draw(sample, np.random.default_rng(2))
    pixel = (12.0 / 64) ** 2
    Y = maps["pressure"].sum(axis=(1, 2)) * pixel / 1e6
    np.testing.assert_allclose(Y / (COMPTON * sample["Y_X"]), 1.8, rtol=0.05)  # out to infinity, nearly
    gas = maps["density"].sum(axis=(1, 2)) * pixel * 1e12
    assert (gas > sample["M_gas_500"]).all()
    assert maps["pressure"].dtype == np.float32


def test_noise_is_what_it_says_and_catalogues_without_maps_stay_as_they_were() -> None:
    table = draw("halos", n=40, seed=3, settings={"maps": "true", "sky.size": 24, "sky.noise_density": 0.5})
    plain = draw("halos", n=40, seed=3)
    for name, column in plain.columns.items():
        np.testing.assert_array_equal(table.columns[name], column)
    assert table.columns["density"].shape == (40, 24, 24)
    assert table.units["pressure"] == "1e-6"
    quiet = draw("halos", n=40, seed=3, settings={"maps": "true", "sky.size": 24, "sky.noise_density": 0.0})
    noise = table.columns["density"] - quiet.columns["density"]
    assert noise.std() == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize("wrong", [{"size": 4}, {"beam": 0.0}, {"noise_pressure": -1.0}, {"elongation": 0.0}])
def test_what_no_map_can_be_is_a_sentence(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=r"expected|give"):
        ClusterMaps(**wrong)
