"""Curves that theory draws beside a scan of a simulated system: an extension point by the system's name."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from fivesigma.study.preparation import Prepared

THEORIES: Mapping[str, str] = {}
"""System -> ``module:function``; called with (settings, place, values, n, metric), it returns what `theory` does."""

FINE = 201
"""Values at which a curve is drawn."""


def theory(prepared: Prepared) -> dict[str, Any] | None:
    """Return the theory of a scan: ``{"x": values, "curves": [{"name", "y"}], "marks": [{"x", "text"}],
    "floors": [{"y", "text"}]}``; None where the system has none for this place and metric.
    """
    spec = prepared.spec
    system = spec.data.simulated
    if spec.scan is None or system is None or system not in THEORIES:
        return None
    place, values = next(iter(spec.scan.places.items()))
    if len(spec.scan.places) > 1 or not all(isinstance(value, (int, float)) for value in values):
        return None
    from fivesigma.simulate.catalogue import settings_of

    module, _, name = THEORIES[system].partition(":")
    settings = settings_of(system) | spec.source.settings
    numbers = [float(value) for value in values]
    fine = np.linspace(min(numbers), max(numbers), FINE)
    found: dict[str, Any] | None = getattr(importlib.import_module(module), name)(
        settings, place, fine, prepared.data.n_samples, prepared.metric.name
    )
    return found
