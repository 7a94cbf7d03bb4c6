"""What may be said of an object, and what is refused in one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from fivesigma._core.errors import FivesigmaError
from fivesigma.data.objects.rules import Rules

POLAR = ["pt", "eta", "phi", "mass"]

REFUSED: dict[str, tuple[str, Any, str]] = {
    "an unknown rule": ("muon", {"momentum": POLAR, "sorted": "pt"}, "'sorted' is not a rule of an object"),
    "no list at all": ("muon", {"prefix": "Muon_"}, "objects.muon has no list"),
    "text for a list": ("muon", {"momentum": "pt"}, "momentum must be a list of names"),
    "numbers for names": ("muon", {"fields": [1]}, "fields must be a list of names"),
    "no momentum": ("muon", {"momentum": ["a", "b", "c", "d"]}, "no components of a four-vector"),
    "no part along the beam": ("met", {"momentum": ["pt", "phi"]}, "lacks the part along the beam"),
    "two masses": ("muon", {"momentum": POLAR, "mass": 0.1}, "mass is given, and a component"),
    "a name with a blank": ("my muon", {"fields": ["q"]}, "cannot stand in an expression"),
    "a word of the language": ("and", {"fields": ["q"]}, "cannot stand in an expression"),
    "a field with a dot": ("jet", {"fields": ["b.tag"]}, "cannot stand after a dot"),
    "a list twice": ("jet", {"momentum": POLAR, "fields": ["pt"]}, "names a list twice"),
    "no radius": (
        "jet",
        {"momentum": POLAR, "away_from": {"muon": -1}},
        "is no ΔR; expected a positive number",
    ),
    "away without momentum": (
        "jet",
        {"fields": ["q"], "away_from": {"muon": 1}},
        "away_from needs its momentum",
    ),
    "no mapping": ("jet", ["pt"], "must be a mapping of rules"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_rule_is_refused_in_one_sentence(what: str) -> None:
    name, said, words = REFUSED[what]
    with pytest.raises(FivesigmaError) as caught:
        Rules.of(name, said)
    assert words in str(caught.value)
    assert f"objects.{name}" in str(caught.value) or name in ("my muon", "and")


def test_three_components_may_have_a_known_mass() -> None:
    assert Rules.of("muon", {"momentum": POLAR[:3], "mass": 0.1057}).mass == 0.1057


def test_a_key_that_is_none_is_as_if_it_was_not_there() -> None:
    said, plain = ({"momentum": POLAR, "fill": -1, **more} for more in ({"select": None, "mass": None}, {}))
    assert Rules.of("muon", said) == Rules.of("muon", plain)
