"""The one step down that every walk of trees takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from fivesigma._core.compiled import njit


@njit(cache=True, inline="always")  # type: ignore[untyped-decorator]
def child(node: Any, x: np.float32) -> int:
    """Return the place of the child to which the value ``x`` of the node's column goes."""
    if np.isnan(x):
        return node.left if node.feature & 1 else node.right  # type: ignore[no-any-return]
    return node.left if x <= node.threshold else node.right  # type: ignore[no-any-return]
