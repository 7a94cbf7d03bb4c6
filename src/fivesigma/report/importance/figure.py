"""Importance side by side: what permuting, refitting without, impurity and Shapley values say of each column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fivesigma.record.sections.explained import Importance
from fivesigma.report.panels import grid, zero_line
from fivesigma.report.plot import Plot
from fivesigma.report.style import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, VERMILLION
from fivesigma.report.text import short

MOST_COLUMNS = 15


@dataclass(frozen=True)
class Method:
    """One importance of a model: its record, what it is called on an axis and in a sentence, and how it is drawn."""

    name: str
    record: Importance
    panel: str
    colour: str
    marker: str
    said: str

    def value(self, column: str) -> tuple[float, float] | None:
        """Return mean and error of a column, None where it has none."""
        if column not in self.record.names:
            return None
        at = self.record.names.index(column)
        return self.record.mean[at], self.record.std[at]


def methods(kept: Mapping[str, Importance], metric: str, *, more_is_better: bool = True) -> list[Method]:
    """Return the importances that a model has, in the order they are shown."""
    lost, share = f"{'loss' if more_is_better else 'rise'} of {metric}, held out", "share of impurity"
    found: list[Method] = []
    if record := kept.get("permutation"):
        found.append(Method("permuted", record, lost, BLUE, "o", "permutation"))
    if record := kept.get("drop_column"):
        found.append(Method("refitted without", record, lost, VERMILLION, "s", "refits without it"))
    if record := kept.get("impurity"):
        gain = (record.method or "").startswith("gain")
        panel = "share of gain" if gain else share
        found.append(Method("training rows", record, panel, MUTED, "D", panel))
        if aside := record.out_of_bag:
            whole = replace(record, mean=aside.mean, std=aside.std)
            found.append(Method("out of bag", whole, panel, GREEN, "o", f"{panel} out of bag"))
    if record := kept.get("shap"):
        panel = f"mean |Shapley value|, {record.scale or ''}"
        found.append(Method("held out", record, panel, PURPLE, "o", "Shapley values"))
    if record := kept.get("integrated_gradients"):
        panel = f"mean |integrated gradient|, {record.scale or ''}"
        found.append(Method("held out", record, panel, ORANGE, "o", "integrated gradients"))
    return found


def importance_plot(model: str, number: int, found: Sequence[Method]) -> Plot:
    """Return the figure of a model's importances: one row a column, one panel a unit."""
    columns = list(found[0].record.names)[:MOST_COLUMNS]
    name = short(model)
    said = "; ".join(f"{each.panel}, {each.name}: {each.record.names[0]} first" for each in found)
    return Plot(
        name=f"importance-{number}",
        title=f"Importance of the columns, {name}",
        caption=(
            "One row a column, in the order of the first panel; points are means over folds, bars ±2 standard errors "
            "(95 %). " + _caveats(found)
        ),
        alt=f"Importances of the columns in {name}: {said}.",
        size=(8.6, 1.25 + 0.27 * len(columns) + (0.25 if _legend(found) else 0.0)),
        draw=lambda figure: _draw(figure, found, columns),
        header=("method", "rows", "column", "importance", "error"),
        rows=[
            (each.panel, each.name, column, *value)
            for each in found
            for column in each.record.names
            if (value := each.value(column)) is not None
        ],
    )


def _caveats(found: Sequence[Method]) -> str:
    said = []
    if any(each.panel.startswith("share") for each in found):
        said.append(
            "Shares of impurity or gain are a quantity of the training rows and favour columns of many values; "
            "measured out of bag they are zero for noise."
        )
    missed = [each.record.residual for each in found if each.record.residual is not None]
    if missed:
        said.append(
            "Integrated gradients divide up the difference to a mean event; their sum misses it by at most "
            f"{max(missed):.0e} of the largest."
        )
    if len({each.panel for each in found}) > 1:
        said.append("Each panel has a unit of its own.")
    return " ".join(said)


def _legend(found: Sequence[Method]) -> bool:
    return len({each.panel for each in found}) < len(found)


def _draw(figure: Any, found: Sequence[Method], columns: list[str]) -> None:
    titles = list(dict.fromkeys(each.panel for each in found))
    row = figure.subplots(1, len(titles), sharey=True, squeeze=False)[0]
    for axes, title in zip(row, titles, strict=True):
        inside = [each for each in found if each.panel == title]
        _draw_panel(axes, inside, columns)
        axes.set_xlabel(title)
    row[0].set_yticks(range(len(columns)), [short(column, 24) for column in columns])
    row[0].set_ylim(len(columns) - 0.4, -0.6)
    row[0].tick_params(axis="y", length=0, labelcolor=INK)


def _draw_panel(axes: Any, inside: list[Method], columns: list[str]) -> None:
    grid(axes, "x")
    zero_line(axes)
    for k, each in enumerate(inside):
        shift = 0.0 if len(inside) == 1 else (k - (len(inside) - 1) / 2) * 0.3
        places, means, reach = [], [], []
        for i, column in enumerate(columns):
            if (value := each.value(column)) is not None:
                places.append(i + shift)
                means.append(value[0])
                reach.append(2 * value[1])
        axes.errorbar(
            means, places, xerr=reach, fmt=each.marker, color=each.colour, markersize=4.2, elinewidth=1.1,
            linestyle="none", label=each.name,
        )  # fmt: skip
    if len(inside) > 1:
        axes.legend(
            loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, handletextpad=0.2, columnspacing=1.0
        )
