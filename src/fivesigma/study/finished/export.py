"""What a run found, for other tools: a format is a line in `FORMATS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fivesigma._core.errors import DataError, InputError, did_you_mean
from fivesigma.record.results import Results
from fivesigma.record.store import RunFolder, write_bytes
from fivesigma.study.finished.result import load


def _latex(results: Results, manifest: Mapping[str, Any]) -> dict[str, str]:
    from fivesigma.report.latex.tables import latex

    return latex(results, manifest)


FORMATS: Mapping[str, Callable[[Results, Mapping[str, Any]], Mapping[str, str]]] = {"latex": _latex}
"""From the record and the manifest of a run to files: their text, by name."""


def export(run: str | Path, format: str, out: str | Path | None = None) -> tuple[Path, ...]:
    """Write what a run found as files of another ``format`` and return where they are, the main one first.

    Parameters
    ----------
    run : str or Path
        A finished run folder.
    format : str
        One of `FORMATS`.
    out : str or Path, optional
        The folder to write to; default: one of the format's name in the run folder.

    Raises
    ------
    InputError
        For another format.
    DataError
        Where there is no finished run, or the folder cannot be written.
    """
    if format not in FORMATS:
        raise InputError(f"--to: '{format}' is not a format; expected one of {', '.join(FORMATS)}."
                         f"{did_you_mean(format, FORMATS)}")  # fmt: skip
    result = load(run)
    files = FORMATS[format](result.results, RunFolder(result.path).manifest())
    folder = Path(out) if out is not None else result.path / format
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be created ({error.strerror}); choose another --out.") from error
    for name, text in files.items():
        write_bytes(folder / name, text.encode())
    return tuple(folder / name for name in files)
