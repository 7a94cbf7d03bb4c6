"""The scores of every model in training, out of fold and on tests, on one axis."""

from __future__ import annotations

from typing import Any

from fivesigma.record.results import ModelRecord
from fivesigma.report.panels import grid
from fivesigma.report.plot import Plot
from fivesigma.report.section import View, metric_name
from fivesigma.report.style import BLUE, GREEN, INK, ORANGE, PAPER, PURPLE, VERMILLION
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
    axes.set_xlabel(metric_name(view.results.metric))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    figure.legend(loc="outside upper right", ncols=4, handletextpad=0.2)


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
