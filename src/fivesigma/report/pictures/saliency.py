"""What a network looks at: each event above the parts that its pixels have in the answer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.sections.pictures import Picture, PicturesRecord, Saliency, SaliencyMap, image_of
from fivesigma.report.panels import zero_line
from fivesigma.report.pictures.figure import SMALL, bar_beside, bare, figure_size, paint, painter
from fivesigma.report.pictures.scale import DIVERGING, about_zero, beyond
from fivesigma.report.pictures.text import kept_of, name_of, truth
from fivesigma.report.plot import Plot
from fivesigma.report.rounding import plain_number, signed
from fivesigma.report.section import View
from fivesigma.report.style import BLUE, INK, VERMILLION
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
    return Plot(
        name="saliency",
        title=f"What “{short(kept.saliency.model)}” looks at",
        caption=_caption(view, kept, kept.saliency),
        alt=f"Integrated gradients of {len(shown)} events.",
        size=figure_size(kept, len(shown), 2),
        draw=lambda figure: _draw(figure, view, kept, shown),
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


def _draw(figure: Any, view: View, kept: PicturesRecord, shown: list[Explained]) -> None:
    axes = figure.subplots(2, len(shown), squeeze=False)
    images = np.stack([image_of(picture.pixels, kept.shape) for _, picture, _ in shown])
    maps = np.stack([image_of(each.pixels, kept.shape) for *_, each in shown])
    draw = painter(figure, axes[:1], kept, images)
    assert kept.saliency is not None
    draw_map = _map_painter(figure, axes[1:], view, kept, maps)
    for (top, below), (why, picture, each), image, values in zip(axes.T, shown, images, maps, strict=True):
        draw(top, image)
        draw_map(below, values)
        top.set_title(why, fontsize=SMALL, color=INK, pad=3)
        top.set_xlabel(f"true {truth(picture, view.target_unit)}", fontsize=SMALL, color=INK, labelpad=2.5)
        below.set_xlabel(_said(each), fontsize=SMALL, color=INK, labelpad=2.5)


def _said(each: SaliencyMap) -> str:
    if each.class_ is None:
        return f"said {plain_number(each.score)}"
    return f"log odds {signed(each.score, 2)}\nof {short(each.class_, 14)}"


def _map_painter(figure: Any, axes: Array, view: View, kept: PicturesRecord, maps: Array) -> Any:
    norm = about_zero(maps)
    assert kept.saliency is not None
    if kept.kind != "image":
        return lambda panel, values: _parts(panel, values, norm.vmax)
    label = view.target if kept.saliency.scale == "prediction" else kept.saliency.scale
    bar_beside(figure, axes, norm, label, beyond(maps, norm), DIVERGING)
    return lambda panel, values: paint(panel, values, norm, DIVERGING)


def _parts(panel: Any, values: Array, reach: float) -> None:
    """Draw the parts of a sequence, those that raise the score above, those that lower it below."""
    at = np.arange(len(values))
    panel.fill_between(at, np.clip(values, 0, None), color=VERMILLION, linewidth=0, step="mid")
    panel.fill_between(at, np.clip(values, None, 0), color=BLUE, linewidth=0, step="mid")
    panel.set_ylim(-reach, reach)
    panel.set_xlim(0, max(len(values) - 1, 1))
    bare(panel)
    zero_line(panel, vertical=False)
