"""Expressions keep to their units: what is added is brought to one, what cannot be is refused in a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma._core.expressions import evaluate
from fivesigma._core.units import unit_of, with_expressions

COLUMNS = {
    "E": np.array([1.0, 2.0]), "p": np.array([500.0, 4000.0]), "m": np.array([3.0, 5.0]), "M": np.array([1e14, 2e14]),
    "N": np.array([7e13, 1e14]), "R": np.array([1.0, 2.0]), "r": np.array([10.0, 20.0]), "x": np.array([1.0, 4.0]),
    "v": np.array([2.0, 3.0]), "phi": np.array([0.5, 1.0]),
}  # fmt: skip
UNITS = {
    "E": "GeV", "p": "MeV", "m": "GeV/c^2", "M": "Msun", "N": "Msun/h", "R": "comoving Mpc/h", "r": "kpc",
    "v": "furlong",
}  # fmt: skip


def value(text: str) -> list[float]:
    return evaluate(text, COLUMNS, units=UNITS).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("E + p", [1.5, 6.0]),
        ("p + E", [1500.0, 6000.0]),
        ("E - p", [0.5, -2.0]),
        ("sqrt(E**2 + p**2)", [1.25**0.5, 20.0**0.5]),
        ("sqrt(E**2 - m**2)", [float("nan"), float("nan")]),
        ("hypot(E, p)", [1.25**0.5, 20.0**0.5]),
        ("max(E, p)", [1.0, 4.0]),
        ("where(x > 2, E, p)", [0.5, 2.0]),
        ("E > p", [True, False]),
        ("0.4 < E < p", [False, True]),
        ("E > 1.5", [False, True]),
        ("E + 1", [2.0, 3.0]),
        ("p / E", [500.0, 2000.0]),
        ("log10(M) - log10(N)", [np.log10(1e14) - np.log10(7e13), np.log10(2e14) - np.log10(1e14)]),
        ("E + x", [2.0, 6.0]),
        ("E * 1000 + p", [1500.0, 6000.0]),
        ("v + E", [3.0, 5.0]),
        ("E * cos(phi) + p", [np.cos(0.5) + 0.5, 2 * np.cos(1.0) + 4.0]),
        ("`E` + `p`", [1.5, 6.0]),
    ],
)
def test_what_is_added_is_brought_to_the_unit_of_what_stands_first(text, expected):
    np.testing.assert_allclose(value(text), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("E + M", "E is in GeV and M in Msun, which are of different dimensions"),
        ("M + N", "differ by little h; say which value it has"),
        ("R - r", "differ by the scale factor .comoving or physical. and little h"),
        ("max(E, r)", "different dimensions"),
        ("where(x > 1, E, M)", "different dimensions"),
        ("E > M", "different dimensions"),
        ("E * E + p", r"in GeV\^2 and p in MeV"),
        ("p / E + E", "different dimensions"),
        ("x > 1 and E < M", "different dimensions"),
        ("sqrt(E) + p", "different dimensions"),
        ("log10(M) + E", "dex and E in GeV"),
    ],
)
def test_units_of_different_dimensions_are_refused(text, message):
    with pytest.raises(InputError, match=message) as caught:
        value(text)
    assert str(caught.value).count("\n") == 0


def test_without_units_nothing_is_converted():
    assert evaluate("E + p", COLUMNS).tolist() == [501.0, 4002.0]
    assert evaluate("E + p", COLUMNS, units={"E": "GeV"}).tolist() == [501.0, 4002.0]


def test_an_expression_that_was_converted_stays_as_it_was_written():
    assert value("E + p") == value("E + p")
    assert evaluate("E + p", COLUMNS, units={"E": "GeV", "p": "GeV"}).tolist() == [501.0, 4002.0]


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("E + p", "GeV"),
        ("E * p", "GeV MeV"),
        ("E * E", "GeV²"),
        ("sqrt(E * E + p * p)", "GeV"),
        ("M / r**3", "Msun/kpc³"),
        ("E / m", "GeV/(GeV/c^2)"),
        ("E / E", None),
        ("sqrt(M)", "Msun^(1/2)"),
        ("abs(-E)", "GeV"),
        ("E * cos(phi)", "GeV"),
        ("2 * E", None),
        ("E / 1000", None),
        ("E * x", None),
        ("E + x", None),
        ("v + v", "furlong"),
        ("v + E", None),
        ("log10(M)", "dex"),
        ("log10(M) - 14", "dex"),
        ("log(M)", None),
        ("E > 1", None),
        ("max(E, p)", "GeV"),
        ("E**x", None),
        ("E + M", None),
    ],
)
def test_the_unit_of_an_expression(text, unit):
    assert unit_of(text, UNITS) == unit


def test_expressions_of_expressions_have_their_unit():
    made = {
        "p2": "E**2 + p**2",
        "total": "sqrt(p2)",
        "ratio": "total / E",
        "log_M": "log10(M)",
        "odd": "x * E",
    }
    found = with_expressions(UNITS, made)
    assert {name: found.get(name) for name in made} == {
        "p2": "GeV²", "total": "GeV", "ratio": None, "log_M": "dex", "odd": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "turn"), [("deg", 180.0), ("°", 180.0), ("arcmin", 180.0 * 60), ("arcsec", 180.0 * 3600)]
)
@pytest.mark.parametrize("function", ["sin", "cos", "tan"])
def test_an_angle_in_degrees_is_taken_as_one(function: str, unit: str, turn: float) -> None:
    columns = {"a": np.array([0.0, 0.1, 0.3, -0.45]) * turn, "w": np.array([0.0, 0.1, 0.3, -0.45]) * np.pi}
    found = evaluate(f"{function}(a)", columns, units={"a": unit, "w": "rad"})
    expected = getattr(np, function)(columns["w"])
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-15)
    np.testing.assert_array_equal(
        evaluate(f"{function}(w)", columns, units={"a": unit, "w": "rad"}), expected
    )
