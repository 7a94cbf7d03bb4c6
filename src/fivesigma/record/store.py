"""The run folder: every file written whole or not at all.

A file is written beside its place, flushed to the disk and renamed over it, so a kill at any moment leaves the old
file or the new one. A full disk leaves the old one and one sentence. Results of tasks that took a moment are not
flushed: each has a checksum, and what the power took with it is done again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.errors import DataError, InputError
from fivesigma.record.document import Sections, plain
from fivesigma.record.journal import Journal
from fivesigma.record.lock import locked
from fivesigma.record.packed import Arrays, pack, unpack
from fivesigma.record.results import Results, from_document, to_document
from fivesigma.record.sections import SECTIONS
from fivesigma.record.text import indented

OWN = (
    *("study.toml", "manifest.json", "results.json", "predictions.parquet", "rows.npz", "notes.json"),
    *("report.html", "report.md", "log.txt", "models", "tasks", "figures", "work"),
)
"""What a run folder holds of its own."""
GROUPS = "groups"
"""The name in ``rows.npz`` of the groups of the rows."""
MOST_LOGGED = 4 * 2**20
"""Bytes of ``log.txt`` from which on nothing that a task prints is added to it."""


def write_bytes(path: Path, content: bytes, *, synced: bool = True) -> None:
    """Write ``content`` to ``path`` atomically; `DataError` where the disk refuses it.

    What is not ``synced`` is whole too after any end of the process, but may be lost with the machine's power: it costs
    a tenth of the time.
    """
    temporary = str(path.parent / f".{path.name}.{os.getpid()}.part")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            if synced:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
        if synced:
            _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> DataError:
    if path.is_dir():
        return DataError(f"{path}: is a folder; name a file in it.")
    if not path.parent.is_dir():
        return DataError(f"{path}: there is no folder {path.parent}; make it, or choose another place.")
    return DataError(
        f"{path}: cannot be written ({error.strerror or error}); what was there is unchanged, "
        "free some space or choose another folder and resume."
    )


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, document: Any) -> None:
    """Write ``document`` as UTF-8 JSON without NaN or infinity, keys in the order given."""
    write_bytes(path, (indented(document) + "\n").encode())


def read_json(path: Path) -> Any:
    """Read a JSON file; `DataError` where it is absent or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file; copy the folder again, or resume the run.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({error}); was the run finished?") from error


@dataclass(frozen=True)
class TaskStore:
    """One file a finished task, named by the task's hash; a damaged one is set aside and its task done again."""

    folder: Path

    def path(self, key: str) -> Path:
        """Where the result of ``key`` is kept."""
        return self.folder / f"{key}.npz"

    def journal(self, key: str) -> Journal:
        """Return where the steps of ``key`` are kept until it is finished."""
        return Journal(self.folder / f"{key}.steps")

    def has(self, key: str) -> bool:
        """Whether ``key`` is finished; whether its file is whole, `sift` and `read` find out."""
        return self.path(key).is_file()

    def sift(self) -> None:
        """Set aside every damaged result, so that its task is done again."""
        for path in self.folder.glob("*.npz"):
            self._content(path)

    def write(self, key: str, arrays: Arrays, meta: Mapping[str, Any], *, synced: bool = True) -> None:
        """Keep a result: arrays, and a small JSON document beside them under one checksum.

        One that is not ``synced`` may be lost with the machine's power; its task is done again then.
        """
        payload = pack({**arrays, "meta": np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8)})
        write_bytes(self.path(key), hashlib.sha256(payload).digest() + payload, synced=synced)

    def write_index(self, index: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        """Keep the keys of the fits of each model by what they were fitted to, for whoever has no plan."""
        write_json(self.folder / "index.json", index)

    def index(self) -> dict[str, dict[str, list[str]]]:
        """Return what `write_index` kept; {} where nothing was, as in a run of version 0.1.0."""
        place = self.folder / "index.json"
        return dict(read_json(place)) if place.is_file() else {}

    @property
    def damaged(self) -> tuple[str, ...]:
        """The tasks whose file was damaged and set aside, so that they were done again."""
        return tuple(sorted(path.stem for path in self._corrupt.glob("*.npz")))

    @property
    def _corrupt(self) -> Path:
        return self.folder / "corrupt"

    def read(self, key: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
        """Return arrays and document of ``key``, or None where it must be done (again)."""
        content = self._content(self.path(key))
        if content is None:
            return None
        arrays = unpack(content)
        meta: dict[str, Any] = json.loads(arrays.pop("meta").tobytes())
        return arrays, meta

    def _content(self, path: Path) -> bytes | None:
        """Return what a file holds behind its checksum; a damaged one is set aside."""
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        if hashlib.sha256(content[32:]).digest() == content[:32]:
            return content[32:]
        self._corrupt.mkdir(exist_ok=True)
        path.replace(self._corrupt / path.name)
        return None


@dataclass(frozen=True)
class RunFolder:
    """The places inside a run folder (DESIGN §5)."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> RunFolder:
        """Make the folder; `InputError` where it exists and is not empty."""
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise InputError(
                f"{path}: is not empty; give an empty or a new folder to --out, or resume this one"
            )
        try:
            for folder in (path, path / "tasks", path / "models", path / "figures"):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"{path}: cannot be created ({error.strerror}); choose another --out") from error
        return cls(path)

    @classmethod
    def around(cls, file: Path) -> RunFolder | None:
        """Return the run folder that a file is one of the own files of; None where it is of none."""
        place = file.resolve()
        own = place.parent if place.parent.name in OWN else place
        lacking = [name for name in ("study.toml", "manifest.json") if not (own.parent / name).is_file()]
        return cls(own.parent) if own.name in OWN and not lacking else None

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Open a folder that `create` made; `DataError` where there is none."""
        lacking = [name for name in ("study.toml", "manifest.json") if not (path / name).is_file()]
        if lacking:
            why = f"it has no {' and no '.join(lacking)}" if path.is_dir() else "there is no such folder"
            raise DataError(f"{path}: is not a run folder ({why}); name one that a run has made.")
        return cls(path)

    @property
    def tasks(self) -> TaskStore:
        """The finished tasks."""
        return TaskStore(self.path / "tasks")

    @property
    def study(self) -> Path:
        """The complete study file."""
        return self.path / "study.toml"

    @property
    def models(self) -> Path:
        """The saved models."""
        return self.path / "models"

    @property
    def figures(self) -> Path:
        """Figures and their numbers."""
        return self.path / "figures"

    @property
    def predictions(self) -> Path:
        """One line an event."""
        return self.path / "predictions.parquet"

    @property
    def rows(self) -> Path:
        """Which rows it was trained on and which it sealed, and the groups of both, in the order of the predictions."""
        return self.path / "rows.npz"

    @property
    def work(self) -> Path:
        """Arrays for the workers; gone when the run is done."""
        return self.path / "work"

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Write ``manifest.json``."""
        write_json(self.path / "manifest.json", manifest)

    def manifest(self) -> dict[str, Any]:
        """Read ``manifest.json``."""
        document: dict[str, Any] = read_json(self.path / "manifest.json")
        return document

    def write_results(self, results: Results, sections: Sections = SECTIONS) -> Results:
        """Write ``results.json`` and return what a reader finds there."""
        document = to_document(results)
        found = from_document(document, sections)
        write_json(self.path / "results.json", document)
        return found

    def write_timing(self, results: Results, timing: Mapping[str, Any]) -> Results:
        """Write ``timing`` in place of what stands in the file of ``results``, and return them with it."""
        place, begin = self.path / "results.json", '\n "timing": '  # parts of the whole stand at one space
        before, _, rest = place.read_text(encoding="utf-8").partition(begin)
        written = indented(plain(timing))
        end = json.JSONDecoder().raw_decode(rest)[1]
        text = before + begin + written.replace("\n", "\n ") + rest[end:]
        write_bytes(place, text.encode())
        return replace(results, timing=plain(timing))

    def results(self, sections: Sections = SECTIONS) -> Results:
        """Read ``results.json`` with the registered ``sections``; `DataError` where it is no record of a run."""
        place = self.path / "results.json"
        try:
            return from_document(read_json(place), sections)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"{place}: is no record of a run ({error}); copy the folder again, or resume the run."
            ) from error

    def log(self, line: str) -> None:
        """Append a line to ``log.txt``."""
        with (self.path / "log.txt").open("a", encoding="utf-8") as file:
            file.write(line.rstrip("\n") + "\n")

    def log_printed(self, who: str, text: str) -> None:
        """Append what the code of a task has printed, marked as such; left out once the log is `MOST_LOGGED` long."""
        place = self.path / "log.txt"
        if not text.strip() or (place.is_file() and place.stat().st_size > MOST_LOGGED):
            return
        lines = [f"  | {_readable(line)}" for line in text.splitlines()]
        self.log("\n".join([f"{who} printed:", *lines]))

    def note_damaged(self, names: Mapping[str, str]) -> None:
        """Say in log and manifest which tasks, by key, are done again because their file was found damaged."""
        damaged = self.tasks.damaged
        again = [f"{name} (its file was damaged)" for key, name in names.items() if key in damaged]
        if not again:
            return
        for what in again:
            self.log(f"recomputed: {what}; what is left of it lies in tasks/corrupt")
        manifest = self.manifest()
        self.write_manifest(
            manifest
            | {"recomputed": list({**dict.fromkeys(manifest.get("recomputed", ())), **dict.fromkeys(again)})}
        )

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for one writer, damaged results set aside.

        Raises
        ------
        InputError
            Where another process holds it; the system ends a hold with the process that has it, however it ends.
        DataError
            Where the folder is not there, cannot be written, or its file system knows no locks.
        """
        with locked(self.path / ".lock"):
            self.tasks.sift()
            yield


def _readable(line: str) -> str:
    """Return ``line`` without what would move a terminal's cursor or change its colours."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line
    )


def write_arrays(folder: Path, arrays: Arrays, meta: Mapping[str, Any]) -> None:
    """Keep arrays as a folder of ``.npy`` files that workers map into memory; the folder appears whole."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        for name, array in arrays.items():
            np.save(part / f"{name}.npy", array, allow_pickle=False)
        (part / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
        part.replace(folder)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise DataError(
            f"{folder}: cannot be written ({error.strerror or error}); free some space"
        ) from error


def read_arrays(folder: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Map the arrays of `write_arrays` into memory, read-only."""
    arrays = {
        path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in sorted(folder.glob("*.npy"))
    }
    return arrays, json.loads((folder / "meta.json").read_text(encoding="utf-8"))
