"""A board of pictures: one image that holds them all, side by side in rows, with what is written around them.

One pair of axes and one image are drawn several times faster than a pair a picture, and a page holds one PNG.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.report.pictures.scale import beyond, few, shared, ticks
from fivesigma.report.rounding import plain_number
from fivesigma.report.style import BLUE, INK, MUTED, VERMILLION

Array = NDArray[Any]
SMALL = 8.0
SIDE, BAR = 1.2, 0.95
"""Inches of a picture's width, and of the bar beside all."""
LINE = 0.17
"""Of the width of a picture, what a line of text takes above the first row, or upwards beside all."""
_GAP, _BELOW, _CURVE = 0.07, 0.34, 0.6
"""Of the width of a picture: what lies beside it and below it, and the height of a curve."""


@dataclass(frozen=True)
class Board:
    """Where pictures lie, in widths of a picture, downwards from the upper left.

    Attributes
    ----------
    shape : of a picture: (height, width), or (length,) of a curve.
    n_rows, wide : how many rows there are, and the most pictures of a row.
    left, top : what is left free beside and above them.

    >>> board = Board((32, 32), 2, 6)
    >>> board.place(1, 0)
    (0.0, 1.34375)
    """

    shape: tuple[int, ...]
    n_rows: int
    wide: int
    left: float = LINE
    top: float = 0.03

    @property
    def height(self) -> float:
        """Of a picture."""
        return _CURVE if len(self.shape) == 1 else self.shape[0] / self.shape[1]

    @property
    def margins(self) -> tuple[int, int]:
        """Pixels beside and below a picture."""
        width = self.shape[-1]
        return max(1, round(_GAP * width)), max(1, round(_BELOW * width))

    def place(self, row: int, column: int) -> tuple[float, float]:
        """Return the upper left corner of a picture."""
        beside, below = (each / self.shape[-1] for each in self.margins)
        return column * (1.0 + beside), row * (self.height + below)

    @property
    def size(self) -> tuple[float, float]:
        """Inches of the board with its bar."""
        right, bottom = self.place(self.n_rows, self.wide)
        return SIDE * (self.left + right) + BAR, SIDE * (self.top + bottom)

    def mosaic(self, painted: Sequence[Sequence[Array]]) -> Array:
        """Return one image of rows of images (height, width, 4), with nothing between them."""
        (height, width), (beside, below) = self.shape, self.margins
        found = np.zeros((self.n_rows * (height + below), self.wide * (width + beside), 4), dtype=np.uint8)
        for row, images in enumerate(painted):
            for column, image in enumerate(images):
                top, left = row * (height + below), column * (width + beside)
                found[top : top + height, left : left + width] = image[
                    ::-1
                ]  # the first row of pixels lies lowest
        return found


def draw_images(
    figure: Any,
    axes: Any,
    board: Board,
    rows: Sequence[Sequence[Array]],
    *,
    norm: Any,
    colours: str,
    label: str,
) -> None:
    """Draw rows of images with one scale of colours and its bar."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable

    every = np.concatenate([np.ravel(image) for images in rows for image in images])
    painted = [
        [colormaps[colours](norm(np.ma.masked_invalid(image)), bytes=True) for image in images]
        for images in rows
    ]
    mosaic = board.mosaic(painted)
    height, width = mosaic.shape[0] / board.shape[1], mosaic.shape[1] / board.shape[1]
    axes.imshow(mosaic, extent=(0.0, width, height, 0.0))
    _bare(axes, board)
    bar = figure.colorbar(
        ScalarMappable(norm, colours),
        ax=axes,
        label=label,
        extend=beyond(every, norm),
        fraction=0.03,
        pad=0.01,
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=SMALL)
    bar.ax.yaxis.label.set_fontsize(SMALL + 0.5)
    if (at := few(every) or ticks(norm)) is not None:
        bar.set_ticks(at, labels=[plain_number(each) for each in at])
        bar.minorticks_off()


def draw_curves(axes: Any, board: Board, rows: Sequence[Sequence[Array]]) -> None:
    """Draw rows of sequences on one scale."""
    every = np.concatenate([np.ravel(values) for values_of in rows for values in values_of])
    norm = shared(every, ends=(0.0, 100.0))
    low, high = norm.vmin, norm.vmax
    for x, y, values in _curves(board, rows):
        axes.plot(x, y - board.height * (values - low) / (high - low), color=BLUE, linewidth=0.9)
        axes.plot(x[[0, -1]], [y, y], color=MUTED, linewidth=0.6)
    _bare(axes, board)


def draw_parts(axes: Any, board: Board, rows: Sequence[Sequence[Array]], reach: float) -> None:
    """Draw rows of parts of a score: those that raise it above a line, those that lower it below."""
    for x, y, values in _curves(board, rows):
        zero = y - board.height / 2
        at = zero - board.height / 2 * np.clip(values / reach, -1.0, 1.0)
        axes.fill_between(x, at, zero, where=values >= 0, color=VERMILLION, linewidth=0, step="mid")
        axes.fill_between(x, at, zero, where=values < 0, color=BLUE, linewidth=0, step="mid")
        axes.plot(x[[0, -1]], [zero, zero], color=MUTED, linewidth=0.6)
    _bare(axes, board)


def _curves(board: Board, rows: Sequence[Sequence[Array]]) -> list[tuple[Array, float, Array]]:
    """Return where each sequence has its values, and its lower edge."""
    found = []
    for row, of_row in enumerate(rows):
        for column, values in enumerate(of_row):
            left, top = board.place(row, column)
            found.append((left + np.linspace(0.0, 1.0, len(values)), top + board.height, values))
    return found


def _bare(axes: Any, board: Board) -> None:
    right, bottom = board.place(board.n_rows, board.wide)
    axes.set(xlim=(-board.left, right), ylim=(bottom, -board.top), aspect="equal", xticks=[], yticks=[])
    for side in axes.spines.values():
        side.set_visible(False)


def below(axes: Any, board: Board, at: tuple[int, int], text: str, colour: str = INK) -> None:
    """Write below a picture, the one in a row and a column."""
    left, top = board.place(*at)
    place = {"ha": "center", "va": "top", "linespacing": 1.1}
    axes.text(left + 0.5, top + board.height + 0.03, text, fontsize=SMALL, color=colour, **place)


def beside(axes: Any, board: Board, row: int, text: str) -> None:
    """Write upwards on the left of a row."""
    left, top = board.place(row, 0)
    place = {"ha": "right", "va": "center", "rotation": "vertical"}
    axes.text(left - 0.05, top + board.height / 2, text, fontsize=SMALL + 0.5, color=INK, **place)


def above(axes: Any, board: Board, column: int, text: str) -> None:
    """Write above a column."""
    left, top = board.place(0, column)
    axes.text(left + 0.5, top - 0.04, text, ha="center", va="bottom", fontsize=SMALL, color=INK)
