"""The numbers that a page carries within itself, so that the one file that is mailed is enough."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from fivesigma.record.results import Results, to_document

RECORD = "results.json"
LARGEST_PAGE = 3_000_000
"""Bytes of a page with all that it carries: what a mail takes."""


@dataclass(frozen=True)
class Carried:
    """Addresses that hold files, by the files' names, and the names of what was too large."""

    links: Mapping[str, str]
    left_out: tuple[str, ...] = ()


def carried(results: Results, tables: Mapping[str, str], room: int) -> Carried:
    """Return what fits into ``room`` bytes: the record first, then the tables, the largest of which is left out first.

    Parameters
    ----------
    results : Results
        What ``results.json`` holds.
    tables : Mapping
        The numbers behind each figure as CSV, by the name of the file.
    room : int
        Bytes that are left for addresses.

    Examples
    --------
    >>> from fivesigma.record.results import DataRecord, SplitRecord
    >>> empty = DataRecord("0", 0, 0, 0.0, (), None, None)
    >>> results = Results("s", "regression", 0, "r2", None, None, empty, SplitRecord("0", 0, 0, 5), ())
    >>> found = carried(results, {"a.csv": "a,b", "b.csv": "a" * 9000}, 9000)
    >>> found.links["a.csv"], found.left_out
    ('data:text/csv;charset=utf-8,a,b', ('b.csv',))
    """
    links = {name: f"data:text/csv;charset=utf-8,{_quoted(table)}" for name, table in tables.items()}
    links[RECORD] = record_link(results)
    kept, taken = {}, 0
    for name in sorted(links, key=lambda each: (each != RECORD, len(links[each]))):
        if taken + len(links[name]) <= room:
            kept[name] = links[name]
            taken += len(links[name])
    return Carried(kept, tuple(name for name in links if name not in kept))


_UNSAFE = re.compile(rb"[^\w.~,-]", re.ASCII)


def _quoted(text: str) -> str:
    """Return text as an address holds it; `urllib.parse.quote` looks at each byte, and most are digits."""
    return _UNSAFE.sub(lambda byte: b"%%%02X" % byte[0][0], text.encode()).decode()


def record_link(results: Results) -> str:
    """Return the record as an address: ``results.json`` without blanks, its times of models only.

    When the run was made, and how long it took in all, is not of what was found out: a page that is made again has the
    same bytes.
    """
    times = {name: each for name, each in results.timing.items() if name == "models"}
    document = to_document(results) | {"timing": times}
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return f"data:application/json;base64,{base64.b64encode(text.encode('utf-8', 'replace')).decode()}"
