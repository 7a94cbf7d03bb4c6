"""The names of columns, as people write them."""

from __future__ import annotations

import re

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def in_words(name: str) -> str:
    """Return a name with its words apart.

    >>> in_words("eventNumber"), in_words("EvtNum"), in_words("pt")
    ('event_Number', 'Evt_Num', 'pt')
    """
    return _CAMEL.sub("_", name)
