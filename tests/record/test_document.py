"""Types as documents: what is written is read back, what is optional may be absent, nothing unknown is let in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest

from fivesigma.record.document import optional, plain, read
from fivesigma.record.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class Low:
    low: float
    class_: str | None = optional()


@dataclass(frozen=True, kw_only=True)
class Chosen:
    choices: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Whole:
    name: str
    rows: tuple[tuple[float | None, ...], ...]
    space: Mapping[str, Low | Chosen]
    slopes: tuple[float | tuple[float, ...], ...]
    part: Low | None
    size: int = 0
    more: tuple[Low, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Speed(Section):
    """How fast a model is."""

    key, of = "speed", "model"

    events: float


@dataclass(frozen=True, kw_only=True)
class Words(Section):
    """What is said of a model."""

    key, of, inline = "words", "model", True

    said: tuple[str, ...]


@dataclass(frozen=True)
class Held:
    holds: ClassVar[str] = "model"
    name: str
    sections: Mapping[str, Any] = field(default_factory=dict)


WHOLE = {
    "name": "a",
    "rows": [[1.0, None], []],
    "space": {"x": {"low": 1, "class": "b"}, "y": {"choices": ["c", 2]}},
    "slopes": [1.0, [2.0, 3.0]],
    "part": None,
    "size": 3,
    "more": [{"low": 0.5}],
}


def test_a_document_is_read_into_types_and_written_as_it_was() -> None:
    found = read(Whole, WHOLE)
    assert found.rows == ((1.0, None), ())
    assert found.space == {"x": Low(low=1, class_="b"), "y": Chosen(choices=("c", 2))}
    assert found.slopes == (1.0, (2.0, 3.0))
    assert found.more == (Low(low=0.5),)
    assert plain(found) == WHOLE
    assert list(plain(found)) == list(WHOLE)


def test_what_has_a_default_may_be_absent_and_is_written_all_the_same() -> None:
    document = {key: WHOLE[key] for key in ("name", "rows", "space", "slopes", "part")}
    assert plain(read(Whole, document)) == document | {"size": 0, "more": []}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unexpected": 1}, "'unexpected' is no key of Whole"),
        ({"rows": 3}, "'3' is no list"),
        ({"rows": {"a": 1}}, "is no list"),
        ({"space": []}, "is no object"),
        ({"part": 1.0}, "is no object"),
        ({"part": {"low": 1.0, "high": 2.0}}, "'high' is no key of Low"),
        ({"part": {}}, "Low has no key 'low'"),
        ({"more": [{"class": "b"}]}, "Low has no key 'low'"),
    ],
)
def test_another_shape_is_refused_in_a_sentence(change, said) -> None:
    with pytest.raises(ValueError, match=said):
        read(Whole, WHOLE | change)


def test_numbers_of_arrays_are_jsons_own_and_none_is_not_finite() -> None:
    found = plain({"a": np.array([[1.0, np.nan]]), 3: np.int64(2), "b": (float("inf"), True, None)})
    assert found == {"a": [[1.0, None]], "3": 2, "b": [None, True, None]}
    assert type(found["3"]) is int


def test_registered_sections_stand_beside_the_keys_and_others_stay_documents() -> None:
    document = {"name": "m", "speed": {"events": 2.0}, "words": ["fast"], "theirs": {"any": [1]}}
    found = read(Held, document, (Speed, Words))
    assert found.sections == {
        "speed": Speed(events=2.0),
        "words": Words(said=("fast",)),
        "theirs": {"any": [1]},
    }
    assert plain(found) == document
    assert plain(read(Held, document)) == document


def test_a_section_of_another_holder_is_not_read_here() -> None:
    elsewhere = type("Elsewhere", (Speed,), {"of": "data"})
    assert read(Held, {"name": "m", "speed": {"events": 2.0}}, (elsewhere,)).sections["speed"] == {
        "events": 2.0
    }


def test_an_unknown_key_of_a_registered_section_is_refused() -> None:
    with pytest.raises(ValueError, match="'unit' is no key of Speed; expected events"):
        read(Held, {"name": "m", "speed": {"events": 2.0, "unit": "s"}}, (Speed,))


def test_a_section_is_written_and_read_alone() -> None:
    assert Words(said=("a",)).to_document() == ["a"]
    assert Words.from_document(("a", "b")) == Words(said=("a", "b"))
    assert Speed.from_document({"events": np.float64(3.0)}) == Speed(events=3.0)
