"""Claims on all events, each scored by a fit that has not seen it: what such a study cannot have beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fivesigma.study.analyses.analysis import Analysis
from fivesigma.study.prepared import Prepared
from fivesigma.study.spec.split import FoldColumn
from fivesigma.study.tasks.registry import task


def check(prepared: Prepared) -> None:
    """Refuse what keeps events from being scored by folds, or from being halved."""
    if not prepared.spec.evaluate.crossfit:
        return
    if why := _against(prepared):
        raise prepared.spec.error("evaluate.crossfit", f"{why}, or remove the key.")


def _against(prepared: Prepared) -> str:
    """Return what stands against it and what to do, or an empty string."""
    spec = prepared.spec
    if not task(prepared.data.task).supervised:
        return f"folds do not judge a {prepared.data.task}; give a target to learn"
    if prepared.split.tests:
        return "every event is scored by a fit that has not seen it, and a test set is kept apart; set split.test = 0"
    if spec.split.validation is not None:
        return "only a fraction of the events would be scored; set split.folds in place of split.validation"
    if spec.split.time is not None or isinstance(spec.split.folds, FoldColumn):
        return "its error is from halves that are dealt anew, and these folds are given; set split.folds to a number"
    if spec.scan is not None:
        return "a scan shows how studies vary by repeating them; set scan.repeats and remove this key"
    if spec.evaluate.slices:
        return "slices are judged on a test or on folds; remove evaluate.slices"
    return ""


def settle(prepared: Prepared) -> Mapping[str, Any] | None:
    """Return how often the events are halved, and if halves hold the classes' shares; None where they are not."""
    n = len(prepared.halves)
    held = {"held": True} if prepared.by_design else {}
    return {"halvings": n, **held} if n else None


ANALYSIS = Analysis("crossfit", settle=settle, check=check)
