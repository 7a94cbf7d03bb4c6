"""Have the chains converged: R-hat, effective draws, Monte-Carlo errors, and their pictures."""

from __future__ import annotations

from pathlib import Path

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.chains import DiagnosticsRecord
from fivesigma.record.sections.mixture import MixtureRecord
from fivesigma.report.chains.figure import chains, together
from fivesigma.report.markup import cell, table
from fivesigma.report.plot import Plot
from fivesigma.report.rounding import count, fixed, plain_number
from fivesigma.report.section import Content, Section, View

MOST_FIGURES = 3
_DIGITS = 6


Sampled = tuple[ModelRecord, MixtureRecord, DiagnosticsRecord]


def sampled(view: View) -> list[Sampled]:
    """Return the mixtures that have chains, best first."""
    return [
        (model, mixture, health)
        for model, mixture in view.having(MixtureRecord)
        if (health := model.section(DiagnosticsRecord)) is not None
    ]


def _seen(view: View) -> str:
    bad = [model.name for model, _, health in sampled(view) if not health.converged]
    if not bad:
        return "All chains have converged: R-hat is below 1.01, and every quantity has 100 effective draws a chain."
    names = ", ".join(f"“{name}”" for name in bad)
    return (
        f"Not converged: {names}. R-hat of 1.01 or more, or fewer than 100 effective draws a chain, mean that the "
        "numbers of these mixtures are not their posterior's yet; run more sweeps, or take fewer components."
    )


def _lines(view: View) -> list[dict[str, str]]:
    return [
        {
            "model": model.name,
            "quantity": name.replace("_", "-"),
            "mean": plain_number(each.mean, _DIGITS),
            "mcse": plain_number(each.mcse, 2),
            "r_hat": fixed(each.r_hat, 4),
            "bulk": count(each.ess_bulk),
            "tail": count(each.ess_tail),
            "mark": "none" if health.converged else "warning",
        }
        for model, _, health in sampled(view)
        for name, each in health.quantities.items()
    ]


def _content(view: View) -> Content:
    models = sampled(view)
    plots: dict[str, Plot] = {}
    for i, (model, mixture, health) in enumerate(models[:MOST_FIGURES], start=1):
        if mixture.loss is not None:
            plots[f"chains{i}"] = chains(model, health, mixture.loss, i)
    first = next(((model, kept) for model, mixture, _ in models if (kept := mixture.together)), None)
    if first is not None:
        plots["together"] = together(*first, 1)
    speeds = view.results.timing.get("sweeps_per_second") or {}
    context = {
        "seen": _seen(view),
        "mark": "good" if all(line["mark"] == "none" for line in _lines(view)) else "warning",
        "lines": _lines(view),
        "speeds": ", ".join(f"{name} {count(speed)}" for name, speed in speeds.items()),
        "names": list(plots),
        "left_out": max(0, len(models) - MOST_FIGURES),
    }
    return Content(context, plots)


def _markdown(view: View) -> str:
    head = ("model", "quantity", "mean", "Monte-Carlo error", "R-hat", "effective draws, bulk", "tail")
    keys = ("model", "quantity", "mean", "mcse", "r_hat", "bulk", "tail")
    rows = [tuple(line[key] for key in keys) for line in _lines(view)]
    return f"{cell(_seen(view))}\n\n{table(head, rows)}"


SECTION = Section(
    "chains",
    "Have the chains converged",
    lambda view: bool(sampled(view)),
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
