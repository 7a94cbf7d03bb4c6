"""Whether the spread of an ensemble is honest: errors in bins of it, and pulls."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.document import optional
from fivesigma.record.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class Estimated:
    """A value with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class SpreadOfBin:
    """Events of like spread.

    Attributes
    ----------
    n : how many.
    spread : root mean square spread of the members.
    error : root mean square error of their mean.
    stated : the error to be expected: of a regression the spread; of a classification that of probabilities which come
        true, √mean p(1 - p).
    """

    n: int
    spread: float
    error: Estimated
    stated: float


@dataclass(frozen=True, kw_only=True)
class PullsRecord:
    """Pulls (y - mean) / σ of a regression.

    Attributes
    ----------
    sigma : what σ is: the spread of the "members", or the standard deviation of the "law".
    mean : of pulls cut at the ends of the histogram.
    width : half the range that holds the central 68.27 %.
    expected : the width of an honest σ: 1 of a law, that of Student's t of few members.
    edges, density, beyond : histogram, and the share of pulls outside of it.
    """

    sigma: str
    mean: Estimated
    width: Estimated
    expected: float
    edges: tuple[float, ...]
    density: tuple[float, ...]
    beyond: float


@dataclass(frozen=True, kw_only=True)
class MemberSpreadRecord(Section):
    """The spread of the members of an ensemble, held against the error of their mean on events not fitted to.

    Attributes
    ----------
    part : the events.
    n_members : of the fit that says most of them.
    what : "value" of a regression; "probability", √(½ Σ_k variance of the probability of class k).
    bins : from the least spread on.
    pulls : of a regression.
    """

    key, of = "spread", "model"

    part: str
    n_members: int
    what: str
    bins: tuple[SpreadOfBin, ...]
    pulls: tuple[PullsRecord, ...] | None = optional()
