"""``[confusion]``: what is known of the answer to a scan over labellings."""

from __future__ import annotations

from fivesigma.study.spec.section import Section
from fivesigma.study.spec.values import Number


class ConfusionSection(Section):
    """What is known of where the transition is that a scan over labellings looks for."""

    expected: Number
    """The place of the transition; it is shown beside, and enters nothing."""
