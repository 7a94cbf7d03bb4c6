"""Ising configurations against exact answers, in Monte-Carlo standard errors."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.simulate import ising
from fivesigma.simulate.ising import CRITICAL, IsingModel, IsingScan, exact_energy, standard_error

ERRORS = 4.0  # tolerance of every comparison with an exact answer, in Monte-Carlo errors

STATES = np.array(list(itertools.product((-1, 1), repeat=16)), dtype=np.int8).reshape(-1, 4, 4)


def enumerated(model: IsingModel) -> float:
    """Mean energy a site over all 65,536 states of a 4 × 4 torus."""
    energy = 16 * model.energy(STATES)
    weight = np.exp(-(energy - energy.min()) / model.temperature)
    return float((weight * energy).sum() / weight.sum() / 16)


@pytest.mark.parametrize("temperature", [1.0, 1.8, CRITICAL["square"], 3.0, 10.0])
def test_kaufman_is_the_sum_over_all_states(temperature):
    assert exact_energy(temperature, 4) == pytest.approx(enumerated(IsingModel(4, temperature)), rel=1e-12)


@pytest.mark.parametrize("temperature", [1.5, 2.0, 3.0])
def test_kaufman_tends_to_onsager(temperature):
    assert exact_energy(temperature, 128) == pytest.approx(ising.onsager_energy(temperature), abs=1e-9)


def test_onsager_at_the_critical_point():
    assert ising.onsager_energy(CRITICAL["square"]) == pytest.approx(-np.sqrt(2), abs=1e-9)


@pytest.mark.parametrize("algorithm", ["swendsen-wang", "wolff"])
@pytest.mark.parametrize("temperature", [1.8, CRITICAL["square"], 3.0])
def test_energy_on_the_torus(algorithm, temperature):
    model = IsingModel(16, temperature, algorithm=algorithm)
    energy = model.energy(model.sample(4000, np.random.default_rng(11)))
    assert abs(energy.mean() - exact_energy(temperature, 16)) < ERRORS * standard_error(energy)


@pytest.mark.parametrize("temperature", [1.8, 2.05])
def test_magnetisation_below_the_critical_point(temperature):
    model = IsingModel(32, temperature)
    m = np.abs(model.sample(2000, np.random.default_rng(5)).mean((1, 2)))
    assert abs(m.mean() - ising.yang_magnetisation(temperature)) < ERRORS * standard_error(m)


@pytest.mark.parametrize("algorithm", ["swendsen-wang", "wolff"])
def test_triangular_lattice(algorithm):
    model = IsingModel(4, 3.5, "triangular", algorithm)
    energy = model.energy(model.sample(10_000, np.random.default_rng(2)))
    assert abs(energy.mean() - enumerated(model)) < ERRORS * standard_error(energy)


def test_both_signs_of_magnetisation_below_the_critical_point():
    m = IsingModel(8, 1.5).sample(400, np.random.default_rng(0)).mean((1, 2))
    assert abs((m > 0).mean() - 0.5) < ERRORS * 0.5 / np.sqrt(400)


def test_autocorrelation_time_of_a_known_process():
    rng, rho, n = np.random.default_rng(0), 0.8, 200_000
    noise = rng.standard_normal(n)
    x = np.empty(n)
    x[0] = noise[0]
    for i in range(1, n):
        x[i] = rho * x[i - 1] + noise[i]
    exact = 0.5 * (1 + rho) / (1 - rho)
    assert ising.autocorrelation_time(x) == pytest.approx(exact, rel=0.06)
    assert ising.autocorrelation_time(noise) == pytest.approx(0.5, abs=0.05)


def test_configurations_are_nearly_independent():
    model = IsingModel(32, CRITICAL["square"])
    energy = model.energy(model.sample(1500, np.random.default_rng(3)))
    assert ising.autocorrelation_time(energy) < 1.5


@pytest.mark.parametrize("wrong", [{"size": 2}, {"temperature": 0.0}, {"lattice": "kagome"}, {"sweeps": 0}])
def test_refusals(wrong):
    with pytest.raises(InputError):
        IsingModel(**wrong)


def test_a_gap_holds_no_temperature_and_both_its_sides_are_as_dense():
    made = IsingScan(size=3, coldest=1.0, hottest=3.0, n_temperatures=12, gap=(1.5, 2.5))
    T = made.temperatures
    assert (len(T), T.min(), T.max()) == (12, 1.0, 3.0)
    assert not ((T > 1.5) & (T < 2.5)).any()
    assert (T <= 1.5).sum() == 6


def test_temperatures_without_a_gap_are_even():
    assert IsingScan(coldest=1.5, hottest=3.5, n_temperatures=5).temperatures.tolist() == [
        1.5,
        2.0,
        2.5,
        3.0,
        3.5,
    ]


def test_chains_are_groups_that_no_other_draw_shares():
    made = IsingScan(size=3, n_temperatures=4, n_chains=2, warm_up=5)
    table, other = (made.table(40, np.random.default_rng(seed)) for seed in (0, 1))
    chains = table.columns["chain"]
    assert table.group == "chain"
    assert len(np.unique(chains)) == 8
    assert not np.isin(chains, other.columns["chain"]).any()
    assert all(
        len(np.unique(table.columns["temperature"][chains == each])) == 1 for each in np.unique(chains)
    )


def test_a_chain_draws_what_it_drew_before_there_were_groups():
    made = IsingScan(size=4, n_temperatures=2)
    rng = np.random.default_rng(7)
    expected = [IsingModel(4, T).sample(3, rng) for T in (1.5, 3.5)]
    assert np.array_equal(made.sample(6, np.random.default_rng(7)), np.concatenate(expected))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"gap": (2.5, 2.0)}, "two rising temperatures"),
        ({"gap": (1.0, 2.0)}, "between coldest = 1.5"),
        ({"gap": (2.0, 2.5), "n_temperatures": 3}, "two on each side"),
        ({"n_chains": 0}, "n_chains = 0"),
        ({"n_temperatures": 0}, "n_temperatures = 0"),
    ],
)
def test_settings_of_a_scan_that_cannot_be_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        IsingScan(**settings)
