"""What is left without the best columns: the score at each step and its change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fivesigma.record.sections.explained import Ablation, AblationStep
from fivesigma.report.panels import grid, zero_line
from fivesigma.report.plot import Plot
from fivesigma.report.style import BLUE, INK, MUTED, PAPER, VERMILLION
from fivesigma.report.text import labelled, short


def ablation_plot(
    model: str, way: str, kept: Ablation, metric: str, number: int, unit: str | None = None
) -> Plot:
    """Return the score against the columns left, and below it the change at each step; ``unit`` is theirs."""
    steps, part, name = kept.steps, kept.part, short(model)
    names = [step_name(step, way) for step in steps]
    what = "deleted" if way == "drop_best" else "added"
    bars = (
        f"Filled: {part}, with 95 % intervals"
        if part != "validation"
        else "On the folds, with 95 % intervals"
    )
    also = (
        "; open: the folds, which chose the columns."
        if part != "validation"
        else ", which chose the columns."
    )
    return Plot(
        name=f"ablation-{number}",
        title=f"{metric[:1].upper()}{metric[1:]} of {name} as columns are {what}",
        caption=(
            f"{bars}{also} Below: the change at each step, paired, with its 95 % interval; filled where it is "
            "distinguished at 3σ (global)."
        ),
        alt=f"{metric} of {name} by step: "
        + "; ".join(
            f"{n} {value:.4g}"
            for n, s in zip(names, steps, strict=True)
            if (value := _value(s, part)) is not None
        )
        + ".",
        size=(8.6, 4.4),
        draw=lambda figure: _draw(figure, steps, part, names, (metric, unit)),
        header=(
            "step",
            "columns left",
            "part",
            "score",
            "low",
            "high",
            "change",
            "change low",
            "change high",
            "sigma_global",
        ),
        rows=[row for name_, step in zip(names, steps, strict=True) for row in _rows(name_, step, part)],
    )


def step_name(step: AblationStep, way: str) -> str:
    """Return what a step is called on an axis.

    >>> kept = AblationStep(columns=("a",), changed=("b",), scores={}, change=None, ranking=None)
    >>> step_name(kept, "drop_best")
    'without b'
    """
    if not step.changed:
        return f"all {len(step.columns)}"
    changed = " + ".join(step.changed)
    return f"without {changed}" if way == "drop_best" else f"with {changed}"


def _value(step: AblationStep, part: str) -> float | None:
    return step.scores[part].value if part in step.scores else None


def _rows(name: str, step: AblationStep, part: str) -> list[tuple[object, ...]]:
    rows = []
    for each, score in step.scores.items():
        change = step.change if each == part else None
        numbers = (
            [None] * 4
            if change is None
            else [change.difference, change.low, change.high, change.sigma_global]
        )
        rows.append((name, len(step.columns), each, score.value, score.low, score.high, *numbers))
    return rows


def _draw(
    figure: Any, steps: Sequence[AblationStep], part: str, names: list[str], scale: tuple[str, str | None]
) -> None:
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1.5, 1.0))
    for axes in (above, below):
        grid(axes, "y")
    if part != "validation":
        _draw_scores(above, steps, "validation", MUTED, 0.12, face=PAPER)
    _draw_scores(above, steps, part, BLUE, 0.0, face=BLUE)
    above.set_ylabel(labelled(*scale))
    _draw_changes(below, steps)
    below.set_ylabel(f"{labelled('change', scale[1])}, − is worse")
    labels = [f"{short(name, 20)}\n{len(step.columns)} left" for name, step in zip(names, steps, strict=True)]
    if names[0].startswith("with "):
        labels = [label.replace(" left", " in use") for label in labels]
    crowded = len(names) > 6
    below.set_xticks(
        range(len(names)), labels, rotation=40 if crowded else 0, ha="right" if crowded else "center"
    )
    below.tick_params(axis="x", labelcolor=INK)
    below.set_xlim(-0.5, len(names) - 0.5)


def _draw_scores(
    axes: Any, steps: Sequence[AblationStep], part: str, colour: str, shift: float, *, face: str
) -> None:
    x, y, reach = [], [], []
    for i, step in enumerate(steps):
        score = step.scores.get(part)
        if score is None or score.value is None:
            continue
        low = score.value if score.low is None else score.low
        high = score.value if score.high is None else score.high
        x.append(i + shift)
        y.append(score.value)
        reach.append((score.value - low, high - score.value))
    axes.plot(x, y, color=colour, linewidth=0.9, alpha=0.5)
    axes.errorbar(
        x, y, yerr=[[max(r[side], 0.0) for r in reach] for side in (0, 1)], fmt="o", color=colour, markerfacecolor=face,
        markersize=4.6, elinewidth=1.2, linestyle="none",
    )  # fmt: skip


def _draw_changes(axes: Any, steps: Sequence[AblationStep]) -> None:
    zero_line(axes, vertical=False)
    for i, step in enumerate(steps):
        change = step.change
        if change is None or change.difference is None or change.low is None or change.high is None:
            continue
        seen = abs(change.sigma_global or 0.0) >= 3
        reach = [[change.difference - change.low], [change.high - change.difference]]
        axes.errorbar(
            [i], [change.difference], yerr=reach, fmt="o", color=VERMILLION,
            markerfacecolor=VERMILLION if seen else PAPER, markersize=5.0, elinewidth=1.2, linestyle="none",
        )  # fmt: skip
