"""The words of a significance, exactly five, and how the page marks them."""

from __future__ import annotations

from collections.abc import Iterable

from fivesigma.record.results import VERDICTS, Claim, Comparison

NOT_DISTINGUISHED, NOT_RELEVANT, EVIDENCE, OBSERVATION, NOT_ABOVE = VERDICTS
NOT_COMPARED = "not compared"
"""What is said of a claim without any significance, which has no verdict."""
_MARKS = {
    NOT_DISTINGUISHED: "none",
    NOT_RELEVANT: "small",
    EVIDENCE: "evidence",
    OBSERVATION: "observation",
    NOT_ABOVE: "warning",
}


def mark(verdict: str) -> str:
    """Return the CSS class of a verdict; an unknown one is unmarked.

    >>> mark("evidence"), mark("whatever")
    ('evidence', 'none')
    """
    return _MARKS.get(verdict, "none")


def word(
    comparison: Comparison | None, claims: Iterable[Claim] = (), *, one_sided: bool = False
) -> str | None:
    """Return the verdict on ``comparison``: that of the claim made of it, else by 3σ and 5σ (global).

    Only a claim knows the smallest difference worth a word, hence it goes first. ``one_sided``: it was tested for
    "above" alone, as against the baseline.

    >>> word(Comparison(0.1, sigma_global=3.4)), word(Comparison(-0.1, sigma_global=-3.4), one_sided=True)
    ('evidence', 'not above')
    """
    if comparison is None or comparison.difference is None:
        return None
    if comparison.sigma_global is None and comparison.sigma_local is None:
        return None  # it was not compared, whatever a claim says
    for claim in claims:
        if _same(claim.effect, comparison.difference) and _same(claim.sigma_global, comparison.sigma_global):
            return claim.verdict
    if comparison.sigma_global is None:
        return None
    size = abs(comparison.sigma_global)
    if one_sided and comparison.sigma_global <= -3.0:
        return NOT_ABOVE
    return OBSERVATION if size >= 5.0 else EVIDENCE if size >= 3.0 else NOT_DISTINGUISHED


def _same(a: float | None, b: float | None) -> bool:
    """Whether two effects are one, whichever way round the difference was taken."""
    return a is b if a is None or b is None else abs(a) == abs(b)
