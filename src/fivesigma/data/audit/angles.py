"""Angles in degrees that do not say so: everything that is computed of them takes radians."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fivesigma._core.kinematics import FULL_CIRCLE, like_degrees
from fivesigma._core.names import in_words
from fivesigma.data.audit.audited import FEWEST_TO_JUDGE, Audited, listed
from fivesigma.risk.findings import Audit

_ANGLE = re.compile(r"(^|[^a-z])(d?phi|psi|azimuth|angle)s?($|[^a-z])", re.IGNORECASE)


def degrees(audited: Audited) -> Sequence[Audit]:
    """Name columns called like an angle, without a unit, whose values go around once in degrees."""
    units = dict(zip(audited.data.names, audited.data.units, strict=True))
    suspects = [
        name
        for name, column in audited.columns()
        if units[name] is None
        and len(column) >= FEWEST_TO_JUDGE
        and _ANGLE.search(in_words(name)) is not None
        and like_degrees(column)
    ]
    if not suspects:
        return ()
    message = (
        f"this looks like an angle in degrees, {FULL_CIRCLE:g} of which are a circle: {listed(suspects)}"
    )
    advice = f'declare the unit: data.units = {{ "{suspects[0]}" = "deg" }}, and features.angles, as it is periodic'
    return [Audit("angles", "warning", message, tuple(suspects), advice=advice)]
