"""What each column of a table is for."""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fivesigma._core.errors import InputError, WrongTypeError
from fivesigma._core.kinematics import components_of
from fivesigma.data import spoken
from fivesigma.data.objects.rules import Rules

_LISTS = {"observables": "expressions", "angles": "columns"}


@dataclass(frozen=True)
class Roles:
    """What each column is for; see `fivesigma.read`."""

    target: str | Sequence[str] | None = None
    task: str | None = None
    features: Sequence[str] | None = None
    spectators: Sequence[str] = ()
    classes: Sequence[object] | None = None
    weight: str | None = None
    group: str | None = None
    select: str | None = None
    missing: float | str | Sequence[float | str] | None = None
    units: Mapping[str, str] | None = None
    join: Mapping[str, Any] | None = None
    expressions: Mapping[str, str] | None = None
    categorical: bool | Sequence[str] | None = None
    extra_columns: Sequence[str] = ()
    objects: Mapping[str, Rules | Mapping[str, Any]] = field(default_factory=dict)
    fourvectors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    observables: Sequence[str] = ()
    angles: Sequence[str] = ()
    cuts: Mapping[str, str] = field(default_factory=dict)
    fraction: float | None = None
    """Part of the rows that is read, drawn by what they hold."""
    read_units: Mapping[str, str] = field(default_factory=dict)
    """Units that the tables say themselves; `units` come before them."""
    carried: Sequence[str] = ()
    """Columns that are brought along whatever else they are for."""

    def __post_init__(self) -> None:
        if self.target is not None and not isinstance(self.target, str):
            self._check_targets()
        for name in ("weight", "group", "select"):
            if not isinstance(getattr(self, name), (str, type(None))):
                raise WrongTypeError(f"{name} must be text, got {getattr(self, name)!r}; name one column.")
        if self.fraction is not None and not (_is_number(self.fraction) and 0 < self.fraction <= 1):
            raise InputError(
                f"fraction = {self.fraction!r} is not a part of the rows; expected 0 < fraction <= 1."
            )
        for name in ("features", "spectators", "classes", "extra_columns"):
            if isinstance(getattr(self, name), str):
                word = getattr(self, name)
                raise WrongTypeError(f"{name} must be a list, got the text {word!r}; write [{word!r}].")
        for name in _LISTS:
            object.__setattr__(self, name, spoken.texts(name, getattr(self, name), _LISTS[name]))
        for name in ("cuts", "expressions", "units"):
            for key, said in spoken.by_name(name, getattr(self, name) or {}).items():
                spoken.text(f"{name}.{key}", said, "a unit" if name == "units" else "an expression")
        rules = {
            name: said if isinstance(said, Rules) else Rules.of(name, said)
            for name, said in spoken.by_name("objects", self.objects, "of names to rules").items()
        }
        object.__setattr__(self, "objects", rules)
        self._check_vectors()

    def _check_vectors(self) -> None:
        """Refuse what cannot be a four-vector, whatever the table."""
        for name, said in spoken.by_name("fourvectors", self.fourvectors).items():
            components = spoken.texts(f"fourvectors.{name}", said, "columns")
            if not name.isidentifier() or keyword.iskeyword(name) or name in self.objects:
                what = "is an object too" if name in self.objects else "cannot stand in an expression"
                raise InputError(f"fourvectors: {name!r} {what}; give another name, such as l0.")
            try:
                components_of(components)
            except InputError as error:
                raise InputError(f"fourvectors.{name}: {error}") from None

    @property
    def declared(self) -> tuple[str, ...]:
        """The names of objects and four-vectors, which expressions may use."""
        return (*self.objects, *self.fourvectors)

    def _check_targets(self) -> None:
        """Refuse what is no list of distinct texts; a list of one is that target."""
        if not isinstance(self.target, (list, tuple)) or not all(isinstance(t, str) for t in self.target):
            raise WrongTypeError(f"target must be text, or a list of it, got {self.target!r}; name columns.")
        if not self.target or len(set(self.target)) < len(self.target):
            what = "is an empty list" if not self.target else "names a column twice"
            raise InputError(f"target {what}; name each target once.")
        object.__setattr__(self, "target", self.target[0] if len(self.target) == 1 else tuple(self.target))

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets as a tuple: none, one, or those of a regression of several outputs."""
        if self.target is None:
            return ()
        return (self.target,) if isinstance(self.target, str) else tuple(self.target)

    @property
    def codes(self) -> tuple[float | str, ...]:
        """The missing-value codes as a tuple."""
        if self.missing is None:
            return ()
        return (self.missing,) if isinstance(self.missing, (int, float, str)) else tuple(self.missing)

    @property
    def words(self) -> tuple[str, ...]:
        """The missing-value codes that are text, which a text format must know before it finds the types."""
        return tuple(code for code in self.codes if isinstance(code, str))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
