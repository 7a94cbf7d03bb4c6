"""A commented study file to begin with, written by looking at the table."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from fivesigma._core.documentation import see
from fivesigma._core.errors import DataError, InputError
from fivesigma.data.inspection import Column, Inspection, inspected
from fivesigma.data.objects.rules import Rules
from fivesigma.data.tables import read_columns
from fivesigma.data.trial import tried
from fivesigma.study.spec.document import Spec, default_name
from fivesigma.study.spec.starter_objects import objects_in, observables, sections
from fivesigma.study.spec.toml import value_text

_MOST_NAMED = 60
_SET = re.compile(r"(^|_|[a-z](?=S))(set|split|part)$", re.IGNORECASE)
"""Names of columns that divide a table."""


def write_starter(
    table: str | Path,
    study: str | Path | None = None,
    target: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> Path:
    """Write a starter study for ``table`` and return where it is.

    Parameters
    ----------
    table : str or Path
        The table to look at.
    study : str or Path, optional
        The file to write; default: the name of the table with ``.toml``, in the current folder.
    target : str, optional
        The column to predict; guessed where it is not said.
    options : mapping, optional
        Options of the table's format, such as ``tree`` of ROOT; they are written into the study.

    Raises
    ------
    InputError
        The study file exists already (nothing is overwritten), or no column can be predicted.
    DataError
        The table cannot be read, or the file not written.
    """
    place = Path(study) if study is not None else Path(f"{_stem(Path(table))}.toml")
    if place.exists():
        raise InputError(
            f"{place}: exists and is not overwritten; give another name with --out FILE, or remove it."
        )
    said = dict(options or {})
    columns = read_columns(table, **said)
    seen = replace(inspected(table, columns, target), options=said)
    salt = _stem(Path(seen.path))
    found = tried(seen, columns, target=target, salt=salt, listed=_MOST_NAMED)
    guessed = replace(seen, guesses=found.guesses)
    text = starter(guessed, beside=place, task=found.task, folds=found.folds, objects=objects_in(table, said))
    Spec.from_toml(text, place=str(place), folder=place.absolute().parent)  # what is written can be read
    try:
        with place.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise DataError(f"{place}: cannot be written ({error.strerror}); choose another place.") from error
    return place


def _stem(table: Path) -> str:
    return default_name(Path(f"{table.name.split('.')[0]}.toml"))


def starter(seen: Inspection, beside: Path, *, task: str, folds: int, objects: Sequence[Rules] = ()) -> str:
    """Return the text of a study of the table ``seen`` with its ``objects``, to be written to ``beside``."""
    return "\n".join(
        [
            *_head(seen),
            *_data(seen, beside),
            *sections(objects),
            *_split(seen, folds),
            *_features(seen, objects),
            *_models(),
            *_judged(task),
        ]
    )


def _head(seen: Inspection) -> Iterator[str]:
    name = _stem(Path(seen.path))
    yield f"# A starting point, written by looking at {_printable(Path(seen.path).name)}"
    yield f"# ({seen.n_rows} rows, {len(seen.columns)} columns). Lines that begin with # are off."
    yield f"# Check it with `fivesigma check`, run it with `fivesigma run`; every key: {see('study-file')}"
    yield ""
    yield "[study]"
    yield f"name = {value_text(name)}"
    yield f"question = {value_text(_question(seen))}"
    yield "seed = 0"
    yield ""


def _printable(text: str) -> str:
    """Text of the table on one line, as a comment must be."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _question(seen: Inspection) -> str:
    target = seen.guesses.target or "..."
    return f"Which {target} is it?" if seen.guesses.classes else f"What is {target}?"


def _data(seen: Inspection, beside: Path) -> Iterator[str]:
    found = seen.guesses
    yield "[data]"
    yield f"path = {value_text(_relative(Path(seen.path), beside))}"
    yield from (f"{option} = {value_text(value)}" for option, value in seen.options.items())
    yield f"target = {value_text(found.target)} # a guess: name what is to be predicted"
    yield f'# task = "clustering" # then the target, if kept, is a truth that no fit sees ({see("mixtures")})'
    yield from _classes(seen)
    if len(found.features) <= _MOST_NAMED:
        yield f"features = {_listed(found.features)}"
    else:
        yield f"# features: every numeric column without another role ({len(found.features)} of them)"
    if found.spectators:
        yield f"spectators = {_listed(found.spectators)} # never trained on, always written out"
    yield f"weight = {value_text(found.weight)}" if found.weight else '# weight = "..." # event weights'
    yield '# group = "..."  # rows that belong together and must not stand on both sides of a split'
    yield '# select = "..." # keep rows, such as "n_jet >= 2 and met > 30"'
    codes = [int(code) for code in found.missing]
    yield f"missing = {value_text(codes)} # codes for a missing value" if codes else "# missing = -999"
    yield f"# units = {{ {_unit_example(found.features)} }}"
    yield ""


def _unit_example(features: Sequence[str]) -> str:
    return f'{value_text(features[0])} = "GeV"' if features else '"pt" = "GeV"'


def _classes(seen: Inspection) -> Iterator[str]:
    found = seen.guesses
    if not found.classes:
        return
    column = next(column for column in seen.columns if column.name == found.target)
    counted = ", ".join(f"{word}: {column.counts[word]}" for word in found.classes)
    yield f"classes = {_listed(found.classes)} # in order, the last is the signal ({_printable(counted)})"


def _split(seen: Inspection, folds: int) -> Iterator[str]:
    yield "[split]"
    yield "test = 0.2 # sealed: opened once, after everything is chosen"
    yield f"folds = {folds}"
    column = next((column for column in seen.columns if _SET.search(column.name)), None)
    if column is not None and column.counts:
        value = next(iter(column.counts))
        rows = value_text({"column": column.name, "value": value})
        yield f"# test = {rows} # in its place: a test set somebody else chose"
    yield ""


def _features(seen: Inspection, objects: Sequence[Rules] = ()) -> Iterator[str]:
    text = [column for column in seen.columns if not column.numeric and column.name != seen.guesses.target]
    words = [column.name for column in text if 2 <= column.n_distinct <= 20]
    yield "[features]"
    yield 'missing = "native" # or "impute", "drop"'
    yield "# interactions = 2 # products of pairs"
    yield from observables(objects)
    yield '# expressions = { log_pt = "log10(pt)" }'
    if words:
        yield f'# categorical = "onehot" # then {_printable(", ".join(words[:5]))} can be features'
    yield ""


def _models() -> Iterator[str]:
    yield "# Without [[models]] the default line-up is used; `fivesigma models` lists the kinds."
    yield "# [[models]]"
    yield '# kind = "forest"'
    yield "# tune = { max_depth = [2, 30] }"
    yield "# trials = 40"
    yield ""


def _judged(task: str) -> Iterator[str]:
    yield "[evaluate]"
    yield f'metric = "{"r2" if task == "regression" else "roc_auc"}"'
    yield 'baseline = "dummy"'
    yield "bootstrap = 2000"
    yield "refits = 10"
    yield "relevant = 0.0 # the smallest difference worth a word"
    yield ""


def _listed(words: Sequence[str]) -> str:
    """A list on one line, or one name a line where it would be long."""
    line = value_text(list(words))
    if len(line) <= 90:
        return line
    return "[\n" + "".join(f"    {value_text(word)},\n" for word in words) + "]"


def _relative(table: Path, study: Path) -> str:
    """The path of the table as the study file sees it, with forward slashes."""
    try:
        return Path(os.path.relpath(table.absolute(), study.absolute().parent)).as_posix()
    except ValueError:  # another drive on Windows
        return table.absolute().as_posix()


def document(seen: Inspection) -> dict[str, Any]:
    """Return an inspection as JSON's own types."""
    found = seen.guesses
    return {
        "path": seen.path,
        "n_rows": seen.n_rows,
        "n_effective": seen.n_effective,
        "options": dict(seen.options),
        "columns": [_entry(column) for column in seen.columns],
        "lists": [asdict(each) for each in seen.lists],
        "left_out": dict(seen.left_out),
        "guesses": {
            "target": found.target,
            "classes": list(found.classes),
            "weight": found.weight,
            "spectators": list(found.spectators),
            "features": list(found.features),
            "missing": list(found.missing),
        },
    }


def _entry(column: Column) -> dict[str, Any]:
    numbers = {"min": column.minimum, "max": column.maximum, "mean": column.mean}
    finite = {
        key: value if value is not None and abs(value) < float("inf") else None
        for key, value in numbers.items()
    }
    counted = {"n_missing": column.n_missing, "n_distinct": column.n_distinct, "missing_code": column.code}
    said = {"name": column.name, "type": column.kind, "dtype": column.dtype, "unit": column.unit}
    return {**said, **finite, **counted}
