"""What the columns of the data look like: histograms of the features, some events, the unit of the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fivesigma.record.document import optional
from fivesigma.record.sections.section import Section

Gapped = tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class ClassHistogram:
    """The events of one class, or all of them (None), as a density with its error."""

    class_: str | None
    density: Gapped
    error: Gapped


@dataclass(frozen=True, kw_only=True)
class TargetInBins:
    """Median and 16-84 % range of the target in each bin."""

    median: Gapped
    low: Gapped
    high: Gapped


@dataclass(frozen=True, kw_only=True)
class FeatureHistogram:
    """One feature on ``edges``: by class, or with the ``target`` in each bin; ``separation`` is what it tells of it."""

    name: str
    unit: str | None
    edges: tuple[float, ...]
    histograms: tuple[ClassHistogram, ...]
    target: TargetInBins | None = optional()
    separation: float | None


@dataclass(frozen=True, kw_only=True)
class HistogramsRecord(Section):
    """The features of the training rows."""

    key, of, inline = "histograms", "data", True

    features: tuple[FeatureHistogram, ...]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Events in bins."""

    counts: tuple[int, ...]
    edges: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class PointsRecord(Section):
    """Some training events: ``values`` (n, p) of the columns ``names``.

    Attributes
    ----------
    target : (n,) of a regression.
    units, truth : of a clustering: of the columns, and the true class of each event, -1 where it is not known.
    histogram : of a clustering of one column.
    """

    key, of = "points", "data"

    names: tuple[str, ...]
    units: tuple[str | None, ...] | None = optional()
    values: tuple[Gapped, ...]
    target: tuple[float, ...] | None = optional()
    truth: tuple[int, ...] | None = optional()
    histogram: Counts | None = optional()


@dataclass(frozen=True, kw_only=True)
class TargetUnitRecord(Section):
    """The unit of the target, None where it has none."""

    key, of, inline = "target_unit", "data", True

    unit: str | None


@dataclass(frozen=True, kw_only=True)
class RowsOfTest:
    """The rows of a test set: how many, and the hash of all that was read of each, in their order."""

    n: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class RowsOfTestsRecord(Section):
    """The rows of each test set; of several, version 0.1.0 kept their numbers alone."""

    key, of, inline = "tests", "split", True

    rows: Mapping[str, RowsOfTest | int]


@dataclass(frozen=True, kw_only=True)
class TimeRecord(Section):
    """The column by which test and folds are blocks in time.

    Attributes
    ----------
    column, gap : as the study names them; a gap between dates is in days.
    left_out : rows of no part, too close before the test.
    left_out_of_folds : by fold, training rows not fitted on because they are too close to its block.
    """

    key, of = "time", "split"

    column: str
    gap: float
    left_out: int
    left_out_of_folds: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class KeyRecord(Section):
    """The column whose hash says which part an event is in, and of how many values."""

    key, of = "by_key", "split"

    column: str
    keys: int


@dataclass(frozen=True, kw_only=True)
class GivenFoldsRecord(Section):
    """The column whose values are the folds, the training rows of each, and how many units cross two of them."""

    key, of = "given_folds", "split"

    column: str
    rows: tuple[int, ...]
    crossing: int


@dataclass(frozen=True, kw_only=True)
class TrainingRowsRecord(Section):
    """The hash of the training rows and of what stays together of them: equal ones are resampled alike by one seed."""

    key, of = "train", "split"

    sha256: str
