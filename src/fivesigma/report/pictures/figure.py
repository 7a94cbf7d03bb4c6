"""Pictures in strips: one colour scale for all of a figure, no axes, and below each what is true and what was said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.sections.pictures import Picture, PicturesRecord, Strip, image_of
from fivesigma.report.pictures.board import Board, below, beside, draw_curves, draw_images
from fivesigma.report.pictures.scale import MAP, shared
from fivesigma.report.pictures.text import kept_of, name_of, right, said, truth
from fivesigma.report.plot import Plot
from fivesigma.report.section import View
from fivesigma.report.style import INK, VERMILLION
from fivesigma.report.text import labelled, short

Array = NDArray[Any]
COLUMNS = 6
"""Pictures side by side."""
Row = tuple[str, Sequence[Picture]]


def plots(view: View) -> dict[str, Plot]:
    """Return examples, and the events that answers were the surest of, the least sure, and wrong."""
    kept = kept_of(view)
    examples = [strip for strip in kept.strips if strip.of == "examples"]
    told = [strip for strip in kept.strips if strip.of != "examples"]
    found = {"pictures": _plot(view, "pictures", "Examples", _examples(view, examples), _of_examples(view))}
    if told:
        rows = [(name_of(strip), strip.pictures) for strip in told]
        title = (
            "Sure, unsure and wrong" if view.results.task == "classification" else "Best, typical and worst"
        )
        found["pictures-told"] = _plot(view, "pictures-told", title, rows, _of_told(view))
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
    board = Board(kept.shape, len(rows), max(len(pictures) for _, pictures in rows))
    return Plot(
        name=name,
        title=title,
        caption=f"{caption} {scale} {below}",
        alt=f"{title}: pictures of {sum(len(pictures) for _, pictures in rows)} events.",
        size=board.size,
        draw=lambda figure: _draw(figure, view, kept, rows, board),
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


def _draw(figure: Any, view: View, kept: PicturesRecord, rows: Sequence[Row], board: Board) -> None:
    axes = figure.subplots()
    images = [[image_of(each.pixels, kept.shape) for each in pictures] for _, pictures in rows]
    draw(figure, axes, board, kept, images)
    for row, (label, pictures) in enumerate(rows):
        beside(axes, board, row, label)
        for column, picture in enumerate(pictures):
            colour = VERMILLION if right(picture) is False else INK
            below(axes, board, (row, column), _told(view, picture), colour)


def _told(view: View, picture: Picture) -> str:
    found = said(picture, view.target_unit)
    return f"true {truth(picture, view.target_unit)}" + (f"\nsaid {found}" if found else "")


def draw(figure: Any, axes: Any, board: Board, kept: PicturesRecord, rows: Sequence[Sequence[Array]]) -> None:
    """Draw rows of pictures as they are, on one scale."""
    if kept.kind != "image":
        draw_curves(axes, board, rows)
        return
    norm = shared(np.stack([image for images in rows for image in images]))
    draw_images(figure, axes, board, rows, norm=norm, colours=MAP, label=labelled(kept.channel, kept.unit))
