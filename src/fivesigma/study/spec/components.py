"""``[components]``: the events in their first two principal components."""

from __future__ import annotations

from fivesigma.study.spec.section import Section
from fivesigma.study.spec.values import Flag


class ComponentsSection(Section):
    """The training events of a clustering or a classification in their first two principal components."""

    shown: Flag = True
    """Show them; without the section they are shown of clusterings of more than two columns."""
