"""The scores of every model in training, out of fold and on tests, on one axis."""

from __future__ import annotations

from typing import Any

from fivesigma.record.results import ModelRecord
from fivesigma.report.panels import edge_text, frame, grid, outside
from fivesigma.report.plot import Plot
from fivesigma.report.section import View, metric_name
from fivesigma.report.style import BLUE, GREEN, INK, MUTED, ORANGE, PAPER, PURPLE, VERMILLION
from fivesigma.report.text import listed, short

_MARKERS = {"train": ("s", VERMILLION), "validation": ("D", GREEN), "crossfit": ("o", BLUE)}
_TESTS = (("o", BLUE), ("^", PURPLE), ("v", ORANGE))


def generalisation(view: View) -> Plot | None:
    """Score of every model on the events it was trained on, on the folds, and on each test set."""
    metric = view.results.metric
    models = [model for model in view.ranked if any(view.score(model, part) for part in view.parts)]
    if not models:
        return None
    name = metric_name(metric)
    return Plot(
        name="generalisation",
        title=parts_of(view).capitalize(),
        caption=(
            f"{name[0].upper()}{name[1:]} of every model {listed(_where(view))}, with 95 % intervals. "
            "A gap is not a verdict: every forest has one."
        ),
        alt=f"{name} in {parts_of(view)}: " + "; ".join(_spoken(view, m) for m in models) + ".",
        size=(8.6, 0.44 * len(models) + 1.15),
        draw=lambda figure: _draw(figure, view, models),
        header=("model", "part", metric, "low", "high"),
        rows=[
            (model.name, part, score.value, score.low, score.high)
            for model in models
            for part in view.parts
            if (score := view.score(model, part)) is not None
        ],
    )


def parts_of(view: View) -> str:
    """Return the parts of the data that have scores, as in a sentence."""
    return listed([short(part, 20) for part in view.parts])


def _where(view: View) -> list[str]:
    """Return on which events the models are scored, part by part."""
    known = {"train": "on its own training events", "validation": "out of fold"}
    crossfit = {"crossfit": "on all events by fits that have not seen them"}
    tests = {part: f"on the {'' if part == 'test' else f'{short(part, 20)} '}test set" for part in view.tests}
    return [(known | crossfit | tests)[part] for part in view.parts]


def _spoken(view: View, model: ModelRecord) -> str:
    scores = ((part, view.score(model, part)) for part in view.parts)
    said = [f"{part} {score.value:.3g}" for part, score in scores if score is not None]
    return f"{short(model.name)} {', '.join(said)}"


def _style(view: View, part: str) -> tuple[str, str]:
    return _MARKERS[part] if part in _MARKERS else _TESTS[view.tests.index(part) % len(_TESTS)]


def _draw(figure: Any, view: View, models: list[ModelRecord]) -> None:
    axes = figure.subplots()
    grid(axes, "x")
    step = 0.4 / max(2, len(view.parts) - 1)
    for k, part in enumerate(view.parts):
        shift = (k - (len(view.parts) - 1) / 2) * step
        _draw_part(axes, view, [(place + shift, model) for place, model in enumerate(models)], part)
    for place in range(1, len(models)):
        axes.axhline(place - 0.5, color=INK, alpha=0.12, linewidth=0.6)
    axes.set_yticks(range(len(models)), [short(model.name) for model in models])
    axes.set_ylim(len(models) - 0.5, -0.5)
    axes.set_xlabel(view.metric)
    _leave_out_dummies(axes, view, models)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    figure.legend(loc="outside upper right", ncols=4, handletextpad=0.2)


def _leave_out_dummies(axes: Any, view: View, models: list[ModelRecord]) -> None:
    """Let the other models set the scale; where a dummy lies beyond, its scores are named at the edge."""
    others = [view.score(m, part) for m in models if m.name not in view.dummies for part in view.parts]
    ends = frame(end for score in others if score is not None for end in (score.value, score.low, score.high))
    dummies = [(place, model) for place, model in enumerate(models) if model.name in view.dummies]
    if ends is None or not dummies:
        return
    axes.set_xlim(*ends)
    for place, model in dummies:
        _name_at_edge(axes, view, model, place, ends)


def _name_at_edge(axes: Any, view: View, model: ModelRecord, place: int, ends: tuple[float, float]) -> None:
    scores = {part: score.value for part in view.parts if (score := view.score(model, part)) is not None}
    beyond = {part: value for part, value in scores.items() if outside(value, ends)}
    if beyond:
        side = outside(next(iter(beyond.values())), ends)
        text = edge_text(", ".join(f"{value:.3g} {short(part, 12)}" for part, value in beyond.items()), side)
        where = {"x": 0.01 if side < 0 else 0.99, "ha": "left" if side < 0 else "right"}
        axes.text(
            y=place,
            s=text,
            va="center",
            fontsize=8.5,
            color=MUTED,
            transform=axes.get_yaxis_transform(),
            **where,
        )


def _draw_part(axes: Any, view: View, places: list[tuple[float, ModelRecord]], part: str) -> None:
    marker, hue = _style(view, part)
    scored = [(place, score) for place, model in places if (score := view.score(model, part)) is not None]
    for place, score in scored:
        if score.low is not None and score.high is not None:
            axes.plot([score.low, score.high], [place, place], color=hue, linewidth=1.4)
    axes.plot(
        [score.value for _, score in scored],
        [place for place, _ in scored],
        marker,
        color=hue,
        markeredgecolor=PAPER,
        markeredgewidth=0.5,
        markersize=6,
        linestyle="none",
        label=short(part, 20),
    )
