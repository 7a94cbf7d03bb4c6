"""Curves that theory draws beside a scan of a simulated system: an extension point by the system's name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.record.sections import scan
from fivesigma.study.registry.registry import kind as kind_called

if TYPE_CHECKING:
    from fivesigma.study.prepared import Prepared

THEORIES: Mapping[str, str] = {"mixtures": "fivesigma.study.analyses.scan.spiked:theory"}
"""System -> ``module:function``, a `Law`."""

FINE = 201
"""Values at which a curve is drawn."""


@dataclass(frozen=True)
class Asked:
    """What a theory is asked: the system's settings, the scanned place and its values, events and metric."""

    settings: Mapping[str, Any]
    place: str
    values: NDArray[np.float64]
    n: int
    metric: str


@dataclass(frozen=True)
class Curve:
    """One curve: its name, a value (or None) at each scanned value, and the models it speaks of.

    ``kind`` with ``params`` names these: the models of that kind whose settings are so.
    """

    name: str
    y: tuple[float | None, ...]
    kind: str = ""
    params: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Theory:
    """Curves, marked values of the scanned place (x, text), floors of the metric (y, text), sentences."""

    curves: tuple[Curve, ...] = ()
    marks: tuple[tuple[float, str], ...] = ()
    floors: tuple[tuple[float, str], ...] = ()
    sentences: tuple[str, ...] = ()


Law = Callable[[Asked], Theory | None]


def theory(prepared: Prepared) -> scan.Theory | None:
    """Return the theory of a scan over one place as the record keeps it; None where the system has none."""
    spec = prepared.spec
    system = spec.data.simulated
    if spec.scan is None or system is None or system not in THEORIES or len(spec.scan.places) > 1:
        return None
    place, values = next(iter(spec.scan.places.items()))
    numbers = [float(value) for value in values if isinstance(value, (int, float))]
    if len(numbers) < len(values):
        return None
    from fivesigma.simulate.catalogue import settings_of

    settings = settings_of(system) | spec.source.settings
    fine = np.linspace(min(numbers), max(numbers), FINE)
    module, _, name = THEORIES[system].partition(":")
    law: Law = getattr(importlib.import_module(module), name)
    found = law(Asked(settings, place, fine, prepared.data.n_samples, prepared.metric.name))
    return None if found is None else _recorded(prepared, found, fine)


def _recorded(prepared: Prepared, found: Theory, fine: NDArray[np.float64]) -> scan.Theory:
    return scan.Theory(
        x=tuple(fine.tolist()),
        curves=tuple(
            scan.TheoryCurve(name=curve.name, y=curve.y, models=_models(prepared, curve))
            for curve in found.curves
        ),
        marks=tuple(scan.Mark(x=x, text=text) for x, text in found.marks),
        floors=tuple(scan.Floor(y=y, text=text) for y, text in found.floors),
        sentences=found.sentences,
    )


def _models(prepared: Prepared, curve: Curve) -> tuple[str, ...]:
    """Return the models that a curve speaks of."""
    found = []
    for entry in prepared.plan.entries:
        if not curve.kind or entry.kind != curve.kind:
            continue
        settings = kind_called(entry.kind).checked(entry.params)
        if all(settings.get(name) == value for name, value in curve.params):
            found.append(entry.name)
    return tuple(found)
