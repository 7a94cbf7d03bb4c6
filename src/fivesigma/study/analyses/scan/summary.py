"""From the scores of all studies of a scan to its record: the mean at each point, its error, and the theory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import laws
from fivesigma.record.results import Audit, ScanPoint, ScanScore
from fivesigma.record.sections.scan import ScanSettingsRecord
from fivesigma.risk.metrics import Metric, metrics
from fivesigma.study.analyses.analysis import Run
from fivesigma.study.analyses.scan.points import Number, Values, children, is_fresh, points, told
from fivesigma.study.analyses.scan.theory import theory

LEVEL = 0.95
FRESH = "mean over independent data sets, Student's t"
FOLDS = "mean over repeats; interval of one cross-validation, Nadeau-Bengio"


LOST: Mapping[str, Any] = {"models": {}, "messages": {}, "remarks": {}}
"""What is known of a study that left nothing but the reason."""


@dataclass(frozen=True)
class Summary:
    """What a scan adds to the record of a run."""

    points: tuple[ScanPoint, ...]
    settings: ScanSettingsRecord
    audit: tuple[Audit, ...]


def summary(run: Run) -> Summary | None:
    """Return the record of a study's scan; None where it has none."""
    prepared, spec = run.prepared, run.prepared.spec
    if spec.scan is None:
        return None
    kept: dict[str, list[Mapping[str, Any]]] = {}
    every_child = children(spec)
    for child in every_child:
        _, meta = run.done.read(run.plan.key(child))
        kept.setdefault(told(child.values), []).append({**LOST, **meta})
    names = [entry.name for entry in prepared.plan.entries if not entry.skipped]
    fresh = is_fresh(spec)
    every = [_point(point.values, kept[told(point.values)], names, fresh=fresh) for point in points(spec)]
    settings = ScanSettingsRecord(
        keys=tuple(spec.scan.places),
        repeats=spec.scan.repeats,
        fresh=fresh,
        part=_part(every, fresh=fresh),
        theory=theory(prepared),
    )
    return Summary(tuple(every), settings, tuple(_audit(every, len(every_child), kept)))


def _part(every: Sequence[ScanPoint], *, fresh: bool) -> str:
    """Return the part of the data whose scores are drawn: the first test set of fresh events, else the folds."""
    parts = [part for point in every for scores in point.models.values() for part in scores]
    tests = [part for part in parts if part not in ("train", "validation")]
    return tests[0] if fresh and tests else "validation" if "validation" in parts else "train"


def _point(
    values: Values, found: Sequence[Mapping[str, Any]], names: Sequence[str], *, fresh: bool
) -> ScanPoint:
    models = {name: _model([each["models"].get(name, {}) for each in found], fresh=fresh) for name in names}
    messages: dict[str, str] = {}
    for each in found:
        if "error" in each:
            messages.setdefault("", each["error"])
        for name, message in (*each["messages"].items(), *each["remarks"].items()):
            messages.setdefault(name, message)
    return ScanPoint(dict(values), models, messages)


def _model(found: Sequence[Mapping[str, Any]], *, fresh: bool) -> dict[str, dict[str, ScanScore]]:
    """Return the scores of one model by part and metric over the repeats that have it."""
    parts: dict[str, dict[str, list[Number]]] = {}
    for each in found:
        for part, scores in each.items():
            for metric, score in scores.items():
                parts.setdefault(part, {}).setdefault(metric, []).append(tuple(score))
    return {
        part: {name: _score(metrics()[name], score, independent=fresh) for name, score in scores.items()}
        for part, scores in sorted(parts.items())
    }


def _score(metric: Metric, found: Sequence[Number], *, independent: bool) -> ScanScore:
    values = np.array([value for value, _, _ in found if value is not None])
    n = len(values)
    if n == 0:
        return ScanScore(None, method="the score is not defined in any repeat")
    mean, spread = float(values.mean()), _spread(values) if n > 1 else None
    if not independent:
        return _of_folds(metric, mean, spread, n, found)
    if not spread:
        why = "one data set" if spread is None else "every data set scores the same"
        return ScanScore(mean, method=f"no interval: {why}", spread=spread, n=n)
    error = spread / float(np.sqrt(n))
    half = float(laws.t_ppf((1 + LEVEL) / 2, n - 1)) * error
    return ScanScore(mean, *_within(metric, mean, half), LEVEL, FRESH, error, spread, n)


def _spread(values: NDArray[np.float64]) -> float:
    """Return the standard deviation of scores; 0 of equal ones, whatever their mean was rounded to."""
    return 0.0 if np.ptp(values) == 0 else float(values.std(ddof=1))


def _of_folds(
    metric: Metric, mean: float, spread: float | None, n: int, found: Sequence[Number]
) -> ScanScore:
    """Return the mean over divisions of the same events, as uncertain as one of them: the events stay the same."""
    known = [(half, error) for _, half, error in found if half is not None and error is not None]
    if len(known) < n:
        return ScanScore(mean, method="no interval on these rows", spread=spread, n=n)
    half, error = (float(each) for each in np.mean(known, axis=0))
    return ScanScore(mean, *_within(metric, mean, half), LEVEL, FOLDS, error, spread, n)


def _within(metric: Metric, mean: float, half: float) -> tuple[float, float]:
    """Return the interval inside the bounds of the metric."""
    low = -np.inf if metric.lower is None else metric.lower
    high = np.inf if metric.upper is None else metric.upper
    return max(mean - half, low), min(mean + half, high)


def _audit(
    every: Sequence[ScanPoint], n: int, kept: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Iterator[Audit]:
    lost = [(where, each["error"]) for where, found in kept.items() for each in found if "error" in each]
    if lost:
        where, why = lost[0]
        yield Audit(
            "scan", "failed", f"{len(lost)} of {n} studies could not be done; the first, at {where}: {why}"
        )
    for what, status, verb in (("messages", "failed", "failed in"), ("remarks", "warning", "has remarks on")):
        for name in dict.fromkeys(name for found in kept.values() for each in found for name in each[what]):
            said = [
                (at, each[what][name]) for at, found in kept.items() for each in found if name in each[what]
            ]
            first, message = said[0]
            yield Audit(
                "scan", status, f"{name} {verb} {len(said)} of {n} studies; the first, at {first}: {message}"
            )
