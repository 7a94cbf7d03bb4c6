"""The systems by name, and their settings from text: the only file of this floor that knows every system."""

from __future__ import annotations

import dataclasses
import importlib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fivesigma._core.errors import InputError, did_you_mean, one_of
from fivesigma._core.outside import outside
from fivesigma.simulate.system import System


@dataclass(frozen=True)
class SystemEntry:
    """Where a system lives and what it is in one line."""

    module: str
    name: str
    summary: str

    def load(self) -> type[System]:
        """Return the class."""
        made: type[System] = getattr(importlib.import_module(self.module), self.name)
        return made


OURS = "fivesigma.simulate"

SYSTEMS: Mapping[str, SystemEntry] = {
    "collider": SystemEntry(
        f"{OURS}.collider", "Collider", "proton–proton collisions with two leptons and jets (extra: collider)"
    ),
    "halos": SystemEntry(
        f"{OURS}.halos",
        "Halos",
        "galaxy clusters: masses, observables by scaling relations, hydrostatic bias",
    ),
    "ising": SystemEntry(
        f"{OURS}.ising", "IsingScan", "two-dimensional Ising configurations at many temperatures"
    ),
    "spins": SystemEntry(
        f"{OURS}.spins",
        "SpinTable",
        "ground states of spin chains: amplitudes of bit strings, or measurements",
    ),
    "mixtures": SystemEntry(f"{OURS}.mixtures", "SpikedMixture", "points around spiked Gaussian centres"),
    "populations": SystemEntry(
        f"{OURS}.populations", "Populations", "Gaussian populations in one or two columns, in fixed numbers"
    ),
    "shapes": SystemEntry(
        f"{OURS}.populations", "Shapes", "four clusters in a plane: two half moons, a tight and a wide blob"
    ),
    "toys": SystemEntry(
        f"{OURS}.toys", "Toys", "shapes in a plane: moons, circles, a line, blobs (scikit-learn's toy sets)"
    ),
    "cube": SystemEntry(
        f"{OURS}.toys", "Cube", "points of a cube of any dimension, two columns of which matter"
    ),
    "polynomial": SystemEntry(f"{OURS}.polynomial", "Polynomial", "a polynomial of one variable with noise"),
    "projectiles": SystemEntry(f"{OURS}.projectiles", "Projectiles", "launches with and without drag"),
    "galaxies": SystemEntry(
        f"{OURS}.galaxies", "Galaxies", "images of Sérsic galaxies, single and blended, with PSF and noise"
    ),
    "fields": SystemEntry(f"{OURS}.fields", "Fields", "Gaussian random fields at low and high resolution"),
}


def systems() -> Mapping[str, SystemEntry]:
    """Return every system by name: ours, then those of packages (entry points ``fivesigma.systems``)."""
    found = dict(SYSTEMS)
    for name, made in outside("systems").items():
        if not (isinstance(made, type) and issubclass(made, System)) or name in found:
            raise InputError(
                f"entry point {name!r} of fivesigma.systems gives no new System; mend or remove it."
            )
        summary = (made.__doc__ or name).strip().splitlines()[0].rstrip(".")
        found[name] = SystemEntry(made.__module__, made.__name__, summary)
    return found


def system(name: str, settings: Mapping[str, Any] | None = None) -> System:
    """Return the system called ``name`` with ``settings``; text is read as the type of its field.

    A field of a part is set by a dotted name (``detector.jet_pt``).

    Raises
    ------
    InputError
        If the system or the setting is not known, or the value is not of the setting's type.

    >>> system("projectiles", {"t_max": "3"}).t_max
    3.0
    """
    entry = systems()[one_of(name, systems(), "system")]
    made = _with(entry.load()(), settings or {}, name)
    assert isinstance(made, System)
    return made


def settings_of(name: str) -> dict[str, Any]:
    """Return every setting of a system with its default."""
    made = system(name)
    return {f.name: getattr(made, f.name) for f in dataclasses.fields(made)}  # type: ignore[arg-type]


def _with(thing: Any, settings: Mapping[str, Any], where: str) -> Any:
    """Return ``thing`` with the settings; a dotted one goes to a part."""
    known = {f.name for f in dataclasses.fields(thing) if f.init}
    hints = typing.get_type_hints(type(thing))
    changes: dict[str, Any] = {}
    for key, value in settings.items():
        first, _, rest = key.partition(".")
        if first not in known or (rest and not dataclasses.is_dataclass(getattr(thing, first))):
            hint = did_you_mean(first, known)
            raise InputError(f"{where} has no setting '{key}'; it has {', '.join(sorted(known))}.{hint}")
        if rest:
            changes[first] = _with(
                changes.get(first, getattr(thing, first)), {rest: value}, f"{where}.{first}"
            )
        else:
            changes[first] = _value(value, hints[first], f"{where}.{key}")
    return dataclasses.replace(thing, **changes)


def _value(value: Any, hint: Any, where: str) -> Any:
    """Read ``value`` (text, or what a study file holds) as the type ``hint``."""
    if typing.get_origin(hint) is tuple:
        parts = value.split(",") if isinstance(value, str) else value
        parts = parts if isinstance(parts, (list, tuple)) else [parts]
        inner = typing.get_args(hint)
        kinds = inner[:1] * len(parts) if inner[-1] is Ellipsis else inner
        if len(kinds) != len(parts):
            raise InputError(
                f"{where} = {value!r} has {len(parts)} entries; expected {len(kinds)}, with commas between."
            )
        return tuple(_value(part, kind, where) for part, kind in zip(parts, kinds, strict=True))
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        if value is None or value == "none":
            return None
        hint = next(kind for kind in typing.get_args(hint) if kind is not type(None))
    if typing.get_origin(hint) is typing.Literal:
        return one_of(str(value), typing.get_args(hint), where)
    return _scalar(value, hint, where)


_TRUTH = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


def _scalar(value: Any, kind: Any, where: str) -> Any:
    expected = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
    if kind not in expected:
        raise InputError(
            f"{where} is not set by one value; set one of its parts, as in '{where}.NAME=VALUE'."
        )
    try:
        if kind is bool:
            return _TRUTH[str(value).strip().lower()]
        if isinstance(value, bool) or (kind is int and isinstance(value, float) and value != int(value)):
            raise ValueError
        return kind(value.strip() if isinstance(value, str) else value)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{where} = {value!r} is not {expected[kind]}; give {expected[kind]}.") from error
