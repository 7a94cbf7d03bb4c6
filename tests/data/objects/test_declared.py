"""Four-vectors of columns and angles as roles declare them; what does not fit is refused in one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fivesigma._core.errors import FivesigmaError, InputError
from fivesigma._core.kinematics import FourVector
from fivesigma.data.dataset import Dataset
from fivesigma.data.objects.declared import Declared, field_units, halves
from fivesigma.data.roles import Roles

N = 60
RNG = np.random.default_rng(2)
PARTS = ("pt", "eta", "phi", "E")
COLUMNS: dict[str, Any] = {
    f"{each}_{part}": values
    for each in ("a", "b")
    for part, values in zip(
        PARTS,
        (RNG.exponential(30, N), RNG.normal(0, 1, N), RNG.uniform(-4, 4, N), RNG.exponential(9, N) + 300),
        strict=True,
    )
} | {
    "text": np.array(["x", "y"] * (N // 2), dtype=object),
    "w": RNG.normal(0.5, 1.0, N),
    "met": RNG.exponential(9, N),
}
VECTORS = {name: [f"{name}_{part}" for part in PARTS] for name in ("a", "b")}


def read(**said: Any) -> Dataset:
    columns = {name: each for name, each in COLUMNS.items() if name != "text"}
    return Dataset.from_columns(columns, Roles(fourvectors=VECTORS, **said), source="t")


def column(data: Dataset, name: str) -> np.ndarray:
    return np.asarray(data.X[:, data.names.index(name)])


def vectors() -> tuple[FourVector, FourVector]:
    both = [[COLUMNS[f"{name}_{part}"] for part in PARTS] for name in ("a", "b")]
    a, b = (FourVector.polar(*each[:3], energy=each[3]) for each in both)
    return a, b


def test_an_observable_is_a_feature_named_as_it_is_written() -> None:
    data = read(observables=["mass( a+b )", "deltaphi(a, b)"])
    assert data.names[-2:] == ("mass( a+b )", "deltaphi(a, b)")
    a, b = vectors()
    np.testing.assert_allclose(column(data, "mass( a+b )"), (a + b).mass, rtol=1e-6)
    assert set(COLUMNS) - {"text"} < set(data.names)


def test_observables_join_the_features_that_are_named() -> None:
    assert read(features=["met"], observables=["mass(a + b)"]).names == ("met", "mass(a + b)")


def test_an_expression_of_vectors_may_stand_among_the_features_and_the_spectators() -> None:
    data = read(features=["met", "a.pt / b.pt"], spectators=["mass(a + b)"])
    assert data.names == ("met", "a.pt / b.pt")
    np.testing.assert_allclose(column(data, "a.pt / b.pt"), vectors()[0].pt / vectors()[1].pt, rtol=1e-9)
    assert list(data.spectators) == ["mass(a + b)"]


def test_what_slices_ask_for_may_be_an_expression_of_vectors() -> None:
    data = read(features=["met"], carried=["a.pt"])
    np.testing.assert_allclose(data.extras["a.pt"], vectors()[0].pt)


def test_an_observable_that_is_a_spectator_is_no_feature() -> None:
    data = read(features=["met"], observables=["mass(a + b)"], spectators=["mass(a + b)"])
    assert data.names == ("met",)


def test_the_target_and_select_and_expressions_know_vectors() -> None:
    data = read(
        target="mass(a + b)",
        select="deltaR(a, b) < 3",
        expressions={"ratio": "a.pt / met"},
        features=["ratio"],
    )
    a, b = vectors()
    kept = a.deltaR(b) < 3
    np.testing.assert_allclose(data.y, (a + b).mass[kept], rtol=1e-6)
    assert data.target == "mass(a + b)"


def test_what_the_target_is_made_of_is_no_feature() -> None:
    data = read(target="mass(a + b)")
    assert not any(name.startswith(("a_", "b_")) for name in data.names)


def test_cuts_come_before_select_and_both_are_counted() -> None:
    data = read(cuts={"soft": "a.pt > 10", "near": "deltaR(a, b) < 3"}, select="met > 2", task="clustering")
    a, b = vectors()
    masks = np.cumprod([np.ones(N), a.pt > 10, a.deltaR(b) < 3, COLUMNS["met"] > 2], axis=0).sum(axis=1)
    assert [line["name"] for line in data.cut_flow] == ["events read", "soft", "near", "select"]
    assert [line["n"] for line in data.cut_flow] == masks.tolist()
    assert data.n_samples == masks[-1]


def test_no_cut_and_no_observable_moves_the_identity_of_a_row() -> None:
    whole = read(task="clustering")
    cut = read(cuts={"soft": "a.pt > 10"}, observables=["mass(a + b)"], features=["met"])
    np.testing.assert_array_equal(cut.row_hashes, whole.row_hashes[cut.rows])
    np.testing.assert_array_equal(cut.event_hashes[:, 1], whole.event_hashes[cut.rows, 1])


def test_azimuths_of_vectors_and_declared_angles_are_wrapped() -> None:
    data = read(angles=["met"], observables=["deltaphi(a, b)", "mass(a + b)"])
    assert set(data.angles) == {"a_phi", "b_phi", "met", "deltaphi(a, b)"}
    for name in data.angles:
        values = column(data, name)
        assert ((values > -np.pi) & (values <= np.pi)).all()
    np.testing.assert_allclose(np.sin(column(data, "met")), np.sin(COLUMNS["met"]), atol=1e-9)
    np.testing.assert_array_equal(column(data, "a_eta"), COLUMNS["a_eta"])


def test_an_angle_in_degrees_has_their_period_and_its_vector_radians() -> None:
    columns = {
        f"l_{p}": v
        for p, v in zip(
            PARTS,
            (np.full(4, 3.0), np.zeros(4), np.array([0.0, 90.0, 270.0, 360.0]), np.full(4, 9.0)),
            strict=True,
        )
    }
    roles = Roles(fourvectors={"l": [f"l_{p}" for p in PARTS]}, observables=["px(l)"], units={"l_phi": "deg"})
    data = Dataset.from_columns(columns, roles, source="t")
    assert data.angles["l_phi"] == 180.0
    np.testing.assert_allclose(column(data, "px(l)"), [3.0, 0.0, 0.0, 3.0], atol=1e-12)
    np.testing.assert_allclose(column(data, "l_phi"), [0.0, 90.0, -90.0, 0.0], atol=1e-12)


def test_a_name_alone_makes_no_angle() -> None:
    data = Dataset.from_columns({"phi": np.linspace(0, 9, 9)}, Roles(units={"phi": "rad"}), source="t")
    assert data.angles == {}
    assert data.X.max() == 9.0
    assert halves(Roles(features=["phi"]), {}) == {}


REFUSED = {
    "an absent component": (
        {"fourvectors": {"l": ["a_pt", "a_eta", "a_phy_phi", "a_E"]}, "observables": ["mass(l)"]},
        "fourvectors.l: 'a_phy_phi' is not a column. Did you mean 'a_phi'?",
    ),
    "the name of a column": (
        {"fourvectors": {"met": VECTORS["a"]}},
        "'met' is a column of the table and the name of an object or four-vector",
    ),
    "no components": (
        {"fourvectors": {"l": ["met", "w"]}},
        "fourvectors.l: ['met', 'w'] are no components of a four-vector",
    ),
    "a text": ({"fourvectors": {"l": "a_pt"}}, "fourvectors.l must be a list of columns"),
    "a bad name": ({"fourvectors": {"l 0": VECTORS["a"]}}, "'l 0' cannot stand in an expression"),
    "an object of the name": (
        {"fourvectors": {"l": VECTORS["a"]}, "objects": {"l": {"fields": ["q"]}}},
        "'l' is an object too",
    ),
    "an unknown angle": ({"angles": ["ph"]}, "angles: 'ph' is not a column"),
    "an unknown observable": (
        {"observables": ["mass(c)"]},
        "observables: the expression 'mass(c)' is refused",
    ),
    "a cut that is none": ({"cuts": {"pt": "a.pt"}}, "cuts.pt = 'a.pt' is not a condition"),
    "a cut that nothing passes": (
        {"cuts": {"pt": "a.pt > 1e9"}},
        "no row is left: 60 of 60 rows fail a cut (pt)",
    ),
    "a cut that is no text": ({"cuts": {"pt": 3}}, "cuts.pt must be an expression"),
    "cuts in a list": ({"cuts": ["a.pt > 3"]}, "cuts must be a mapping by name"),
    "objects in a list": ({"objects": ["muon"]}, "objects must be a mapping of names to rules"),
    "an object without lists": ({"objects": {"muon": {"fields": ["q"]}}}, "the table has no list 'q'"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_is_refused_in_one_sentence(what: str) -> None:
    said, words = REFUSED[what]
    with pytest.raises(FivesigmaError) as caught:
        Dataset.from_columns(dict(COLUMNS), Roles(**{"fourvectors": VECTORS, **said}), source="t")
    assert words in str(caught.value)


def test_text_is_no_component() -> None:
    roles = Roles(fourvectors={"l": ["text_px", "y_py"]})
    made = Declared({}, roles, {"text_px": COLUMNS["text"], "y_py": COLUMNS["met"]}, {})
    with pytest.raises(InputError, match="'text_px' does not hold single numbers"):
        made["l"]


def test_masses_and_momenta_carry_the_unit_of_their_components_into_comparisons() -> None:
    units = {"a_pt": "GeV", "b_pt": "GeV", "met": "MeV"}
    data = read(
        observables=["mass(a + b)", "a.pt / met", "deltaR(a, b)", "pt(a)**2"],
        units=units,
        select="a.pt > met",
    )
    found = dict(zip(data.names, data.units, strict=True))
    assert (found["mass(a + b)"], found["deltaR(a, b)"], found["pt(a)**2"]) == ("GeV", None, "GeV²")
    assert data.n_samples == int((COLUMNS["a_pt"] > COLUMNS["met"] / 1000).sum())


def test_a_momentum_in_two_units_is_refused() -> None:
    with pytest.raises(InputError, match="a: its momentum has a_pt in GeV and a_E in MeV"):
        read(units={"a_pt": "GeV", "a_E": "MeV"}, observables=["mass(a + b)"])


def test_the_units_of_fields_are_those_of_their_lists() -> None:
    rules = {"prefix": "jet_", "momentum": ["pt", "eta", "phi", "m"], "fields": ["dxy"]}
    found = field_units(Roles(objects={"jet": rules}), {"jet_pt": "GeV", "jet_phi": "rad", "jet_dxy": "mm"})
    assert found["jet.mass"] == "GeV"
    assert found["jet.dxy"] == "mm"
    assert "jet.phi" not in found
    with pytest.raises(InputError, match="jet_phi is in degrees; lists of azimuths are in radians"):
        field_units(Roles(objects={"jet": rules}), {"jet_phi": "deg"})


def test_momenta_in_other_units_are_brought_to_that_of_the_first() -> None:
    said = ("mass(a + b)", "pt(b)", "HT(a, b)")
    in_mev = {
        name: each * 1000.0 if name.startswith("b_") and name[2:] in ("pt", "E") else each
        for name, each in COLUMNS.items()
        if name != "text"
    }
    units = {"a_pt": "GeV", "a_E": "GeV", "b_pt": "MeV", "b_E": "MeV"}
    roles = Roles(fourvectors=VECTORS, observables=said, features=said, units=units)
    found = Dataset.from_columns(in_mev, roles, source="t")
    same = read(observables=said, features=said)
    np.testing.assert_allclose(found.X, same.X, rtol=1e-12)
    assert found.units == ("GeV",) * 3


@pytest.mark.parametrize("unit", ["kg", "Msun"])
def test_momenta_of_two_kinds_are_refused(unit: str) -> None:
    units = {"a_pt": "GeV", "a_E": "GeV", "b_pt": unit, "b_E": unit}
    with pytest.raises(InputError, match=f"b: its momentum is in {unit} and that of a in GeV"):
        read(observables=("mass(a + b)",), features=("mass(a + b)",), units=units)
