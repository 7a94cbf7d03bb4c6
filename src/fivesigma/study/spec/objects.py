"""``[objects.NAME]``: lists of each event (muons, jets) as objects that expressions speak of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from fivesigma._core.errors import FivesigmaError
from fivesigma.data.objects.rules import Rules
from fivesigma.study.spec.section import Section
from fivesigma.study.spec.values import Number, Text, Whole


class ObjectSection(Section):
    """One object: which lists of the table it is made of, which members count and in which order."""

    prefix: str = ""
    """What the names of its lists begin with; momentum and fields are what follows."""
    momentum: tuple[Text, ...] = ()
    """(pt, eta, phi, mass or energy), (pt, eta, phi) or (px, py, pz, energy), as the table spells them."""
    fields: tuple[Text, ...] = ()
    """Its other lists, such as "charge"."""
    mass: Annotated[Number | Whole, Field(ge=0)] | None = None
    """The mass of each, where the momentum has three components; default: massless."""
    select: Text | None = None
    """Members that count, by their fields: "pt > 10 and abs(eta) < 2.4"."""
    sort: Text | None = None
    """Field, or expression of them, by which members stand in falling order; default: as in the table."""
    fill: Number | Whole | None = None
    """What stands for a member that an event does not have; default: it is missing."""
    away_from: dict[Text, Annotated[Number | Whole, Field(gt=0)]] = {}
    """Other objects, and the distance (ΔR) within which one of theirs makes a member not count."""

    def rules(self, name: str) -> Rules:
        """Return the rules of the object called ``name``."""
        return Rules.of(name, self.model_dump())


def _checked(objects: dict[str, ObjectSection] | None) -> dict[str, ObjectSection] | None:
    for name, section in (objects or {}).items():
        try:
            section.rules(name)
        except FivesigmaError as error:
            raise ValueError(str(error)) from None
    return objects


Objects = Annotated[dict[Text, ObjectSection] | None, AfterValidator(_checked)]


def rules_of(objects: dict[str, ObjectSection] | None) -> dict[str, Any]:
    """Return the rules of every object by name."""
    return {name: section.rules(name) for name, section in (objects or {}).items()}
