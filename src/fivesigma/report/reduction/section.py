"""What was left of the columns: shares of variance, and how often each column was chosen."""

from __future__ import annotations

from pathlib import Path

from fivesigma._core.counts import noun
from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.reduction import ReductionRecord, ReductionStep
from fivesigma.report.markup import cell
from fivesigma.report.plot import Plot
from fivesigma.report.reduction.figure import frequency_plot, variance_plot
from fivesigma.report.rounding import count, plain_number
from fivesigma.report.section import Content, Section, View

MOST_FIGURES = 10
KINDS = {
    "pca": "principal components",
    "nmf": "non-negative parts",
    "autoencoder": "code of an autoencoder",
    "network": "last hidden layer of a network",
    "f-test": "F-test",
    "mutual-information": "mutual information",
    "rfe": "recursive elimination",
    "l1": "L1 selection",
}


def steps(view: View) -> list[tuple[ModelRecord, ReductionStep]]:
    """Return each step of each fitted model, best model first."""
    return [(model, step) for model, kept in view.having(ReductionRecord) for step in kept.steps]


def sentence(step: ReductionStep) -> str:
    """Return in one sentence what a step left."""
    low, high = min(step.n_left), max(step.n_left)
    spread = "" if low == high else f" ({low} to {high} over {count(len(step.n_left))} fits)"
    of = "made of" if step.kind in ("autoencoder", "network") else "of"
    text = f"{KINDS[step.kind]}: {count(step.n_left[0])} {of} {count(step.n_in)} {noun(step.n_in, 'column')}{spread}"
    if step.explained is not None:
        share = sum(step.explained[: step.n_left[0]])
        return f"{text}, {plain_number(100 * share, 3)} % of the variance."
    if step.unexplained is not None:
        return f"{text}; {plain_number(100 * step.unexplained, 3)} % of the variance is left out."
    if step.frequency is None:
        return f"{text}, learnt from the target."
    always = sum(f == 1.0 for f in step.frequency or ())
    unsure = sum(0.0 < f < 1.0 for f in step.frequency or ())
    if not unsure:
        return f"{text}, the same ones in every one of {count(step.n_fits)} fits."
    return (
        f"{text}; {count(always)} are chosen in every one of {count(step.n_fits)} fits (folds, resampled "
        f"training sets and the final one), {count(unsure)} in some of them."
    )


def _content(view: View) -> Content:
    lines: list[dict[str, str]] = []
    plots: dict[str, Plot] = {}
    for i, (model, step) in enumerate(steps(view)):
        figure = ""
        if (step.explained or step.frequency) and len(plots) < MOST_FIGURES:
            figure = f"reduction{i}"
            made = variance_plot if step.explained is not None else frequency_plot
            plots[figure] = made(model.name, step, i + 1)
        lines.append({"name": model.name, "text": sentence(step), "figure": figure})
    return Content({"lines": lines}, plots)


def _markdown(view: View) -> str:
    return "\n".join(f"- **{cell(model.name)}**: {cell(sentence(step))}" for model, step in steps(view))


SECTION = Section(
    "reduction",
    "What was left of the columns",
    lambda view: bool(steps(view)),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
