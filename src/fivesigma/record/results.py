"""The result of a study as frozen records: numbers and text, never an estimator.

``Results`` is what ``results.json`` holds (schema ``fivesigma.results/2``; documents of /1, in which a validation score
is always that of all folds' predictions at once, are read too). What is refused is ``None``; no NaN or
infinity ever stands in a record. A capability adds its own class to `fivesigma.record.sections.SECTIONS`; its
section is written beside the other keys and edits none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from fivesigma.record.document import Sections, optional, plain, read
from fivesigma.record.sections import SECTIONS
from fivesigma.record.sections.explained import Explained
from fivesigma.record.sections.scan import ScanPoint, ScanScore
from fivesigma.record.sections.section import Holder, Section
from fivesigma.risk.findings import VERDICTS, Audit, Claim, Comparison, ErrorBudget, Generalisation, Score

__all__ = [
    "SCHEMA",
    "VERDICTS",
    "Audit",
    "Claim",
    "Comparison",
    "DataRecord",
    "ErrorBudget",
    "Feature",
    "Generalisation",
    "ModelRecord",
    "Results",
    "ScanPoint",
    "ScanScore",
    "Score",
    "SplitRecord",
    "from_document",
    "plain",
    "to_document",
]

SCHEMA = "fivesigma.results/2"

S = TypeVar("S", bound=Section)


@dataclass(frozen=True)
class Feature:
    """One column as the models saw it."""

    name: str
    unit: str | None
    min: float | None
    max: float | None
    mean: float | None
    std: float | None
    n_missing: int


class Holding:
    """A record that capabilities add sections to, by their keys."""

    holds: ClassVar[Holder]
    sections: Mapping[str, Any]

    def section(self, kind: type[S]) -> S | None:
        """Return the section of one ``kind``, or None."""
        found = self.sections.get(kind.key)
        return found if isinstance(found, kind) else None


@dataclass(frozen=True)
class DataRecord(Holding):
    """What was read: content hash, sizes, columns; the ``kind`` and ``shape`` of an event, () where it was not kept."""

    holds = "data"

    sha256: str
    n_samples: int
    n_features: int
    n_effective: float
    features: tuple[Feature, ...]
    classes: tuple[str, ...] | None
    target: str | None
    sections: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "table"
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class SplitRecord(Holding):
    """How the rows were divided; ``repeats`` of the cross-validation, each with other folds (None in records of /1)."""

    holds = "split"

    sha256: str
    n_train: int
    n_test: int
    folds: int
    group: str | None = None
    sections: Mapping[str, Any] = field(default_factory=dict)
    repeats: int | None = None


@dataclass(frozen=True)
class ModelRecord(Holding):
    """One model of the line-up. ``status`` is ok, failed or skipped; ``message`` says why.

    ``converged`` is what the final fit says of itself: false is a broken promise, and null where nothing could.
    """

    holds = "model"

    name: str
    kind: str
    status: str
    message: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    n_fits: int = 0
    generalisation: Generalisation = field(default_factory=Generalisation)
    scores: Mapping[str, Mapping[str, Score]] = field(default_factory=dict)
    versus_baseline: Mapping[str, Comparison] = field(default_factory=dict)
    versus_best: Mapping[str, Comparison] = field(default_factory=dict)
    sections: Mapping[str, Any] = field(default_factory=dict)
    converged: bool | None = None


@dataclass(frozen=True)
class Results(Holding):
    """All that a run found out. Equal runs are equal bytes apart from ``timing``."""

    holds = "results"

    study: str
    task: str
    seed: int
    metric: str
    baseline: str | None
    best: str | None
    data: DataRecord
    split: SplitRecord
    models: tuple[ModelRecord, ...]
    claims: tuple[Claim, ...] = ()
    audit: tuple[Audit, ...] = ()
    explain: Explained | None = None
    scan: tuple[ScanPoint, ...] | None = None
    timing: Mapping[str, Any] = field(default_factory=dict)
    schema: str = SCHEMA
    question: str | None = optional()
    claim: str | None = optional()
    blind: bool | None = optional()
    sections: Mapping[str, Any] = field(default_factory=dict)

    def model(self, name: str) -> ModelRecord:
        """Return the record of the model called ``name``; `KeyError` where there is none."""
        for record in self.models:
            if record.name == name:
                return record
        raise KeyError(name)


def to_document(results: Results) -> dict[str, Any]:
    """Return ``results`` as the JSON document of ``results.json``, the schema's name first."""
    document: dict[str, Any] = plain(results)
    return {"schema": document.pop("schema"), **document}


def from_document(document: Mapping[str, Any], sections: Sections = SECTIONS) -> Results:
    """Return the `Results` that `to_document` wrote, with the registered ``sections`` as their types.

    >>> empty = DataRecord("0", 0, 0, 0.0, (), None, None)
    >>> results = Results("s", "regression", 0, "r2", None, None, empty, SplitRecord("0", 0, 0, 5), ())
    >>> from_document(to_document(results)) == results
    True
    """
    restored: Results = read(Results, document, sections)
    return restored
