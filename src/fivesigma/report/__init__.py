"""Pages and figures from records: one HTML file to mail, its text form, every figure as SVG, PDF and CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fivesigma.record.results import Results
    from fivesigma.report.section import Section


def render(
    results: Results, manifest: Mapping[str, Any], out: Path, sections: Iterable[Section] = ()
) -> None:
    """Write ``report.html``, ``report.md`` and ``figures/*.svg|pdf|csv`` into the folder ``out``.

    Reads records only and computes no metric, so a page can be rebuilt from ``results.json`` alone. Equal
    records give equal bytes.

    Parameters
    ----------
    results : Results
        What the run found out.
    manifest : Mapping
        Versions, paths, hardware and the ledger's openings; every key may be absent.
    out : Path
        An existing folder; files of the same name are replaced.
    sections : Iterable of Section
        Those that other distributions bring, see `fivesigma.report.section`.

    Raises
    ------
    OSError
        Where ``out`` cannot be written.
    """
    from fivesigma.report.page import write

    write(results, manifest, out, sections)


__all__ = ["render"]
