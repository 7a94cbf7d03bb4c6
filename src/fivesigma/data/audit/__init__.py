"""What a careful reader would ask of a table before any model sees it.

Each check is a function of an `Audited` table that returns entries of the audit; a family of them is one file here,
and a new check is one function and its place in ``CHECKS``. A package brings its own under the entry point
``fivesigma.audits``. Where all rows would be dear, 10,000 evenly spaced ones are looked at.
"""

from __future__ import annotations

from fivesigma._core.outside import outside
from fivesigma.data.audit import (
    angles,
    classes,
    columns,
    copies,
    identifiers,
    laws,
    leaks,
    populations,
    straddling,
    units,
    weights,
)
from fivesigma.data.audit.audited import Audited, Check, Table
from fivesigma.risk.findings import Audit
from fivesigma.risk.splits import Split

__all__ = ["CHECKS", "Audit", "Audited", "Check", "Table", "audit"]

CHECKS: tuple[Check, ...] = (
    weights.effective,
    weights.labelled,
    classes.counted,
    classes.imbalanced,
    columns.missing,
    columns.codes,
    columns.constant,
    columns.collinear,
    copies.exact,
    copies.near,
    identifiers.event_numbers,
    identifiers.row_numbers,
    identifiers.file_numbers,
    identifiers.event_weights,
    identifiers.generator_labels,
    leaks.alone,
    leaks.separating,
    laws.laws,
    straddling.groups,
    straddling.times,
    populations.differing,
    units.shifted,
    angles.degrees,
)


def audit(
    data: Table, split: Split | None = None, *, balanced: bool = False, in_time: bool = False
) -> tuple[Audit, ...]:
    """Return the entries of all checks on a table, in the order of ``CHECKS``; see `Audited` for the arguments.

    >>> from fivesigma.data.dataset import Dataset
    >>> data = Dataset.from_arrays([[1.0, 7.0], [2.0, 7.0], [2.0, 7.0]])
    >>> [each.message for each in audit(data) if each.status == "warning"]
    ['the same value in every event: x1', '1 of 3 events have exactly the features of an earlier one']
    """
    if data.kind != "table":
        return ()
    audited = Audited(data, split, balanced, in_time)
    return tuple(entry for check in (*CHECKS, *outside("audits").values()) for entry in check(audited))
