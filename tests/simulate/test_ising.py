"""Ising configurations against exact answers, in Monte-Carlo standard errors."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.simulate import ising
from fivesigma.simulate.ising import CRITICAL, IsingModel, exact_energy, standard_error

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
