"""What pictures of a model's predictions need: ROC, calibration, scores, confusion, residuals."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.document import optional
from fivesigma.record.sections.section import Section
from fivesigma.risk.findings import Score

Floats = tuple[float, ...]
Gapped = tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class RocCurve:
    """One class against the rest: ε_B and 1/ε_B at each ε_S, with the 68 % band ``low`` to ``high`` of ε_B."""

    class_: str
    efficiency: Floats
    background_efficiency: Gapped
    low: Gapped
    high: Gapped
    rejection: Gapped


@dataclass(frozen=True, kw_only=True)
class CalibrationBins:
    """Observed against stated probability of one class in bins of equal weight, with 68 % intervals."""

    class_: str
    mean: Gapped
    observed: Gapped
    low: Gapped
    high: Gapped
    n_effective: Gapped


@dataclass(frozen=True, kw_only=True)
class CalibrationRecord:
    """Whether the probabilities of a model come true as often as they say.

    Attributes
    ----------
    error : root mean square of observed share less stated probability over bins, without the bias of a finite sample
    p, statistic, n_bins, method : of the test that there is no such error; null, and why, where it is refused
    """

    error: Score
    p: float | None
    statistic: float | None
    n_bins: int
    method: str


@dataclass(frozen=True, kw_only=True)
class ScoreHistogram:
    """The score of one class, for the events that are of ``class_``, in one part of the data."""

    score: str
    class_: str
    part: str
    density: Gapped
    error: Gapped


@dataclass(frozen=True, kw_only=True)
class ScoreHistograms:
    """Histograms of the score on common ``edges``."""

    edges: Floats
    histograms: tuple[ScoreHistogram, ...]


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Σw and share of each true class (down) that is taken for each class (across).

    Attributes
    ----------
    low, high : exact 95 % limits of the shares of three and more classes; null where there are none
    """

    classes: tuple[str, ...]
    weight: tuple[Gapped, ...]
    fraction: tuple[Gapped, ...]
    low: tuple[Gapped, ...] | None = optional()
    high: tuple[Gapped, ...] | None = optional()


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """True and predicted values of events."""

    true: Floats
    predicted: Floats


@dataclass(frozen=True, kw_only=True)
class BinnedPairs:
    """Σw of events in square bins, true values down and predicted ones across."""

    edges: Floats
    weight: tuple[Gapped, ...]


@dataclass(frozen=True, kw_only=True)
class ProfileByPrediction:
    """Median and 16-84 % range of the residual in bins of the prediction."""

    predicted: Floats
    median: Gapped
    low: Gapped
    high: Gapped


@dataclass(frozen=True, kw_only=True)
class ProfileByTruth:
    """Median and 16-84 % range of the residual in bins of the target."""

    true: Floats
    median: Gapped
    low: Gapped
    high: Gapped


@dataclass(frozen=True, kw_only=True)
class ResidualHistogram:
    """The residuals on their robust range, and the fraction ``outside`` of it."""

    edges: Floats
    density: Gapped
    error: Gapped
    outside: float | None


@dataclass(frozen=True, kw_only=True)
class Residuals:
    """Predicted against true, as ``points`` or a binned ``plane``, and the residuals ``prediction - y``."""

    points: Pairs | None = optional()
    plane: BinnedPairs | None = optional()
    profile: ProfileByPrediction
    shrinkage: ProfileByTruth | None = optional()
    histogram: ResidualHistogram


@dataclass(frozen=True, kw_only=True)
class ScoreCurvesRecord(Section):
    """The curves of one model, on the first opened test, else out of fold."""

    key, of = "curve", "model"

    roc: tuple[RocCurve, ...] | None = optional()
    calibration: tuple[CalibrationBins, ...] | None = optional()
    calibrated: CalibrationRecord | None = optional()
    scores: ScoreHistograms | None = optional()
    confusion: Confusion | None = optional()
    residuals: Residuals | None = optional()
