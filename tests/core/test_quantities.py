"""Unit texts mean what physicists mean by them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fivesigma._core.quantities import meaning, ratio


@pytest.mark.parametrize(
    ("text", "other", "factor"),
    [
        ("GeV", "MeV", 1e3),
        ("TeV", "GeV", 1e3),
        ("GeV/c", "GeV", 1.0),
        ("GeV/c^2", "GeV", 1.0),
        ("MeV/c2", "GeV", 1e-3),
        ("GeV/c²", "GeV", 1.0),
        ("pb", "fb", 1e3),
        ("fb^-1", "pb-1", 1e3),
        ("/fb", "1/fb", 1.0),
        ("cm-2 s-1", "m^-2 s^-1", 1e4),
        ("erg/s/cm2", "erg / (s cm^2)", 1.0),
        ("erg s-1 cm-2", "erg/s/cm^2", 1.0),
        ("10^44 erg/s", "1e44 erg s^-1", 1.0),
        ("1e14 Msun/h", "Msun/h", 1e14),
        ("h^-1 Mpc", "kpc/h", 1e3),
        ("Mpc h-1", "Mpc/h", 1.0),
        ("comoving kpc/h", "ckpc/h", 1.0),
        ("cMpc", "comoving kpc", 1e3),
        ("M_sun", "Msun", 1.0),
        ("M☉", "solMass", 1.0),
        ("Mpc", "m", 3.08567758149e22),
        ("km/s", "m s⁻¹", 1e3),
        ("(km/s)^2", "km² s⁻²", 1.0),
        ("km/h", "m/s", 1 / 3.6),
        ("deg", "rad", 0.0174532925199),
        ("arcmin", "arcsec", 60.0),
        ("Jy", "mJy", 1e3),
        ("µK", "uK", 1.0),
        ("Gyr", "yr", 1e9),
        ("Angstrom", "nm", 0.1),
        ("Å", "angstrom", 1.0),
        ("cm^(1/2)", "m^(1/2)", 0.1),
        ("%", "", 0.01),
    ],
)
def test_units_of_one_kind_have_a_ratio(text, other, factor):
    assert ratio(text, other) == pytest.approx(factor, rel=1e-10)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("GeV", "Msun"),
        ("Msun/h", "Msun"),
        ("kpc", "kpc/h"),
        ("comoving kpc", "kpc"),
        ("comoving kpc/h", "kpc/h"),
        ("pb", "s"),
        ("mag", "dex"),
        ("Jy", "mag"),
        ("min", "m"),
        ("Hz", "s"),
        ("km/h", "Mpc/h"),
        ("Pa", "year"),
    ],
)
def test_units_of_different_kinds_have_none(text, other):
    assert meaning(text) is not None
    assert meaning(other) is not None
    assert ratio(text, other) is None


@pytest.mark.parametrize(
    "text",
    [
        "furlong", "counts", "GeV/", "a b c", "10-30", "9^9^9^9", "(GeV", "GeV)", "__import__('os')", "[GeV]", "GeV^x",
        "10^999999999 m", "m^(1/0)", "arbitrary units", "km//", "log10", "x" * 5000, "(" * 3000,
    ],
)  # fmt: skip
def test_other_texts_are_no_unit(text):
    assert meaning(text) is None


def test_a_factor_is_the_number_that_one_would_write():
    assert ratio("GeV", "MeV") == 1000.0
    assert ratio("MeV", "GeV") == 0.001
    assert ratio("Mpc/h", "kpc/h") == 1000.0


def test_the_library_of_units_is_not_woken_by_an_import():
    asked = "import sys, fivesigma, fivesigma._core.units; print('pint' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
