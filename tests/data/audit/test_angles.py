"""An angle in degrees that does not say so is noticed; one that is declared is not."""

from __future__ import annotations

import numpy as np
import pytest

import fivesigma as fs
from fivesigma._core.errors import InputError
from fivesigma.data.audit import audit
from fivesigma.data.dataset import Dataset
from fivesigma.data.roles import Roles

RNG = np.random.default_rng(0)
N = 400


def said(name, values, **roles):
    table = {name: values, "x": RNG.normal(size=len(values))}
    data = Dataset.from_columns(table, Roles(task="clustering", **roles), source="a table")
    return [each for each in audit(data) if each.check == "angles"]


@pytest.mark.parametrize("name", ["phi", "Muon_phi", "jetPhi", "DeltaPhi1", "angle", "met_azimuth", "psi"])
@pytest.mark.parametrize("first", [-180.0, 0.0])
def test_degrees_without_a_unit_are_a_warning(name, first):
    [found] = said(name, RNG.uniform(first, first + 360, N))
    assert (found.status, found.columns) == ("warning", (name,))
    assert f'data.units = {{ "{name}" = "deg" }}' in found.advice


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("phi", -np.pi, np.pi),
        ("phi", 0, 2 * np.pi),
        ("phi", -500, 500),
        ("phi", 0, 90),
        ("sphericity", 0, 360),
    ],
)
def test_radians_and_what_is_no_angle_are_none(name, low, high):
    assert said(name, RNG.uniform(low, high, N)) == []


def test_a_unit_that_is_said_is_enough():
    assert said("phi", RNG.uniform(-180, 180, N), units={"phi": "deg"}) == []


def test_a_declared_angle_in_degrees_without_a_unit_is_refused_and_not_wrapped_as_radians():
    table = {"phi": RNG.uniform(-180, 180, N), "x": RNG.normal(size=N)}
    with pytest.raises(
        InputError, match=r"angles: 'phi' goes around in degrees and has no unit; say units = "
    ):
        fs.Dataset.from_frame(_frame(table), task="clustering", angles=["phi"])
    for unit in ("deg", "rad"):
        found = fs.Dataset.from_frame(_frame(table), task="clustering", angles=["phi"], units={"phi": unit})
        assert np.abs(found.X[:, 0]).max() <= (180 if unit == "deg" else np.pi)


def _frame(table):
    import polars

    return polars.DataFrame(table)
