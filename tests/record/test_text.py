"""JSON text is that of the standard library, whatever a document holds."""

import json
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fivesigma.record.text import indented

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
KEYS = (
    st.text() | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False)
)


def nested(inner):
    return (
        st.lists(inner)
        | st.lists(st.lists(SCALARS))
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text(), inner)
        | st.dictionaries(KEYS, inner, max_size=3)
    )


def expected(document) -> str:
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1)


@given(st.recursive(SCALARS, nested, max_leaves=30))
def test_a_document_is_written_as_the_standard_library_writes_it(document) -> None:
    assert indented(document) == expected(document)


@pytest.mark.parametrize(
    "document",
    [
        [["],\n [", "],\n  [\n"], ["a]", "[b"]],
        [[[1.5, 2], [3, 4]], [[5, 6], []], []],
        [(1, 2), [3]],
        {"a": OrderedDict(b=[1], c=OrderedDict())},
        [np.float64(0.1), 1],
        {"x": np.float64(1e300)},
        [[np.float64(0.25)], [True]],
        {"µ": "line\nof two\u2028", "": ""},
        "alone",
        [],
        [[]],
        {},
    ],
)
def test_odd_documents_are_too(document) -> None:
    assert indented(document) == expected(document)


@pytest.mark.parametrize(
    "where", [lambda x: x, lambda x: [x], lambda x: [[x]], lambda x: {"a": [1, {"b": x}]}]
)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_of_json_is_refused(where, value) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        indented(where(value))


def test_what_json_does_not_know_is_refused() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        indented({"a": [object()]})
