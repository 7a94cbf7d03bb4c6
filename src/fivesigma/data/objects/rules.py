"""What is said of one object: which lists it is made of, which members count and in which order."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from fivesigma._core.errors import InputError, did_you_mean
from fivesigma._core.kinematics import PLANE, components_of
from fivesigma.data import spoken


@dataclass(frozen=True)
class Rules:
    """One object, such as the muons of each event.

    Parameters
    ----------
    name : what expressions call it
    prefix : of its lists in the table; ``momentum`` and ``fields`` are what follows it, in the case of the file
    momentum : (pt, eta, phi, mass or energy), (pt, eta, phi) or (px, py, pz, energy), under whatever names
    fields : other lists, such as ``"charge"``
    mass : of each member, where the momentum has three components
    select : condition on members, over their fields, such as ``"pt > 10 and abs(eta) < 2.4"``
    sort : field or expression by which members stand in falling order; by default they stand as in the file
    fill : what stands for a member that an event does not have; by default it is missing
    away_from : other objects, and the ΔR within which one of them makes a member not count

    Raises
    ------
    InputError, WrongTypeError
        If a rule is not one of these, or the momentum cannot be one.

    >>> Rules.of("muon", {"prefix": "Muon_", "momentum": ["Px", "Py", "Pz", "E"], "fields": ["Charge"]}).lists
    ('Muon_Px', 'Muon_Py', 'Muon_Pz', 'Muon_E', 'Muon_Charge')
    """

    name: str
    prefix: str = ""
    momentum: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    mass: float = 0.0
    select: str | None = None
    sort: str | None = None
    fill: float = np.nan
    away_from: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, said: Mapping[str, Any]) -> Rules:
        """Make the rules that a mapping says; keys that are None are as if they were not there."""
        said = spoken.by_name(f"objects.{name}", said, "of rules")
        known = [each.name for each in fields(cls) if each.name != "name"]
        for word in said:
            if word not in known:
                raise InputError(
                    f"objects.{name}: {word!r} is not a rule of an object; expected one of {', '.join(known)}."
                    f"{did_you_mean(word, known)}"
                )
        given = {key: value for key, value in said.items() if value is not None}
        return cls(name, **{key: _TYPES[key](f"objects.{name}.{key}", value) for key, value in given.items()})

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or keyword.iskeyword(self.name):
            raise InputError(
                f"objects: {self.name!r} cannot stand in an expression; give a name of letters, digits and _, "
                "such as muon."
            )
        self._check_momentum()
        self._check_fields()
        if self.mass < 0:
            raise InputError(f"objects.{self.name}.mass = {self.mass:g} is no mass; expected 0 or more.")
        for other, radius in self.away_from.items():
            if not radius > 0:
                raise InputError(
                    f"objects.{self.name}.away_from.{other} = {radius!r} is no ΔR; expected a positive number."
                )

    def _check_momentum(self) -> None:
        if self.momentum:
            try:
                kind, last = components_of(self.momentum)
            except InputError as error:
                raise InputError(f"objects.{self.name}.momentum: {error}") from None
            if kind == PLANE:
                raise InputError(
                    f"objects.{self.name}.momentum = {list(self.momentum)} lacks the part along the beam; expected pt, "
                    "eta, phi and mass (or energy), or px, py, pz and energy."
                )
            if self.mass and last != "massless":
                raise InputError(
                    f"objects.{self.name}: mass is given, and a component of the momentum; keep one."
                )
        elif self.away_from:
            raise InputError(f"objects.{self.name}.away_from needs its momentum; add momentum = [...].")

    def _check_fields(self) -> None:
        own = (*self.momentum, *self.fields)
        if not own:
            raise InputError(
                f'objects.{self.name} has no list; say momentum = ["pt", "eta", "phi", "mass"], or fields = [...].'
            )
        for word in self.fields:
            if not word.isidentifier() or keyword.iskeyword(word):
                raise InputError(
                    f"objects.{self.name}.fields: {word!r} cannot stand after a dot; expected letters, digits and _ "
                    "(the rest of the name goes into prefix)."
                )
        if len(set(own)) < len(own):
            raise InputError(f"objects.{self.name} names a list twice; name each once.")

    @property
    def lists(self) -> tuple[str, ...]:
        """The lists of the table that the object is made of."""
        return tuple(f"{self.prefix}{word}" for word in (*self.momentum, *self.fields))


def _prefix(place: str, said: Any) -> str:
    return "" if said == "" else spoken.text(place, said)


def _names(place: str, said: Any) -> tuple[str, ...]:
    return spoken.texts(place, said, "names")


def _radii(place: str, said: Any) -> dict[str, float]:
    return {
        name: spoken.number(f"{place}.{name}", each) for name, each in spoken.by_name(place, said).items()
    }


_TYPES: Mapping[str, Callable[[str, Any], Any]] = {
    "prefix": _prefix,
    "momentum": _names,
    "fields": _names,
    "mass": spoken.number,
    "select": spoken.text,
    "sort": spoken.text,
    "fill": spoken.number,
    "away_from": _radii,
}
