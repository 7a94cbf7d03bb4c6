"""The tables of a run for a paper: scores, every metric, claims, the coefficients of each linear model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fivesigma.record.leaderboard import Line, leaderboard
from fivesigma.record.results import Claim, ModelRecord, Results, Score
from fivesigma.record.sections.coefficients import CoefficientsRecord
from fivesigma.record.sections.crossing import CrossingRecord
from fivesigma.record.sections.cut_flow import CutFlowRecord, CutLine, CutStep, CutStepsRecord
from fivesigma.report.crossing.text import readings
from fivesigma.report.latex.numbers import NONE, interval, number, significance
from fivesigma.report.latex.text import escaped
from fivesigma.report.rounding import total_error
from fivesigma.report.section import View, metric_name
from fivesigma.report.text import labelled

DOCUMENT = "tables.tex"
_CLASSES_ACROSS = 3
"""Classes of a cut flow that stand beside each other on a page."""
_MOST_TERMS = 30
"""Lines of a table of coefficients that fit on a page."""
_BEGIN = r"""% Compiles as it stands; in a paper, \input the tables one by one and load these packages.
\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{textcomp}
\usepackage[a4paper,landscape,margin=15mm]{geometry}
\usepackage{booktabs}
\usepackage{siunitx}
\begin{document}
"""
_END = "\\end{document}\n"


@dataclass(frozen=True)
class LatexTable:
    """One table: cells are LaTeX already, ``columns`` says how each is set."""

    name: str
    caption: str
    columns: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    def __str__(self) -> str:
        body = "\n".join(f"{' & '.join(row)} \\\\" for row in self.rows)
        return (
            f"\\begin{{table}}\n\\centering\n\\caption{{{self.caption}}}\n\\label{{tab:{self.name}}}\n"
            f"\\begin{{tabular}}{{{self.columns}}}\n\\toprule\n{' & '.join(self.head)} \\\\\n\\midrule\n{body}\n"
            "\\bottomrule\n\\end{tabular}\n\\end{table}\n"
        )


def latex(results: Results, manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the files of a run's tables by name: one a table, and one document that inputs them.

    They need the packages booktabs and siunitx. Names of users are text, whatever stands in them.
    """
    made = list(_tables(View(results, manifest)))
    inputs = "".join(f"\\input{{{table.name}}}\n\\clearpage\n" for table in made)
    return {DOCUMENT: f"{_BEGIN}{inputs}{_END}"} | {f"{table.name}.tex": str(table) for table in made}


def _tables(view: View) -> Iterator[LatexTable]:
    yield _scores(view)
    for part in dict.fromkeys((*view.tests, view.part)):
        yield _metrics(view, part)
    if view.claims:
        yield _claims(view)
    yield from _crossing(view)
    yield from _cut_flow(view)
    yield from _cut_flow_of_classes(view)
    laws = [each for each in view.having(CoefficientsRecord) if each[1].slopes]
    for n, (model, kept) in enumerate(laws, 1):
        yield _coefficients(view, n, model, kept)


def _scores(view: View) -> LatexTable:
    """Every model by the primary metric, with what tells it from the baseline and from the best."""
    rows = [_scored(view, line) for line in leaderboard(view.results)]
    metric = escaped(metric_name(view.results.metric))
    head = ("model", metric, r"95\,\% interval", "validation", r"$\sigma$ vs baseline", r"$\sigma$ vs best")
    caption = f"{metric} on {escaped(view.part)} events. {escaped(view.about)}"
    return LatexTable("scores", caption, "lrrrrr", head, rows)


def _scored(view: View, line: Line) -> tuple[str, ...]:
    limits = NONE if line.score is None else interval(line.score.low, line.score.high)
    sigmas = (significance(view.significance(each)) for each in (line.sigma_baseline, line.sigma_best))
    return escaped(line.model.name), _score(line.score), limits, _score(line.validation), *sigmas


def _score(score: Score | None) -> str:
    if score is None:
        return NONE
    return number(score.value, total_error(score), within=(score.low, score.high))


def _metrics(view: View, part: str) -> LatexTable:
    """Every model by every metric that the ``part`` has."""
    names = dict.fromkeys(name for model in view.ranked for name in model.scores.get(part, {}))
    rows = []
    for model in view.ranked:
        rows.append((escaped(model.name), *(_score(view.score(model, part, name)) for name in names)))
    head = ("model", *(escaped(metric_name(name)) for name in names))
    number_of = [*view.tests, view.part].index(part)
    name = "metrics" if number_of == 0 else f"metrics-{number_of + 1}"
    caption = f"Every metric on {escaped(part)} events, with standard errors."
    return LatexTable(name, caption, f"l{'r' * len(names)}", head, rows)


def _claims(view: View) -> LatexTable:
    head = ("claim", "effect", r"95\,\% interval", r"local $\sigma$", r"global $\sigma$", "verdict")
    caption = "Claims; global significances are corrected for all of them."
    return LatexTable(
        "claims", caption, r"p{0.38\linewidth}rrrrl", head, [_claim(view, each) for each in view.claims]
    )


def _claim(view: View, claim: Claim) -> tuple[str, ...]:
    sigmas = (significance(view.significance(each)) for each in (claim.sigma_local, claim.sigma_global))
    return (
        escaped(claim.text),
        number(claim.effect, within=(claim.low, claim.high)),
        interval(claim.low, claim.high),
        *sigmas,
        escaped(claim.verdict),
    )


def _crossing(view: View) -> Iterator[LatexTable]:
    """Where the output of each model crosses in an infinite system, by test set and by how it is read."""
    kept = view.results.section(CrossingRecord)
    if kept is None:
        return
    size = kept.setting.removeprefix("source.")
    rows = [
        (
            escaped(model.model),
            escaped(on.test),
            "variance" if on.at is None else number(on.at),
            number(model.value, model.error),
            number(on.expected),
            NONE if model.chi2 is None or not model.dof else rf"\num{{{model.chi2:.1f}}}/{model.dof}",
        )
        for on in readings(kept)
        for model in on.models
    ]
    over = escaped(labelled(kept.over, kept.unit))
    head = ("model", "test set", "read at", over, "known", r"$\chi^2$/dof")
    caption = (
        f"{over} at which the output of each model crosses, extrapolated in 1/{escaped(size)} to an infinite system; "
        "errors hold the repeats and the range of sizes."
    )
    yield LatexTable("crossing", caption, "lllrrr", head, rows)


def _cut_flow(view: View) -> Iterator[LatexTable]:
    """The cut flow of a study that has one, relative to the events read and step by step."""
    flow, steps = view.results.section(CutFlowRecord), view.results.section(CutStepsRecord)
    if flow is None or steps is None:
        return
    weights = (r"$\sum w$",) if steps.weighted else ()
    limits = r"95\,\% interval"
    head = ("cut", "events", *weights, "efficiency", limits, "of those before", limits)
    rows = [
        (
            escaped(line.name),
            rf"\num{{{line.n}}}",
            *((number(line.sum_w),) if steps.weighted else ()),
            *_efficiency(line),
            *_efficiency(step),
        )
        for line, step in zip(flow.lines, steps.steps, strict=True)
    ]
    caption = "Cut flow: events that pass each cut and all above it."
    if steps.signed:
        caption += " With signed weights an efficiency may leave [0, 1]."
    yield LatexTable("cut-flow", caption, f"l{'r' * (len(head) - 1)}", head, rows)


def _cut_flow_of_classes(view: View) -> Iterator[LatexTable]:
    """The cut flow of each class, as many classes a table as stand beside each other on a page."""
    steps = view.results.section(CutStepsRecord)
    classes = {} if steps is None else dict(steps.classes or {})
    names = list(classes)
    for n, first in enumerate(range(0, len(names), _CLASSES_ACROSS), 1):
        shown = names[first : first + _CLASSES_ACROSS]
        above = " & ".join(rf"\multicolumn{{3}}{{c}}{{{escaped(name)}}}" for name in shown)
        head = ("cut", *(("events", "efficiency", r"95\,\% interval") * len(shown)))
        rows = [
            (escaped(lines[0].name), *(word for line in lines for word in _counted(line)))
            for lines in zip(*(classes[name] for name in shown), strict=True)
        ]
        name = "cut-flow-classes" if n == 1 else f"cut-flow-classes-{n}"
        caption = "Cut flow of each class: events that pass each cut and all above it, of those read."
        yield LatexTable(
            name, caption, f"l{'r' * (len(head) - 1)}", (f"& {above} \\\\\n{head[0]}", *head[1:]), rows
        )


def _counted(line: CutLine) -> tuple[str, ...]:
    return rf"\num{{{line.n}}}", *_efficiency(line)


def _efficiency(found: CutLine | CutStep) -> tuple[str, str]:
    return number(found.efficiency, within=(found.low, found.high)), interval(found.low, found.high)


def _coefficients(view: View, n: int, model: ModelRecord, kept: CoefficientsRecord) -> LatexTable:
    """The law of a model: with robust errors where it has any, else with the spread over refits."""
    target = escaped(view.results.data.target or "target")
    shown = _largest(kept)
    terms = [_term(kept, j) for j in (len(kept.names), *shown)]
    head: tuple[str, ...] = ("term", "coefficient", "unit")
    caption = f"Coefficients of {escaped(model.name)} for {target}."
    if kept.errors is not None:
        head = ("term", "coefficient", r"95\,\% limits", "unit")
        caption += f" Errors are robust. {escaped(kept.method or '')}"
    elif kept.spreads:
        head = ("term", "coefficient", "spread over refits", "not zero in", "unit")
        caption += " A penalty biases them: the spread is that of the procedure, no error."
    if len(shown) < len(kept.names):
        caption += (
            f" The {len(shown)} largest of {len(kept.names)} per standard deviation; all are in results.json."
        )
    return LatexTable(f"coefficients-{n}", caption.strip(), f"l{'r' * (len(head) - 2)}l", head, terms)


def _largest(kept: CoefficientsRecord) -> list[int]:
    """Return the columns that a page has room for, in their order: those that change most per standard deviation."""
    sizes = [abs(v) for v in kept.standardised or kept.slopes if not isinstance(v, tuple)]
    largest = sorted(range(len(sizes)), key=lambda j: -sizes[j])[:_MOST_TERMS]
    return sorted(largest)


def _term(kept: CoefficientsRecord, j: int) -> tuple[str, ...]:
    """Return the line of the column ``j``, or of the intercept, which comes last."""
    last = j == len(kept.names)
    name = "intercept" if last else kept.names[j]
    unit = None if last or kept.units is None else kept.units[j]
    value = kept.offset if last else kept.slopes[j]
    return escaped(name), *_sizes(kept, j, value), escaped(unit or "")


def _sizes(kept: CoefficientsRecord, j: int, value: float | None) -> tuple[str, ...]:
    """Return a coefficient with its limits, with its spread and how often it is not zero, or alone."""
    if kept.errors is not None:
        return number(value, kept.errors.robust[j]), interval((kept.low or ())[j], (kept.high or ())[j])
    if not kept.spreads:
        return (number(value),)
    spread = kept.spreads[j]
    within = (None, None) if value is None or spread is None else (value - 2.0 * spread, value + 2.0 * spread)
    return *(number(each, within=within) for each in (value, spread)), _often(kept, j)


def _often(kept: CoefficientsRecord, j: int) -> str:
    """Return in which share of the refits a coefficient is not zero; nothing of the intercept."""
    if j == len(kept.names):
        return ""
    share = kept.shares[j] if kept.shares else None
    return NONE if share is None else f"{share:.0%}".replace("%", r"\,\%")
