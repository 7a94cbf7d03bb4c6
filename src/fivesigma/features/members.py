"""Where the features of the members of a set stand, and which of them are a four-momentum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fivesigma._core.errors import InputError, did_you_mean
from fivesigma._core.kinematics import CARTESIAN, components_of


@dataclass(frozen=True)
class Members:
    """Of a table and of sets.

    Attributes
    ----------
    columns : of a table, the places of the columns of each member, all in one order; () of sets
    momentum : the places of a four-momentum among the features of a member: p_T, η, φ and m, or p_x, p_y, p_z and E
    cartesian : whether it is the latter
    """

    columns: tuple[tuple[int, ...], ...] = ()
    momentum: tuple[int, ...] = ()
    cartesian: bool = False


def members_of(
    names: Sequence[str], members: Mapping[str, Sequence[str]], momentum: Sequence[str]
) -> Members:
    """Return where the columns of ``members`` stand among ``names``, and ``momentum`` among the features of one.

    Of a table the momentum is named by columns of the first member, of sets by features.

    Raises
    ------
    InputError
        For a name that is not there, members of unequal length, or what is no momentum of four components.

    >>> members_of(["pt1", "pt2"], {"a": ["pt1"], "b": ["pt2"]}, [])
    Members(columns=((0,), (1,)), momentum=(), cartesian=False)
    """
    lengths = {len(columns) for columns in members.values()}
    if len(lengths) > 1:
        raise InputError(
            f"features.members have {' and '.join(map(str, sorted(lengths)))} columns; expected as many of each, in "
            "one order."
        )
    columns = tuple(_places(columns, names, "features.members") for columns in members.values())
    first = next(iter(members.values()), names)
    if not momentum:
        return Members(columns)
    form = components_of(momentum)
    if len(momentum) != 4 or form[1] not in ("mass", "energy") or form == ("polar", "energy"):
        raise InputError(
            f"features.momentum is {list(momentum)}; expected pt, eta, phi and mass, or px, py, pz and energy."
        )
    return Members(columns, _places(momentum, first, "features.momentum"), form[0] == CARTESIAN)


def _places(wanted: Sequence[str], names: Sequence[str], where: str) -> tuple[int, ...]:
    place = {name: i for i, name in enumerate(names)}
    for name in wanted:
        if name not in place:
            raise InputError(f"{where} names {name!r}, which is no feature here.{did_you_mean(name, names)}")
    return tuple(place[name] for name in wanted)
