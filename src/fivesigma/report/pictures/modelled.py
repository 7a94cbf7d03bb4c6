"""Images beside the models that were fitted to them, and the truth where a simulation knows it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.sections.pictures import ModelMaps, Picture, PicturesRecord, image_of
from fivesigma.report.pictures.board import LINE, Board, above, below, beside
from fivesigma.report.pictures.figure import draw
from fivesigma.report.pictures.text import kept_of, name_of, truth
from fivesigma.report.plot import Plot
from fivesigma.report.rounding import plain_number
from fivesigma.report.section import View
from fivesigma.report.text import short

Array = NDArray[Any]
Shown = tuple[str, Picture, ModelMaps]
"""Why an event is drawn, the event, and what was fitted to it."""
_WHOLE, _FIRST = ("image", "fit", "image − fit"), ("truth", "its fit", "fit − truth")


def modelled(view: View) -> Plot | None:
    """Return the figure; None where no model of an image was fitted."""
    kept = kept_of(view)
    if kept.modelled is None or not kept.modelled.maps:
        return None
    named = [(name_of(strip), picture) for strip in kept.strips for picture in strip.pictures]
    shown = [(*named[each.picture], each) for each in kept.modelled.maps]
    names = _names(shown)
    board = Board(kept.shape, len(shown), len(names), top=LINE)
    return Plot(
        name="modelled",
        title=f"The fit of “{short(kept.modelled.model)}”",
        caption=_caption(kept, names),
        alt=f"Images, the models fitted to them and residuals of {len(shown)} events.",
        size=board.size,
        draw=lambda figure: _draw(figure, view, kept, shown, board),
        header=("event", "true", "χ²/dof"),
        rows=[(picture.row, truth(picture, None), each.chi2) for _, picture, each in shown],
    )


def _names(shown: list[Shown]) -> tuple[str, ...]:
    """Return what stands side by side: the truth only where it is known of all."""
    return (*_WHOLE, *_FIRST) if all(each.truth is not None for *_, each in shown) else _WHOLE


def _caption(kept: PicturesRecord, names: tuple[str, ...]) -> str:
    assert kept.modelled is not None
    behind = (
        " On the right the object in the middle alone, without noise: as it was simulated, as it was fitted, and how "
        "far the one is from the other."
        if len(names) > len(_WHOLE)
        else ""
    )
    return (
        f"Images, what the features {short(kept.modelled.family, 60)} fitted to them, and what is left.{behind} All "
        "share one scale of colours."
    )


def _draw(figure: Any, view: View, kept: PicturesRecord, shown: list[Shown], board: Board) -> None:
    axes = figure.subplots()
    rows = [list(_maps(kept, picture, each)[: board.wide]) for _, picture, each in shown]
    draw(figure, axes, board, kept, rows)
    for column, name in enumerate(_names(shown)):
        above(axes, board, column, name)
    for row, (why, picture, each) in enumerate(shown):
        beside(axes, board, row, why)
        told = (f"true {truth(picture, view.target_unit)}", f"χ²/dof {plain_number(each.chi2, 3)}")
        for column, text in enumerate(told):
            below(axes, board, (row, column), text)


def _maps(kept: PicturesRecord, picture: Picture, each: ModelMaps) -> Array:
    """Return image, fit and residual, then truth, its fit and their difference where it is known: (6, \\*shape)."""
    image, whole, first = (
        image_of(pixels, kept.shape) for pixels in (picture.pixels, each.whole, each.first)
    )
    behind = np.full_like(first, np.nan) if each.truth is None else image_of(each.truth, kept.shape)
    return np.stack([image, whole, image - whole, behind, first, first - behind])
