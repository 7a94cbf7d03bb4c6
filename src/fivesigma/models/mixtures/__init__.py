"""Mixtures of Gaussians: sampled exactly, their labels aligned, and held against what theory allows."""

from fivesigma.models.mixtures.comparison import Clustering, cluster_by
from fivesigma.models.mixtures.evidence import Evidence, Order, compare_orders, log_evidence
from fivesigma.models.mixtures.gibbs import GaussianMixtureGibbs
from fivesigma.models.mixtures.labels import (
    adjusted_rand,
    align_labels,
    co_clustering,
    contingency,
    mutual_information,
    overlap,
    relabel,
    separation,
)
from fivesigma.models.mixtures.prior import NormalInverseWishart
from fivesigma.models.mixtures.spiked import SpikedMixtureGibbs
from fivesigma.models.mixtures.theory import Recovery, blind_overlap, has_hard_phase, recovery, threshold

__all__ = [
    "Clustering",
    "Evidence",
    "GaussianMixtureGibbs",
    "NormalInverseWishart",
    "Order",
    "Recovery",
    "SpikedMixtureGibbs",
    "adjusted_rand",
    "align_labels",
    "blind_overlap",
    "cluster_by",
    "co_clustering",
    "compare_orders",
    "contingency",
    "has_hard_phase",
    "log_evidence",
    "mutual_information",
    "overlap",
    "recovery",
    "relabel",
    "separation",
    "threshold",
]
