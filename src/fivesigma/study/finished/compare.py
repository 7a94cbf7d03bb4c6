"""Two or more runs side by side: paired wherever they sealed the same events, else no difference is claimed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import InputError
from fivesigma._core.random import generator
from fivesigma.record.opened import not_blind
from fivesigma.record.sections.prevalence import PrevalenceRecord
from fivesigma.report.rounding import interval_text
from fivesigma.risk import evidence
from fivesigma.risk.evidence import About, Difference, Measurement, Part
from fivesigma.risk.metric import Metric
from fivesigma.risk.splits import strata_of_rows
from fivesigma.risk.strata import Strata
from fivesigma.study.finished.changes import changes
from fivesigma.study.finished.entrant import Entrant, entrants, same_file
from fivesigma.study.finished.result import load
from fivesigma.study.tasks.registry import task
from fivesigma.study.tasks.task import CROSSFIT, VALIDATION

N_BOOT = 2000


@dataclass(frozen=True, eq=False)
class Against:
    """One run against the first: what both say of the same events.

    Attributes
    ----------
    first, other : of the two best models.
    claim : what the difference is about: the procedures, or these fitted models.
    same_resamples : whether the refits of the two are of the same resamples of the training rows.
    """

    first: Measurement
    other: Measurement
    claim: About = "procedure"
    same_resamples: bool = True


def compare(runs: Sequence[str | Path]) -> dict[str, Any]:
    """Compare the best models of finished runs with that of the first.

    Returns
    -------
    dict : ``metric``, ``part``, ``runs`` (for each: run, model, score, what ``differs`` in its study from the first,
        whether it is ``paired`` with it, and if so difference, interval, ``sigma_local``, and ``sigma_global`` among
        all of these differences), ``notes``. Positive differences favour the later run. They are of the procedure
        (``claim``) where both studies claim of it and the refits of both are kept; else of the fitted models, by the
        test events alone. ``blind`` is false where the events had been opened before one of the two runs.

    Raises
    ------
    InputError
        Fewer than two runs, or runs of different tasks or metrics.
    """
    if len(runs) < 2:
        raise InputError("compare needs two or more runs; name their folders.")
    every = entrants([load(run) for run in runs])
    first, others = every[0], every[1:]
    metric = first.metric
    _refuse_other_questions(every)
    reasons = [why_unpaired(first, other) for other in others]
    events = events_of(first) if "" in reasons else None
    pairs = [
        _against(first, other, metric, events) if events is not None and not why else None
        for other, why in zip(others, reasons, strict=True)
    ]
    found = iter(differences([pair for pair in pairs if pair is not None], n_all=len(others)))
    rows, notes = [_row(first, metric)], list[str]()
    for other, why, pair in zip(others, reasons, pairs, strict=True):
        told = {} if pair is None else _told(next(found), first, other, n_all=len(others))
        rows.append(_row(other, metric) | {"differs": changes(first, other)} | told)
        notes += _notes(rows, why, first, other, metric)
    return {"metric": metric.name, "part": first.part, "runs": rows, "notes": notes}


def differences(pairs: Sequence[Against], *, n_all: int = 0) -> list[Difference]:
    """Return the difference of each run over the first, with its significance among all of them.

    By the very test that a study makes of two of its models (`fivesigma.risk.evidence.compare`), two-sided.

    Parameters
    ----------
    n_all : how many comparisons were asked for, those that could not be made among them
    """
    local = [
        evidence.compare(each.other, each.first, claim=each.claim, paired_refits=each.same_resamples)
        for each in pairs
    ]
    refused = [Difference(None, method="not paired")] * max(n_all - len(local), 0)
    return list(evidence.global_significance([*local, *refused]))[: len(local)]


def _refuse_other_questions(every: Sequence[Entrant]) -> None:
    first = every[0].result.results
    for entrant in every[1:]:
        other = entrant.result.results
        if (other.task, other.metric) != (first.task, first.metric):
            raise InputError(
                f"{entrant.name} is a {other.task} judged by {other.metric}, {every[0].name} a "
                f"{first.task} by {first.metric}; compare runs of one task and metric."
            )


# --- the same events ---------------------------------------------------------------------------------------------


def why_unpaired(a: Entrant, b: Entrant) -> str:
    """Return why two runs have no events in common on which both are judged, or an empty string."""
    mine, other = a.result.results, b.result.results
    if CROSSFIT in (a.part, b.part):
        return "one is judged on all events by halves, which are not paired; put both models into one study"
    if VALIDATION in (a.part, b.part) and (why := _why_not_on_training_rows(a, b)):
        return why
    if mine.data.classes != other.data.classes:
        return "their classes differ"
    if why := _why_other_rows(a, b):
        return why
    if not _equal(a, b, lambda each, part: each.truth(part)):
        return "their targets differ"
    if not _equal(a, b, lambda each, part: each.column("weight", part).astype(float)):
        return "their event weights differ"
    if mine.split.group is not None and a.groups(a.part) is None:
        return f"their events come in groups; name '{mine.split.group}' among data.spectators and run again"
    return ""


def _why_not_on_training_rows(a: Entrant, b: Entrant) -> str:
    """Return why training rows cannot be what two runs are compared on, "" where they can.

    Only what no truth has entered is scored there without folds: the labels of a clustering, and its refits say how
    much another sample would have changed them.
    """
    own = task(a.result.results.task).own
    if a.part != b.part or a.metric.scores not in own:
        return "a test set is absent or sealed"
    if not (a.refits and b.refits):
        return "the refits that show how a clustering varies are not kept; put both models into one study"
    return "" if a.training == b.training else "their training rows differ"


def _why_other_rows(a: Entrant, b: Entrant) -> str:
    """Return how the sealed rows of two runs differ; by their hashes, of older runs by all that these kept."""
    mine, other = a.result.results, b.result.results
    if a.part == VALIDATION:  # which rows these are has been compared
        return ""
    if a.sealed and b.sealed:
        if a.sealed[a.part] == b.sealed.get(_part(a, b)):
            return ""
        return "their splits differ: other rows are sealed" if same_file(a, b) else "their data differ"
    if (mine.data.sha256, mine.split.sha256) == (other.data.sha256, other.split.sha256):
        return ""
    if same_file(a, b) and _equal(a, b, lambda each, part: each.column("row", part)):
        return ""
    return "their data differ" if mine.data.sha256 != other.data.sha256 else "their splits differ"


def _part(a: Entrant, b: Entrant) -> str:
    """Return the part of ``b`` that holds the test events of ``a``."""
    return b.part_like(a.sealed.get(a.part))


def _equal(a: Entrant, b: Entrant, of: Any) -> bool:
    one, two = of(a, a.part), of(b, _part(a, b))
    return bool(one.shape == two.shape and np.array_equal(one, two))


def events_of(a: Entrant, groups: NDArray[Any] | None = None) -> Part:
    """Return the events of the part that a model is judged on, with their resamples.

    ``groups`` are theirs where they are known; else they are read off the predictions.
    """
    results, y = a.result.results, a.truth(a.part)
    weight = a.column("weight", a.part).astype(float)
    groups = a.groups(a.part) if groups is None else groups
    rng = generator(results.seed, "compare", results.split.sha256)
    w, strata = None if (weight == 1).all() else weight, _strata(a, y, groups)
    return Part.draw(y, rng, w=w, groups=groups, n_boot=N_BOOT, strata=strata)


def _strata(a: Entrant, y: NDArray[Any], groups: NDArray[Any] | None) -> Strata | None:
    """Return the classes that the division of a run holds to their shares, None where it kept none."""
    kept = a.result.results.split.section(PrevalenceRecord)
    spread = None if kept is None else kept.of_test(a.part)
    if spread is None:
        return None
    return Strata(strata_of_rows(np.arange(len(y)) if groups is None else groups, y), np.array(spread))


def _against(a: Entrant, b: Entrant, metric: Metric, events: Part) -> Against:
    """Return what two runs say of the same events; one seed resamples the same training rows alike."""
    alike = a.training is not None and a.training == b.training
    return Against(
        a.measured(metric, a.part, events),
        b.measured(metric, _part(a, b), events),
        "procedure" if a.claims_procedure and b.claims_procedure else "fitted",
        alike and a.result.results.seed == b.result.results.seed,
    )


# --- what is said ------------------------------------------------------------------------------------------------


def _row(entrant: Entrant, metric: Metric) -> dict[str, Any]:
    score = entrant.score(metric.name)
    return {
        "run": entrant.name,
        "path": str(entrant.result.path),
        "model": entrant.model.name,
        "part": entrant.part,
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "text": interval_text(score.value, score.low, score.high),
        "paired": False,
        "difference": None,
        "sigma_local": None,
        "sigma_global": None,
        "difference_text": "",
        "sigma_text": "",
        "sigma_global_text": "",
    }


def _told(d: Difference, a: Entrant, b: Entrant, *, n_all: int) -> dict[str, Any]:
    """Return a difference as JSON's own types, with its word; positive favours ``b``."""
    blind = not any(not_blind(each.manifest, part) for each, part in ((a, a.part), (b, _part(a, b))))
    found: dict[str, Any] = {
        "paired": True,
        "difference": d.difference,
        "claim": d.claim,
        "method": d.method,
        "blind": blind,
        "among": n_all,
        "difference_text": "" if d.difference is None else f"{d.difference:+.4g}",
    }
    if d.sigma_local is None:
        return found | {"sigma_text": d.method}
    word = evidence.verdict(d, relevant=float(a.asked.get("relevant", 0.0)))
    return found | {
        "difference_low": d.low,
        "difference_high": d.high,
        "p": d.p,
        "sigma_local": d.sigma_local,
        "sigma_global": d.sigma_global,
        "verdict": word if blind or word != "observation" else "evidence",
        "difference_text": interval_text(d.difference, d.low, d.high),
        "sigma_text": _sigma(d.sigma_local),
        "sigma_global_text": _sigma(d.sigma_global),
    }


def _sigma(value: float | None) -> str:
    """Return a significance with its sign; what is about this word is that the larger is better by it."""
    text = evidence.sigma_text(value).removesuffix("σ")
    return f"+{text}" if (value or 0.0) >= 0 and text[0].isdigit() else text


def _notes(
    rows: Sequence[dict[str, Any]], why: str, first: Entrant, other: Entrant, metric: Metric
) -> list[str]:
    """Return what is said of one comparison: what differs, whether it is made, and what it finds."""
    row = rows[-1]
    differs = f"{other.name} differs from {first.name}: {'; '.join(row['differs'])}."
    same = f"{other.name} and {first.name} are of the same study of the same data."
    said = [differs if row["differs"] else same]
    if why:
        return [*said, f"{first.name} and {other.name} cannot be paired: {why}; no difference is claimed."]
    if row["claim"] == "fitted" and (lacking := _lacking(first, other)):
        said.append(lacking)
    return [*said, _sentence(rows[0], row, metric)] if row["sigma_local"] is not None else said


def _lacking(a: Entrant, b: Entrant) -> str:
    """Return why σ is of fitted models where both runs claim of procedures: refits or their cuts are not kept."""
    if a.metric.has_cut and a.about == b.about == "procedure":
        return (
            f"Each refit chose a cut of its own for {a.metric.name}, which is not kept, so σ is of these fitted "
            "models; put both models into one study for one of the procedures."
        )
    names = [each.name for each in (a, b) if not each.refits and each.about == "procedure"]
    if not names:
        return ""
    return (
        f"The refits of {' and '.join(names)} are not kept in a form that can be found (tasks/ is gone, or version "
        "0.1.0 made the run), so σ is of these fitted models; run the study again for one of the procedures."
    )


def _sentence(first: dict[str, Any], row: dict[str, Any], metric: Metric) -> str:
    among = "local" if row["among"] < 2 else f"among {row['among']} comparisons"
    size = evidence.sigma_text(abs(row["sigma_global"]))
    about = "the procedures" if row["claim"] == "procedure" else "these fitted models"
    return (
        f"{row['model']} ({row['run']}) over {first['model']} ({first['run']}): {metric.name} "
        f"{row['difference_text']}, {row['verdict']} ({size} {among}, {'' if row['blind'] else 'not blind, '}"
        f"of {about}; same test events)."
    )
