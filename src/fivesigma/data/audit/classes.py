"""The classes: how many events of each, and whether one is rare."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fivesigma.data.audit.audited import Audited
from fivesigma.risk.findings import Audit

RARE = 0.05
"""Share of the events below which a class is rare."""


def counted(audited: Audited) -> Sequence[Audit]:
    """Count the events of each class."""
    data = audited.data
    if data.classes is None or data.y is None:
        return ()
    counts = np.bincount(data.y[data.y >= 0], minlength=len(data.classes))
    found = ", ".join(f"{name} {count}" for name, count in zip(data.classes, counts, strict=True))
    return [Audit("classes", "ok", f"events of each class: {found}")]


def imbalanced(audited: Audited) -> Sequence[Audit]:
    """Name classes with less than a twentieth of the events, or of the weight that fits see."""
    data = audited.data
    if not audited.classifies or data.classes is None or data.y is None:
        return ()
    counts = np.bincount(data.y, minlength=len(data.classes))
    seen = counts if data.w is None or audited.balanced else np.bincount(data.y, data.w, len(data.classes))
    share = np.minimum(counts / counts.sum(), seen / seen.sum())
    rare = [
        f"{name} {100 * part:.2g} %" for name, part in zip(data.classes, share, strict=True) if part < RARE
    ]
    if not rare:
        return ()
    message = f"a class is rare: {', '.join(rare)} of the events or of their weight"
    advice = 'accuracy says little of it: judge by roc_auc, and train with data.training_weights = "classes"'
    return [Audit("imbalance", "warning", message, advice=advice)]
