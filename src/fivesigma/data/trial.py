"""A guess tried before it is written down: the table read and divided as a study of it would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fivesigma._core.counts import counted
from fivesigma._core.documentation import see
from fivesigma._core.errors import InputError
from fivesigma.data.audit.leaks import monotone
from fivesigma.data.dataset import Dataset
from fivesigma.data.inspection import Guesses, Inspection, guess, ranked_targets, without_target
from fivesigma.data.roles import Roles
from fivesigma.data.tables import Columns
from fivesigma.risk.splits import make_split

FOLDS = (5, 3, 2)
"""Numbers of folds that are tried, the most first."""

_FEW = 50  # rows below which five folds are not tried
_TARGETS = 5  # candidates that are tried
_LOOKED = 20_000  # rows that show whether a feature tells the target


@dataclass(frozen=True)
class Tried:
    """A guess that holds: the parts of the columns, the task they pose and how many folds the rows make."""

    guesses: Guesses
    task: str
    folds: int
    likelier: str = ""
    """Why the likeliest target, if it is another one, is none as it stands."""


def tried(
    seen: Inspection,
    columns: Columns,
    *,
    target: str | None,
    salt: str,
    listed: int,
    task: str | None = None,
) -> Tried:
    """Return the first guess of a study of ``columns`` that can be read and divided.

    Parameters
    ----------
    seen : what an inspection of the table saw
    columns : mapping of name to (n_rows,)
    target : the column to predict, if a person says so; else the likely ones are tried in turn
    salt : name of the study, which decides the test set
    listed : features beyond this number are left to the default: every numeric column without another role
    task : as the target says where it is None; a clustering needs no target

    Raises
    ------
    InputError
        With the reason why the likeliest guess does not hold, if none does.
    """
    if seen.n_rows < 2:
        rows = counted(seen.n_rows, "row")
        raise InputError(
            f"{seen.path}: has {rows}; a study needs events to train on, and others to test with."
        )
    refused: InputError | None = None
    for guesses in _guesses(seen, target, task):
        try:
            data = Dataset.from_columns(dict(columns), _roles(guesses, listed, task), source=seen.path)
            found = Tried(_without_telling(guesses, data), data.task, _folds(data, salt))
            return replace(found, likelier=_lost(seen, guesses, refused))
        except InputError as error:
            refused = refused or error
    if refused is not None:
        raise InputError(f"no study can begin with this table as it is: {refused}") from None
    if target is not None or ranked_targets(seen.columns, seen.n_rows):
        raise InputError(
            f"{seen.path}: no numeric column is left to learn from; write a study that names its features, and text "
            'among them by [features] categorical = "onehot".'
        )
    raise InputError(
        f"{seen.path}: no column looks like one to predict; name it with --target COLUMN, or say --task clustering if "
        f"there is none ({see('mixtures')})."
    )


def _lost(seen: Inspection, guesses: Guesses, refused: InputError | None) -> str:
    """Return what was refused where it was another target that looked likelier."""
    likeliest = next(iter(ranked_targets(seen.columns, seen.n_rows)), None)
    return "" if refused is None or guesses.target in (None, likeliest) else str(refused)


def _guesses(seen: Inspection, target: str | None, task: str | None) -> Iterator[Guesses]:
    """Yield the guesses, the likeliest first; one with a weight is followed by the same without it."""
    if task == "clustering":  # which takes no weights
        parted = without_target(seen.columns, seen.n_rows)
        yield _weightless(parted if target is None else guess(seen.columns, seen.n_rows, target))
        return
    names = [target] if target is not None else ranked_targets(seen.columns, seen.n_rows)[:_TARGETS]
    for name in names:
        found = guess(seen.columns, seen.n_rows, name, said=target is not None)
        if task is not None and task != "classification":
            found = replace(found, classes=())
        if found.features:
            yield found
        if found.features and found.weight is not None:
            yield _weightless(found)


def _weightless(guesses: Guesses) -> Guesses:
    """Return the same parts with the weight among the spectators."""
    if guesses.weight is None:
        return guesses
    return replace(guesses, weight=None, spectators=(*guesses.spectators, guesses.weight))


def _without_telling(guesses: Guesses, data: Dataset) -> Guesses:
    """Return the parts without the features that are a monotone function of the target, unless nothing else is left."""
    if data.task != "regression" or data.y is None or data.y.ndim > 1 or data.kind != "table":
        return guesses
    rows = slice(0, _LOOKED)
    telling = {name for name, x in zip(data.names, data.X[rows].T, strict=True) if monotone(x, data.y[rows])}
    kept = tuple(name for name in guesses.features if name not in telling)
    if not kept:
        return guesses
    told = tuple(name for name in guesses.features if name in telling)
    return replace(
        guesses, features=kept, spectators=(*guesses.spectators, *told), told=(*guesses.told, *told)
    )


def _roles(guesses: Guesses, listed: int, task: str | None) -> Roles:
    return Roles(
        target=guesses.target,
        task=task,
        features=guesses.features if len(guesses.features) <= listed else None,
        spectators=guesses.spectators,
        classes=guesses.classes or None,
        weight=guesses.weight,
        missing=guesses.missing or None,
    )


def _folds(data: Dataset, salt: str) -> int:
    """Return the most folds that the training part can be divided into."""
    wanted = FOLDS if data.n_samples >= _FEW else FOLDS[1:]
    for folds in wanted:
        try:
            make_split(
                data.row_hashes,
                data.y,
                task=data.task,
                test=0.2,
                n_folds=folds,
                salt=salt,
                classes=data.classes,
            )
            return folds
        except InputError:
            if folds == wanted[-1]:
                raise
    raise AssertionError("one number of folds was tried")
