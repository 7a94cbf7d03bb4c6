"""Pictures in strips: one colour scale for all of a figure, no axes, and below each what is true and what was said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.sections.pictures import Picture, PicturesRecord, Strip, image_of
from fivesigma.report.pictures.scale import MAP, beyond, few, shared, ticks
from fivesigma.report.pictures.text import kept_of, name_of, right, said, truth
from fivesigma.report.plot import Plot
from fivesigma.report.rounding import plain_number
from fivesigma.report.section import View
from fivesigma.report.style import BLUE, INK, MUTED, VERMILLION
from fivesigma.report.text import labelled, short

Array = NDArray[Any]
COLUMNS = 6
"""Pictures side by side."""
SMALL = 8.0
_SIDE, _BELOW, _BAR = 1.2, 0.42, 0.9
"""Inches of a picture, of what stands below it, and of the bar beside all."""
Row = tuple[str, Sequence[Picture]]


def plots(view: View) -> dict[str, Plot]:
    """Return examples, and the events that answers were the surest of, the least sure, and wrong."""
    kept = kept_of(view)
    examples = [strip for strip in kept.strips if strip.of == "examples"]
    told = [strip for strip in kept.strips if strip.of != "examples"]
    found = {"pictures": _plot(view, "pictures", "Examples", _examples(view, examples), _of_examples(view))}
    if told:
        rows = [(name_of(strip), strip.pictures) for strip in told]
        found["pictures-told"] = _plot(view, "pictures-told", "Sure, unsure and wrong", rows, _of_told(view))
    return found


def _examples(view: View, strips: Sequence[Strip]) -> list[Row]:
    """Return a row for each class, or where a class has one or two pictures, rows of all of them."""
    if all(len(strip.pictures) > 2 for strip in strips):
        return [("by target" if strip.class_ is None else name_of(strip), strip.pictures) for strip in strips]
    every = [picture for strip in strips for picture in strip.pictures]
    return [("", every[start : start + COLUMNS]) for start in range(0, len(every), COLUMNS)]


def _of_examples(view: View) -> str:
    if view.results.task == "classification":
        return f"Events of each class of {short(view.results.data.target or 'the target')}, by lot."
    return f"Events at even steps of {view.target}, from its least to its largest value."


def _of_told(view: View) -> str:
    if view.results.task == "classification":
        return (
            "The events of the largest probability, class by class; those whose two likeliest classes are nearest to "
            "each other; and of those that are wrong the ones whose true class has the least probability."
        )
    return (
        f"The events of the least, the median and the largest distance of predicted from true {view.target}."
    )


def _plot(view: View, name: str, title: str, rows: Sequence[Row], caption: str) -> Plot:
    kept = kept_of(view)
    scale = "All share one scale of colours." if kept.kind == "image" else "All share one scale."
    below = (
        "Below each what is true and what was said, with its probability."
        if view.results.task == "classification"
        else "Below each what is true and what was predicted."
    )
    wide = max(len(pictures) for _, pictures in rows)
    return Plot(
        name=name,
        title=title,
        caption=f"{caption} {scale} {below}",
        alt=f"{title}: pictures of {sum(len(pictures) for _, pictures in rows)} events.",
        size=figure_size(kept, wide, len(rows)),
        draw=lambda figure: _draw(figure, view, kept, rows, wide),
        header=("strip", "event", "true", "said", "probability"),
        rows=[(label, *line(picture)) for label, pictures in rows for picture in pictures],
    )


def line(picture: Picture) -> tuple[object, ...]:
    """Return the numbers of a picture for a table: the event, what is true, what was said, its probability."""
    if picture.value is None:
        return picture.row, picture.class_, picture.said_class, picture.probability
    return picture.row, _cells(picture.value), None if picture.said is None else _cells(picture.said), None


def _cells(values: tuple[float, ...]) -> object:
    return values[0] if len(values) == 1 else " ".join(map(repr, values))


def figure_size(kept: PicturesRecord, wide: int, n_rows: int) -> tuple[float, float]:
    """Return the inches of a figure of ``n_rows`` rows with ``wide`` pictures each."""
    return wide * _SIDE + _BAR + 0.2, n_rows * (_tall(kept) + _BELOW) + 0.1


def _tall(kept: PicturesRecord) -> float:
    """Return the inches that a picture is high."""
    if kept.kind != "image":
        return 0.6 * _SIDE
    return _SIDE * float(np.clip(kept.shape[0] / kept.shape[1], 0.4, 2.0))


def _draw(figure: Any, view: View, kept: PicturesRecord, rows: Sequence[Row], wide: int) -> None:
    axes = figure.subplots(len(rows), wide, squeeze=False)
    images = [[image_of(each.pixels, kept.shape) for each in pictures] for _, pictures in rows]
    paint = painter(figure, axes, kept, np.stack([image for row in images for image in row]))
    for panels, (label, pictures), own in zip(axes, rows, images, strict=True):
        panels[0].set_ylabel(label, fontsize=SMALL + 0.5, color=INK)
        for panel, picture, image in zip(panels, pictures, own, strict=False):
            paint(panel, image)
            _tell(panel, view, picture)
        for spare in panels[len(pictures) :]:
            spare.set_axis_off()


def _tell(panel: Any, view: View, picture: Picture) -> None:
    unit, found = view.target_unit, said(picture, view.target_unit)
    told = f"true {truth(picture, unit)}" + (f"\nsaid {found}" if found else "")
    panel.set_xlabel(told, fontsize=SMALL, color=VERMILLION if right(picture) is False else INK, labelpad=2.5)


def painter(figure: Any, axes: Array, kept: PicturesRecord, every: Array) -> Callable[[Any, Array], None]:
    """Return what draws a picture of a figure, with the scale that all ``every`` (n, \\*shape) share, and its bar."""
    if kept.kind != "image":
        low, high = _span(every)
        return lambda panel, values: curve(panel, values, low, high)
    norm = shared(every)
    bar = bar_beside(figure, axes, norm, labelled(kept.channel, kept.unit), beyond(every, norm))
    if (at := few(every) or ticks(norm)) is not None:
        bar.set_ticks(at, labels=[plain_number(each) for each in at])
        bar.minorticks_off()
    return lambda panel, image: paint(panel, image, norm, MAP)


def _span(every: Array) -> tuple[float, float]:
    known = every[np.isfinite(every)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    reach = 0.06 * ((high - low) or 1.0)
    return low - reach, high + reach


def bar_beside(figure: Any, axes: Array, norm: Any, label: str, extend: str, colours: str = MAP) -> Any:
    """Draw the bar of a scale beside ``axes`` and return it."""
    from matplotlib.cm import ScalarMappable

    bar = figure.colorbar(
        ScalarMappable(norm, colours),
        ax=axes.ravel().tolist(),
        label=label,
        extend=extend,
        fraction=0.03,
        pad=0.015,
        aspect=18 * len(axes) ** 0.5,
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=SMALL)
    bar.ax.yaxis.label.set_fontsize(SMALL + 0.5)
    return bar


def paint(panel: Any, image: Array, norm: Any, colours: str) -> None:
    """Draw an image without axes; a pixel that is missing stays empty."""
    panel.imshow(image, norm=norm, cmap=colours, origin="lower")
    bare(panel)


def bare(panel: Any) -> None:
    """Take ticks and frame away."""
    panel.set_xticks([])
    panel.set_yticks([])
    for side in panel.spines.values():
        side.set_visible(False)


def curve(panel: Any, values: Array, low: float, high: float) -> None:
    """Draw a sequence without ticks, on an axis that all share."""
    panel.plot(np.arange(len(values)), values, color=BLUE, linewidth=0.9)
    panel.set_ylim(low, high)
    panel.set_xlim(0, max(len(values) - 1, 1))
    bare(panel)
    panel.spines["bottom"].set_visible(True)
    panel.spines["bottom"].set_color(MUTED)
