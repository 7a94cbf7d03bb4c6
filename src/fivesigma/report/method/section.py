"""How it was done: split, seal, tuning, seeds, versions, hashes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from fivesigma._core.counts import noun
from fivesigma.record.opened import seen_of
from fivesigma.record.results import SplitRecord
from fivesigma.record.sections.columns import GivenFoldsRecord, KeyRecord, TimeRecord
from fivesigma.record.sections.prevalence import PrevalenceRecord
from fivesigma.report.markup import cell
from fivesigma.report.rounding import count, plain_number
from fivesigma.report.seal import of_training, openings, sealed, sentence
from fivesigma.report.section import Content, Section, View

_ELSEWHERE = frozenset({"question", "study", "blind", "ledger", "openings", "seen"})
Fact = tuple[str, str]


def seal(view: View) -> tuple[str, str]:
    """Return the sentence on the seal of the test set, and its mark: good where no row was open before."""
    said, mark = _of_tests(view)
    return " ".join(filter(None, (said, of_training(view.manifest)))), mark


def _of_tests(view: View) -> tuple[str, str]:
    if view.crossfitted:
        return (
            "There is no test set: each event is scored by a fit that has not seen it, and counts as opened.",
            "none",
        )
    if not view.results.split.n_test:
        return "There is no test set: scores are from the validation folds.", "none"
    seen = seen_of(view.manifest)
    if view.blind:
        return sealed({name: each for name, each in seen.items() if name != "train"})
    tests = {name: each for name, each in seen.items() if name in view.tests}
    return sentence(openings(view.manifest), tests)


def _validation(split: SplitRecord) -> str:
    folds = f"{split.folds} folds" if split.folds > 1 else "one part of the training events"
    if (by_key := split.section(KeyRecord)) is not None:
        folds = f"{folds}, by the hash of {by_key.column}"
    if (split.repeats or 1) > 1:
        return f"{folds}, {split.repeats} times"
    if (given := split.section(GivenFoldsRecord)) is not None:
        return f"{folds}, the values of {given.column}"
    if (time := split.section(TimeRecord)) is not None:
        return f"{folds}, in blocks of {time.column}, {plain_number(time.gap, 6)} apart"
    return folds


def _split_facts(view: View) -> list[Fact]:
    split = view.results.split
    return [
        ("training events", count(split.n_train)),
        ("test events", count(split.n_test)),
        ("validation", _validation(split)),
        ("groups", split.group or "none"),
        *_class_fraction(split),
        ("hash of the split", split.sha256),
        ("hash of the data", view.results.data.sha256),
        ("seed", str(view.results.seed)),
    ]


_ESTIMANDS = {
    "random": "random: a fresh data set would have another, and errors hold that",
    "fixed": "fixed by design: scores are at the fraction of these events",
}


def _class_fraction(split: SplitRecord) -> list[Fact]:
    """Return what the class fraction is taken to be, nothing where there are no classes or nothing was kept."""
    kept = split.section(PrevalenceRecord)
    return [] if kept is None else [("class fraction", f"{_ESTIMANDS[kept.estimand]} ({kept.why})")]


def _name(key: str) -> str:
    return str(key).replace("_", " ")


def _named(key: str, value: Any) -> str:
    if key == "path":  # where a file lay is nobody's business who gets the page; its hash says which it was
        return PurePath(str(value)).name
    if key == "command" and isinstance(value, list):
        return " ".join(map(str, value))
    return _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return plain_number(value, 6)
    if isinstance(value, Mapping):
        return ", ".join(f"{_name(key)} {_named(key, item)}" for key, item in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(item) for item in value) or "none"
    return "none" if value is None else str(value)


def _blocks(view: View) -> list[tuple[str, list[Fact]]]:
    """Return the manifest as titled lists of facts; what is not nested comes first."""
    flat, nested = [], []
    for key, value in view.manifest.items():
        if key in _ELSEWHERE:
            continue
        if isinstance(value, Mapping):
            nested.append((_name(key), [(_name(k), _named(k, v)) for k, v in value.items()]))
        else:
            flat.append((_name(key), _named(key, value)))
    return ([("run", flat)] if flat else []) + nested


def _settings(view: View) -> list[tuple[str, str, str, str]]:
    return [
        (m.name, m.kind, _shown(m.params) if m.params else "defaults", count(m.n_fits)) for m in view.ranked
    ]


def _content(view: View) -> Content:
    said, mark = seal(view)
    return Content(
        {
            "seal": said,
            "mark": mark,
            "split": _split_facts(view),
            "settings": _settings(view),
            "blocks": _blocks(view),
        }
    )


def _markdown(view: View) -> str:
    facts = "\n".join(f"- {cell(name)}: {cell(value)}" for name, value in _split_facts(view))
    blocks = "\n".join(
        f"- {cell(name)}: " + "; ".join(f"{cell(key)} {cell(value)}" for key, value in facts)
        for name, facts in _blocks(view)
    )
    settings = "\n".join(
        f"- {cell(n)} ({cell(k)}), {fits} {noun(model.n_fits, 'fit')}: {cell(params)}"
        for model, (n, k, params, fits) in zip(view.ranked, _settings(view), strict=True)
    )
    return "\n\n".join(part for part in (seal(view)[0], facts, settings, blocks) if part)


SECTION = Section(
    "method",
    "How it was done",
    lambda view: True,
    _content,
    _markdown,
    template=Path(__file__).with_name("section.html.j2"),
)
