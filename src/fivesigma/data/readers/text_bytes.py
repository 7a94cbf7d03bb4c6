"""The bytes of a text file: compressed or not, of any encoding, and never more than the file can honestly hold."""

from __future__ import annotations

import gzip
import lzma
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from fivesigma._core.errors import DataError, InputError
from fivesigma.data.readers.border import refuse_promise

UTF_8 = ("utf-8", "utf8")
PACKED = (".gz", ".xz", ".zst")
"""What the name of a compressed file ends in; its first bytes say how."""

_HEAD = 1 << 18  # bytes looked at to find out the layout
_LONGEST_HEAD = 1 << 26
_CHUNK = 1 << 22
_FIRST = 4096  # bytes that tell what a compressed file holds
_ALLOWED = 1 << 28  # bytes that a small compressed file may swell to
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_GZIP, _XZ, _ZSTD = b"\x1f\x8b", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"


def is_packed(start: bytes) -> bool:
    """Whether a file that begins with these bytes is compressed."""
    return start.startswith((_GZIP, _XZ, _ZSTD))


def opened(path: Path) -> IO[bytes]:
    """Open a file for reading, decompressed as it is read."""
    with path.open("rb") as stream:
        start = stream.read(6)
    if start.startswith(_GZIP):
        return gzip.open(path)  # type: ignore[return-value]
    if start.startswith(_XZ):
        return lzma.open(path)
    return _zstd(path) if start.startswith(_ZSTD) else path.open("rb")


def text_in(path: Path, head: bytes) -> str:
    """Return the text that a file begins with, "" where it is none; ``head`` are its first bytes as they lie."""
    try:
        if is_packed(head):
            with opened(path) as stream:
                head = stream.read(_FIRST)
        text = head.decode(encoding_of(head, {}), "ignore")
    except (OSError, EOFError, ValueError, RuntimeError, lzma.LZMAError, zlib.error, DataError):
        return ""
    return "" if "\0" in text or len(text) < len(head) // 4 else text


def _zstd(path: Path) -> IO[bytes]:
    try:
        import zstandard
    except ImportError:
        raise DataError(
            f"{path}: is compressed by zstd, which needs an extra: pip install 'fivesigma[zstd]', or unpack the file."
        ) from None
    return zstandard.open(path, "rb")  # type: ignore[no-any-return]


def head_of(path: Path) -> bytes:
    """Return the first lines: those of the first 256 KiB, and at least the two that a wide table begins with."""
    with opened(path) as stream:
        head = stream.read(_HEAD)
        while len(head) % _HEAD == 0 and len(head) < _LONGEST_HEAD and not _has_two_lines(head):
            more = stream.read(_HEAD)
            head += more
            if not more:
                break
    if not head.strip():
        raise DataError(f"{path}: the file is empty; give one with a line of names and a row for each event.")
    end = max(head.rfind(b"\n"), head.rfind(b"\r") if b"\n" not in head else -1)
    return head if len(head) < _HEAD or end < 0 else head[: end + 1]


def _has_two_lines(head: bytes) -> bool:
    lines = re.split(rb"[\r\n]+", head)
    return sum(not line.startswith(b"#") for line in lines[:-1]) >= 2


def encoding_of(head: bytes, options: Mapping[str, Any]) -> str:
    """Return the encoding that was asked for, else the one that the mark at the beginning says, else UTF-8."""
    if given := options.get("encoding"):
        return str(given)
    return next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")


def decoded(path: Path, raw: bytes, encoding: str) -> str:
    """Return the text of bytes; `InputError` for an encoding that is none, `DataError` for bytes that are not of it."""
    whole = (
        raw[: len(raw) // 4 * 4] if encoding in dict(_MARKS).values() else raw
    )  # the head may end in a letter
    try:
        return whole.decode("utf-8-sig" if encoding.lower() in UTF_8 else encoding)
    except LookupError as error:
        raise InputError(
            f"encoding = {encoding!r} is not known; expected one such as 'utf-8' or 'latin-1'."
        ) from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise not_utf8(path, line) from error


def not_utf8(path: Path, line: int) -> DataError:
    """Return (not raise) the error that says which line is not UTF-8."""
    return DataError(
        f"{path}: line {line} holds bytes that are not UTF-8; save it as UTF-8 (in Python, read takes "
        "encoding = 'latin-1')."
    )


def all_bytes(path: Path) -> bytes:
    """Read all, and stop where a small compressed file swells beyond reason."""
    parts, size = [], 0
    with opened(path) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            refuse_promise(path, "CSV", size, allowed=_ALLOWED)
            parts.append(chunk)
    return b"".join(parts)


def pieces(stream: IO[bytes], first: int, size: int) -> Iterator[tuple[bytearray, int]]:
    """Yield pieces of whole lines in two buffers in turn, with their sizes; a line break ends them.

    A piece stays as it is until the one after the next is asked for: one can be worked on while the next is read.

    Parameters
    ----------
    stream : read from where it stands
    first, size : bytes of the first and of the other pieces; longer where a line is

    >>> import io
    >>> [bytes(text[:size]) for text, size in pieces(io.BytesIO(b"1\\n2\\n3"), 3, 2)]
    [b'1\\n', b'2\\n', b'3\\n']
    """
    buffer, other, kept = bytearray(first + 1), bytearray(), 0
    while read := stream.readinto(memoryview(buffer)[kept:-1]):  # type: ignore[attr-defined]
        filled = kept + read
        end = buffer.rfind(b"\n", 0, filled) + 1
        kept, rest = filled - end, buffer[end:filled]
        if end:
            yield buffer, end
            buffer, other = other, buffer
        wanted = max(size, 2 * kept) + 1
        if len(buffer) < wanted:
            buffer = bytearray(wanted)
        buffer[:kept] = rest
    if kept:
        buffer[kept] = ord("\n")
        yield buffer, kept + 1
