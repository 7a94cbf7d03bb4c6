"""Two tables in the terminal: what only one has, and what has shifted, the largest shift first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fivesigma._core.counts import counted
from fivesigma.cli.answer import Part, Table

if TYPE_CHECKING:
    from fivesigma.data.comparison import Compared, Comparison, Side

_EVIDENCE = 3.0  # σ from which a shift is named


def parts(found: Comparison) -> list[Part]:
    """Return what is said of two tables."""
    header = [
        "column",
        "type",
        "unit",
        "in the first",
        "in the second",
        "mean",
        "missing",
        "outside",
        "shift",
    ]
    ordered = sorted(found.columns, key=lambda column: -(column.sigma or -1.0))
    rows = [_row(column) for column in ordered]
    title = " and ".join(
        f"{path}: {counted(n, 'row')}" for path, n in zip(found.paths, found.n_rows, strict=True)
    )
    only = [
        f"Only in {path}: {', '.join(names)}"
        for path, names in zip(found.paths, (found.only_first, found.only_second), strict=True)
        if names
    ]
    table = [Table(header, rows, title, right=header[3:])] if rows else ["They have no column in common."]
    return [*table, "", *only, *_units(found), *([_said(found)] if rows else [])]


def _row(column: Compared) -> list[str]:
    first, second = column.first, column.second
    return [
        column.name,
        _both(first.kind, second.kind),
        _both(first.unit or "", second.unit or ""),
        _range(first),
        _range(second),
        _both(_number(first.mean), _number(second.mean)),
        _both(str(first.n_missing), str(second.n_missing)),
        "" if column.outside is None else f"{100 * column.outside:.1f} %",
        column.why or _sigma(column.sigma),
    ]


def _both(one: str, other: str) -> str:
    return one if one == other else f"{one or 'none'} → {other or 'none'}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.5g}"


def _range(side: Side) -> str:
    return "" if side.minimum is None else f"{_number(side.minimum)} to {_number(side.maximum)}"


def _sigma(value: float | None) -> str:
    from fivesigma.risk.evidence import sigma_text

    return sigma_text(value)


def _units(found: Comparison) -> list[str]:
    """Return a line for columns whose units differ."""
    different = [
        f"{each.name} ({each.first.unit or 'none'}, {each.second.unit or 'none'})"
        for each in found.columns
        if each.first.unit != each.second.unit
    ]
    return [f"Units differ: {'; '.join(different)}"] if different else []


def _said(found: Comparison) -> str:
    """Return which columns have shifted among all that were tested."""
    shifted = [each.name for each in found.columns if (each.sigma_global or 0.0) >= _EVIDENCE]
    among = f"among {counted(found.n_tested, 'tested column')}"
    if not found.n_tested:
        return "No column could be tested."
    if not shifted:
        return f"No shift reaches 3σ {among}; that shows no shift, and not that there is none."
    return f"Shifted by 3σ or more {among}: {', '.join(shifted)}"
