"""What ten tiny studies find is what it was: record, predictions and page. README.md says when that may change."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest

from tests.golden import golden


@pytest.fixture(scope="module")
def scratch(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("golden")


@pytest.mark.parametrize("name", golden.NAMES)
def test_a_study_finds_what_it_found(name, scratch) -> None:
    found = json.loads(json.dumps(golden.fixture(golden.carry_out(name, scratch))))
    assert not list(islice(golden.differences(golden.read(name), found), 20))


def test_every_study_has_its_record_and_no_record_is_left_over() -> None:
    kept = {path.name.partition(".")[0] for path in golden.KEPT.iterdir()}
    assert kept == set(golden.NAMES)
    assert {path.stem for path in golden.STUDIES.glob("*.toml")} | {"unblinded"} == kept


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"a": [1.0, 2.0]}, []),
        ({"a": [1.0, 2.0 + 1e-10]}, []),
        ({"a": [1.0, 2.0 + 1e-8]}, [".a[1]: is 2.00000001, kept is 2.0"]),
        ({"a": [1.0]}, [".a: has 1 items, kept are 2"]),
        ({"a": [1, 2.0]}, [".a[0]: is 1, kept is 1.0"]),
        ({"a": [1.0, None]}, [".a[1]: is None, kept is 2.0"]),
        ({"b": 0}, [".a: is gone", ".b: is new"]),
    ],
)
def test_a_difference_is_found_and_named(found, said) -> None:
    assert list(golden.differences({"a": [1.0, 2.0]}, found)) == said
