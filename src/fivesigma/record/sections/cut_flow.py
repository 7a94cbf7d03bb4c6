"""The cut flow: how many events are left after each cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fivesigma.record.document import optional
from fivesigma.record.sections.section import Section


@dataclass(frozen=True, kw_only=True)
class CutLine:
    """Events that pass a cut and all before it; the first line is of the events read.

    Attributes
    ----------
    sum_w : sum of their weights, signed.
    efficiency : relative to the events read, with its 95 % limits; null where there is none.
    """

    name: str
    n: int
    sum_w: float
    efficiency: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class CutFlowRecord(Section):
    """The cut flow of the events read, in the order of the cuts."""

    key, of, inline = "cut_flow", "results", True

    lines: tuple[CutLine, ...]


@dataclass(frozen=True, kw_only=True)
class CutStep:
    """A cut relative to the one before it, with 95 % limits.

    Attributes
    ----------
    method : how the limits of the cut, relative to the events read, were found, or why there are none.
    """

    efficiency: float | None
    low: float | None
    high: float | None
    method: str


@dataclass(frozen=True, kw_only=True)
class CutStepsRecord(Section):
    """The cut flow step by step, one entry a line of the cut flow; whether events have weights, and negative ones.

    ``classes`` are the lines of each class by its name; None where none are learnt.
    """

    key, of = "cut_steps", "results"

    weighted: bool
    signed: bool
    steps: tuple[CutStep, ...]
    classes: Mapping[str, tuple[CutLine, ...]] | None = optional()
