"""Units out of an Arrow schema as Parquet files hold it: a FlatBuffers message, base64, under ``ARROW:schema``.

Arrow's ``format/Message.fbs`` and ``format/Schema.fbs`` name the slots below. Polars does not hand on the metadata of a
field, and reading a few words needs no library of its own.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from dataclasses import dataclass

KEYS = ("unit", "units")
"""The keys of a field's metadata that name its unit, the first that is there."""

_MESSAGE_HEADER, _SCHEMA_FIELDS, _FIELD_NAME, _FIELD_METADATA, _KEY, _VALUE = 2, 1, 0, 6, 0, 1
_CONTINUED = b"\xff\xff\xff\xff"


def units_in(schema: str) -> dict[str, str]:
    """Return the units of the columns whose field has one; {} of a message that is none, as units are no data.

    >>> units_in("bm8gc2NoZW1h")
    {}
    """
    try:
        message = base64.b64decode(schema, validate=True)
        start = 8 if message.startswith(_CONTINUED) else 4  # before Arrow 0.15 the length stood alone
        return dict(_units(message[start:]))
    except (ValueError, struct.error):
        return {}


def _units(buffer: bytes) -> Iterator[tuple[str, str]]:
    root = _Table(buffer, *struct.unpack_from("<I", buffer))
    left = len(buffer) // 4  # each entry of a vector takes four bytes, so that damage cannot make many of few
    for field in root.table(_MESSAGE_HEADER).tables(_SCHEMA_FIELDS, left):
        entries = list(field.tables(_FIELD_METADATA, left))
        left -= 1 + len(entries)
        said = {entry.text(_KEY): entry.text(_VALUE).strip() for entry in entries}
        if found := next((said[key] for key in KEYS if said.get(key)), ""):
            yield field.text(_FIELD_NAME), found


@dataclass(frozen=True)
class _Table:
    """A table of FlatBuffers: ``at`` its first byte, from which its fields are found by their slots."""

    buffer: bytes
    at: int

    def number(self, code: str, at: int) -> int:
        """Return a number at a place; `struct.error` outside the buffer."""
        if at < 0:
            raise struct.error("before the buffer")
        return int(struct.unpack_from(f"<{code}", self.buffer, at)[0])

    def place(self, slot: int) -> int | None:
        """Return where what the ``slot`` points to begins; None where the table has nothing there."""
        slots = self.at - self.number("i", self.at)
        where = 4 + 2 * slot
        offset = self.number("H", slots + where) if where < self.number("H", slots) else 0
        return self.at + offset + self.number("I", self.at + offset) if offset else None

    def table(self, slot: int) -> _Table:
        """Return the table in a slot."""
        if (at := self.place(slot)) is None:
            raise ValueError(f"no table in slot {slot}")
        return _Table(self.buffer, at)

    def tables(self, slot: int, most: int) -> Iterator[_Table]:
        """Yield the tables of the vector in a slot, none where there is none; `ValueError` for more than ``most``."""
        if (at := self.place(slot)) is None:
            return
        count = self.number("I", at)
        if count > most:
            raise ValueError(f"{count} entries")
        for place in range(at + 4, at + 4 + 4 * count, 4):
            yield _Table(self.buffer, place + self.number("I", place))

    def text(self, slot: int) -> str:
        """Return the text in a slot, "" where there is none."""
        if (at := self.place(slot)) is None:
            return ""
        size = self.number("I", at)
        return self.buffer[at + 4 : at + 4 + size].decode("utf-8")
