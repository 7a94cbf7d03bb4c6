"""The regions of classifiers of two features, with the training events on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.regions import PlaneRecord, RegionsRecord
from fivesigma.report.panels import numbers, panels, scaled_at_the_end
from fivesigma.report.plot import Plot
from fivesigma.report.section import View, metric_name
from fivesigma.report.style import INK, PAPER
from fivesigma.report.text import labelled, listed, short

Shown = Sequence[tuple[ModelRecord, RegionsRecord]]


def regions_plot(view: View, plane: PlaneRecord, models: Shown) -> Plot:
    """Return one panel a model: the most probable class of each place, paler where it is unsure."""
    columns = min(4, len(models))
    names = plane.names
    return Plot(
        name="regions",
        title="What each classifier says of the plane",
        caption=(
            "Colour: the most probable class at each place, the stronger the surer; "
            "lines: where two classes are equally probable. Points: training events. In the corner: "
            f"{_metric(view)}, {view.part}."
        ),
        alt=(
            f"Decision regions of {listed([short(model.name) for model, _ in models])} in the plane of {names[0]} "
            f"and {names[1]}."
        ),
        size=(8.6, 2.3 * -(-len(models) // columns) + 0.55),
        draw=lambda figure: _draw(figure, view, plane, models),
        header=("model", "x", "y", *(f"probability of {name}" for name in _classes(view))),
        rows=[row for each in models for row in _rows(*each)],
    )


def _metric(view: View) -> str:
    return metric_name(view.results.metric)


def _classes(view: View) -> list[str]:
    return list(view.results.data.classes or ())


def _rows(model: ModelRecord, kept: RegionsRecord) -> list[tuple[object, ...]]:
    """Return every fifth point of the grid each way."""
    return [
        (model.name, kept.x[i], kept.y[j], *kept.probability[j][i])
        for j in range(0, len(kept.y), 5)
        for i in range(0, len(kept.x), 5)
    ]


def _draw(figure: Any, view: View, plane: PlaneRecord, models: Shown) -> None:
    columns = min(4, len(models))
    shown = panels(figure, len(models), columns, sharex=True, sharey=True)
    hues, labels = list(view.class_colours.values()), [_axis(view, name) for name in plane.names]
    with scaled_at_the_end(shown):
        for axes, (model, kept) in zip(shown, models, strict=True):
            _draw_regions(axes, kept, hues)
            _draw_events(axes, plane, hues)
            axes.set_title(short(model.name, 22), loc="left")
            score = view.score(model)
            if score is not None:
                axes.text(
                    0.98, 0.03, f"{score.value:.3f}", transform=axes.transAxes, ha="right", fontsize=8.5,
                    bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.75, "pad": 1.5},
                )  # fmt: skip
            axes.set_xlabel(labels[0])
    for axes in shown[::columns]:
        axes.set_ylabel(labels[1])
    for name, hue in view.class_colours.items():
        shown[0].plot([], [], "o", color=hue, markersize=5, linestyle="none", label=short(name, 24))
    figure.legend(
        *shown[0].get_legend_handles_labels(), loc="outside upper right", ncols=6, handletextpad=0.2
    )


def _axis(view: View, name: str) -> str:
    unit = next((feature.unit for feature in view.results.data.features if feature.name == name), None)
    return labelled(name, unit, 20)


def _draw_regions(axes: Any, kept: RegionsRecord, hues: Sequence[str]) -> None:
    p = np.array(kept.probability, dtype=np.float64)
    best, sure = p.argmax(axis=2), p.max(axis=2)
    x, y = numbers(kept.x), numbers(kept.y)
    floor = 1 / p.shape[2]
    for k in range(p.shape[2]):
        strength = np.where(best == k, (sure - floor) / (1 - floor), np.nan)
        _shade(axes, x, y, strength, hues[k])
    for k in range(p.shape[2]):
        others = np.delete(p, k, axis=2).max(axis=2)
        axes.contour(x, y, p[:, :, k] - others, levels=[0.0], colors=[INK], linewidths=0.8)


def _shade(axes: Any, x: Any, y: Any, strength: Any, hue: str) -> None:
    """Draw one class as a picture, its transparency the certainty."""
    from matplotlib.colors import to_rgb

    picture = np.zeros((*strength.shape, 4))
    picture[..., :3] = to_rgb(hue)
    picture[..., 3] = np.where(np.isnan(strength), 0.0, 0.12 + 0.38 * np.nan_to_num(strength))
    extent = (x[0], x[-1], y[0], y[-1])
    axes.imshow(picture, origin="lower", extent=extent, aspect="auto", interpolation="nearest")


def _draw_events(axes: Any, plane: PlaneRecord, hues: Sequence[str]) -> None:
    values, target = np.array(plane.values), np.array(plane.target)
    for k in np.unique(target):
        at = target == k
        axes.scatter(
            values[at, 0], values[at, 1], s=7, color=hues[int(k)], edgecolors=PAPER, linewidths=0.3,
            rasterized=True,
        )  # fmt: skip
