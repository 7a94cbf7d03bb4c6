"""Rounds of boosting one after the other in one compiled loop: of a few rows a call costs four times what it does."""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma._core.compiled import borrowing
from fivesigma.models.trees.boosting_kernel import grow_all, nodes_of
from fivesigma.models.trees.boosting_room import Events, Growth, Leaves, Outputs, Shared
from fivesigma.models.trees.nodes import Tree


@borrowing
def slopes_of_two_classes(raw: Any, y: Any, slope: Any, curvature: Any) -> None:
    """Set the derivatives (n,) of ``log(1 + exp(f)) - y f`` by the outputs f, which are ``raw`` (n,)."""
    for i in range(len(raw)):
        p = 1.0 / (1.0 + np.exp(-raw[i]))
        slope[i] = p - y[i]
        curvature[i] = p * (1.0 - p)


@borrowing
def rounds_of_two_classes(
    events: Events,
    outputs: Outputs,
    growth: Growth,
    shared: Shared,
    leaves: Leaves,
    trees: Tree,
    y: Any,
    n_leaves: Any,
) -> None:
    """Go a round for each row of ``n_leaves`` (R, 1), which takes the leaves of its tree, as `Rounds.next` does.

    Each tree grows into its part of the nodes of ``trees``, on the one thread of ``leaves``.
    """
    N = len(trees.feature) // len(n_leaves)
    for r in range(len(n_leaves)):
        slopes_of_two_classes(outputs.raw[0], y, outputs.slope[0], outputs.curvature[0])
        own = nodes_of(trees, r * N, (r + 1) * N)
        grow_all(events, outputs, growth, shared, leaves, own, True, n_leaves[r])
