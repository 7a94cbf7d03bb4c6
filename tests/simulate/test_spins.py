"""Ground states against exact energies and the files of the tomography exercise."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.simulate.spins import SpinChain, SpinTable, bits, invariants


@pytest.mark.parametrize("n", [3, 4, 8, 11, 12])
def test_critical_energy(n):
    assert SpinChain(n).ground_energy() == pytest.approx(-2 / np.sin(np.pi / (2 * n)), abs=1e-10)


@pytest.mark.parametrize("n", [8, 12, 16])
def test_the_tomography_files_are_this_state(n, shared_data):
    target = np.loadtxt(shared_data / "tomography" / f"target_state_{n}.txt")
    psi = SpinChain(n).ground_state()
    assert (target @ psi) ** 2 / (target @ target) / (psi @ psi) >= 1 - 1e-12
    np.testing.assert_allclose(np.abs(psi), np.abs(target), rtol=0, atol=1e-9)


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


def spins_table(**settings):
    made = SpinTable(columns="spins", **settings)
    return made.table(made.default_n, np.random.default_rng(0))


def test_spins_have_every_string_and_the_logarithm_of_its_probability():
    c = spins_table(n_spins=8).columns
    s = np.stack([c[f"s_{i + 1}"] for i in range(8)], axis=1)
    assert len(np.unique(s, axis=0)) == 256
    assert set(np.unique(s)) == {-1, 1}
    assert np.exp(c["log_probability"]).sum() == pytest.approx(1)
    # the most probable strings are the two that a field along nothing but Z leaves
    assert {*s[c["log_probability"].argsort()[-2:]].sum(axis=1).tolist()} == {-8, 8}


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("n", [7, 8])
def test_no_symmetry_changes_an_invariant(n, periodic):
    s = np.random.default_rng(1).choice([-1, 1], size=(40, n))
    images = [s, -s, s[:, ::-1], *([np.roll(s, 3, axis=1)] if periodic else [])]
    plain = invariants(s, periodic=periodic)
    assert list(plain) == [f"C_{r}" for r in range(1, n // 2 + 1)] + [f"D_{r}" for r in range(2, n // 2 + 1)]
    for image in images:
        for name, values in invariants(image, periodic=periodic).items():
            np.testing.assert_array_equal(values, plain[name])


def test_an_invariant_is_the_sum_that_it_says():
    s = np.random.default_rng(2).choice([-1, 1], size=(1, 6))[0]
    found = invariants(s[None])
    assert found["C_2"] == sum(s[i] * s[(i + 2) % 6] for i in range(6))
    assert found["D_3"] == sum(s[i] * s[(i + 1) % 6] * s[(i + 3) % 6] * s[(i + 4) % 6] for i in range(6))
    there = invariants(s[None], periodic=False)
    assert there["C_2"] == sum(s[i] * s[i + 2] for i in range(4))
    assert there["D_3"] == sum(s[i] * s[i + 1] * s[i + 3] * s[i + 4] for i in range(2))


def test_strings_that_the_state_does_not_hold_have_no_logarithm():
    c = spins_table(n_spins=6, model="heisenberg").columns
    magnetisation = sum(c[f"s_{i + 1}"].astype(int) for i in range(6))
    np.testing.assert_array_equal(np.isnan(c["log_probability"]), magnetisation != 0)


def test_held_out_orbits_are_whole_and_as_many_single_strings_have_copies_in_training():
    c = spins_table(held_out=0.4).columns
    part, orbit = c["part"], c["orbit"]
    assert not {*orbit[part == "orbits"]} & {*orbit[part != "orbits"]}
    n = len(part)
    assert abs((part == "strings").sum() / n - 0.4) < 0.01
    assert abs((part == "orbits").sum() / n - 0.4) < 0.1
    assert np.isin(orbit[part == "strings"], orbit[part == "train"]).mean() > 0.99
    assert "part" not in spins_table(n_spins=8).columns


@pytest.mark.parametrize("share", [-0.1, 0.6, np.nan])
def test_a_share_that_cannot_be_held_out_is_refused(share):
    with pytest.raises(InputError, match="held_out"):
        SpinTable(held_out=share)


@pytest.mark.parametrize("wrong", [{"n_spins": 1}, {"n_spins": 21}, {"field": 0.0}, {"model": "xy"}])
def test_refusals(wrong):
    with pytest.raises(InputError):
        SpinChain(**wrong)
    with pytest.raises(InputError):
        SpinChain(7, "heisenberg")
