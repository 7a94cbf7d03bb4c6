"""How to cite the run, the data and the software: each by what finds it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

from fivesigma.report.rounding import count
from fivesigma.report.section import Content, Section, View
from fivesigma.report.text import clean

_ID = 12  # so many characters of a run's name tell it from any other


def _content(view: View) -> Content:
    return Content(
        {"cited": [("this run", run(view)), ("the data", data(view)), ("fivesigma", software(view))]}
    )


def run(view: View) -> str:
    """Return the run as a reference: its study, what its randomness began with, when and under which name it was made.

    Of what the manifest does not know nothing is said.
    """
    made, question = view.manifest, clean(view.question)
    named, day = str(made.get("run", ""))[:_ID], str(made.get("started", ""))[:10]
    parts = (
        f"Study “{clean(view.results.study)}”" + (f": “{question}”" if question else ""),
        f"run {clean(named)}" if named else "",
        clean(day),
        f"seed {view.results.seed}",
        f"sha256 of the split {clean(view.results.split.sha256)}",
    )
    return _joined(parts)


def data(view: View) -> str:
    """Return the data as a reference: the files with their hashes, how many events, and the hash of what was read."""
    read = view.results.data
    events = f"{count(read.n_samples)} event{'' if read.n_samples == 1 else 's'}"
    return _joined([*_files(view.manifest), events, f"sha256 of the events as read {clean(read.sha256)}"])


def software(view: View) -> str:
    """Return fivesigma as a reference, with the version that made the record."""
    versions = view.manifest.get("versions")
    version = versions.get("fivesigma") if isinstance(versions, Mapping) else None
    name = f"fivesigma {clean(version)}" if version else "fivesigma"
    return _joined((name, "machine learning held to a physicist’s standard of evidence", "BSD-3-Clause"))


def _files(manifest: Mapping[str, Any]) -> list[str]:
    """Return the names of the files that were read, and their hashes; the folders are nobody's business."""
    found = manifest.get("data")
    read = [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
    return [
        f"{clean(PurePath(str(each['path'])).name)} (sha256 {clean(each.get('sha256', 'not known'))})"
        for each in read
        if each.get("path")
    ]


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(part for part in parts if part) + "."


SECTION = Section(
    "cite",
    "How to cite",
    lambda view: True,
    _content,
    template=Path(__file__).with_name("section.html.j2"),
)
