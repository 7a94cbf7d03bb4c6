"""What each column of a table is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fivesigma._core.errors import WrongTypeError


@dataclass(frozen=True)
class Roles:
    """What each column is for; see `fivesigma.read`."""

    target: str | None = None
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

    def __post_init__(self) -> None:
        for name in ("target", "weight", "group", "select"):
            if not isinstance(getattr(self, name), (str, type(None))):
                raise WrongTypeError(f"{name} must be text, got {getattr(self, name)!r}; name one column.")
        for name in ("features", "spectators", "classes", "extra_columns"):
            if isinstance(getattr(self, name), str):
                word = getattr(self, name)
                raise WrongTypeError(f"{name} must be a list, got the text {word!r}; write [{word!r}].")

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
