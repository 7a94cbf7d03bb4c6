"""Objects and four-vectors in expressions: each function against a loop over events, and refusals in one sentence."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.collection import Collection
from fivesigma._core.errors import InputError
from fivesigma._core.expressions import evaluate, is_decimal_logarithm, names
from fivesigma._core.jagged import Jagged
from fivesigma._core.kinematics import FourVector

RNG = np.random.default_rng(11)
N = 50
LISTS = {
    name: [(RNG.exponential(30, n), RNG.normal(0, 2, n), RNG.uniform(-3, 3, n)) for n in RNG.poisson(mean, N)]
    for name, mean in (("muon", 1.5), ("jet", 4.0))
}


def collection(name: str, fill: float = np.nan) -> Collection:
    fields = {
        word: Jagged.of([event[i] for event in LISTS[name]]) for i, word in enumerate(("pt", "eta", "phi"))
    }
    return Collection.of(name, fields | {"btag": fields["eta"]}, momentum=("pt", "eta", "phi"), fill=fill)


L0 = FourVector.polar(
    RNG.exponential(30, N), RNG.normal(0, 2, N), RNG.uniform(-3, 3, N), mass=np.full(N, 0.1)
)
OBJECTS = {"muon": collection("muon"), "jet": collection("jet", fill=-1.0), "l0": L0}
COLUMNS = {"met": RNG.exponential(40, N), "lepton 1 pT": RNG.exponential(40, N)}


def said(text: str) -> np.ndarray:
    return evaluate(text, COLUMNS, OBJECTS)


def of_each(name: str, function) -> list[float]:  # type: ignore[no-untyped-def]
    return [float(function(*event)) for event in LISTS[name]]


EXAMPLES = {
    "count(jet)": of_each("jet", lambda pt, eta, phi: len(pt)),
    "count(jet.pt > 20 and abs(jet.eta) < 2)": of_each(
        "jet", lambda pt, eta, phi: ((pt > 20) & (abs(eta) < 2)).sum()
    ),
    "sum(jet.pt)": of_each("jet", lambda pt, eta, phi: pt.sum()),
    "sum(jet.pt * cos(jet.phi))": of_each("jet", lambda pt, eta, phi: (pt * np.cos(phi)).sum()),
    "sum(jet.pt) / count(jet)": of_each("jet", lambda pt, eta, phi: pt.mean() if len(pt) else np.nan),
    "max(jet.btag)": of_each("jet", lambda pt, eta, phi: eta.max() if len(pt) else -1),
    "min(muon.pt)": of_each("muon", lambda pt, eta, phi: pt.min() if len(pt) else np.nan),
    "muon[1].pt": of_each("muon", lambda pt, eta, phi: pt[1] if len(pt) > 1 else np.nan),
    "jet[5].eta": of_each("jet", lambda pt, eta, phi: eta[5] if len(pt) > 5 else -1),
    "max(jet[0].pt, jet[1].pt, 3)": of_each("jet", lambda pt, eta, phi: max(3, *pt[:2], -1, -1)),
    "any(jet.pt > 60)": of_each("jet", lambda pt, eta, phi: (pt > 60).any()),
    "all(jet.pt > 5)": of_each("jet", lambda pt, eta, phi: (pt > 5).all()),
    "HT(jet)": of_each("jet", lambda pt, eta, phi: pt.sum()),
    "HT(jet, l0)": np.array(of_each("jet", lambda pt, eta, phi: pt.sum())) + L0.pt,
    "met(jet)": of_each(
        "jet", lambda pt, eta, phi: np.hypot((pt * np.cos(phi)).sum(), (pt * np.sin(phi)).sum())
    ),
    "count(jet.pt > met)": [
        float((event[0] > met).sum()) for event, met in zip(LISTS["jet"], COLUMNS["met"], strict=True)
    ],
    "mass(l0)": np.full(N, 0.1),
    "l0.mass": np.full(N, 0.1),
    "`lepton 1 pT` / l0.pt": COLUMNS["lepton 1 pT"] / L0.pt,
    "2 * met(jet) / HT(jet) > 1 or met > 0": np.ones(N),
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_expression_is_what_a_loop_over_events_finds(text: str) -> None:
    np.testing.assert_allclose(said(text).astype(float), EXAMPLES[text], rtol=1e-9, atol=1e-9)


def test_members_near_another_object_are_counted() -> None:
    expected = []
    for jets, eta, phi in zip(LISTS["jet"], L0.eta, L0.phi, strict=True):
        turn = np.abs((jets[2] - phi + np.pi) % (2 * np.pi) - np.pi)
        expected.append((np.hypot(jets[1] - eta, turn) < 1.0).sum())
    np.testing.assert_array_equal(said("count(deltaR(jet, l0) < 1.0)"), expected)


def test_vectors_are_added_boosted_and_read_off() -> None:
    a, b = OBJECTS["muon"].leading_vector(0), OBJECTS["jet"].leading_vector(0)  # type: ignore[union-attr]
    np.testing.assert_array_equal(said("mass(muon[0] + jet[0])"), (a + b).mass)
    np.testing.assert_array_equal(said("(muon[0] + jet[0] - l0).pt"), (a + b - L0).pt)
    np.testing.assert_array_equal(said("deltaR(muon[0], jet[0])"), a.deltaR(b))
    helicity = said("costheta(boost(muon[0], muon[0] + jet[0]), muon[0] + jet[0])")
    np.testing.assert_array_equal(helicity, a.seen_from(a + b).angle_to(a + b))
    np.testing.assert_array_equal(said("transverse_mass(l0, met(jet))") >= 0, np.ones(N, dtype=bool))


def test_a_sum_with_an_absent_member_is_missing_even_where_a_fill_is_declared() -> None:
    short = [len(event[0]) < 2 for event in LISTS["jet"]]
    np.testing.assert_array_equal(np.isnan(said("mass(jet[0] + jet[1])")), short)


def test_one_object_goes_over_members_and_another_gives_a_number() -> None:
    lead = said("muon[0].pt")
    expected = [float((jets[0] > pt).sum()) for jets, pt in zip(LISTS["jet"], lead, strict=True)]
    np.testing.assert_array_equal(said("count(jet.pt > muon[0].pt)"), expected)
    nested = [float((jets[0] > jets[0].sum() / 3).sum()) for jets in LISTS["jet"]]
    np.testing.assert_array_equal(said("count(jet.pt > sum(jet.pt) / 3)"), nested)


def test_the_names_of_objects_are_among_those_used() -> None:
    assert names("mass(l0 + muon[0]) + met > e", COLUMNS, OBJECTS) == ("l0", "muon", "met")
    assert is_decimal_logarithm("log10(mass(l0 + l1))")


REFUSED = {
    "muon.pt": "muon.pt has one value for each muon of an event; write muon[0].pt",
    "muon[0]": "muon[0] is a four-vector, not a number; write mass(muon[0])",
    "muon": "muon is all muon objects of an event, not a number",
    "moun[0].pt": "'moun' is not an object. Did you mean 'muon'?",
    "muon[0].ptt": "'ptt' is not a field of muon. Did you mean 'pt'?",
    "jet[0].charge": "'charge' is not a field of jet",
    "muon[-1].pt": "a place in square brackets is a whole number from 0",
    "muon[0:2].pt": "a place in square brackets is a whole number from 0",
    "muon[1.0].pt": "a place in square brackets is a whole number from 0",
    "muon[met].pt": "a place in square brackets is a whole number from 0",
    "muon[0][1].pt": "square brackets stand after the name of an object only",
    "met[0] > 1": "'met' is not an object",
    "mass(muon)": "mass(…) takes one four-vector an event, and muon is all of them; write muon[0]",
    "mass(met)": "mass(…) takes four-vectors, such as muon[0]",
    "count(met)": "speaks of no members of an object",
    "sum(jet.pt * muon.pt)": "speaks of the members of two objects",
    "max(muon)": "max(muon) needs a field, as in max(muon.pt)",
    "max(3, muon)": "muon is all muon objects of an event",
    "sum(jet.pt > 3 and jet)": "",
    "muon.__class__": "'__class__' is not a field of muon",
    "muon[0].__dict__": "'__dict__' is not a field of muon",
    "l0.__class__": "'__class__' is not read off a four-vector",
    "(muon[0] + l0).parts": "'parts' is not read off a four-vector",
    "met.real": "'met' is neither an object nor a four-vector",
    "muon[0].pt.real": "a dot stands after an object or a four-vector only",
    "muon.pt(3)": "only a function of the list can be called",
    "muon[0] * 2": "muon[0] is a four-vector, not a number",
    "muon[0] * l0": "four-vectors are added and subtracted",
    "l0 > 3": "l0 is a four-vector, not a number",
    "not l0": "l0 is a four-vector, not a number",
    "mas(l0)": "'mas' is not a known function. Did you mean 'mass'?",
    "deltaR(l0)": "deltaR takes 2 argument(s), got 1",
    "boost(l0, l0, l0)": "boost takes 2 argument(s), got 3",
    "transverse_mass(l0, l0, l0)": "transverse_mass takes 1 or 2 argument(s), got 3",
    "mass > 3": "mass is a function; write mass(x)",
    "mett > 3": "'mett' is neither a column nor an object. Did you mean 'met'?",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_number_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(InputError) as caught:
        said(text)
    assert REFUSED[text] in str(caught.value)
    assert str(caught.value).count(". ") <= 1


@pytest.mark.parametrize(
    "text",
    ["met.real", "met[0]", "muon[0].pt", "mass(met)", "count(met)", "sum(met)", "max(met)", "jet.pt > 3"],
)
def test_without_objects_nothing_of_their_language_is_known(text: str) -> None:
    with pytest.raises(InputError) as caught:
        evaluate(text, COLUMNS)
    assert not any(
        word in str(caught.value) for word in ("object", "four-vector", "deltaR", "transverse_mass")
    )


def test_an_object_without_momentum_has_fields_and_no_vector() -> None:
    hits = {"hit": Collection.of("hit", {"charge": Jagged.of([[1.0, 2.0], []])})}
    np.testing.assert_array_equal(evaluate("sum(hit.charge)", {}, hits), [3.0, 0.0])
    with pytest.raises(InputError, match="hit has no momentum; add momentum"):
        evaluate("mass(hit[0])", {}, hits)
    with pytest.raises(InputError, match=r"hit\[0\] is an object, not a number; write hit\[0\].charge"):
        evaluate("hit[0]", {}, hits)
