"""Steps of a long task, kept one by one as they end: a task that is killed goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fivesigma._core.errors import DataError


@dataclass(frozen=True)
class Journal:
    """A file of one checksummed JSON line a step; what follows the first damaged line is left out.

    >>> Journal(Path("/nowhere")).trials()
    []
    """

    path: Path

    def trials(self) -> list[dict[str, Any]]:
        """Return the steps kept so far, in order; what a kill left half written is cut off the file."""
        try:
            content = self.path.read_bytes()
        except OSError:
            return []
        whole = self._whole(content.splitlines(keepends=True))
        length = sum(length for _, length in whole)
        if length < len(content):
            os.truncate(self.path, length)
        return [step for step, _ in whole]

    def add(self, trial: Mapping[str, Any]) -> None:
        """Keep one more step, on the disk when this returns."""
        text = json.dumps(dict(trial), ensure_ascii=True)
        line = f"{_checksum(text)} {text}\n".encode()
        try:
            with self.path.open("ab") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DataError(
                f"{self.path}: cannot be written ({error.strerror}); free some space and resume"
            ) from error

    def remove(self) -> None:
        """Delete the file: its task has ended."""
        self.path.unlink(missing_ok=True)

    @staticmethod
    def _whole(lines: list[bytes]) -> list[tuple[dict[str, Any], int]]:
        """Return the steps up to the first damaged line, each with the length of its line."""
        found = []
        for line in lines:
            head, _, text = line.decode("ascii", "replace").rstrip("\n").partition(" ")
            if not line.endswith(b"\n") or head != _checksum(text):
                break
            found.append((json.loads(text), len(line)))
        return found


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
