"""The border that every reader stands behind: whatever goes wrong inside is one `DataError` outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fivesigma._core.errors import DataError, FivesigmaError

_ALWAYS_ALLOWED = 2**30  # bytes
_MOST_EXPANSION = 100  # times the size on disk: what a table of mostly equal values can be compressed by


@contextmanager
def border(path: Path, format: str, next_step: str) -> Iterator[None]:
    """Turn any exception of a library into a `DataError` of path, format, what and ``next_step``."""
    try:
        yield
    except FivesigmaError:
        raise
    except MemoryError as error:
        raise DataError(
            f"{path}: this {format} file does not fit into memory; read fewer columns or rows."
        ) from error
    except Exception as error:
        raise DataError(f"{path}: not readable as {format} ({first_line(error)}); {next_step}.") from error
    except BaseException as error:
        # polars reports some damage by a panic, which is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise DataError(f"{path}: not readable as {format} (it is damaged); {next_step}.") from error


def first_line(error: BaseException) -> str:
    """Return the first line of a message, short enough for a sentence."""
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return text if len(text) <= 120 else f"{text[:117]}..."


def refuse_promise(path: Path, format: str, declared: int, *, allowed: int | None = None) -> None:
    """Raise `DataError` if the file declares far more bytes than its size on disk can hold.

    ``allowed`` are bytes that may be declared whatever the size; default: 1 GiB.
    """
    if declared > max(_ALWAYS_ALLOWED if allowed is None else allowed, _MOST_EXPANSION * path.stat().st_size):
        raise DataError(
            f"{path}: this {format} file of {path.stat().st_size} bytes declares {declared / 2**30:.1f} GiB; "
            "it is damaged or hostile: get it again from its source."
        )
