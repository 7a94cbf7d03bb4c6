"""A commented study file to begin with, written by looking at the table."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fivesigma._core.documentation import see
from fivesigma._core.errors import DataError, InputError, one_of
from fivesigma._core.expressions import quoted
from fivesigma._core.outside import outside
from fivesigma.data.inspection import Column, Inspection, inspected
from fivesigma.data.objects.rules import Rules
from fivesigma.data.together import Together, together
from fivesigma.data.trial import Tried, tried
from fivesigma.study.spec.data import TASKS
from fivesigma.study.spec.document import Spec, default_name
from fivesigma.study.spec.starter_objects import objects_in, observables, sections
from fivesigma.study.spec.toml import key_text, value_text

_MOST_NAMED = 60
_ELSEWHERE = ("own", "predictions")
"""Kinds of models that are brought along, from Python or as scores."""
_WIDE = 30.0
"""Greatest over least value from which the logarithm of a feature is proposed."""
_SET = re.compile(r"(^|_|[a-z](?=S))(set|split|part)$", re.IGNORECASE)
"""Names of columns that divide a table."""


def write_starter(
    table: str | Path | Sequence[str | Path],
    study: str | Path | None = None,
    target: str | None = None,
    options: Mapping[str, Any] | None = None,
    *,
    task: str | None = None,
    models: Sequence[str] = (),
) -> Path:
    """Write a starter study for ``table`` and return where it is.

    Parameters
    ----------
    table : str, Path or sequence of these
        The table to look at; of several files those of the same columns are read one after the other, and one of
        others is joined by a column that both have.
    study : str or Path, optional
        The file to write; default: the name of the table with ``.toml``, in the current folder.
    target : str, optional
        What to predict, a column or an expression of columns; guessed where it is not said.
    options : mapping, optional
        Options of the table's format, such as ``tree`` of ROOT; they are written into the study.
    task : str, optional
        As the target says where it is not said; a clustering needs no target.
    models : sequence of str
        The kinds of the line-up; default: that of the task.

    Raises
    ------
    InputError
        The study file exists already (nothing is overwritten), no column can be predicted, or a kind of model is
        none, or of another task.
    DataError
        The table cannot be read, or the file not written.
    """
    files = [table] if isinstance(table, (str, Path)) else list(table)
    if task is not None:
        one_of(task, (*TASKS, *outside("tasks")), "task")
    place = Path(study) if study is not None else Path(f"{_stem(Path(files[0]))}.toml")
    _check_place(place)
    said = dict(options or {})
    whole = together(files, said)
    seen = replace(inspected(files[0], whole.columns, target, whole.units), options=said)
    salt = _stem(Path(seen.path))
    found = tried(seen, whole.columns, target=target, salt=salt, listed=_MOST_NAMED, task=task)
    _check_models(models, found.task)
    seen = replace(seen, guesses=found.guesses)
    begun = Begun(seen, whole, found, task, target is not None, objects_in(files[0], said), models)
    text = starter(begun, beside=place)
    Spec.from_toml(text, place=str(place), folder=place.absolute().parent)  # what is written can be read
    try:
        with place.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise DataError(f"{place}: cannot be written ({error.strerror}); choose another place.") from error
    return place


def _check_place(place: Path) -> None:
    """Refuse a place that is taken, and one where a study would be taken for something else."""
    if place.exists():
        raise InputError(
            f"{place}: exists and is not overwritten; give another name with --out FILE, or remove it."
        )
    if place.suffix.lower() != ".toml":
        raise InputError(f"{place}: a study file ends in .toml; say --out {place.with_suffix('.toml')}.")


def _stem(table: Path) -> str:
    return default_name(Path(f"{table.name.split('.')[0]}.toml"))


@dataclass(frozen=True)
class Begun:
    """What a starter study is written from: the table, what held when it was tried, and what a person said."""

    seen: Inspection
    files: Together
    found: Tried
    said_task: str | None = None
    said_target: bool = False
    objects: Sequence[Rules] = ()
    models: Sequence[str] = ()

    @property
    def clustering(self) -> bool:
        """Whether nothing is predicted."""
        return self.found.task == "clustering"


def _check_models(models: Sequence[str], task: str) -> None:
    """Refuse a kind that is none, or not of this task."""
    from fivesigma.study.registry.registry import kinds

    every = kinds()
    known = [name for name, kind in every.items() if task in kind.tasks and name not in _ELSEWHERE]
    for model in models:
        one_of(model, known, f"model for a {task}" if model in every else "model")


def starter(begun: Begun, beside: Path) -> str:
    """Return the text of a study, to be written to ``beside``."""
    return "\n".join(
        [
            *_head(begun),
            *_data(begun, beside),
            *sections(begun.objects),
            *_split(begun),
            *_features(begun),
            *_models(begun),
            *_judged(begun),
        ]
    )


def _head(begun: Begun) -> Iterator[str]:
    seen = begun.seen
    name = _stem(Path(seen.path))
    yield f"# A starting point, written by looking at {_printable(Path(seen.path).name)}"
    yield f"# ({seen.n_rows} rows, {len(seen.columns)} columns). Lines that begin with # are off."
    yield f"# Check it with `fivesigma check`, run it with `fivesigma run`; every key: {see('study-file')}"
    yield ""
    yield "[study]"
    yield f"name = {value_text(name)}"
    yield f"question = {value_text(_question(begun))}"
    yield "seed = 0"
    yield ""


def _printable(text: str) -> str:
    """Text of the table on one line, as a comment must be."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _question(begun: Begun) -> str:
    target = begun.seen.guesses.target or "..."
    if begun.clustering:
        return "How many populations are there?"
    if set(begun.seen.guesses.classes) in ({"0", "1"}, {"False", "True"}):
        return f"Is it {target}?"
    return f"Which {target} is it?" if begun.seen.guesses.classes else f"What is {target}?"


def _data(begun: Begun, beside: Path) -> Iterator[str]:
    seen, found = begun.seen, begun.seen.guesses
    yield "[data]"
    paths = [_relative(Path(path), beside) for path in begun.files.paths]
    yield f"path = {value_text(paths[0] if len(paths) == 1 else paths)}"
    yield from (f"{option} = {value_text(value)}" for option, value in seen.options.items())
    if begun.files.beside:
        other = {"path": _relative(Path(begun.files.beside), beside), "on": begun.files.key}
        yield f"join = {value_text(other)} # each row's partner in a second table"
    yield from _aim(begun)
    yield from _classes(seen)
    if len(found.features) <= _MOST_NAMED:
        yield f"features = {_listed(found.features)}"
    else:
        yield f"# features: every numeric column without another role ({len(found.features)} of them)"
    if found.spectators:
        yield f"spectators = {_listed(found.spectators)} # never trained on, always written out"
    if found.told:
        said = _printable(", ".join(found.told))
        yield f"# among them, since each alone tells the target: {said}"
    yield f"weight = {value_text(found.weight)}" if found.weight else '# weight = "..." # event weights'
    yield '# group = "..."  # rows that belong together and must not stand on both sides of a split'
    yield '# select = "..." # keep rows, such as "n_jet >= 2 and met > 30"'
    codes = [int(code) for code in found.missing]
    yield f"missing = {value_text(codes)} # codes for a missing value" if codes else "# missing = -999"
    yield f"# units = {{ {_unit_example(seen)} }} # where the file says none"
    yield ""


def _aim(begun: Begun) -> Iterator[str]:
    """Yield what is to be found out: the target and, where it does not follow, the task."""
    target = begun.seen.guesses.target
    if begun.clustering:
        yield 'task = "clustering"'
        truth = "..." if target is None else target
        line = f"target = {value_text(truth)} # the truth: no fit sees it, fits are scored by it"
        yield f"# {line}" if target is None else line
        return
    guessed = "" if begun.said_target else " # a guess: name what is to be predicted"
    yield f"target = {value_text(target)}{guessed}"
    if begun.found.likelier:
        yield f"# another column looked likelier, but: {_printable(begun.found.likelier)}"
    if begun.said_task is not None:
        yield f"task = {value_text(begun.said_task)}"
    else:
        yield f'# task = "clustering" # then the target, if kept, is a truth that no fit sees ({see("mixtures")})'


def _unit_example(seen: Inspection) -> str:
    units = {column.name: column.unit for column in seen.columns}
    bare = [name for name in seen.guesses.features if not units.get(name)]
    return f'{value_text(bare[0])} = "GeV"' if bare else '"pt" = "GeV"'


def _classes(seen: Inspection) -> Iterator[str]:
    found = seen.guesses
    if not found.classes:
        return
    column = next(column for column in seen.columns if column.name == found.target)
    counted = ", ".join(f"{word}: {column.counts[word]}" for word in found.classes)
    yield f"classes = {_listed(found.classes)} # in order, the last is the signal ({_printable(counted)})"


def _split(begun: Begun) -> Iterator[str]:
    if begun.clustering:
        return
    seen = begun.seen
    yield "[split]"
    yield "test = 0.2 # sealed: opened once, after everything is chosen"
    yield f"folds = {begun.found.folds}"
    column = next((column for column in seen.columns if _SET.search(column.name)), None)
    if column is not None and column.counts:
        value = next(iter(column.counts))
        rows = value_text({"column": column.name, "value": value})
        yield f"# test = {rows} # in its place: a test set somebody else chose"
    yield ""


def _features(begun: Begun) -> Iterator[str]:
    seen = begun.seen
    text = [column for column in seen.columns if not column.numeric and column.name != seen.guesses.target]
    words = [column.name for column in text if 2 <= column.n_distinct <= 20]
    yield "[features]"
    if begun.clustering:
        gaps = any(each.n_missing or each.code for each in seen.columns if each.name in seen.guesses.features)
        yield f'{"" if gaps else "# "}missing = "drop" # events without a value, since a clustering does not guess'
    else:
        yield 'missing = "native" # or "impute", "drop"'
        yield "# interactions = 2 # products of pairs"
    yield from observables(begun.objects)
    yield f"# expressions = {{ {_expression_example(seen)} }} # then features that data.features may name"
    if words:
        yield f'# categorical = "onehot" # then {_printable(", ".join(words[:5]))} can be features'
    yield ""


def _expression_example(seen: Inspection) -> str:
    """Return expressions of the features that span most decades, else one of a table that is not there."""
    features = set(seen.guesses.features)
    wide = sorted(
        (each for each in seen.columns if each.name in features and _spans(each) >= _WIDE), key=_order
    )
    made = [f"{key_text(f'log_{each.name}')} = {value_text(f'log10({quoted(each.name)})')}" for each in wide]
    return ", ".join(made[:3]) or 'log_pt = "log10(pt)"'


def _spans(column: Column) -> float:
    """Return the greatest value over the least, 0 where one of them is not positive."""
    low, high = column.minimum or 0.0, column.maximum or 0.0
    return high / low if low > 0 else 0.0


def _order(column: Column) -> tuple[bool, float]:
    """Masses and energies come first, of these the ones that span most."""
    named = any(word in (column.unit or "") for word in ("Msun", "erg", "eV"))
    return not named, -_spans(column)


def _models(begun: Begun) -> Iterator[str]:
    for kind in dict.fromkeys(("dummy", *begun.models) if begun.models else ()):
        yield "[[models]]"
        yield f"kind = {value_text(kind)}"
        yield ""
    if begun.models:
        return
    yield "# Without [[models]] the default line-up is used; `fivesigma models` lists the kinds."
    yield "# [[models]]"
    yield f'# kind = "{"gaussian-mixture" if begun.clustering else "forest"}"'
    if not begun.clustering:
        yield "# tune = { max_depth = [2, 30] }"
        yield "# trials = 40"
    yield ""


def _judged(begun: Begun) -> Iterator[str]:
    yield "[evaluate]"
    if begun.clustering:
        yield "bootstrap = 2000"
        yield ""
        return
    yield f'metric = "{"r2" if begun.found.task == "regression" else "roc_auc"}"'
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
            "told": list(found.told),
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
