"""The result of a study as frozen records: numbers and text, never an estimator.

``Results`` is what ``results.json`` holds (schema ``fivesigma.results/1``). What is refused is ``None``; no NaN or
infinity ever stands in a record. A capability adds its own entry to ``ModelRecord.sections`` or
``Results.sections``; both are written beside the other keys and edit none of them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SCHEMA = "fivesigma.results/1"

VERDICTS = ("not distinguished", "distinguished, not relevant", "evidence", "observation")


@dataclass(frozen=True)
class ErrorBudget:
    """Standard errors of a score: finite test set, finite training set, and the seed's part of the latter."""

    stat: float | None = None
    train: float | None = None
    seed: float | None = None


@dataclass(frozen=True)
class Score:
    """A score with its interval ``[low, high]`` at ``level``; ``None`` where an interval is refused."""

    value: float | None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    method: str = ""
    error: ErrorBudget = field(default_factory=ErrorBudget)


@dataclass(frozen=True)
class Comparison:
    """A paired difference of one metric, oriented so that positive is in favour of the model that carries it."""

    difference: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    sigma_local: float | None = None
    sigma_global: float | None = None


@dataclass(frozen=True)
class Generalisation:
    """The gap R_train - R_validation (a number) and the verdict on flexibility (a test)."""

    gap: float | None = None
    verdict: str = "not tested"
    sigma: float | None = None


@dataclass(frozen=True)
class Claim:
    """One sentence the page makes, with the effect behind it and what 3 sigma would take."""

    text: str
    effect: float | None
    low: float | None
    high: float | None
    sigma_local: float | None
    sigma_global: float | None
    verdict: str
    needs: str = ""


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


@dataclass(frozen=True)
class DataRecord:
    """What was read: content hash, sizes, columns."""

    sha256: str
    n_samples: int
    n_features: int
    n_effective: float
    features: tuple[Feature, ...]
    classes: tuple[str, ...] | None
    target: str | None
    sections: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SplitRecord:
    """How the rows were divided."""

    sha256: str
    n_train: int
    n_test: int
    folds: int
    group: str | None = None
    sections: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelRecord:
    """One model of the line-up. ``status`` is ok, failed or skipped; ``message`` says why.

    ``sections`` holds what a capability adds (``curve``, ``path``, ``importance``, ``diagnostics`` ...).
    """

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


@dataclass(frozen=True)
class ScanScore:
    """A score at one point of a scan: the mean of ``n`` studies, its standard error, and their spread.

    ``low`` and ``high`` hold the expected score of such a study at ``level``; ``spread`` is the standard deviation
    from study to study.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    method: str = ""
    error: float | None = None
    spread: float | None = None
    n: int = 0


@dataclass(frozen=True)
class ScanPoint:
    """One point of a scan: the values put in by dotted place, scores by model, part and metric, what failed."""

    values: Mapping[str, Any]
    models: Mapping[str, Mapping[str, Mapping[str, ScanScore]]]
    messages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Audit:
    """One check of the data or the run: status ok, warning or failed."""

    check: str
    status: str
    message: str


@dataclass(frozen=True)
class Results:
    """All that a run found out. Equal runs are equal bytes apart from ``timing``."""

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
    explain: Mapping[str, Any] | None = None
    scan: tuple[ScanPoint, ...] | None = None
    sections: Mapping[str, Any] = field(default_factory=dict)
    timing: Mapping[str, Any] = field(default_factory=dict)
    schema: str = SCHEMA

    def model(self, name: str) -> ModelRecord:
        """Return the record of the model called ``name``; `KeyError` where there is none."""
        for record in self.models:
            if record.name == name:
                return record
        raise KeyError(name)


_NESTED: dict[tuple[type, str], type] = {
    (Score, "error"): ErrorBudget,
    (ModelRecord, "generalisation"): Generalisation,
    (Results, "data"): DataRecord,
    (Results, "split"): SplitRecord,
}
_TUPLES: dict[tuple[type, str], type] = {
    (Results, "models"): ModelRecord,
    (Results, "claims"): Claim,
    (Results, "audit"): Audit,
    (Results, "scan"): ScanPoint,
    (DataRecord, "features"): Feature,
}


def plain(value: Any) -> Any:
    """Return ``value`` as JSON's own types; NaN and infinity become ``None``.

    >>> plain({"a": (1.0, float("nan")), "e": ErrorBudget(stat=0.1)})
    {'a': [1.0, None], 'e': {'stat': 0.1, 'train': None, 'seed': None}}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        named = {
            f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value) if f.name != "sections"
        }
        return named | plain(dict(getattr(value, "sections", {})))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy arrays and scalars
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _restore(cls: type, document: Mapping[str, Any]) -> Any:
    known = {f.name for f in dataclasses.fields(cls)} - {"sections"}
    values = {key: _restored_field(cls, key, item) for key, item in document.items() if key in known}
    if any(f.name == "sections" for f in dataclasses.fields(cls)):
        values["sections"] = {key: item for key, item in document.items() if key not in known}
    return cls(**values)


def _scores(cls: type, parts: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return scores by part and metric."""
    return {part: {m: _restore(cls, s) for m, s in scores.items()} for part, scores in parts.items()}


def _restored_field(cls: type, key: str, item: Any) -> Any:
    if item is None:
        return None
    if (cls, key) in _NESTED:
        return _restore(_NESTED[cls, key], item)
    if (cls, key) in _TUPLES:
        return tuple(_restore(_TUPLES[cls, key], each) for each in item)
    if cls is ModelRecord and key == "scores":
        return _scores(Score, item)
    if cls is ScanPoint and key == "models":
        return {model: _scores(ScanScore, parts) for model, parts in item.items()}
    if cls is ModelRecord and key in ("versus_baseline", "versus_best"):
        return {m: _restore(Comparison, c) for m, c in item.items()}
    return tuple(item) if isinstance(item, list) else item


def to_document(results: Results) -> dict[str, Any]:
    """Return ``results`` as the JSON document of ``results.json``, the schema's name first."""
    document: dict[str, Any] = plain(results)
    return {"schema": document.pop("schema"), **document}


def from_document(document: Mapping[str, Any]) -> Results:
    """Return the `Results` that `to_document` wrote.

    >>> empty = DataRecord("0", 0, 0, 0.0, (), None, None)
    >>> results = Results("s", "regression", 0, "r2", None, None, empty, SplitRecord("0", 0, 0, 5), ())
    >>> from_document(to_document(results)) == results
    True
    """
    restored: Results = _restore(Results, document)
    return restored
