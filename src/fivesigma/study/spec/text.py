"""The text of a study file: read, parsed, and refused where it is no TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from fivesigma._core.commands import command
from fivesigma._core.errors import DataError, StudyError
from fivesigma.data.readers import reader_for
from fivesigma.study.spec.messages import dotted

LONGEST = 1_000_000
"""Bytes of the longest study file that is read."""

_DATA = b"[data]"
"""What stands in every study file."""


def text_of(path: Path) -> str:
    """Return the text of a study file; `DataError` where there is none that can be read."""
    if _is_table(path):
        raise DataError(
            f"{path}: is a table, not a study of one; {command('init', path)} writes a study that reads it."
        )
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST + 1)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such study file; `fivesigma init FILE` writes one.") from None
    except IsADirectoryError:
        raise DataError(f"{path}: a folder, not a study file; name the .toml file in it.") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check path and rights.") from None
    if len(content) > LONGEST:
        raise DataError(f"{path}: longer than {LONGEST} bytes, no study file; name a TOML file.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8 text.") from None


def _is_table(path: Path) -> bool:
    """Whether a file is a table that some reader knows, and no TOML, whatever it is called."""
    if path.suffix == ".toml" or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST)
        reader_for(path)
    except OSError:  # it cannot be opened, or no reader knows it
        return False
    return _DATA not in content and not _is_toml(content)


def _is_toml(content: bytes) -> bool:
    try:
        tomllib.loads(content.decode())
    except (ValueError, RecursionError):
        return False
    return True


def parse(text: str, place: str) -> dict[str, Any]:
    """Return the document in ``text``.

    Raises
    ------
    StudyError
        It is not TOML, and the message names line and column; or it holds a whole number of more than 64 bits.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{place}: not TOML: {error}; mend that line.") from None
    except RecursionError:
        raise StudyError(
            f"{place}: tables or lists are nested too deeply; a study file needs three levels."
        ) from None
    except ValueError:  # Python's own limit, of 4,300 digits
        raise StudyError(f"{place}: a whole number has thousands of digits; {_LONG}.") from None
    _refuse_long(document, place, ())
    return document


_LONG = "TOML's have 64 bits, up to 18446744073709551615: write a float, or text"


def _refuse_long(node: Any, place: str, keys: tuple[int | str, ...]) -> None:
    """Refuse a whole number that neither int64 nor uint64 holds: labels and codes of that size are text."""
    if isinstance(node, int) and not -(2**63) <= node < 2**64:
        shown = str(node) if len(str(node)) <= 40 else f"{str(node)[:37]}..."
        raise StudyError(f"{place}: {dotted(keys)}: the whole number {shown} is too long; {_LONG}.")
    if isinstance(node, (dict, list)):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            _refuse_long(value, place, (*keys, key))
