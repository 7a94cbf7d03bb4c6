"""What a network looks at: each event above the parts that its pixels have in the answer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.sections.pictures import Picture, PicturesRecord, Saliency, SaliencyMap, image_of
from fivesigma.report.pictures.board import LINE, Board, above, below, draw_images, draw_parts
from fivesigma.report.pictures.figure import draw
from fivesigma.report.pictures.scale import DIVERGING, about_zero
from fivesigma.report.pictures.text import kept_of, name_of, truth
from fivesigma.report.plot import Plot
from fivesigma.report.rounding import plain_number, signed
from fivesigma.report.section import View
from fivesigma.report.text import short

Array = NDArray[Any]
Explained = tuple[str, Picture, SaliencyMap]
"""Why an event is drawn, the event, and the parts of its pixels."""


def saliency(view: View) -> Plot | None:
    """Return the figure; None where there is none."""
    kept = kept_of(view)
    if kept.saliency is None or not kept.saliency.maps:
        return None
    named = [(name_of(strip), picture) for strip in kept.strips for picture in strip.pictures]
    shown = [(*named[each.picture], each) for each in kept.saliency.maps]
    board = Board(kept.shape, 1, len(shown), left=0.0, top=LINE)
    return Plot(
        name="saliency",
        title=f"What “{short(kept.saliency.model)}” looks at",
        caption=_caption(view, kept, kept.saliency),
        alt=f"Integrated gradients of {len(shown)} events.",
        size=(board.size[0], 2 * board.size[1]),
        draw=lambda figure: _draw(figure, view, kept, shown, board),
        header=("event", "true", "score of", "score"),
        rows=[(p.row, truth(p, None), each.class_, each.score) for _, p, each in shown],
    )


def _score(view: View, kept: Saliency) -> str:
    """Return what is explained, with its unit."""
    return view.target if kept.scale == "prediction" else kept.scale


def _caption(view: View, kept: PicturesRecord, own: Saliency) -> str:
    classes = {each.class_ for each in own.maps}
    of = f" of {short(next(iter(classes)))}" if len(classes) == 1 and None not in classes else ""
    of = " of the class that was said" if len(classes) > 1 else of
    flat, each = ("image", "pixel") if kept.kind == "image" else ("sequence", "value")
    over = ", summed over channels" if kept.n_channels > 1 else ""
    return (
        f"Integrated gradients (Sundararajan, Taly & Yan 2017): what each {each} adds to the {_score(view, own)}{of}, "
        f"from a flat {flat} at the mean of the training events to this one{over}; red raises it, blue lowers it. "
        f"The parts of an event add up to its score less that of the flat {flat}, but for "
        f"{plain_number(own.residual, 1)} of the largest sum."
    )


def _draw(figure: Any, view: View, kept: PicturesRecord, shown: list[Explained], board: Board) -> None:
    top, bottom = figure.subplots(2, 1)
    draw(figure, top, board, kept, [[image_of(picture.pixels, kept.shape) for _, picture, _ in shown]])
    _draw_parts(
        figure, bottom, board, view, kept, [[image_of(each.pixels, kept.shape) for *_, each in shown]]
    )
    for column, (why, picture, each) in enumerate(shown):
        above(top, board, column, why)
        below(top, board, (0, column), f"true {truth(picture, view.target_unit)}")
        below(bottom, board, (0, column), _said(view, each))


def _said(view: View, each: SaliencyMap) -> str:
    if each.class_ is None:
        unit = f" {short(view.target_unit, 8)}" if view.target_unit else ""
        return f"said {plain_number(each.score)}{unit}"
    return f"log odds {signed(each.score, 2)}\nof {short(each.class_, 14)}"


def _draw_parts(
    figure: Any, axes: Any, board: Board, view: View, kept: PicturesRecord, rows: list[list[Array]]
) -> None:
    norm = about_zero(np.stack(rows[0]))
    if kept.kind != "image":
        draw_parts(axes, board, rows, norm.vmax)
        return
    assert kept.saliency is not None
    label = _score(view, kept.saliency)
    draw_images(figure, axes, board, rows, norm=norm, colours=DIVERGING, label=label)
