"""What an answer is: one sort of first sentence, and whether the results can fill it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fivesigma.report.section import View


@dataclass(frozen=True)
class Answer:
    """One sort of first sentence.

    Attributes
    ----------
    name : how a study file asks for it.
    filled : whether the results hold what it says.
    sentence : the one sentence, of results that fill it; the markup of names is left alone, escaping is the template's.
    """

    name: str
    filled: Callable[[View], bool]
    sentence: Callable[[View], str]
