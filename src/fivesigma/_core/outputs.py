"""What a prediction is, by name: never told by the shape of an array."""

from __future__ import annotations

from enum import StrEnum


class Output(StrEnum):
    """What a model says of n events.

    Attributes
    ----------
    VALUE : (n,) values of the target, or (n, m) of m targets
    LAW : (n, 13) predictive quantiles at `fivesigma.risk.predictive.LEVELS`, or (n, m, 13)
    INTERVAL : (n, 2, 2) ends of the intervals at `fivesigma.risk.conformal.STATED`, or (n, m, 2, 2); not of a fit, but
        of a law and of what other fits said of events that they had not seen
    PROBABILITY : (n, K) probabilities of the classes, in the order of their codes
    LABEL : (n,) numbers of clusters, -1 for noise
    MEMBERSHIP : (n, K) probabilities of the clusters
    DENSITY : (n,) log densities
    SAMPLE : (n, ...) events that were drawn
    """

    VALUE = "value"
    LAW = "law"
    INTERVAL = "interval"
    PROBABILITY = "probability"
    LABEL = "label"
    MEMBERSHIP = "membership"
    DENSITY = "density"
    SAMPLE = "sample"
