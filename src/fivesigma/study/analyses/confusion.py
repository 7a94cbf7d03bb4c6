"""Confusion: where a scan over labellings finds the transition (van Nieuwenburg, Liu & Huber, arXiv:1610.02048)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.sections.confusion import ConfusionModel, ConfusionPoint, ConfusionRecord
from fivesigma.record.sections.section import named
from fivesigma.risk.transitions import peak_with_error
from fivesigma.study.analyses.analysis import Analysis, Experiment, Run
from fivesigma.study.analyses.scan.points import children, is_fresh
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.prepared import Prepared
from fivesigma.study.spec.document import Spec

Array = NDArray[Any]
NAME, PLACE, METRIC = "confusion", "data.target", "accuracy"
FEWEST = 5
"""Labellings from which on a curve may be a W."""
_LABELLING = re.compile(
    r"\s*(?P<column>[^<>=]+?)\s*(?:<=|>=|<|>)\s*(?P<at>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*"
)


@dataclass(frozen=True)
class Labellings:
    """Labellings that part the events at values of one column: ``at`` by the expression of the target."""

    column: str
    at: Mapping[str, float]


def labellings(spec: Spec) -> Labellings | None:
    """Return the labellings of a study's scan; None where it scans anything else."""
    if spec.scan is None or list(spec.scan.places) != [PLACE]:
        return None
    found = [(str(value), _LABELLING.fullmatch(str(value))) for value in spec.scan.places[PLACE]]
    known = {text: match for text, match in found if match is not None}
    columns = {match["column"].strip("`") for match in known.values()}
    if len(known) < len(found) or len(columns) != 1:
        return None
    at = {text: float(match["at"]) for text, match in known.items()}
    return Labellings(columns.pop(), dict(sorted(at.items(), key=lambda item: item[1])))


def check(prepared: Prepared) -> None:
    """Refuse `[confusion]` without a scan over enough labellings.

    Raises
    ------
    StudyError
        In one sentence.
    """
    spec = prepared.spec
    if spec.confusion is None:
        return
    found = labellings(spec)
    if found is None or len(found.at) < FEWEST:
        raise spec.error(
            NAME,
            f'needs a scan over at least {FEWEST} labellings of one column, [scan] "{PLACE}" = ["T > 1.8", …]; add it, '
            "or remove this section.",
        )


@dataclass(frozen=True)
class Accuracies:
    """What the studies of a scan over labellings left."""

    run: Run
    asked: Labellings

    @cached_property
    def left(self) -> dict[str, list[Mapping[str, Any]]]:
        """The scores of the models in each repeat, by labelling."""
        found: dict[str, list[Mapping[str, Any]]] = {text: [] for text in self.asked.at}
        for child in children(self.run.prepared.spec):
            _, meta = self.run.done.read(self.run.plan.key(child))
            found[str(child.values[PLACE])].append(meta.get("models", {}))
        return found

    @cached_property
    def part(self) -> str:
        """The part of the data whose accuracy is taken: the first test set of fresh events, else the folds."""
        tests = list(self.run.prepared.split.tests)
        return tests[0] if tests and is_fresh(self.run.prepared.spec) else "validation"

    def of(self, name: str) -> Array:
        """Return the accuracies of a model (labellings, repeats), NaN where there is none."""
        return np.array(
            [
                [np.nan if (found := self._score(each, name)) is None else found for each in repeats]
                for repeats in self.left.values()
            ]
        )

    def _score(self, models: Mapping[str, Any], name: str) -> float | None:
        score = models.get(name, {}).get(self.part, {}).get(METRIC)
        return None if score is None else score[0]

    def model(self, name: str) -> ConfusionModel:
        """Return the W of a model."""
        at, found = np.array(list(self.asked.at.values())), self.of(name)
        there: Array = np.asarray(np.isfinite(found).all(axis=1))
        peak = peak_with_error(at[there], found[there]) if there.sum() >= FEWEST else None
        value, error = (None, None) if peak is None else peak
        return ConfusionModel(
            model=name,
            value=value,
            error=error,
            points=tuple(_points(at, found)),
            message="; ".join(self._missing(value, there)),
        )

    def _missing(self, value: float | None, there: Array) -> Iterator[str]:
        if not there.all():
            lost = [text for text, whole in zip(self.asked.at, there, strict=True) if not whole]
            yield f"{len(lost)} of {len(there)} labellings have no accuracy in every repeat, the first {lost[0]}"
        if value is None:
            yield "no peak stands between two dips"


def _points(at: Array, found: Array) -> Iterator[ConfusionPoint]:
    for place, row in zip(at, found, strict=True):
        known = row[np.isfinite(row)]
        n = len(known)
        yield ConfusionPoint(
            at=float(place),
            accuracy=float(known.mean()) if n else None,
            error=float(np.ptp(known) and known.std(ddof=1) / np.sqrt(n)) if n > 1 else None,
        )


class Confusion(Experiment):
    """Reads the studies of a scan over labellings; it asks for none of its own."""

    def record(self, found: Evidence) -> Mapping[str, Any]:
        """Return the W of every model but the baseline."""
        prepared, asked = self.run.prepared, labellings(self.run.prepared.spec)
        if asked is None or len(asked.at) < FEWEST or prepared.spec.scan is None:
            return {}
        made, known = Accuracies(self.run, asked), prepared.spec.confusion
        names = [
            each.name for each in prepared.plan.entries if not each.skipped and each.name != prepared.baseline
        ]
        record = ConfusionRecord(
            over=asked.column,
            unit=prepared.data.column_units.get(asked.column),
            part=made.part,
            repeats=prepared.spec.scan.repeats,
            fresh=is_fresh(prepared.spec),
            expected=None if known is None else known.expected,
            models=tuple(made.model(name) for name in names),
        )
        return named(record)


ANALYSIS = Analysis(NAME, check=check, experiment=Confusion)
