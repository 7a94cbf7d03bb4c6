"""A guess tried before it is written down: the table read and divided as a study of it would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fivesigma._core.documentation import see
from fivesigma._core.errors import InputError
from fivesigma.data.dataset import Dataset
from fivesigma.data.inspection import Guesses, Inspection, guess, ranked_targets
from fivesigma.data.roles import Roles
from fivesigma.data.tables import Columns
from fivesigma.risk.splits import make_split

FOLDS = (5, 3, 2)
"""Numbers of folds that are tried, the most first."""

_FEW = 50  # rows below which five folds are not tried
_TARGETS = 5  # candidates that are tried


@dataclass(frozen=True)
class Tried:
    """A guess that holds: the parts of the columns, the task they pose and how many folds the rows make."""

    guesses: Guesses
    task: str
    folds: int


def tried(seen: Inspection, columns: Columns, *, target: str | None, salt: str, listed: int) -> Tried:
    """Return the first guess of a study of ``columns`` that can be read and divided.

    Parameters
    ----------
    seen : what an inspection of the table saw
    columns : mapping of name to (n_rows,)
    target : the column to predict, if a person says so; else the likely ones are tried in turn
    salt : name of the study, which decides the test set
    listed : features beyond this number are left to the default: every numeric column without another role

    Raises
    ------
    InputError
        With the reason why the likeliest guess does not hold, if none does.
    """
    refused: InputError | None = None
    for guesses in _guesses(seen, target):
        try:
            data = Dataset.from_columns(dict(columns), _roles(guesses, listed), source=seen.path)
            return Tried(guesses, data.task, _folds(data, salt))
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
        f"{seen.path}: no column looks like one to predict; name it with --target COLUMN, or write a study with "
        f'task = "clustering" if there is none ({see("mixtures")} has one).'
    )


def _guesses(seen: Inspection, target: str | None) -> Iterator[Guesses]:
    """Yield the guesses, the likeliest first; one with a weight is followed by the same without it."""
    names = [target] if target is not None else ranked_targets(seen.columns, seen.n_rows)[:_TARGETS]
    for name in names:
        found = guess(seen.columns, seen.n_rows, name)
        if found.features:
            yield found
        if found.features and found.weight is not None:
            yield replace(found, weight=None, spectators=(*found.spectators, found.weight))


def _roles(guesses: Guesses, listed: int) -> Roles:
    return Roles(
        target=guesses.target,
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
