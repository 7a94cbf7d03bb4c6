"""Ground states against exact energies and the files of the tomography exercise."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.simulate.spins import SpinChain, SpinTable, bits


@pytest.mark.parametrize("n", [3, 4, 8, 11, 12])
def test_critical_energy(n):
    assert SpinChain(n).ground_energy() == pytest.approx(-2 / np.sin(np.pi / (2 * n)), abs=1e-10)


@pytest.mark.parametrize("n", [8, 12])
def test_the_tomography_files_are_this_state(n, shared_data):
    target = np.loadtxt(shared_data / "tomography" / f"target_state_{n}.txt")
    psi = SpinChain(n).ground_state()
    assert (target @ psi) ** 2 / (target @ target) / (psi @ psi) >= 1 - 1e-12


def test_heisenberg_energies():
    # exact diagonalisation by another code (quspin): E/n of the periodic chain
    assert SpinChain(8, "heisenberg").ground_energy() / 8 == pytest.approx(-0.456387, abs=1e-6)
    assert SpinChain(12, "heisenberg").ground_energy() / 12 == pytest.approx(-0.448949, abs=1e-6)


def test_open_heisenberg_pair_is_the_singlet():
    chain = SpinChain(2, "heisenberg", periodic=False)
    assert chain.ground_energy() == pytest.approx(-0.75)
    assert np.abs(chain.ground_state()) == pytest.approx([0, np.sqrt(0.5), np.sqrt(0.5), 0])


def test_most_significant_bit_first():
    # a strong bond of the open chain's first two spins would look different read backwards: check by energies
    chain = SpinChain(6, periodic=False)
    psi, H = chain.ground_state(), chain.hamiltonian()
    assert psi @ (H @ psi) == pytest.approx(chain.ground_energy())
    assert (bits(np.array([32]), 6) == [[1, 0, 0, 0, 0, 0]]).all()


def test_orbits_of_twelve_spins():
    chain = SpinChain(12)
    orbit, p = chain.orbits(), chain.ground_state() ** 2
    assert orbit.max() + 1 == 122
    spread = [np.ptp(p[orbit == k]) for k in range(122)]
    assert max(spread) < 1e-13


def test_open_chain_has_reflection_and_flip_only():
    assert SpinChain(4, periodic=False).orbits().max() + 1 == 6


@pytest.mark.parametrize("basis", ["X", "Y", "Z", "XYZXYZ"])
def test_measured_counts_follow_the_probabilities(basis):
    chain, shots = SpinChain(6), 40_000
    p = chain.probabilities(basis)
    counts = chain.measure(basis, shots, np.random.default_rng(4))
    seen = p * shots > 5
    chi2 = ((counts - shots * p)[seen] ** 2 / (shots * p[seen])).sum()
    dof = seen.sum() - 1
    assert abs(chi2 - dof) < 4 * np.sqrt(2 * dof)


def test_magnetisation_along_the_field():
    # <X> from the X record equals −∂E₀/∂h (Hellmann and Feynman)
    chain, step = SpinChain(8, field=1.3), 1e-4
    slope = (
        SpinChain(8, field=1.3 + step).ground_energy() - SpinChain(8, field=1.3 - step).ground_energy()
    ) / (2 * step)
    mean = chain.probabilities("X") @ (1 - 2 * bits(np.arange(256), 8)).sum(1)
    assert mean == pytest.approx(-slope, abs=1e-6)


def test_tables():
    rng = np.random.default_rng(0)
    table = SpinTable(n_spins=6).table(64, rng)
    assert table.columns["probability"].sum() == pytest.approx(1)
    assert table.columns["string"][3] == "000011"
    records = SpinTable(n_spins=6, kind="measurements").table(3001, rng)
    assert records.columns["count"].sum() == 3001
    with pytest.raises(InputError, match="64 bit strings"):
        SpinTable(n_spins=6).table(65, rng)


@pytest.mark.parametrize("wrong", [{"n_spins": 1}, {"n_spins": 21}, {"field": 0.0}, {"model": "xy"}])
def test_refusals(wrong):
    with pytest.raises(InputError):
        SpinChain(**wrong)
    with pytest.raises(InputError):
        SpinChain(7, "heisenberg")
