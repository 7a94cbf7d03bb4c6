"""Records as documents: the schema's name first, sections beside the keys, nothing invented."""

from __future__ import annotations

import dataclasses

import pytest

from fivesigma.record.results import (
    SCHEMA,
    Audit,
    DataRecord,
    ModelRecord,
    Results,
    Score,
    SplitRecord,
    from_document,
    to_document,
)
from fivesigma.record.sections.coefficients import CoefficientsRecord
from fivesigma.record.sections.columns import RowsOfTestsRecord, TargetUnitRecord
from fivesigma.record.sections.path import PathRecord
from fivesigma.record.sections.section import Section

LAW = CoefficientsRecord(names=("a", "b"), values=(1.0, 2.0), intercept=0.5)


def results(**more) -> Results:
    data = DataRecord("0", 3, 2, 3.0, (), None, "y", {"target_unit": TargetUnitRecord(unit=None)})
    split = SplitRecord("0", 2, 1, 5, None, {"tests": RowsOfTestsRecord(rows={"near": 1, "far": 2})})
    models = (ModelRecord("line", "linear", "ok", sections={"coefficients": LAW}),)
    return Results("s", "regression", 0, "r2", None, "line", data, split, models, **more)


def test_what_is_written_is_read() -> None:
    found = results(audit=(Audit("missing", "ok", "none"),), question="why?", claim="fitted", blind=False)
    document = to_document(found)
    assert next(iter(document.items())) == ("schema", SCHEMA)
    assert from_document(document) == found
    assert to_document(from_document(document)) == document


def test_what_a_study_did_not_ask_stands_in_no_document() -> None:
    document = to_document(results())
    assert not {"question", "claim", "blind"} & document.keys()
    assert document["explain"] is document["scan"] is None
    assert document["data"]["target_unit"] is None
    assert document["split"]["tests"] == {"near": 1, "far": 2}


def test_a_section_is_found_by_its_type() -> None:
    record = results().model("line")
    assert record.section(CoefficientsRecord) == LAW
    assert record.section(PathRecord) is None
    assert results().data.section(TargetUnitRecord) == TargetUnitRecord(unit=None)
    with pytest.raises(KeyError):
        results().model("tree")


def test_slopes_and_offset_are_of_one_output() -> None:
    assert (LAW.slopes, LAW.offset) == ((1.0, 2.0), 0.5)
    several = CoefficientsRecord(names=("a",), values=((1.0,), (2.0,)), intercept=(0.0, 1.0))
    assert (several.slopes, several.offset) == ((), None)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Theirs(Section):
    """What another distribution keeps of a model."""

    key, of = "theirs", "model"

    speed: float


def test_a_section_that_is_not_registered_is_kept_as_it_stands_and_not_taken_for_another() -> None:
    record = dataclasses.replace(results().models[0], sections={"theirs": Theirs(speed=2.0)})
    document = to_document(dataclasses.replace(results(), models=(record,)))
    assert from_document(document).models[0].sections == {"theirs": {"speed": 2.0}}
    assert from_document(document).models[0].section(Theirs) is None
    assert from_document(document, (Theirs,)).models[0].section(Theirs) == Theirs(speed=2.0)
    assert to_document(from_document(document)) == document


def test_a_score_that_is_refused_is_null() -> None:
    record = ModelRecord("m", "tree", "ok", scores={"test": {"r2": Score(float("nan"), method="too few")}})
    written = to_document(dataclasses.replace(results(), models=(record,)))["models"][0]["scores"]["test"][
        "r2"
    ]
    assert (written["value"], written["error"]["stat"]) == (None, None)
