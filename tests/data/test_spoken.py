"""Whatever wrong value Python says of a table is one sentence of ours, as it is in a study file."""

from __future__ import annotations

import itertools
import math

import numpy as np
import polars as pl
import pytest

import fivesigma as fs
from fivesigma._core.errors import FivesigmaError, InputError, WrongTypeError
from fivesigma.data import spoken

OBJECT = {"prefix": "Muon_", "momentum": ["pt", "eta", "phi"], "fields": ["charge"]}
WRONG = (
    3,
    -1.5,
    True,
    math.inf,
    math.nan,
    "",
    " ",
    "x >",
    "nope",
    [],
    [3],
    [None],
    [["x"]],
    {},
    {3: "x"},
    {"": "x"},
)
WRONG += ({"a": 3}, {"a": None}, {"a": ["x"]}, {"a": ""}, {"select": "x > 1"}, b"x", 1j, object())


def _said(value: object) -> str:
    """An id that is the same in every process: no address."""
    return str(value).partition(" at 0x")[0]


FINE = {
    "fill": (3, -1.5),
    "mass": (3,),
    "fields": ([],),
    "away_from": ({},),
    "observables": ([], {}),
    "angles": ([],),
}
RULES = ("prefix", "momentum", "fields", "mass", "select", "sort", "fill", "away_from")
WORDS = ("cuts", "observables", "angles", "fourvectors", "expressions", "units")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spoken")
    lists = {f"Muon_{word}": [[1.0, 2.0], [0.5]] * 6 for word in ("pt", "eta", "phi", "charge")}
    pl.DataFrame({**lists, "x": np.arange(12.0)}).write_parquet(folder / "t.parquet")
    return folder / "t.parquet"


def said(path, **roles):
    """Return the data, or the one sentence that refuses them."""
    try:
        return fs.read(path, task="clustering", features=["x"], **roles)
    except FivesigmaError as error:
        return str(error)


def is_sentence(found):
    return isinstance(found, str) and "\n" not in found and len(found) > 20 and found.endswith((".", "?"))


@pytest.mark.parametrize(("rule", "value"), list(itertools.product(RULES, WRONG)), ids=_said)
def test_every_wrong_rule_of_an_object_is_one_sentence(path, rule, value):
    found = said(path, objects={"muon": {**OBJECT, rule: value}}, observables=["count(muon)", "muon[0].pt"])
    fine = any(value is each or (type(value) is type(each) and value == each) for each in FINE.get(rule, ()))
    assert isinstance(found, fs.Dataset) if fine else is_sentence(found)


@pytest.mark.parametrize("value", WRONG, ids=_said)
def test_every_wrong_object_is_one_sentence(path, value):
    assert is_sentence(said(path, objects={"muon": value}))
    found = said(path, objects=value)
    assert not value if isinstance(found, fs.Dataset) else is_sentence(found)


@pytest.mark.parametrize(("word", "value"), list(itertools.product(WORDS, WRONG)), ids=_said)
def test_every_other_wrong_value_is_one_sentence(path, word, value):
    found = said(path, **{word: value})
    if isinstance(found, fs.Dataset):  # nothing was said
        assert not value
    else:
        assert is_sentence(found)


@pytest.mark.parametrize("name", ["events read", "select"])
def test_a_cut_has_no_name_of_a_line_that_is_there(path, name):
    assert "has a line of that name of its own" in said(path, cuts={name: "x > 1"})


def test_types_and_values_are_refused_apart():
    with pytest.raises(WrongTypeError, match="fill must be a number, got 'x'"):
        spoken.number("objects.muon.fill", "x")
    with pytest.raises(InputError, match="fill = inf is not finite"):
        spoken.number("objects.muon.fill", math.inf)
    with pytest.raises(
        WrongTypeError, match=r"angles must be a list of columns, got the text 'phi'; write \['phi'\]"
    ):
        spoken.texts("angles", "phi", "columns")
