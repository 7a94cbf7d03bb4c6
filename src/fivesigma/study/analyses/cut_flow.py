"""The cut flow of a study that has cuts, as reading its table counted it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fivesigma.data.cuts import documents
from fivesigma.data.dataset import Dataset
from fivesigma.record.sections.cut_flow import CutFlowRecord, CutLine, CutStep, CutStepsRecord
from fivesigma.record.sections.section import named
from fivesigma.study.analyses.analysis import Analysis, Experiment
from fivesigma.study.evidence.evidence import Evidence


def recorded(data: Dataset) -> Mapping[str, Any]:
    """Return the sections of the cut flow by name; {} of events without cuts."""
    if not data.flow:
        return {}
    lines = tuple(CutLine(**line) for line in data.cut_flow)
    steps = tuple(
        CutStep(
            efficiency=line.of_last.efficiency,
            low=line.of_last.low,
            high=line.of_last.high,
            method=line.of_all.method,
        )
        for line in data.flow
    )
    signed = data.weight is not None and "signed" in " ".join(step.method for step in steps)
    of_classes = {
        name: tuple(CutLine(**line) for line in documents(flow))
        for name, flow in data.flow_of_classes.items()
    }
    return named(
        CutFlowRecord(lines=lines),
        CutStepsRecord(
            weighted=data.weight is not None, signed=signed, steps=steps, classes=of_classes or None
        ),
    )


class CutFlow(Experiment):
    """How many events pass each cut: nothing is fitted for it."""

    def record(self, found: Evidence) -> Mapping[str, Any]:
        """Return the cut flow, named; {} without cuts."""
        return recorded(found.prepared.data)


ANALYSIS = Analysis("cut_flow", experiment=CutFlow)
