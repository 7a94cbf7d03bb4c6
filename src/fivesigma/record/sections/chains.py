"""Whether the chains of a sampled posterior have converged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fivesigma.record.sections.section import Section

Gapped = tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A monitored quantity: posterior mean and standard deviation, Monte-Carlo error, R-hat, effective draws."""

    mean: float | None
    sd: float | None
    mcse: float | None
    r_hat: float | None
    ess_bulk: float | None
    ess_tail: float | None

    @property
    def fewest_draws(self) -> float:
        """The effective draws for the bulk or the tails, whichever are fewer; 0 where they are not known."""
        return min(self.ess_bulk or 0.0, self.ess_tail or 0.0)


@dataclass(frozen=True, kw_only=True)
class DiagnosticsRecord(Section):
    """The health of the chains, and three pictures of the log-likelihood, a line a chain.

    Attributes
    ----------
    quantities : by name; none depends on how the clusters are numbered.
    trace : the log-likelihood at evenly spaced draws.
    rank : draws of the chain in each part of the ranks of all.
    autocorrelation : by lag.
    """

    key, of = "diagnostics", "model"

    converged: bool
    n_chains: int
    n_draws: int
    quantities: Mapping[str, Quantity]
    trace: tuple[Gapped, ...]
    rank: tuple[tuple[int, ...], ...]
    autocorrelation: tuple[Gapped, ...]
