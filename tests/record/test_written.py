"""A document is written as the standard library indents it."""

from __future__ import annotations

import json
import math
from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fivesigma.record.written import written

_KEYS = (
    st.text() | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False)
)
_SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
_DOCUMENTS = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(_KEYS, inner),
    max_leaves=30,
)


def _of_the_library(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1)


@given(_DOCUMENTS)
def test_the_text_is_that_of_the_standard_library(document) -> None:
    assert written(document) == _of_the_library(document)


class _Number(float):
    """A number of a kind of its own."""


@pytest.mark.parametrize(
    "document",
    [
        *([], {}, (), [[]], [{}], {"": {}}, [1, [2, [3, []]]], {"a": {"b": {"c": [1.0, -0.0, 1e300, 1e-5]}}}),
        *("\n", "é\u2028\x00", ["a\nb"], {"a\nb": "\\"}, [True, None, 10**40], OrderedDict(b=1, a=[2])),
        *([_Number(2.5)], {"a": (_Number(1.0), "x")}),
    ],
)
def test_odd_documents_are_written_alike(document) -> None:
    assert written(document) == _of_the_library(document)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", [lambda x: x, lambda x: [1.0, x], lambda x: {"a": [{"b": x}]}])
def test_what_json_does_not_have_is_refused(number, place) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        written(place(number))


def test_what_is_no_document_is_refused() -> None:
    with pytest.raises(TypeError):
        written([object()])
