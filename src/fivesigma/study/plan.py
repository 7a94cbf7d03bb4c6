"""The plan of a run: the line-up and the list of independent fits, each named by the hash of all it depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

PURPOSES = (
    *("final", "fold", "refit", "seed", "less", "more", "curve"),
    *("left", "subset", "subset final", "subset refit"),
)
"""What a fit is for: the stored model; a validation fold; a resampled training set; the full training set with
another seed; a less or a more flexible setting on a fold; a point of a curve. On fewer columns: a fold whose columns
are ranked again, or are not; the full training set; a resampled one."""

ON_FOLDS = ("fold", "less", "more", "left", "subset")
"""Those that leave a fold out and predict it."""

N_SEEDS = 5
"""Fits at a fixed training set that show the seed's part of the training error."""


@dataclass(frozen=True)
class Entry:
    """One model of the line-up, resolved: what a worker needs to build it."""

    name: str
    kind: str
    params: Mapping[str, Any] = field(default_factory=dict)
    features: tuple[str, ...] | None = None
    interactions: int = 1
    polynomial: int = 1
    tune: Mapping[str, Any] | bool = False
    trials: int | None = None
    skipped: str = ""
    path: Mapping[str, Any] | None = None
    search: str = "tpe"
    reduce: tuple[Mapping[str, Any], ...] = ()

    @property
    def informed(self) -> bool:
        """Whether its chains start at the truth."""
        return bool(self.params.get("start") == "informed")

    @property
    def searched(self) -> bool:
        """Whether something of it is chosen by trials."""
        return bool(self.tune) or any(isinstance(each["n"], str | list) for each in self.reduce)


@dataclass(frozen=True)
class Fit:
    """One task: a model, a purpose, and which of its fits; ``columns`` where it is not given all of the model's."""

    model: str
    purpose: str
    number: int
    overrides: Mapping[str, Any] = field(default_factory=dict)
    cost: float = 1.0
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Plan:
    """All fits of a run by key, and what they share.

    Attributes
    ----------
    shared : what every key depends on (data and split hashes, task, seed, versions, feature settings).
    entries : the line-up in the order of the leaderboard.
    fits : the tasks by key, the costliest first.
    """

    shared: Mapping[str, Any]
    entries: tuple[Entry, ...]
    fits: Mapping[str, Fit]

    @classmethod
    def of(cls, shared: Mapping[str, Any], entries: Sequence[Entry], fits: Sequence[Fit]) -> Plan:
        """Name each fit by its key."""
        by_name = {entry.name: entry for entry in entries}
        ordered = sorted(fits, key=lambda fit: -fit.cost)
        return cls(shared, tuple(entries), {key_of(shared, by_name[fit.model], fit): fit for fit in ordered})

    def with_fits(self, fits: Mapping[str, Fit]) -> Plan:
        """Return the plan with more fits, by key."""
        return replace(self, fits={**self.fits, **fits})

    def entry(self, name: str) -> Entry:
        """Return the entry called ``name``."""
        return next(entry for entry in self.entries if entry.name == name)

    def keys(self, model: str, purpose: str) -> list[str]:
        """Return the keys of a model's fits of one purpose, by number."""
        found = [
            (fit.number, key)
            for key, fit in self.fits.items()
            if (fit.model, fit.purpose) == (model, purpose)
        ]
        return [key for _, key in sorted(found)]

    def to_document(self) -> dict[str, Any]:
        """Return the plan as JSON's own types."""
        return {
            "shared": dict(self.shared),
            "entries": [asdict(entry) for entry in self.entries],
            "fits": {key: asdict(fit) for key, fit in self.fits.items()},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Plan:
        """Return the plan that `to_document` wrote.

        >>> plan = Plan.of({"seed": 0}, [Entry("a", "dummy")], [Fit("a", "final", 0)])
        >>> Plan.from_document(plan.to_document()) == plan
        True
        """
        return cls(
            document["shared"],
            tuple(_entry(item) for item in document["entries"]),
            {key: _fit(item) for key, item in document["fits"].items()},
        )


def _entry(item: Mapping[str, Any]) -> Entry:
    features = item["features"]
    kept = {"features": None if features is None else tuple(features), "reduce": tuple(item["reduce"])}
    return Entry(**{**item, **kept})


def _fit(item: Mapping[str, Any]) -> Fit:
    columns = item["columns"]
    return Fit(**{**item, "columns": None if columns is None else tuple(columns)})


def key_of(shared: Mapping[str, Any], entry: Entry, fit: Fit) -> str:
    """Return the name of a fit: a hash of everything its result depends on.

    >>> key_of({"seed": 0}, Entry("a", "dummy"), Fit("a", "fold", 1)) != key_of(
    ...     {"seed": 1}, Entry("a", "dummy"), Fit("a", "fold", 1))
    True
    """
    depends = {"shared": dict(shared), "entry": asdict(entry), "fit": asdict(fit) | {"cost": None}}
    text = json.dumps(depends, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def fits_of(
    entry: Entry,
    *,
    folds: int,
    refits: int,
    stochastic: bool,
    probes: Mapping[str, Mapping[str, Any]],
    cost: float,
) -> Iterator[Fit]:
    """Yield the fits that one model of the line-up needs.

    ``probes`` has the overrides of the ``less`` and ``more`` flexible neighbours that exist.
    """
    yield Fit(entry.name, "final", 0, cost=cost)
    for number in range(folds):
        yield Fit(entry.name, "fold", number, cost=cost)
    for number in range(refits):
        yield Fit(entry.name, "refit", number, cost=cost)
    for number in range(min(N_SEEDS, refits) if stochastic else 0):
        yield Fit(entry.name, "seed", number, cost=cost)
    for purpose, overrides in probes.items():
        for number in range(folds):
            yield Fit(entry.name, purpose, number, overrides, cost)
