"""Ten tiny studies: carry them out, and take from a run what must not change when the code moves.

Only what users are promised is called (`fs.Study.read`, `run`, the verb ``unblind``), so that this file runs
the code of any commit. As a program it carries studies out with the ``fivesigma`` that Python finds:

    PYTHONPATH=src python tests/golden/golden.py FOLDER [NAME ...]
"""

from __future__ import annotations

import gzip
import html
import json
import math
import re
import shutil
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
STUDIES, KEPT = HERE / "studies", HERE / "kept"
NAMES = (
    *("binary", "multiclass", "law", "em", "gibbs", "curves", "explain", "scan"),
    *("blind", "unblinded", "targets"),
)
TOLERANCE = 1e-9  # relative; numbers below a thousandth of it count as zero

_DETAILS = re.compile(r"<details>\s*<summary>(?:run|versions|machine)</summary>.*?</details>", re.DOTALL)
_SURROUNDINGS = re.compile(r"^- (?:run|versions|machine): .*$", re.MULTILINE)
_SECONDS = re.compile(r"\d[\d.]*(?:e-?\d+)? (?:s|min \d+ s)")
_CELL = re.compile(rf'data-value="[^"]*">{_SECONDS.pattern}</td>')
_COLUMN = re.compile(rf"\| {_SECONDS.pattern} \|")
_SWEEPS = re.compile(r"Sweeps a second: [^<]*\.</p>")
_CITED = re.compile(r"run [0-9a-f]{12}, \d{4}-\d\d-\d\d, ")
_CARRIED = re.compile(r"data:application/json;base64,[A-Za-z0-9+/=]*")
_UNREAD = re.compile(r"<(style|script)\b.*?</\1>|<head>.*?</head>", re.DOTALL)
_PICTURE = re.compile(r'<svg [^>]*aria-label="([^"]*)"[^>]*>.*?</svg>', re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


def carry_out(name: str, scratch: Path) -> Path:
    """Carry the study ``name`` out below ``scratch``, on one worker, and return its run folder."""
    from fivesigma import Study

    runs, studies = scratch / "runs", scratch / name
    if (runs / name).is_dir():
        return runs / name
    if name == "unblinded":
        return _unblinded(scratch)
    shutil.copytree(STUDIES, studies)  # each has a ledger of its own, beside its study file
    Study.read(studies / f"{name}.toml").run(runs / name, workers=1, progress=False, blind=name == "blind")
    return runs / name


def _unblinded(scratch: Path) -> Path:
    """Open the test of a copy of the blind run."""
    from fivesigma.cli import main

    run = scratch / "runs" / "unblinded"
    shutil.copytree(carry_out("blind", scratch), run)
    status = main(["unblind", str(run), "--quiet"])
    if status:
        raise RuntimeError(f"unblind ended with status {status}")
    return run


def record(run: Path) -> dict[str, Any]:
    """Return ``results.json`` less ``timing``."""
    document: dict[str, Any] = json.loads((run / "results.json").read_text(encoding="utf-8"))
    del document["timing"]
    return document


def page(run: Path) -> str:
    """Return ``report.html`` without what differs between equal runs: times, versions, machine, command, name, day."""
    text = (run / "report.html").read_text(encoding="utf-8")
    told = _CITED.sub("", _CARRIED.sub("", text))
    return _SWEEPS.sub("", _CELL.sub("</td>", _DETAILS.sub("", told)))


def summary(run: Path) -> str:
    """Return ``report.md`` without what differs between equal runs."""
    text = (run / "report.md").read_text(encoding="utf-8")
    return _COLUMN.sub("| |", _SURROUNDINGS.sub("", _CITED.sub("", text)))


def words(run: Path) -> list[str]:
    """Return what a reader reads of the page, a line each: its text, and of a figure the words that replace it."""
    text = _PICTURE.sub(r"<p>figure: \1</p>", _UNREAD.sub("", page(run)))
    lines = (html.unescape(line).strip() for line in _TAG.sub("\n", text).splitlines())
    return [line for line in lines if line]


def predictions(run: Path) -> dict[str, list[Any]]:
    """Return ``predictions.parquet`` by column."""
    import polars

    return polars.read_parquet(run / "predictions.parquet").to_dict(as_series=False)


def fixture(run: Path) -> dict[str, Any]:
    """Return what is kept of a run."""
    return {"results": record(run), "predictions": predictions(run), "page": words(run)}


def write(name: str, document: dict[str, Any]) -> None:
    """Keep a fixture; the same document gives the same bytes."""
    KEPT.mkdir(exist_ok=True)
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    (KEPT / f"{name}.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


def read(name: str) -> dict[str, Any]:
    """Return the fixture ``name``."""
    document: dict[str, Any] = json.loads(gzip.decompress((KEPT / f"{name}.json.gz").read_bytes()))
    return document


def differences(kept: Any, found: Any, place: str = "", tolerance: float = TOLERANCE) -> Iterator[str]:
    """Yield a line for each place where two JSON documents differ: structure, text, numbers beyond ``tolerance``."""
    if isinstance(kept, dict) and isinstance(found, dict):
        for key in [key for key in kept if key not in found]:
            yield f"{place}.{key}: is gone"
        for key in found:
            if key not in kept:
                yield f"{place}.{key}: is new"
            else:
                yield from differences(kept[key], found[key], f"{place}.{key}", tolerance)
    elif isinstance(kept, list) and isinstance(found, list):
        if len(kept) != len(found):
            yield f"{place}: has {len(found)} items, kept are {len(kept)}"
        for i, (one, two) in enumerate(zip(kept, found, strict=False)):
            yield from differences(one, two, f"{place}[{i}]", tolerance)
    elif not _equal(kept, found, tolerance):
        yield f"{place}: is {found!r}, kept is {kept!r}"


def _equal(kept: Any, found: Any, tolerance: float) -> bool:
    if type(kept) is float and type(found) is float:
        if math.isnan(kept) or math.isnan(found):
            return math.isnan(kept) and math.isnan(found)
        return math.isclose(kept, found, rel_tol=tolerance, abs_tol=1e-3 * tolerance)
    return type(kept) is type(found) and kept == found


if __name__ == "__main__":
    failed = 0
    for each in sys.argv[2:] or NAMES:
        try:
            carry_out(each, Path(sys.argv[1]))
        except Exception:  # the other studies are still worth a look
            failed = 1
            print(f"--- {each} did not end:", traceback.format_exc(limit=-6), file=sys.stderr)
    sys.exit(failed)
