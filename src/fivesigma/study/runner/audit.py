"""The audit of a study: what is known before the first fit, and what only fits can tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fivesigma._core.counts import counted
from fivesigma._core.errors import FivesigmaError
from fivesigma.data.audit import audit
from fivesigma.data.dataset import Dataset
from fivesigma.record.results import Audit
from fivesigma.record.sections.chains import DiagnosticsRecord
from fivesigma.record.sections.tuning import TuningRecord
from fivesigma.study.fit.outcome import Outcome
from fivesigma.study.plan import ENOUGH_REFITS
from fivesigma.study.prepared import Prepared
from fivesigma.study.tasks.registry import task

Note = tuple[str, str, str]

CHECK = "convergence"
"""A fit that did not converge is a broken promise: said in the record, on the page and in the exit status."""


class AuditError(FivesigmaError):
    """The audit has found what ``--strict`` does not go on with; nothing was fitted.

    Attributes
    ----------
    audit : all entries of the audit
    """

    def __init__(self, entries: Sequence[Audit]) -> None:
        self.audit = tuple(entries)
        said = [f"{each.check}: {each.message}" for each in entries if each.status != "ok"]
        super().__init__(f"the audit stops this study before the first fit: {'; '.join(said)}.")


def refuse(entries: Sequence[Audit]) -> None:
    """Raise `AuditError` where an entry is a warning or a failure."""
    if any(each.status != "ok" for each in entries):
        raise AuditError(entries)


def before(prepared: Prepared, *, opened: bool) -> tuple[Audit, ...]:
    """Return what is known before the first fit; of the events of a test only while it is ``opened``."""
    from fivesigma._core.threads import single_threaded

    data, notes = seen(prepared, opened=opened), [*prepared.notes, *_settings(prepared, opened=opened)]
    with single_threaded():  # the same digits on any number of cores
        found = tuple(_of_events(prepared, data))
    return (*found, *(Audit(*note) for note in notes))


def seen(prepared: Prepared, *, opened: bool) -> Dataset:
    """Return the events of which anything may be said: those of training while a test is sealed."""
    sealed = not opened and prepared.split.tests
    return prepared.data.take(prepared.split.train) if sealed else prepared.data


def _of_events(prepared: Prepared, data: Dataset) -> Iterator[Audit]:
    yield from (Audit(*note) for note in data.notes)
    whole = data is prepared.data
    spec = prepared.spec
    yield from audit(
        data,
        prepared.split if whole else None,
        balanced=spec.data.training_weights == "classes",
        in_time=spec.split.time is not None,
    )


def _settings(prepared: Prepared, *, opened: bool) -> Iterator[Note]:
    yield from _few_refits(prepared)
    yield from _nothing_to_code(prepared)
    if opened:
        yield from _new_labels(prepared)


def after(outcomes: Sequence[Outcome]) -> Iterator[Note]:
    """Yield what became of the fits that a reader should know."""
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
    from fivesigma.study.analyses.tuning import edges

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
