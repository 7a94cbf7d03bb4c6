"""What of a patch moves the limits of its axes: of one made of lines, its corners.

Matplotlib takes every edge of a path for a Bézier curve whose extremes have to be found, and asks four arrays of each:
a twentieth of a page are the edges of histograms.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.path import Path

_CORNERS, _LINES = (Path.MOVETO, Path.LINETO), (Path.MOVETO, Path.LINETO, Path.CLOSEPOLY)


class Drawn(Figure):
    """A figure whose axes find the limits of lines at once."""

    def add_subplot(self, *arguments: Any, **options: Any) -> Any:
        """Add axes as every figure does."""
        axes: Any = super().add_subplot(*arguments, **options)
        if axes.name == "rectilinear" and "_update_patch_limits" not in vars(axes):
            axes._update_patch_limits = Limits(axes)
        return axes


class Limits:
    """What moves the limits of axes to hold a patch, see `matplotlib.axes.Axes.add_patch`."""

    def __init__(self, axes: Any) -> None:
        self.axes, self.by_curves = axes, axes._update_patch_limits

    def __call__(self, patch: Any) -> None:
        """Let the limits hold ``patch``."""
        path = patch.get_path()
        idle = isinstance(patch, Rectangle) and not patch.get_width() and not patch.get_height()
        if idle or (path.codes is not None and not np.isin(path.codes, _LINES).all()):
            self.by_curves(patch)
            return
        transform = patch.get_transform()
        updatex, updatey = transform.contains_branch_separately(self.axes.transData)
        corners = path.vertices if path.codes is None else path.vertices[np.isin(path.codes, _CORNERS)]
        corners = corners[np.isfinite(corners).all(axis=1)]
        if len(corners) and (updatex or updatey):
            moved = (transform - self.axes.transData).transform(corners)
            self.axes.update_datalim(moved, updatex=updatex, updatey=updatey)
