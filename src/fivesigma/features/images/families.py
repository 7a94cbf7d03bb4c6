"""The families by name; each is loaded where it is asked for, so that a study file can be read without numerics."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from fivesigma._core.documentation import see
from fivesigma._core.errors import InputError, one_of

if TYPE_CHECKING:
    from fivesigma.features.images.family import Family

Asked = str | Mapping[str, Any]
"""A family as a study file has it: its name, or a table with its ``kind`` and its settings."""
FAMILIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "pixels": ("pixels", "Pixels"),
        "moments": ("objects", "Moments"),
        "profile": ("objects", "Profile"),
        "concentration": ("objects", "Concentration"),
        "asymmetry": ("objects", "Asymmetry"),
        "gini": ("objects", "Gini"),
        "m20": ("objects", "M20"),
        "peaks": ("objects", "Peaks"),
        "power": ("spectrum", "Power"),
        "two-point": ("spectrum", "TwoPoint"),
        "minkowski": ("objects", "Minkowski"),
        "aperture": ("aperture", "Aperture"),
        "sersic": ("sersic", "SersicFit"),
        "magnetisation": ("lattice", "Magnetisation"),
    }
)
"""Module and class of each family."""


def family(asked: Asked) -> Family:
    """Return the family that is asked for.

    Raises
    ------
    InputError
        For one that there is not, or settings that it has not.

    >>> family("gini").name, family({"kind": "power"}).name
    ('gini', 'power')
    """
    given = {} if isinstance(asked, str) else dict(asked)
    name = one_of(named(asked), FAMILIES, "family of image features")
    given.pop("kind", None)
    module, kind = FAMILIES[name]
    try:
        made: Family = getattr(import_module(f"fivesigma.features.images.{module}"), kind)(**given)
    except TypeError:
        raise InputError(
            f"image features '{name}' have no setting {', '.join(sorted(given))}; write the name alone, or see "
            f"{see('images')}."
        ) from None
    return made


def named(asked: Asked) -> str:
    """Return the name of a family.

    >>> named({"kind": "power"})
    'power'
    """
    return asked if isinstance(asked, str) else str(asked.get("kind", ""))


def spoken(asked: Asked) -> str:
    """Return a family as text, with its settings.

    >>> spoken("power"), spoken({"kind": "sersic", "fwhm": 2.5, "profiles": 2})
    ('power', 'sersic (fwhm = 2.5, profiles = 2)')
    """
    settings = {} if isinstance(asked, str) else {key: value for key, value in asked.items() if key != "kind"}
    told = ", ".join(f"{key} = {value}" for key, value in settings.items())
    return named(asked) + (f" ({told})" if told else "")
