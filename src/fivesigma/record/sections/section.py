"""What a section of the record is: an extension point. A capability adds a class, and a line to `SECTIONS`."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from fivesigma.record.document import plain, read

Holder = Literal["results", "model", "data", "split"]


class Section:
    """What one capability adds to the record: a frozen dataclass of numbers and text, written under its ``key``.

    Attributes
    ----------
    key : str
        The key of ``results.json``.
    of : str
        Where the key stands: in the "results", each "model", the "data" or the "split".
    inline : bool
        Whether the document is that of the only field: a list, or a text, in place of an object.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, kw_only=True)
    ... class Speed(Section):
    ...     "How fast a model is."
    ...     key, of = "speed", "model"
    ...     events_per_second: float
    >>> Speed(events_per_second=2.0).to_document()
    {'events_per_second': 2.0}
    >>> Speed.from_document({"events_per_second": 2.0})
    Speed(events_per_second=2.0)
    """

    key: ClassVar[str]
    of: ClassVar[Holder]
    inline: ClassVar[bool] = False

    def to_document(self) -> Any:
        """Return what stands under the key in ``results.json``."""
        return plain(self)

    @classmethod
    def from_document(cls, document: Any) -> Self:
        """Return the section of a document; `ValueError` where a key is unknown or absent."""
        section: Self = read(cls, plain(document))
        return section


def named(*sections: Section | None) -> dict[str, Section]:
    """Return sections by their keys, those that are None left out."""
    return {each.key: each for each in sections if each is not None}
