"""Units are read off headings and shown on axes."""

from __future__ import annotations

import pytest

from fivesigma._core import units


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("pt [GeV]", ("pt", "GeV")),
        ("M_500 [Msun/h]", ("M_500", "Msun/h")),
        ("eta", ("eta", None)),
        ("x[0] [mm]", ("x[0]", "mm")),
        ("ratio []", ("ratio", None)),
        ("[GeV]", ("[GeV]", None)),
    ],
)
def test_split_unit(heading, expected):
    assert units.split_unit(heading) == expected


def test_label_is_the_inverse_of_split():
    for name, unit in (("pt", "GeV"), ("eta", None)):
        assert units.split_unit(units.label(name, unit)) == (name, unit)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("m", "Msun"), ("log10(m)", "dex"), ("log10(m) - 14", "dex"), ("log(m)", None), ("2*m", None)],
)
def test_unit_of_an_expression(text, expected):
    assert units.unit_of(text, {"m": "Msun"}) == expected
