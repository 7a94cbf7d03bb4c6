"""``[split]``: which rows are for training, for validation, and sealed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from fivesigma.study.spec.data import SourceSection
from fivesigma.study.spec.section import ModelName, Section
from fivesigma.study.spec.values import (
    Flag,
    Number,
    Text,
    Values,
    Whole,
    shown,
)

REPEATS = 5
"""Of the cross-validation of a study without a test set."""


class TestRows(Section):
    """A test set given by hand: the rows with a value in a column, a second file, or other simulated events."""

    __test__ = False  # pytest: not a test class

    column: Text | None = None
    """The column that says which rows are the test set."""
    value: Values | None = None
    """The value, or values, of the column in the test set."""
    path: Text | None = None
    """A second file, read as the first; relative to the study file."""
    source: SourceSection | None = None
    """Of simulated events: settings of the source (and n), in place of those of [source], from which it is drawn."""

    @model_validator(mode="after")
    def _one_way(self) -> TestRows:
        by_column = self.column is not None and bool(self.value)
        ways = [by_column, self.path is not None, self.source is not None]
        if sum(ways) != 1 or (self.column is None) != (self.value is None):
            raise ValueError(
                "a test set is { column = ..., value = ... }, { path = ... } or { source = { ... } }"
            )
        return self


class FoldColumn(Section):
    """Folds given by hand: the rows with one value of a column are one."""

    column: Text
    """The column whose values, whole numbers or text, are the folds."""


def _is_named(value: Any) -> bool:
    """Whether these are test sets by name, and not the settings of one that has no name."""
    tables = isinstance(value, dict) and bool(value) and set(value) != {"source"}
    return tables and all(isinstance(item, (dict, TestRows)) for item in value.values())


def _test_rows(value: Any) -> Any:
    """Tell the forms of ``split.test`` apart; a table of tables is several named test sets."""
    if value is False:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, (int, float, dict, TestRows)):
        raise ValueError(
            f"{shown(value)} is not a test set; write a fraction, {{ column, value }}, {{ path }} or {{ source }}"
        )
    if _is_named(value):
        return value
    if isinstance(value, dict):
        return {"test": value}
    return {"test": value} if isinstance(value, TestRows) else float(value)


class SplitSection(Section):
    """Which rows are for training, for validation, and sealed."""

    test: Annotated[
        Annotated[float, Field(ge=0, lt=1), Tag("fraction")]
        | Annotated[dict[ModelName, TestRows], Tag("rows")],
        Discriminator(lambda value: "rows" if isinstance(value, dict) else "fraction"),
        BeforeValidator(_test_rows),
    ] = 0.2
    """A fraction, 0 for none (as in a clustering by default), { column, value }, { path }, { source }, or several
    named ones."""
    folds: (
        Annotated[
            Annotated[Whole, Field(ge=2, le=1000), Tag("number")] | Annotated[FoldColumn, Tag("column")],
            Discriminator(lambda value: "column" if isinstance(value, (dict, FoldColumn)) else "number"),
        ]
        | None
    ) = None
    """Folds of the cross-validation, a number or { column }; 5 where no validation fraction is given."""
    validation: Annotated[Number, Field(gt=0, lt=1)] | None = None
    """In place of folds: one validation set, this fraction of the training rows."""
    repeats: Annotated[Whole, Field(ge=1, le=100)] | None = None
    """Of the cross-validation, each with other folds; 5 where folds judge the study, 1 where a test set does."""
    stratify: Flag = True
    """Keep the classes' proportions in every part."""
    duplicates: Literal["together", "ignore"] = "together"
    """Exact copies of a row stay on one side; "ignore" for tables of few distinct rows."""
    key: Text | None = None
    """The column whose hash alone says which part an event is in, such as "eventNumber", on every file alike."""
    time: Text | None = None
    """The column of times, numbers or ISO dates: test and folds are blocks in time, the test the last one."""
    gap: Annotated[Number, Field(ge=0)] = 0.0
    """With time: what is closer to a block is not fitted on where the block is scored; of dates in days."""

    @model_validator(mode="before")
    @classmethod
    def _folds_or_validation(cls, section: Any) -> Any:
        if not isinstance(section, dict):
            return section
        if section.get("folds") is not None and section.get("validation") is not None:
            raise ValueError("split.folds and split.validation are both given; keep one")
        if section.get("repeats") is not None and section.get("validation") is not None:
            raise ValueError(
                "split.repeats is of folds, and split.validation is one part that does not change; keep one"
            )
        if section.get("validation") is not None:
            return section
        given = section.get("time") is not None or isinstance(section.get("folds"), (dict, FoldColumn))
        repeats = 1 if section.get("test", 0.2) or given else REPEATS
        settled = {"folds": section.get("folds"), "repeats": section.get("repeats")}
        defaults = {"folds": 5, "repeats": repeats}
        return {**section, **{key: defaults[key] for key, given in settled.items() if given is None}}

    @model_validator(mode="after")
    def _one_way_to_divide(self) -> SplitSection:
        if self.time is None and self.gap:
            raise ValueError("split.gap is a gap in time; name the column of times with split.time")
        if self.time is not None and isinstance(self.folds, FoldColumn):
            raise ValueError("split.time makes blocks in time, and split.folds names a column; keep one")
        if (self.repeats or 1) > 1 and (self.time is not None or isinstance(self.folds, FoldColumn)):
            raise ValueError(
                "split.repeats deals other folds, and here a column gives them; remove one of the two"
            )
        if self.time is not None and isinstance(self.test, dict):
            raise ValueError("split.time makes the last block the test; give split.test as a fraction")
        return self

    @model_validator(mode="after")
    def _one_column_divides(self) -> SplitSection:
        if self.key is not None and self.time is not None:
            raise ValueError("split.key divides by the hash of a column, and split.time by time; keep one")
        if self.key is not None and isinstance(self.folds, FoldColumn):
            raise ValueError("split.key gives the folds, and split.folds names a column for them; keep one")
        return self

    @property
    def n_folds(self) -> int | None:
        """How many folds are asked for by number; None for a validation set and for folds of a column."""
        return self.folds if isinstance(self.folds, int) else None

    @model_validator(mode="after")
    def _tests_have_names_of_their_own(self) -> SplitSection:
        taken = sorted({"train", "validation"} & set(self.test if isinstance(self.test, dict) else ()))
        if taken:
            raise ValueError(f"split.test: '{taken[0]}' is the name of another part; rename the test set")
        return self
