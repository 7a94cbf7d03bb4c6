"""Objects of events, such as the muons of each collision: members with fields, and perhaps with momenta."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.jagged import Jagged
from fivesigma._core.kinematics import FourVector, vector_of

Floats = NDArray[np.float64]

MOMENTUM = ("pt", "eta", "phi", "mass", "energy", "px", "py", "pz")
"""Fields that every object with a momentum has."""


@dataclass(frozen=True, eq=False)
class Collection:
    """The members of one object in all events, those that are left of them and in which order.

    Parameters
    ----------
    name : what an expression calls it
    offsets : (n_events + 1,) int64, as of `Jagged`, over the members that are left
    raw : field by name, each (n_read,): the members as they were read
    chosen : (n_members,) places in ``raw`` of those that are left, in order; None: all, as they were read
    momentum : names of the components among ``raw``; () of an object without momenta
    mass : of the members, where no component says it
    fill : what stands for a member that an event does not have; NaN is missing

    >>> muons = Collection.of("muon", {"pt": Jagged.of([[31.5, 20.2], [], [45.1]])})
    >>> len(muons), muons.leading("pt", 0), muons.total(muons.field("pt"))
    (3, array([31.5,  nan, 45.1]), array([51.7,  0. , 45.1]))
    """

    name: str
    offsets: NDArray[np.int64]
    raw: Mapping[str, NDArray[Any]]
    chosen: NDArray[np.int64] | None = None
    momentum: tuple[str, ...] = ()
    mass: float = 0.0
    fill: float = np.nan

    @classmethod
    def of(cls, name: str, fields: Mapping[str, Jagged], **settings: Any) -> Collection:
        """Make a collection of jagged fields, which have the same lengths."""
        first = next(iter(fields.values()))
        return cls(name, first.offsets, {key: each.values for key, each in fields.items()}, **settings)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def counts(self) -> NDArray[np.int64]:
        """Members of each event, (n_events,)."""
        return np.diff(self.offsets)

    @property
    def names(self) -> tuple[str, ...]:
        """The fields an expression may ask for."""
        own = tuple(name for name in self.raw if name not in self.momentum)
        return tuple(dict.fromkeys((*(MOMENTUM if self.momentum else ()), *own)))

    def field(self, name: str) -> NDArray[Any]:
        """Return a field of all members, (n_members,)."""
        if self.momentum and name in MOMENTUM:
            return self._kinematic(name, self._at(None))
        return self.raw[name] if self.chosen is None else self.raw[name][self.chosen]

    @cached_property
    def vectors(self) -> FourVector:
        """The momenta of all members."""
        return self._vector(self._at(None))

    def leading(self, name: str, k: int) -> Floats:
        """Return a field of member ``k`` of each event, (n_events,); the fill where there is none."""
        there = self.counts > k
        at = self._at(self.offsets[:-1][there] + k)
        has = bool(self.momentum) and name in MOMENTUM
        found = self._kinematic(name, at) if has else self.raw[name][at]
        result = np.full(len(self), self.fill)
        result[there] = found
        return result

    def leading_vector(self, k: int) -> FourVector:
        """Return the momentum of member ``k`` of each event; missing where there is none, whatever the fill."""
        there = self.counts > k
        found = self._vector(self._at(self.offsets[:-1][there] + k))
        return found.each(lambda values: self._spread(values, there))

    def _spread(self, values: Floats, there: NDArray[np.bool_]) -> Floats:
        result = np.full(len(self), np.nan)
        result[there] = values
        return result

    def _at(self, members: NDArray[np.int64] | None) -> NDArray[np.int64] | slice:
        """Return where in ``raw`` some of the members stand, or all."""
        if members is None:
            return slice(None) if self.chosen is None else self.chosen
        return members if self.chosen is None else self.chosen[members]

    def _vector(self, at: NDArray[np.int64] | slice) -> FourVector:
        return vector_of(self.momentum, [self.raw[name][at] for name in self.momentum], self.mass)

    def _kinematic(self, name: str, at: NDArray[np.int64] | slice) -> Floats:
        """Return ``pt``, ``eta``, … of members: as it was read where it was, else from the vectors."""
        same = next((own for own in self.momentum if _plain(own) == name), None)
        if same is not None:
            return np.asarray(self.raw[same][at], dtype=np.float64)
        found: Floats = getattr(self._vector(at), name)
        return found

    def take(self, members: NDArray[np.int64], offsets: NDArray[np.int64]) -> Collection:
        """Return the collection of some ``members`` (places among those that are left) with their ``offsets``."""
        at = self._at(members)
        assert isinstance(at, np.ndarray)
        return replace(self, offsets=offsets, chosen=at)

    def kept(self, mask: NDArray[np.bool_]) -> Collection:
        """Return the collection of the members of ``mask`` (n_members,)."""
        passed = np.concatenate([[0], np.cumsum(mask)])
        return self.take(np.flatnonzero(mask), passed[self.offsets].astype(np.int64))

    def total(self, values: NDArray[Any]) -> Floats:
        """Return the sum over the members of each event, 0 where there are none."""
        return self._reduced(np.add, values.astype(np.float64, copy=False), 0.0)

    def least(self, values: NDArray[Any]) -> Floats:
        """Return the least of the members of each event, the fill where there are none."""
        return self._reduced(np.minimum, values.astype(np.float64, copy=False), self.fill)

    def most(self, values: NDArray[Any]) -> Floats:
        """Return the largest of the members of each event, the fill where there are none."""
        return self._reduced(np.maximum, values.astype(np.float64, copy=False), self.fill)

    def _reduced(self, ufunc: np.ufunc, values: Floats, empty: float) -> Floats:
        result = np.full(len(self), empty)
        there = self.counts > 0
        if there.any():
            result[there] = ufunc.reduceat(values, self.offsets[:-1][there])
        return result

    def repeated(self, column: NDArray[Any]) -> NDArray[Any]:
        """Return a value an event (n_events,) as one a member."""
        return np.repeat(column, self.counts)

    def vector_sum(self) -> FourVector:
        """Return the sum of the momenta of all members of each event."""
        every = self.vectors
        components = [self.total(each) for each in (every.px, every.py, every.pz, every.energy)]
        return FourVector.cartesian(*components)


def _plain(name: str) -> str:
    """Return what of `MOMENTUM` a component is, whatever its case; its own name where it is none of them."""
    word = name.lower()
    return {"e": "energy", "en": "energy", "m": "mass"}.get(word, word)


Declared = Mapping[str, Collection | FourVector]
"""Objects and four-vectors by the names that expressions call them."""

NOTHING: Declared = {}
