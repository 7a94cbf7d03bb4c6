"""What a study declares of a table: objects and four-vectors, and which of its columns are angles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fivesigma._core import columns as kinds
from fivesigma._core.collection import MOMENTUM, Collection
from fivesigma._core.errors import InputError, did_you_mean
from fivesigma._core.expressions import is_azimuth, names
from fivesigma._core.kinematics import PLANE, POLAR, FourVector, components_of, vector_of
from fivesigma._core.quantities import ratio
from fivesigma.data.objects.making import Array, objects_of
from fivesigma.data.objects.rules import Rules
from fivesigma.data.readers.table import Table
from fivesigma.data.roles import Roles

_ANGULAR = re.compile(r"(eta|phi)[\d_ ]*$", re.IGNORECASE)
_DEGREES = re.compile(r"deg(rees?)?|°", re.IGNORECASE)


class Declared(Mapping[str, Collection | FourVector]):
    """Objects and four-vectors by name; a four-vector is made of its columns when it is first asked for."""

    def __init__(
        self,
        objects: Mapping[str, Collection],
        roles: Roles,
        columns: Mapping[str, Array],
        units: Mapping[str, str],
    ) -> None:
        self._made: dict[str, Collection | FourVector] = dict(objects)
        self._components, self._columns, self._units = roles.fourvectors, columns, units
        self._momenta = momenta(roles, units)
        for name in roles.declared:
            if name in columns:
                raise InputError(
                    f"{name!r} is a column of the table and the name of an object or four-vector; rename the latter."
                )

    def __getitem__(self, name: str) -> Collection | FourVector:
        """Return one of them; an absent component is an `InputError`."""
        if name not in self._made:
            words = tuple(self._components[name])
            self._made[name] = vector_of(words, [self._component(name, word, words) for word in words])
        return self._made[name]

    def _component(self, name: str, word: str, words: Sequence[str]) -> Array:
        """Return the column of a component, an azimuth in radians."""
        if word not in self._columns:
            raise InputError(
                f"fourvectors.{name}: {word!r} is not a column.{did_you_mean(word, self._columns)}"
            )
        column = self._columns[word]
        if column.ndim > 1 or kinds.is_text(column):
            raise InputError(f"fourvectors.{name}: the column {word!r} does not hold single numbers.")
        if word == azimuth_of(words) and in_degrees(self._units.get(word)):
            return np.radians(kinds.numbers(column))
        known = self._momenta.get(name)
        if known is None or known.factor == 1.0 or _ANGULAR.search(word):
            return kinds.numbers(column)
        return known.factor * kinds.numbers(column)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, objects first."""
        return iter(dict.fromkeys([*self._made, *self._components]))

    def __len__(self) -> int:
        """Return how many there are."""
        return len({*self._made, *self._components})


def declared(table: Table, columns: Mapping[str, Array], roles: Roles, units: Mapping[str, str]) -> Declared:
    """Return the objects of a table and the four-vectors of its ``columns``, which may still gain some.

    Raises
    ------
    InputError
        In one sentence, for whatever rules and table cannot be together.
    """
    rules = [each for each in roles.objects.values() if not isinstance(each, Mapping)]
    return Declared(objects_of(table, rules, roles.codes) if rules else {}, roles, columns, units)


def computed(roles: Roles, columns: Mapping[str, object]) -> tuple[str, ...]:
    """Return the columns that are computed of objects and four-vectors, each named by its expression as written.

    They are the observables, and what features, spectators and slices say that is no column and uses an object.
    """
    if not roles.declared:
        return tuple(roles.observables)
    said = [
        text for text in (*(roles.features or ()), *roles.spectators, *roles.carried) if text not in columns
    ]
    made = set(roles.expressions or ())
    found = [text for text in said if text not in made and _uses_an_object(text, roles)]
    return tuple(dict.fromkeys([*roles.observables, *found]))


def _uses_an_object(text: str, roles: Roles) -> bool:
    try:
        return bool(set(names(text, None, roles.declared)) & set(roles.declared))
    except InputError:
        return False


def halves(roles: Roles, units: Mapping[str, str]) -> dict[str, float]:
    """Return half the period of every column that is an angle: those declared, and azimuths of what is declared.

    Columns in deg have 180, all others π.

    >>> roles = Roles(angles=["a"], fourvectors={"l": ["pt", "eta", "phi"]}, observables=["deltaphi(l, l)"])
    >>> halves(roles, {"a": "deg"})
    {'a': 180.0, 'phi': 3.141592653589793, 'deltaphi(l, l)': 3.141592653589793}
    """
    polar = [phi for each in roles.fourvectors.values() if (phi := azimuth_of(each)) is not None]
    said = [*(roles.features or ()), *roles.observables] if roles.declared else []
    azimuths = [text for text in said if is_azimuth(text)]
    every = dict.fromkeys([*roles.angles, *polar, *azimuths])
    return {name: 180.0 if in_degrees(units.get(name)) else float(np.pi) for name in every}


def field_units(roles: Roles, units: Mapping[str, str]) -> dict[str, str]:
    """Return the units of the fields of objects and four-vectors, called as in ``muon.pt``, by those of their lists.

    Raises
    ------
    InputError
        If the components of one momentum are in different units.

    >>> field_units(Roles(fourvectors={"met": ["met_px", "met_py"]}), {"met_px": "GeV"})["met.pt"]
    'GeV'
    """
    found: dict[str, str] = {}
    for name, each in roles.objects.items():
        if isinstance(each, Mapping):
            continue
        _refuse_degrees(each, units)
        own = {word: units.get(f"{each.prefix}{word}") for word in each.fields}
        found |= {f"{name}.{word}": unit for word, unit in own.items() if unit is not None}
    for name, known in momenta(roles, units).items():
        found |= {f"{name}.{field}": known.unit for field in MOMENTUM if field not in ("eta", "phi")}
    return found


@dataclass(frozen=True)
class Momentum:
    """The unit in which a momentum is taken, that of the first that says one, and what brings its own there."""

    unit: str
    factor: float


def momenta(roles: Roles, units: Mapping[str, str]) -> dict[str, Momentum]:
    """Return the unit of the momentum of each object and four-vector that has one: the same for all.

    Raises
    ------
    InputError
        If the components of one momentum are in different units, or two momenta are not of one kind, or the lists of
        objects would have to be converted.

    >>> units = {"l_pt": "GeV", "k_pt": "MeV"}
    >>> vectors = {"l": ["l_pt", "l_eta", "l_phi"], "k": ["k_pt", "k_eta", "k_phi"]}
    >>> momenta(Roles(fourvectors=vectors), units)["k"]
    Momentum(unit='GeV', factor=0.001)
    """
    rules = {name: each for name, each in roles.objects.items() if not isinstance(each, Mapping)}
    lists = {name: [f"{each.prefix}{word}" for word in each.momentum] for name, each in rules.items()}
    said = {name: _of_momentum(name, each, units) for name, each in {**lists, **roles.fourvectors}.items()}
    own = {name: unit for name, unit in said.items() if unit is not None}
    first = next(iter(own), "")
    return {
        name: _brought(name, unit, first, own[first], convert=name not in lists) for name, unit in own.items()
    }


def _brought(name: str, unit: str, first: str, to: str, *, convert: bool) -> Momentum:
    factor = 1.0 if unit == to else ratio(unit, to)
    if factor is None or (factor != 1.0 and not convert):
        raise InputError(
            f"{name}: its momentum is in {unit} and that of {first} in {to}; write them in one unit."
        )
    return Momentum(to, factor)


def _refuse_degrees(rules: Rules, units: Mapping[str, str]) -> None:
    for word in rules.momentum:
        if in_degrees(units.get(f"{rules.prefix}{word}")):
            raise InputError(
                f"objects.{rules.name}: {rules.prefix}{word} is in degrees; lists of azimuths are in "
                "radians: convert it."
            )


def _of_momentum(name: str, components: Sequence[str], units: Mapping[str, str]) -> str | None:
    """Return the unit of a momentum: that of its components which are no angle; None where none says one."""
    said = {word: units[word] for word in components if word in units and not _ANGULAR.search(word)}
    if len(set(said.values())) > 1:
        both = " and ".join(f"{word} in {unit}" for word, unit in said.items())
        raise InputError(f"{name}: its momentum has {both}; write its components in one unit.")
    return next(iter(said.values()), None)


def in_degrees(unit: str | None) -> bool:
    """Whether an angle is in degrees; without a unit it is in radians.

    >>> in_degrees("deg"), in_degrees("rad"), in_degrees(None)
    (True, False, False)
    """
    return unit is not None and _DEGREES.fullmatch(unit) is not None


def azimuth_of(components: Sequence[str]) -> str | None:
    """Return the azimuth among the components of a four-vector, None where there is none.

    >>> azimuth_of(["l_pt", "l_eta", "l_phi", "l_m"]), azimuth_of(["met_px", "met_py"])
    ('l_phi', None)
    """
    kind, last = components_of(components)
    return components[2] if kind == POLAR else components[1] if (kind, last) == (PLANE, "polar") else None
