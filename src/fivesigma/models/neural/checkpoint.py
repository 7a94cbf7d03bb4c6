"""What a training has come to, in a file: written so that it is whole or not there, and checked when it is read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from fivesigma._core.errors import DataError, InputError
from fivesigma.models.neural.member import Array, Course, Member, Rows
from fivesigma.record.store import write_bytes

_FORMAT = "fivesigma.courses/1"
_ARRAYS = ("state", "best", "told", "curve")


@dataclass(frozen=True)
class Checkpoint:
    """A file of safetensors for the courses of some members on some rows.

    Attributes
    ----------
    path : of the file
    digest : of the members and the rows: a file of others is refused
    """

    path: Path
    digest: str

    @classmethod
    def of(
        cls, path: str | os.PathLike[str], members: Sequence[Member], parts: Sequence[Rows | None]
    ) -> Self:
        """Return the checkpoint at ``path`` of ``members`` that are trained on these parts of a table."""
        found = hashlib.sha256(repr(tuple(members)).encode())
        for rows in parts:
            for each in () if rows is None else (rows.X, rows.T, rows.w):
                found.update(f"{each.dtype}{each.shape}".encode())
                found.update(np.ascontiguousarray(each).data)
        return cls(Path(path), found.hexdigest())

    def write(self, courses: Sequence[Course]) -> None:
        """Keep ``courses``: under another name first, so that a kill leaves the old file or the new one.

        Raises
        ------
        DataError
            Where the file cannot be written.
        """
        from safetensors.numpy import save

        arrays = {f"{m}.{name}": value for m, course in enumerate(courses) for name, value in _parts(course)}
        write_bytes(self.path, save(arrays, {"format": _FORMAT, "digest": self.digest}))

    def read(self, courses: Sequence[Course]) -> None:
        """Set ``courses`` to what the file holds; without a file they stay as they are.

        Raises
        ------
        InputError
            If the file is of other members or other rows.
        DataError
            If it is damaged.
        """
        if not self.path.exists():
            return
        arrays = self._arrays()
        for m, course in enumerate(courses):
            wanted = dict(_parts(course))
            held = {name: arrays.get(f"{m}.{name}") for name in wanted}
            if not all(_alike(held[name], wanted[name]) for name in wanted) or not _sound(held, course):
                raise self._damaged(f"what it says of member {m} is no training")
        for m, course in enumerate(courses):
            for name in _ARRAYS:
                getattr(course, name)[:] = arrays[f"{m}.{name}"]
            course.done, ended = (int(each) for each in arrays[f"{m}.done"])
            course.ended = bool(ended)

    def _arrays(self) -> dict[str, Array]:
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self.path, framework="np") as file:
                said = file.metadata() or {}
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 not a mapping
        except (SafetensorError, OSError) as error:
            raise self._damaged(str(error)) from error
        if said.get("format") != _FORMAT:
            raise self._damaged(f"its format is {said.get('format')!r}, not {_FORMAT!r}")
        if said.get("digest") != self.digest:
            raise InputError(
                f"the checkpoint {self.path} is of other rows or other settings; remove it, or name another file."
            )
        return arrays

    def _damaged(self, why: str) -> DataError:
        return DataError(f"the checkpoint {self.path} is damaged ({why}); remove it to begin anew.")


def kept_at(
    path: Any, members: Sequence[Member], parts: Sequence[Rows | None], courses: Sequence[Course]
) -> Callable[[Sequence[Course]], None] | None:
    """Set ``courses`` to what the checkpoint at ``path`` holds, and return what writes it; nothing without a path.

    Raises
    ------
    InputError, DataError
        See `Checkpoint.read`.
    """
    if path is None:
        return None
    if not isinstance(path, str | os.PathLike):
        raise InputError(f"checkpoint is {path!r}; expected the path of a file, or None.")
    checkpoint = Checkpoint.of(path, members, parts)
    checkpoint.read(courses)
    return checkpoint.write


def _parts(course: Course) -> list[tuple[str, Array]]:
    """Return the arrays that a course is kept as."""
    count = np.array([course.done, course.ended], dtype=np.int64)
    return [*((name, getattr(course, name)) for name in _ARRAYS), ("done", count)]


def _alike(held: Any, wanted: Array) -> bool:
    return held is not None and held.shape == wanted.shape and held.dtype == wanted.dtype


def _sound(held: dict[str, Any], course: Course) -> bool:
    """Whether the numbers are such as a training leaves."""
    done, ended = (int(each) for each in held["done"])
    epochs = course.curve.shape[1]
    if not 0 <= done <= epochs or ended not in (0, 1) or (done == epochs) > ended:
        return False
    train = held["curve"][0]
    failed = done > 0 and not np.isfinite(train[done - 1])
    whole = np.isfinite(train[: done - failed]).all() and np.isnan(held["curve"][:, done:]).all()
    learnt = np.isfinite(held["best"]).all() and (failed or np.isfinite(held["state"]).all())
    return bool(whole and learnt and -1 <= held["told"][1] < max(done, 1) and failed <= ended)
