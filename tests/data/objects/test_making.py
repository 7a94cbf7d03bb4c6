"""Objects of a table: selection, order and distance as loops over events have them; what does not fit is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fivesigma._core.errors import InputError
from fivesigma._core.expressions import evaluate
from fivesigma._core.jagged import Jagged
from fivesigma.data.objects.making import objects_of
from fivesigma.data.objects.rules import Rules
from fivesigma.data.readers.table import WholeTable

WORDS = ("pt", "eta", "phi", "mass")
Event = tuple[np.ndarray, ...]


def events(seed: int, n: int = 40, mean: float = 3.0) -> list[Event]:
    rng = np.random.default_rng(seed)
    return [
        (rng.exponential(30, k), rng.normal(0, 2, k), rng.uniform(-np.pi, np.pi, k), rng.exponential(5, k))
        for k in rng.poisson(mean, n)
    ]


def table(**objects: list[Event]) -> WholeTable:
    lists = {
        f"{name}_{word}": Jagged.of([event[i] for event in own])
        for name, own in objects.items()
        for i, word in enumerate(WORDS)
    }
    n = len(next(iter(objects.values())))
    return WholeTable({"met": np.zeros(n)}, {}, lists)


def rules(name: str, **said: Any) -> Rules:
    return Rules.of(name, {"prefix": f"{name}_", "momentum": WORDS, **said})


def lists_of(found: Any, word: str) -> list[list[float]]:
    values = found.field(word)
    return [values[a:b].tolist() for a, b in zip(found.offsets[:-1], found.offsets[1:], strict=True)]


def apart(a: Event, i: int, b: Event, j: int) -> float:
    turn = abs((a[2][i] - b[2][j] + np.pi) % (2 * np.pi) - np.pi)
    return float(np.hypot(a[1][i] - b[1][j], turn))


@given(st.integers(0, 2**32 - 1))
def test_members_are_selected_kept_away_and_sorted_as_a_loop_does(seed: int) -> None:
    jets, muons = events(seed, 12, 4.0), events(seed + 1, 12, 1.0)
    made = objects_of(
        table(jet=jets, muon=muons),
        [
            rules("jet", select="pt > 10 and abs(eta) < 2.4", sort="pt", away_from={"muon": 0.8}),
            rules("muon", select="pt > 20"),
        ],
    )
    expected = []
    for jet, muon in zip(jets, muons, strict=True):
        near = [j for j in range(len(muon[0])) if muon[0][j] > 20]
        kept = [
            i
            for i in range(len(jet[0]))
            if jet[0][i] > 10 and abs(jet[1][i]) < 2.4 and all(apart(jet, i, muon, j) >= 0.8 for j in near)
        ]
        expected.append(sorted((float(jet[0][i]) for i in kept), reverse=True))
    assert lists_of(made["jet"], "pt") == expected
    assert list(made) == ["jet", "muon"]


@pytest.mark.parametrize("n", [3, 200])
def test_the_order_falls_keeps_equals_in_place_and_puts_missing_last(n: int) -> None:
    rng = np.random.default_rng(1)
    pt = rng.integers(0, 5, n).astype(float)
    pt[::7] = np.nan
    one = [(pt, np.arange(n, dtype=float), np.zeros(n), np.zeros(n))]
    found = objects_of(table(jet=one), [rules("jet", sort="pt")])["jet"]
    expected = sorted(range(n), key=lambda i: np.inf if np.isnan(pt[i]) else -pt[i])
    assert lists_of(found, "eta") == [[float(i) for i in expected]]


def test_members_are_sorted_by_an_expression_too() -> None:
    jets = events(5)
    found = objects_of(table(jet=jets), [rules("jet", sort="-abs(eta)")])["jet"]
    assert lists_of(found, "eta") == [sorted(event[1].tolist(), key=abs) for event in jets]


def test_without_rules_members_stand_as_in_the_file() -> None:
    jets = events(6)
    found = objects_of(table(jet=jets), [rules("jet")])["jet"]
    assert lists_of(found, "pt") == [event[0].tolist() for event in jets]


def test_a_known_mass_is_that_of_each_member() -> None:
    said = Rules.of("jet", {"prefix": "jet_", "momentum": WORDS[:3], "mass": 0.5})
    found = objects_of(table(jet=events(7)), [said])
    mass = evaluate("jet[0].mass", {}, found)
    np.testing.assert_allclose(mass[~np.isnan(mass)], 0.5, rtol=1e-12)


REFUSED = {
    "an absent list": ([rules("jat")], "the table has no list 'jat_pt'. Did you mean 'jet_pt'?"),
    "a column of single values": (
        [Rules.of("x", {"fields": ["met"]})],
        "'met' has one value (or array) an event",
    ),
    "an unknown field": (
        [rules("jet", select="ptt > 3")],
        "objects.jet.select: the expression 'ptt > 3' is refused",
    ),
    "no condition": ([rules("jet", select="pt")], "objects.jet.select = 'pt' is not a condition"),
    "an unknown other": ([rules("jet", away_from={"mu": 1.0})], "'mu' is not another object"),
    "itself": ([rules("jet", away_from={"jet": 1.0})], "'jet' is not another object"),
    "a circle": (
        [rules("jet", away_from={"muon": 1.0}), rules("muon", away_from={"jet": 1.0})],
        "objects jet, muon are kept away from each other in a circle",
    ),
    "another without momentum": (
        [rules("jet", away_from={"hit": 1.0}), Rules.of("hit", {"fields": ["jet_pt"]})],
        "hit has no momentum",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_the_table_is_refused(what: str) -> None:
    said, words = REFUSED[what]
    with pytest.raises(InputError) as caught:
        objects_of(table(jet=events(8), muon=events(9)), said)
    assert words in str(caught.value)


def test_lists_of_different_lengths_are_refused_with_the_event() -> None:
    lists = {"jet_pt": Jagged.of([[1.0], [1.0, 2.0]]), "jet_eta": Jagged.of([[1.0], [1.0]])}
    with pytest.raises(InputError, match="jet_pt has 2 members in event 1 and jet_eta has 1") as caught:
        objects_of(WholeTable({}, {}, lists), [Rules.of("jet", {"prefix": "jet_", "fields": ["pt", "eta"]})])
    assert "have the same lengths" in str(caught.value)


def test_lists_of_text_are_refused() -> None:
    lists = {"jet_kind": Jagged(np.array(["a"], dtype=object), np.array([0, 1]))}
    with pytest.raises(InputError, match="jet_kind holds no numbers"):
        objects_of(WholeTable({}, {}, lists), [Rules.of("jet", {"fields": ["jet_kind"]})])


def test_a_table_without_lists_says_so() -> None:
    with pytest.raises(InputError, match="It has no lists at all"):
        objects_of(WholeTable({"x": np.zeros(3)}), [rules("jet")])


def test_codes_of_a_missing_value_are_missing_in_lists_too() -> None:
    lists = {"jet_btag": Jagged.of([[0.5, -999.0], [-999.0]]), "jet_n": Jagged.of([[-999, 3], [1]])}
    said = [Rules.of("jet", {"prefix": "jet_", "fields": ["btag", "n"], "sort": "btag"})]
    found = objects_of(WholeTable({}, {}, lists), said, (-999,))
    np.testing.assert_array_equal(evaluate("jet[0].btag", {}, found), [0.5, np.nan])
    np.testing.assert_array_equal(evaluate("jet[0].n", {}, found), [np.nan, 1.0])
    np.testing.assert_array_equal(evaluate("count(isfinite(jet.btag))", {}, found), [1.0, 0.0])
