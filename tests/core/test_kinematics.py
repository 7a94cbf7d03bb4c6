"""Four-vectors: events worked by hand, invariants, and scikit-hep's vector as the reference."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fivesigma._core.errors import InputError
from fivesigma._core.kinematics import (
    FourVector,
    components_of,
    missing_momentum,
    vector_of,
    wrapped,
)

N = 400
READ_OFF = ("mass", "pt", "eta", "phi", "rapidity", "energy", "px", "py", "pz", "costheta")


def drawn(seed: int, n: int = N) -> tuple[np.ndarray, ...]:
    """Return pt, eta, phi and mass of n particles, some of them light."""
    rng = np.random.default_rng(seed)
    mass = rng.exponential(20.0, n) * (rng.random(n) < 0.7)
    return rng.exponential(40.0, n) + 0.1, rng.normal(0, 2, n), rng.uniform(-np.pi, np.pi, n), mass


def ours(seed: int) -> FourVector:
    pt, eta, phi, mass = drawn(seed)
    return FourVector.polar(pt, eta, phi, mass=mass)


def theirs(seed: int):  # type: ignore[no-untyped-def]
    vector = pytest.importorskip("vector")
    pt, eta, phi, mass = drawn(seed)
    return vector.array({"pt": pt, "eta": eta, "phi": phi, "mass": mass})


def one(px: float, py: float, pz: float, energy: float) -> FourVector:
    return FourVector.cartesian([px], [py], [pz], [energy])


def test_a_particle_by_hand() -> None:
    """(3, 4, 12, 13.5): p = 13, m² = 13.5² − 13² = 13.25; pt = 5; the rest by the definitions."""
    a = one(3.0, 4.0, 12.0, 13.5)
    expected = {
        "mass": math.sqrt(13.25),
        "pt": 5.0,
        "eta": math.asinh(12 / 5),
        "phi": math.atan2(4, 3),
        "rapidity": 0.5 * math.log(25.5 / 1.5),
        "energy": 13.5,
        "costheta": 12 / 13,
        "transverse_mass": math.sqrt(13.5**2 - 12**2),
    }
    for name, value in expected.items():
        assert getattr(a, name)[0] == pytest.approx(value, rel=1e-14), name


def test_two_particles_by_hand() -> None:
    """Back to back along x with 45 GeV each: m = 90, Δφ = π, ΔR = π, cos = −1; the transverse mass is 90 too."""
    a, b = one(45.0, 0.0, 0.0, 45.0), one(-45.0, 0.0, 0.0, 45.0)
    assert (a + b).mass[0] == 90.0
    assert a.deltaphi(b)[0] == pytest.approx(math.pi)
    assert a.deltaR(b)[0] == pytest.approx(math.pi)
    assert a.angle_to(b)[0] == -1.0
    assert a.transverse_mass_with(b)[0] == pytest.approx(90.0)


def test_a_boost_by_hand() -> None:
    """A frame that moves with β = 0.6 along z (γ = 1.25): E' = γ (E − β pz) = 1.25 (10 − 0.6 · 6) = 8, pz' = 0."""
    moving = one(0.0, 0.0, 0.6 * 1.25, 1.25)
    seen = one(8.0, 0.0, 6.0, 10.0).seen_from(moving)
    assert [seen.px[0], seen.py[0], seen.pz[0], seen.energy[0]] == pytest.approx([8.0, 0.0, 0.0, 8.0])


def test_a_vector_is_at_rest_in_its_own_frame() -> None:
    a = ours(1) + ours(2)
    seen = a.seen_from(a)
    assert np.abs(seen.p / a.energy).max() < 1e-9
    np.testing.assert_allclose(seen.energy, a.mass, rtol=1e-9)


def test_no_frame_is_as_fast_as_light() -> None:
    assert np.isnan(one(1.0, 0.0, 0.0, 2.0).seen_from(one(3.0, 0.0, 4.0, 5.0)).energy).all()


@pytest.mark.parametrize("name", READ_OFF)
def test_what_is_read_off_is_as_of_vector(name: str) -> None:
    a, b = theirs(1), theirs(2)
    their_name = {"energy": "E"}.get(name, name)
    np.testing.assert_allclose(getattr(ours(1), name), getattr(a, their_name), rtol=1e-9, atol=1e-9)
    both = getattr(ours(1) + ours(2), name)
    np.testing.assert_allclose(both, getattr(a + b, their_name), rtol=1e-7, atol=1e-6)


def test_pairs_are_as_of_vector() -> None:
    a, b = theirs(3), theirs(4)
    np.testing.assert_allclose(ours(3).deltaR(ours(4)), a.deltaR(b), rtol=1e-9)
    np.testing.assert_allclose(ours(3).deltaphi(ours(4)), a.deltaphi(b), rtol=1e-9, atol=1e-12)
    heavy = theirs(5) + theirs(6)
    mine = ours(3).seen_from(ours(5) + ours(6))
    seen = a.boostCM_of_p4(heavy)
    fast = heavy.gamma < 50  # beyond, their own digits are few
    for name in ("px", "py", "pz"):
        np.testing.assert_allclose(getattr(mine, name)[fast], getattr(seen, name)[fast], rtol=1e-6, atol=1e-6)


@given(seed=st.integers(0, 2**32 - 1))
def test_the_mass_does_not_depend_on_the_frame(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pt, eta, phi = rng.exponential(30, (3, 5)) + 1, rng.normal(0, 1, (3, 5)), rng.uniform(-3, 3, (3, 5))
    a, b, c = (FourVector.polar(t, h, f, mass=np.full(5, 0.5)) for t, h, f in zip(pt, eta, phi, strict=True))
    frame = a + b
    np.testing.assert_allclose((a.seen_from(frame) + c.seen_from(frame)).mass, (a + c).mass, rtol=1e-6)


@given(st.floats(0.5, 2000.0), st.floats(-4, 4), st.floats(1e-9, 1e-3))
def test_light_and_nearly_parallel_keep_their_mass(pt: float, eta: float, apart: float) -> None:
    """Two massless particles at one η, ``apart`` in φ: m = 2 pt sin(apart / 2), of which E² − p² has no digit left."""
    a = FourVector.polar([pt], [eta], [0.0], mass=[0.0])
    b = FourVector.polar([pt], [eta], [apart], mass=[0.0])
    assert (a + b).mass[0] == pytest.approx(2 * pt * math.sin(apart / 2), rel=1e-5)


def test_the_mass_that_was_given_is_kept() -> None:
    a = FourVector.polar([5000.0], [3.0], [0.1], mass=[0.000511])
    assert a.mass[0] == pytest.approx(0.000511, rel=1e-14)


def test_a_negative_square_is_a_negative_mass() -> None:
    assert one(5.0, 0.0, 0.0, 3.0).mass[0] == -4.0
    beam, out = one(0.0, 0.0, 50.0, 50.0), one(30.0, 0.0, 40.0, 50.0)
    assert (out - beam).mass[0] == pytest.approx(-math.sqrt(2 * (50 * 50 - 50 * 40)))


def test_missing_is_missing_in_a_sum_and_no_number_is_made_of_it() -> None:
    both = one(1.0, 0.0, 0.0, 1.0) + one(np.nan, 0.0, 0.0, 1.0)
    assert np.isnan([both.mass[0], both.pt[0]]).all()


def test_missing_momentum_balances_what_was_seen() -> None:
    met = missing_momentum([one(3.0, 1.0, 9.0, 20.0), one(0.0, 3.0, -2.0, 20.0)])
    assert (met.px[0], met.py[0], met.pt[0], met.mass[0]) == (-3.0, -4.0, 5.0, 0.0)


def test_the_azimuth_is_never_minus_pi() -> None:
    assert one(-1.0, -0.0, 0.0, 1.0).phi[0] == math.pi


@given(st.floats(-1e6, 1e6), st.sampled_from([math.pi, 180.0]))
def test_a_wrapped_angle_is_the_same_angle(angle: float, half: float) -> None:
    found = float(wrapped(np.array([angle]), half)[0])
    assert -half < found <= half
    turns = (angle - found) / (2 * half)
    assert turns == pytest.approx(round(turns), abs=1e-9)
    if -half < angle <= half:
        assert found == angle


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("pt", "eta", "phi", "mass"), ("polar", "mass")),
        (("PT", "Eta", "Phi", "M"), ("polar", "mass")),
        (("lep0_pt", "lep0_eta", "lep0_phi", "lep0_E"), ("polar", "energy")),
        (("lepton 1 pT", "lepton 1 eta", "lepton 1 phi"), ("polar", "massless")),
        (("Px", "Py", "Pz", "E"), ("cartesian", "energy")),
        (("px1", "py1", "pz1", "e1"), ("cartesian", "energy")),
        (("MET_px", "MET_py"), ("in the plane", "cartesian")),
        (("MET_pt", "MET_phi"), ("in the plane", "polar")),
        (("PRI_met", "PRI_met_phi"), ("in the plane", "polar")),
    ],
)
def test_components_are_told_by_the_ends_of_their_names(
    names: tuple[str, ...], said: tuple[str, str]
) -> None:
    assert components_of(names) == said


@pytest.mark.parametrize(
    "names", [("eta", "pt", "phi", "m"), ("a", "b", "c", "d"), ("px", "py", "pz"), ("pt",)]
)
def test_other_components_are_refused_in_one_sentence(names: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="are no components of a four-vector"):
        components_of(names)


@pytest.mark.parametrize("last", ["mass", "energy"])
def test_all_ways_to_say_a_vector_say_the_same(last: str) -> None:
    pt, eta, phi, mass = drawn(9)
    a = FourVector.polar(pt, eta, phi, mass=mass)
    said = vector_of(["pt", "eta", "phi", last], [pt, eta, phi, mass if last == "mass" else a.energy])
    again = vector_of(["px", "py", "pz", "E"], [a.px, a.py, a.pz, a.energy])
    for name in ("px", "py", "pz", "energy"):
        np.testing.assert_allclose(getattr(said, name), getattr(a, name), rtol=1e-12)
        np.testing.assert_array_equal(getattr(again, name), getattr(a, name))


def test_units_do_not_matter() -> None:
    """In MeV every mass is 1000 times that in GeV, and no angle moves."""
    pt, eta, phi, mass = drawn(3)
    small, large = (
        FourVector.polar(c * pt, eta, phi, mass=c * mass) + FourVector.polar(c * pt[::-1], eta, -phi)
        for c in (1.0, 1000.0)
    )
    np.testing.assert_allclose(large.mass, 1000 * small.mass, rtol=1e-9)
    np.testing.assert_allclose(large.phi, small.phi, rtol=1e-9)
    np.testing.assert_allclose(large.rapidity, small.rapidity, rtol=1e-7, atol=1e-9)
