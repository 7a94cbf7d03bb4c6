"""The clusters that a clustering found, and how well each number of them does."""

from __future__ import annotations

from dataclasses import dataclass

from fivesigma.record.document import optional
from fivesigma.record.sections.section import Section

Floats = tuple[float, ...]
Gapped = tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class Shares:
    """The share of each cluster (K,), with a 95 % interval where there is a posterior."""

    value: Gapped
    low: Gapped | None
    high: Gapped | None


@dataclass(frozen=True, kw_only=True)
class Means:
    """The means (K, d), with a 95 % interval where there is a posterior."""

    value: tuple[Gapped, ...]
    low: tuple[Gapped, ...] | None
    high: tuple[Gapped, ...] | None


@dataclass(frozen=True, kw_only=True)
class Covariances:
    """The covariances (K, d, d), with a 95 % interval where there is a posterior."""

    value: tuple[tuple[Gapped, ...], ...]
    low: tuple[tuple[Gapped, ...], ...] | None
    high: tuple[tuple[Gapped, ...], ...] | None


@dataclass(frozen=True, kw_only=True)
class LogEvidence:
    """ln Z in nats with its Monte-Carlo error."""

    value: float
    error: float | None


@dataclass(frozen=True, kw_only=True)
class Order:
    """How well a number of components does: BIC, held-out log-likelihood an event, ln Z."""

    n_components: int
    bic: float | None = None
    held_out: float | None = None
    log_evidence: float | None = None


@dataclass(frozen=True, kw_only=True)
class Densities:
    """Densities of one column: each component (K, g), their sum (g,), and its 95 % band from a posterior."""

    x: Floats
    components: tuple[Floats, ...]
    total: Floats
    low: Floats | None
    high: Floats | None


@dataclass(frozen=True, kw_only=True)
class Together:
    """How often each pair of some events shares a cluster in the posterior (m, m), by their rows and labels (m,)."""

    rows: tuple[int, ...]
    labels: tuple[int, ...]
    share: tuple[Floats, ...]


@dataclass(frozen=True, kw_only=True)
class RunningLoss:
    """−ln L in nats, a line a chain, against the sweep or the iteration."""

    against: str
    warmup: int
    at: Floats
    chains: tuple[Gapped, ...]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column that was clustered."""

    name: str
    unit: str | None


@dataclass(frozen=True, kw_only=True)
class ClusterConfusion:
    """Events of each true class (down) in each cluster (across); where there is ``noise`` it is the last column."""

    classes: tuple[str, ...]
    noise: bool
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, kw_only=True)
class MixtureRecord(Section):
    """The clusters of one model, numbered by the mean of their first column.

    Attributes
    ----------
    counts, noise : events of each cluster (K,), and of none.
    density, posterior : whether the model has a density, and a posterior.
    covariances : None of many columns.
    separation, warning : between the closest clusters, and what to say of it.
    order : by number of components, for those that were tried.
    curve : of a mixture of one column.
    shown : the cluster of each of the events that the data's points show.
    """

    key, of = "mixture", "model"

    n_clusters: int
    counts: tuple[int, ...]
    noise: int
    density: bool
    posterior: bool
    weights: Shares
    means: Means
    covariances: Covariances | None
    separation: float | None
    warning: str | None
    bic: float | None
    log_evidence: LogEvidence | None
    order: tuple[Order, ...]
    curve: Densities | None = optional()
    together: Together | None
    loss: RunningLoss | None
    columns: tuple[Column, ...]
    shown: tuple[int, ...]
    confusion: ClusterConfusion | None
