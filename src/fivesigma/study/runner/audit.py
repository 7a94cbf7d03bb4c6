"""What a reader of the page should know of how the study was set up: audit entries, once it was carried out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fivesigma._core.counts import counted
from fivesigma.record.sections.chains import DiagnosticsRecord
from fivesigma.record.sections.tuning import TuningRecord
from fivesigma.study.analyses.tuning import edges
from fivesigma.study.fit.outcome import Outcome
from fivesigma.study.plan import ENOUGH_REFITS
from fivesigma.study.prepared import Prepared
from fivesigma.study.tasks.registry import task

Note = tuple[str, str, str]

CHECK = "convergence"
"""A fit that did not converge is a broken promise: said in the record, on the page and in the exit status."""


def cautions(prepared: Prepared, outcomes: Sequence[Outcome], *, opened: bool) -> Iterator[Note]:
    """Yield them; of the events of a test only while it is ``opened``."""
    yield from _few_refits(prepared)
    yield from _nothing_to_code(prepared)
    if opened:
        yield from _new_labels(prepared)
    yield from _edges(outcomes)
    yield from _not_converged(outcomes)


def _few_refits(prepared: Prepared) -> Iterator[Note]:
    evaluate = prepared.spec.evaluate
    judged = prepared.split.tests or not task(prepared.data.task).supervised
    if judged and evaluate.claim == "procedure" and evaluate.refits < ENOUGH_REFITS:
        yield (
            "refits",
            "warning",
            f"evaluate.refits = {evaluate.refits}: the training variance is known from few fits; "
            f"{ENOUGH_REFITS} for trust",
        )


def _nothing_to_code(prepared: Prepared) -> Iterator[Note]:
    if prepared.spec.features.categorical is not None and not prepared.data.categories:
        yield (
            "categorical",
            "warning",
            "features.categorical is given and no feature is a text column; name it in data.features, or remove "
            "the key",
        )


def _new_labels(prepared: Prepared) -> Iterator[Note]:
    """A label that only test events have is no column of any model: these events have zeros in all of them."""
    data, split = prepared.data, prepared.split
    for name, labels in data.categories.items():
        if name not in data.names:
            continue
        codes = data.X[:, data.names.index(name)]
        for test, rows in split.tests.items():
            at = codes[rows]
            new = np.setdiff1d(at[~np.isnan(at)], codes[split.train]).astype(int)
            if n := int(np.isin(at, new).sum()):
                words = ", ".join(f"'{labels[code]}'" for code in new[:5])
                have = "has" if n == 1 else "have"
                yield (
                    "labels",
                    "warning",
                    f"{name}: {counted(n, 'event')} of {test} {have} labels that no training event "
                    f"has ({words}); to the models they have none",
                )


def _edges(outcomes: Sequence[Outcome]) -> Iterator[Note]:
    """An optimum at the edge of its range may lie beyond."""
    for outcome in outcomes:
        kept: TuningRecord | None = outcome.described.get("tuning")
        if outcome.ok and kept and kept.on_edge:
            yield "tuning", "warning", f"{outcome.entry.name}: {edges(kept)}; widen it"


def _not_converged(outcomes: Sequence[Outcome]) -> Iterator[Note]:
    """Yield a failed check for each model whose final fit says that it has not converged."""
    for each in outcomes:
        if each.ok and each.converged is False:
            health: DiagnosticsRecord | None = each.described.get("diagnostics")
            why = each.message if health is None else _worst(health)
            yield CHECK, "failed", f"{each.entry.name} did not converge: {why or 'its solver stopped early'}"


def _worst(health: DiagnosticsRecord) -> str:
    """Return the worst R-hat and the fewest effective draws, with what was expected."""
    rhats = {name: each.r_hat for name, each in health.quantities.items() if each.r_hat is not None}
    draws = {name: each.fewest_draws for name, each in health.quantities.items()}
    few = min(draws, key=lambda name: draws[name])
    said = f"{draws[few]:.0f} effective draws of the {few}, expected at least {100 * health.n_chains}"
    if rhats:
        worst = max(rhats, key=lambda name: rhats[name])
        said = f"R-hat of the {worst} is {rhats[worst]:.3f}, expected below 1.01; {said}"
    return f"{said}: run more sweeps"
