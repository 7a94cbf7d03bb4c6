"""Every family of image features: one image at a time, in any units, by hand where a hand can."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma.features.images.families import FAMILIES, family, named
from fivesigma.features.images.plan import ImageFeatures
from fivesigma.simulate.galaxies import Galaxies

IMAGES = np.asarray(
    Galaxies(size=24, R_e=(1.5, 3.0)).sample(12, np.random.default_rng(3)), dtype=np.float64
).round(6)
SINGLE = np.asarray(
    Galaxies(size=24, R_e=(1.5, 3.0), blended=0.0, flux=(3000.0, 10_000.0)).sample(
        12, np.random.default_rng(5)
    ),
    dtype=np.float64,
)
"""Of one galaxy each: the least squares of one profile have one minimum."""
POWERS = {"brightness": 1, "square": 2, "length": 0, "number": 0}
CLOSE = {"sersic": 5e-2}
"""A fit ends where a step gains less than a hundredth of χ²: which one that is, a rounding may decide."""
OF_ZERO = ("magnetisation",)
"""Families whose values have a zero of their own: an offset is another field."""


def gaussian(width: float = 2.0, size: int = 41, *, x: float = 0.0, y: float = 0.0) -> NDArray[np.float64]:
    at = np.arange(size) - (size - 1) / 2
    return np.asarray(
        np.exp(-0.5 * ((at - x) ** 2 + (at[:, None] - y) ** 2) / width**2)[None], dtype=np.float64
    )


@pytest.mark.parametrize("name", FAMILIES)
def test_an_image_is_measured_alone(name: str) -> None:
    each = family(name)
    found = each.measured(IMAGES)
    assert found.shape == (12, len(each.columns((24, 24))))
    assert np.isfinite(found).mean() > 0.9
    for i in (0, 7):
        np.testing.assert_allclose(each.measured(IMAGES[i : i + 1])[0], found[i], rtol=1e-12, atol=1e-12)
    names = [column.name for column in each.columns((24, 24))]
    assert (len(set(names)), each.name) == (len(names), name)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(
    ("c", "d"), [(2.0**40, 0.0), (2.0**-60, 0.0), (3.7, 0.0), (1.0, 512.0), (0.3, -77.0)]
)
def test_features_follow_the_unit_and_the_zero_of_the_image(name: str, c: float, d: float) -> None:
    """Brightness c times, squares c² times, lengths and numbers the same; a logarithm has a constant added."""
    each = family(name)
    d = 0.0 if name in OF_ZERO else d
    images = SINGLE if name == "sersic" else IMAGES
    before, after = each.measured(images), each.measured(c * images + d)
    for j, column in enumerate(each.columns((24, 24))):
        scale = c ** POWERS[column.of]
        wanted = scale * before[:, j] + (d if name == "pixels" else 0.0)
        constant = 2 * np.log(c) if name == "power" else 0.0
        constant += np.log10(c) if name == "aperture" else 0.0
        constant += np.log(c) if "ln flux" in column.name and "error" not in column.name else 0.0
        size = scale * max(float(np.nanmax(np.abs(before[:, j]))), 1e-3)
        rtol = CLOSE.get(name, 1e-5)
        np.testing.assert_allclose(after[:, j], wanted + constant, rtol=rtol, atol=0.1 * rtol * size)


@pytest.mark.parametrize("name", [name for name in FAMILIES if family(name).kept])
def test_a_gap_leaves_no_feature_and_a_blank_image_breaks_nothing(name: str) -> None:
    made = ImageFeatures((name,), ("a", "b"), (24, 24))
    X = np.stack([IMAGES[:3], IMAGES[3:6]], axis=1)
    X[1, 0, 4, 4] = np.nan
    found, half = made.table(X), len(made.names) // 2
    assert np.isnan(found[1, :half]).all()
    np.testing.assert_array_equal(found[[0, 2]], made.table(X[[0, 2]]))
    np.testing.assert_array_equal(found[1, half:], made.table(X[[0, 0, 2]] * 0 + X[1])[0, half:])
    for blank in (np.zeros((1, 24, 24)), np.full((1, 24, 24), 7.0)):
        assert not np.isinf(family(name).measured(blank)).any()


def test_moments_of_a_gaussian_are_its_own() -> None:
    found = family("moments").measured(gaussian(2.5, x=1.25, y=-3.0))[0]
    np.testing.assert_allclose(found[:2], 2 * np.pi * 2.5**2, rtol=1e-4)
    np.testing.assert_allclose(found[2:5], (1.25, -3.0, 2.5), atol=1e-4)
    np.testing.assert_allclose(found[5:], (0, 0, 0, 2), atol=1e-3)
    at = np.arange(41) - 20.0
    wide = np.exp(-0.5 * ((at / 4) ** 2 + (at[:, None] / 2) ** 2))[None]
    e1, e2, e = family("moments").measured(wide)[0, 5:8]
    assert e1 > 0.2
    assert abs(e2) < 1e-9
    assert e == e1
    turned = family("moments").measured(wide.transpose(0, 2, 1))[0, 5]
    assert turned == pytest.approx(-e1)


def test_radii_of_a_gaussian_hold_the_light_that_they_say() -> None:
    r20, r50, r80, C = family("concentration").measured(gaussian(4.0, 61))[0]
    wanted = 4.0 * np.sqrt(-2 * np.log(1 - np.array([0.2, 0.5, 0.8])))
    np.testing.assert_allclose((r20, r50, r80), wanted, rtol=0.01)
    assert pytest.approx(5 * np.log10(r80 / r20)) == C
    light = family("profile").measured(gaussian(4.0, 61))[0]
    names = [column.name for column in family("profile").columns((61, 61))]
    inside = light[names.index("flux(r<8)")] / (2 * np.pi * 16)
    assert inside == pytest.approx(1 - np.exp(-2), rel=0.01)
    assert light[names.index("I(0–1)")] == pytest.approx(1, abs=0.05)


def test_light_in_one_pixel_is_shared_least_and_light_off_the_centre_is_not_symmetric() -> None:
    image = np.zeros((2, 21, 21))
    image[0, 10, 10] = 5.0
    image[1] = gaussian(2.0, 21)[0]
    one, spread = family("gini").measured(image)[:, 0]
    assert one > 0.95 > spread
    assert family("asymmetry").measured(image[1:])[0, 0] == pytest.approx(0, abs=1e-5)
    image[1, 10, 14] += 1.0
    assert family("asymmetry").measured(image[1:])[0, 0] > 0.03
    two = gaussian(1.5, 41, x=-6.0) + gaussian(1.5, 41, x=6.0)
    merged, single = (family("m20").measured(each)[0, 0] for each in (two + gaussian(9.0), gaussian(3.0)))
    assert merged > single


def test_waves_have_their_power_at_their_number_and_their_correlation_at_their_period() -> None:
    wave = np.sin(2 * np.pi * 4 * np.arange(32) / 32)
    for images, shape in ((np.tile(wave, (1, 32, 1)), (32, 32)), (wave[None, None], (1, 32))):
        names = [column.name for column in family("power").columns(shape)]
        assert names[int(family("power").measured(images)[0].argmax())] == "ln P(k=4)"
        C = dict(
            zip(
                [c.name for c in family("two-point").columns(shape)],
                family("two-point").measured(images)[0],
                strict=True,
            )
        )
        of_axis = 0.5 if shape == (1, 32) else 0.5 * (0.5 + 0.5)
        assert C["C(r=8)"] == pytest.approx(of_axis)
        assert C["C(r=4)"] == pytest.approx(-0.5 if shape == (1, 32) else 0.0)
    noise = np.random.default_rng(0).normal(size=(400, 16, 16))
    np.testing.assert_allclose(np.exp(family("power").measured(noise)).mean(axis=0), 1.0, atol=0.08)


def test_spins_have_the_energy_of_their_bonds() -> None:
    up, stripes = np.ones((4, 6)), np.tile([1.0, -1.0], (4, 3))
    found = family("magnetisation").measured(np.stack([up, -up, stripes]))
    np.testing.assert_allclose(found, [[1, -1], [1, -1], [0, 0]])
    chain = family("magnetisation").measured(np.array([[[1.0, -1.0, 1.0, -1.0]]]))
    np.testing.assert_allclose(chain, [[0, 1]])


def test_a_ring_has_a_hole() -> None:
    image = np.zeros((1, 9, 9))
    image[0, 2:7, 2:7] = 1.0
    image[0, 4, 4] = 0.0
    names = [column.name for column in family("minkowski").columns((9, 9))]
    found = dict(zip(names, 81 * family("minkowski").measured(image)[0], strict=True))
    assert found["area above +0σ"] == pytest.approx(24)
    assert found["boundary above +0σ"] == pytest.approx(24)
    assert found["Euler number above +0σ"] == pytest.approx(0)


def test_two_peaks_are_counted_and_noise_is_none() -> None:
    image = np.random.default_rng(1).normal(size=(1, 33, 33))
    assert family("peaks").measured(image)[0].tolist() == [0, 0, 0, 0]
    image += 60 * gaussian(1.5, 33, x=-5) + 30 * gaussian(1.5, 33, x=5)
    n, first, second, apart = family("peaks").measured(image)[0]
    assert (n, apart) == (2, pytest.approx(10, abs=1.5))
    assert first > 1.5 * second > 0


def test_columns_are_found_by_name_and_measured_once() -> None:
    made = ImageFeatures(("gini", "pixels", "power"), ("g", "r"), (24, 24), ("nJy", None))
    assert made.names[:2] == ("gini of g", "gini of r")
    assert made.column_units[2:4] == ("nJy", "nJy")
    assert made.column_units[-1] is None
    X = np.stack([IMAGES[:5], IMAGES[5:10]], axis=1).astype(np.float32)
    whole = made.table(X)
    at = [len(made.names) - 1, 700, 1]
    np.testing.assert_array_equal(made.table(X, at, rows=np.array([3, 0])), whole[[3, 0]][:, at])
    known = ([made.names[1]], np.full((2, 1), -5.0))
    taken = made.table(X, at, rows=np.array([3, 0]), known=known)
    assert taken[:, 2].tolist() == [-5.0, -5.0]
    np.testing.assert_array_equal(taken[:, :2], whole[[3, 0]][:, at[:2]])
    np.testing.assert_array_equal(whole[:, 2 + 576 : 2 + 2 * 576], X[:, 1].reshape(5, -1).astype(float))


@pytest.mark.parametrize(
    ("families", "shape", "words"),
    [
        (("moment",), (8, 8), "'moment' is not a family of image features.*Did you mean 'moments'"),
        (("gini", "power", "gini"), (8, 8), "'gini' twice"),
        (("gini",), (8,), "measured on images, and an event is a sequence; expected some of pixels, power"),
        (("gini",), (4, 9), "'gini' needs 5 pixels a side, and an image is 4 × 9"),
        (({"kind": "gini", "n": 3},), (8, 8), "'gini' have no setting n"),
    ],
)
def test_what_no_family_can_be_is_a_sentence(
    families: tuple[str, ...], shape: tuple[int, ...], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        ImageFeatures(families, ("a",), shape)
    assert named(families[0]) in ("moment", "gini")


def test_apertures_hold_the_light_inside_them() -> None:
    image = 7.0 * gaussian(3.0, 61, x=4.0)
    of_light = family({"kind": "aperture", "radii": [12, 3]}).measured(image)[0]
    wanted = np.log10(7 * 2 * np.pi * 9 * (1 - np.exp(-0.5 * np.array([4.0, 1.0]) ** 2)))
    np.testing.assert_allclose(of_light, wanted, atol=0.02)
    of_middle = family({"kind": "aperture", "radii": [3], "around": "middle"}).measured(image)[0, 0]
    assert of_middle < wanted[1] - 0.2
    assert np.isnan(family("aperture").measured(np.zeros((1, 61, 61)))).all()
    for wrong in ({"radii": [0]}, {"radii": []}, {"radii": [2, 2.0]}, {"around": "left"}):
        with pytest.raises(InputError):
            family({"kind": "aperture", **wrong})
